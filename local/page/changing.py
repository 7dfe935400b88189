"""What the page does: it uploads, starts executions again, and sets faults. Never by a GET."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, LengthRequired, NotFound, RequestEntityTooLarge

from local.engine import Engine, FaultError
from local.execution.reader import SOURCE, ExecutionReader
from local.page.documents import Documents
from local.page.executions import ExecutionList
from local.page.faults import ActiveFaults
from local.page.uploads import LARGEST_UPLOAD, Upload, Uploader, UploadError

_SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "phone-recording.m4a"
_IN_MEMORY = 8 * 1024**2  # bytes of an upload; more goes to a file
_CHUNK = 256 * 1024
_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SETTING = re.compile(r"[a-z0-9-]{1,64}")


def start_routes(engine: Engine, executions: ExecutionList, documents: Documents, reader: ExecutionReader) -> Blueprint:
    """Return the routes that start executions: by an upload, by one once more, by an input once more."""
    routes = Blueprint("starts", __name__)
    uploader = Uploader(engine, executions)

    @routes.post("/api/uploads")
    def upload() -> Response:
        _check_size(request.content_length)
        user = _matching("user", request.args.get("user", "demo"), _USER, "1 to 64 letters, digits, - or _")
        settings = _settings(request.args.get("settings", "{}"))
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as body:
            while chunk := request.stream.read(_CHUNK):
                body.write(chunk)
            body.seek(0)
            done = uploader.upload(body, user=user, name=request.args.get("name", ""), settings=settings)
        return _uploaded(executions, done)

    @routes.post("/api/sample")
    def upload_sample() -> Response:
        with _SAMPLE.open("rb") as body:
            return _uploaded(executions, uploader.upload(body, user="demo", name=_SAMPLE.name, settings={}))

    @routes.post("/api/executions/<machine>/<name>/upload-again")
    def upload_again(machine: str, name: str) -> Response:
        recording = documents.recording(executions.arn(machine, name))
        source = reader.file(recording, SOURCE)
        if recording is None or source is None or not recording["source"]["isThere"]:
            raise NotFound("The execution has no upload that is still there.")
        return _uploaded(executions, uploader.upload_again(source))

    @routes.post("/api/executions/<machine>/<name>/start-again")
    def start_again(machine: str, name: str) -> Response:
        sfn = engine.client("stepfunctions")
        described = sfn.describe_execution(executionArn=executions.arn(machine, name))
        started = sfn.start_execution(stateMachineArn=described["stateMachineArn"], input=described["input"])
        return jsonify(execution=executions.name(started["executionArn"]))

    @routes.errorhandler(UploadError)
    def refuse(error: UploadError) -> tuple[Response, int]:
        return jsonify(message=str(error)), BadRequest.code

    return routes


def fault_routes(faults: ActiveFaults) -> Blueprint:
    """Return the routes of the faults that uploads run into."""
    routes = Blueprint("faults", __name__)

    @routes.get("/api/faults")
    def listed() -> Response:
        return jsonify(faults.listed())

    @routes.post("/api/faults")
    def add() -> Response:
        given = _json_body()
        if not isinstance(given, dict) or not isinstance(given.get("text"), str):
            raise BadRequest('A fault is {"text": "STATE=FAULT"}.')
        try:
            faults.add(given["text"])
        except FaultError as error:
            raise BadRequest(str(error)) from error
        return jsonify(faults.listed())

    @routes.delete("/api/faults/<int:number>")
    def remove(number: int) -> Response:
        if not faults.remove(number):
            raise NotFound(f"There is no fault {number}.")
        return jsonify(faults.listed())

    return routes


def _uploaded(executions: ExecutionList, done: Upload) -> Response:
    return jsonify(key=done.key, execution=executions.name(done.execution) if done.execution else None)


def _json_body() -> Any:
    try:
        return request.get_json()
    except RecursionError as error:
        raise BadRequest(f"The body is no JSON: {error}.") from error


def _check_size(size: int | None) -> None:
    if size is None:
        raise LengthRequired("The upload has no Content-Length.")
    if size > LARGEST_UPLOAD:
        raise RequestEntityTooLarge(f"The file has {size} bytes; the page takes {LARGEST_UPLOAD}.")


def _matching(what: str, text: str, pattern: re.Pattern[str], allowed: str) -> str:
    if not pattern.fullmatch(text):
        raise BadRequest(f"The {what} is {text!r}; allowed: {allowed}.")
    return text


def _settings(text: str) -> dict[str, str]:
    try:
        given: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The settings are no JSON: {error}.") from error
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise BadRequest("The settings are no object of texts.")
    for name in given:
        _matching("setting", name, _SETTING, "lower-case letters, digits and -")
    return given
