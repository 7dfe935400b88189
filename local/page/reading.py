"""What the page reads."""

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotFound

from local.engine import Engine
from local.execution.contents import contents_of
from local.execution.reader import ExecutionReader
from local.execution.report import report_html
from local.page.documents import Documents
from local.page.executions import ExecutionList
from local.page.faults import ActiveFaults
from local.page.stored import send
from local.page.uploads import LARGEST_UPLOAD


def stack_routes(engine: Engine) -> Blueprint:
    """Return the route of what doesn't change while the engine runs."""
    routes = Blueprint("stack", __name__)

    @routes.get("/api/stack")
    def stack() -> Response:
        return jsonify(
            bucket=engine.outputs["RecordingsBucketName"],
            endpoint=engine.endpoint,
            largestUpload=LARGEST_UPLOAD,
            faultKinds=engine.fault_kinds("ProcessRecording"),
        )

    return routes


def execution_routes(
    engine: Engine, executions: ExecutionList, documents: Documents, reader: ExecutionReader, faults: ActiveFaults
) -> Blueprint:
    """Return the routes of executions: their list, one, its logs, its recording's files."""
    routes = Blueprint("executions", __name__)

    @routes.get("/api/executions")
    def changed() -> Response:
        revision, rows = executions.since(request.args.get("since", 0, int))
        return jsonify(list=executions.identity, revision=revision, executions=rows, faults=len(faults.listed()))

    @routes.get("/api/executions/<machine>/<name>")
    def execution(machine: str, name: str) -> Response:
        revision, document = documents.of(executions.arn(machine, name))
        if request.args.get("revision") == revision:
            return Response(status=HTTPStatus.NO_CONTENT)
        return jsonify(revision=revision, document=document)

    @routes.get("/api/executions/<machine>/<name>/one-shots")
    def one_shots(machine: str, name: str) -> Response:
        return jsonify(reader.one_shots(executions.arn(machine, name)))

    @routes.get("/api/executions/<machine>/<name>/logs/<int:event_id>")
    def logs(machine: str, name: str, event_id: int) -> Response:
        return jsonify(reader.logs(executions.arn(machine, name), event_id))

    @routes.get("/executions/<machine>/<name>/files/<path:file>")
    def stored_file(machine: str, name: str, file: str) -> Response:
        stored = reader.file(documents.recording(executions.arn(machine, name)), file)
        if stored is None:
            raise NotFound(f"The recording has no {file}.")
        return send(engine.client("s3"), stored)

    @routes.get("/executions/<machine>/<name>/report.html")
    def report(machine: str, name: str) -> Response:
        text = report_html(contents_of(reader, executions.arn(machine, name)))
        # to keep, not to open here: it would be another page of this origin
        return Response(text, mimetype="text/html", headers={"Content-Disposition": "attachment"})

    return routes
