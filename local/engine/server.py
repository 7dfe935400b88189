"""moto's server on the loopback address, started and stopped cleanly, for programs of this machine alone."""

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from local.engine.errors import EngineError, EngineStoppedError

_LOCAL_HOST = re.compile(r"(127\.0\.0\.1|([a-z0-9.-]+\.)?localhost)(:\d+)?", re.IGNORECASE)
_OWN_PAGES = re.compile(r"/*moto-api", re.IGNORECASE)


def _check_free(port: int) -> None:
    # werkzeug prints and ends the process when the port is taken
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EngineError(f"Port {port} can't be listened on: {error.strerror}.") from error


class LocalProgramsOnly:
    """A WSGI application that lets no browser reach another one.

    The engine runs commands for whoever may call it, and a browser lets any page send requests to the loopback
    address: with an Origin or from another site, or under a name of its own that resolves to it (DNS
    rebinding). Nor may a browser open what is stored: a stored HTML file would be a page of this very origin. moto's
    own pages, which can wipe everything, are for nobody.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer 403, or have the application answer."""
        if refusal := _refusal(environ):
            return _text(start_response, "403 Forbidden", refusal)
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


class Mounts:
    """A WSGI application that leaves what is under some prefixes to others, which guard themselves.

    A browser that opens the root is sent to the first of them.
    """

    def __init__(self, application: Any) -> None:
        self._application = DispatcherMiddleware(application)

    def mount(self, prefix: str, application: Any) -> None:
        """Have requests under `prefix` (as `/_page`, which no bucket can be called) answered by `application`."""
        self._application.mounts[prefix] = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer, or have the one answer whose prefix it is."""
        first = next(iter(self._application.mounts), None)
        if first and environ.get("PATH_INFO") == "/" and environ.get("HTTP_SEC_FETCH_MODE") == "navigate":
            start_response("302 Found", [("Location", f"{first}/"), ("Content-Length", "0")])
            return []
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


class UnavailableOnceStopped:
    """A WSGI application that answers 503 when another one finds that the engine has stopped."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Have the application answer, or say that it can't any more."""
        try:
            answer: Iterable[bytes] = self._application(environ, start_response)
        except EngineStoppedError as error:
            return _text(start_response, "503 Service Unavailable", str(error))
        return answer


def _text(start_response: Any, status: str, text: str) -> Iterable[bytes]:
    body = text.encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _refusal(environ: dict[str, Any]) -> str | None:
    if "HTTP_ORIGIN" in environ or "HTTP_SEC_FETCH_SITE" in environ:
        return "Browsers and web pages can't use the local engine's services."
    if not _LOCAL_HOST.fullmatch(environ.get("HTTP_HOST", "")):
        return "The local engine answers to 127.0.0.1 and localhost only."
    if _OWN_PAGES.match(environ.get("PATH_INFO", "")):
        return "The local engine has no moto-api."
    return None


class _QuietHandler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None:
        """Keep the access log quiet."""


class MotoServer:
    """Serves moto's backends of this process."""

    def __init__(self, port: int, around: Callable[[Any], Any] = lambda application: application):
        """Serve on `port`; `around` puts a WSGI application around the services."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        services = UnavailableOnceStopped(around(DomainDispatcherApplication(create_backend_app)))
        self._mounts = Mounts(LocalProgramsOnly(services))
        _check_free(port)
        self._server: Any = make_server("127.0.0.1", port, self._mounts, threaded=True, request_handler=_QuietHandler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="moto", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def mount(self, prefix: str, application: Any) -> None:
        """Have requests under `prefix` answered by a WSGI application, which guards itself."""
        self._mounts.mount(prefix, application)

    def stop(self) -> None:
        """Stop listening and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
