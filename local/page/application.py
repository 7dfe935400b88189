"""The page's WSGI application: the page itself, what it reads, and the things it can do."""

import json
from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus
from secrets import token_urlsafe

from botocore.exceptions import ClientError
from flask import Flask, Response, jsonify, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound

from local.engine import Engine
from local.execution.reader import ExecutionReader, NoSuchExecution, NotRead
from local.page import guard
from local.page.changing import fault_routes, start_routes
from local.page.documents import Documents
from local.page.executions import ExecutionList
from local.page.faults import ActiveFaults
from local.page.modules import STATIC, addresses
from local.page.reading import execution_routes, stack_routes

PREFIX = "/_page"
_STATIC_TYPES = {".js": "text/javascript", ".css": "text/css"}


def page_of(engine: Engine) -> Flask:
    """Return the page of an engine, to be mounted under PREFIX; from now on it lists the engine's executions."""
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    _guard(app)
    _serve_page(app)
    executions, reader = ExecutionList(engine), ExecutionReader(engine.client)
    documents, faults = Documents(reader, executions), ActiveFaults(engine)
    for routes in (
        stack_routes(engine),
        execution_routes(engine, executions, documents, reader, faults),
        start_routes(engine, executions, documents, reader),
        fault_routes(faults),
    ):
        app.register_blueprint(routes)
    return app


def _guard(app: Flask) -> None:
    @app.before_request
    def check() -> None:
        guard.check(request, is_index=request.path == "/")

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in guard.EVERYWHERE.items():
            response.headers.setdefault(name, value)
        return response

    @app.errorhandler(NoSuchExecution)
    def not_found(error: NoSuchExecution) -> tuple[Response, int]:
        return jsonify(message=str(error)), HTTPStatus.NOT_FOUND

    @app.errorhandler(NotRead)
    @app.errorhandler(ClientError)
    def not_answered(error: NotRead | ClientError) -> tuple[Response, int]:
        return jsonify(message=str(error)), HTTPStatus.BAD_GATEWAY

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[Response, int]:
        return jsonify(message=error.description), error.code or 500


def _serve_page(app: Flask) -> None:
    served = {str(path.relative_to(STATIC)): path for path in STATIC.rglob("*") if path.suffix in _STATIC_TYPES}
    imports = Markup(json.dumps({"imports": addresses(f"{PREFIX}/static/")}))  # noqa: S704 - names of files of ours
    script_hash = f"sha256-{b64encode(sha256(imports.encode()).digest()).decode()}"
    sheet = Markup('<link rel="stylesheet" href="{}">')
    names = ["base.css", *sorted(path.name for path in STATIC.glob("*.css") if path.name != "base.css")]
    sheets = Markup("\n").join(sheet.format(f"{PREFIX}/static/{name}") for name in names)

    @app.get("/")
    def index() -> Response:
        nonce = token_urlsafe(16)
        html = _INDEX.format(imports=imports, nonce=nonce, sheets=sheets, entry=f"{PREFIX}/static/page.js")
        return Response(html, headers=guard.headers(script_hash=script_hash, style_nonce=nonce))

    @app.get("/static/<path:name>")
    def static(name: str) -> Response:
        path = served.get(name)
        if path is None:
            raise NotFound(f"There is no {name}.")
        return Response(path.read_bytes(), mimetype=_STATIC_TYPES[path.suffix])


_INDEX = Markup("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>little-bit-audio</title>
<link rel="icon" href="data:,">
{sheets}
<script type="importmap">{imports}</script>
</head>
<body data-style-nonce="{nonce}">
<div id="page"><p class="empty">Loading …</p></div>
<noscript><p class="empty">This page needs JavaScript.</p></noscript>
<script type="module" src="{entry}"></script>
</body>
</html>
""")
