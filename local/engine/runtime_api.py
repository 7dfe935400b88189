"""Lambda's Runtime API, the server's side, for one process.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html : the runtime client asks for the next invocation and
waits, then posts its response or its error.
"""

import json
import queue
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Invocation:
    """What the runtime client is told of one invocation. `deadline_ms` is in epoch milliseconds."""

    request_id: str
    payload: bytes
    function_arn: str
    deadline_ms: int
    trace_id: str


@dataclass(frozen=True)
class Answer:
    """What the runtime client posted: the handler's response, or the error that it raised."""

    request_id: str | None
    body: bytes
    failed: bool


@dataclass
class RuntimeApi:
    """Serves one runtime client on a free loopback port."""

    answers: "queue.Queue[Answer]" = field(default_factory=queue.Queue)
    ready: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._invocations: queue.Queue[Invocation | None] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="Runtime API", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port, as AWS_LAMBDA_RUNTIME_API wants it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def hand_out(self, invocation: Invocation) -> None:
        """Give the client its next invocation."""
        self._invocations.put(invocation)

    def next_invocation(self) -> Invocation | None:
        """Wait for work; None once the API is closed."""
        self.ready.set()
        return self._invocations.get()

    def close(self) -> None:
        """Let a waiting client go and free the port; can be repeated."""
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed: whoever killed it tells what became of its invocation."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler_for(api: RuntimeApi) -> type["_Handler"]:
    return type("_BoundHandler", (_Handler,), {"api": api})


class _Handler(BaseHTTPRequestHandler):
    api: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != _PREFIX + "invocation/next":
            self._answer(404, b"{}")
            return
        invocation = self.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return
        self._answer(
            200,
            invocation.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": invocation.trace_id,
            },
        )

    def do_POST(self) -> None:
        body = self._body()
        match self.path.removeprefix(_PREFIX).split("/"):
            case ["invocation", request_id, "response"]:
                answer = Answer(request_id, body, failed=False)
            case ["invocation", request_id, "error"]:
                answer = Answer(request_id, body, failed=True)
            case ["init", "error"]:
                answer = Answer(None, body, failed=True)
            case _:
                self._answer(404, b"{}")
                return
        self.api.answers.put(answer)
        self._answer(202, json.dumps({"status": "OK"}).encode())

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the access log quiet."""
