"""Lets a container reach the engine, which listens on the loopback address alone, while a call lasts.

A container on a bridge has a loopback address of its own. So the relay listens on this machine's address, where others
could reach it: it takes only requests signed with the key that the container was given.
"""

import contextlib
import http.client
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_SECONDS = 120.0
# what belongs to one connection (RFC 9110, 7.6.1), and what is written anew
_OWN_HEADERS = frozenset({"connection", "keep-alive", "host", "content-length", "transfer-encoding", "expect"})


@dataclass(frozen=True)
class Relay:
    """Where a container finds the engine, and the key id that its requests must be signed with."""

    endpoint: str
    key: str


@contextlib.contextmanager
def relayed(endpoint: str) -> Iterator[Relay]:
    """Relay to an engine's endpoint while the block lasts."""
    key = f"RELAY{secrets.token_hex(16)}"
    handler = type("_BoundHandler", (_Handler,), {"target": urlsplit(endpoint).netloc, "key": key})
    with ThreadingHTTPServer((own_address(), 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        host, port = server.server_address[:2]
        try:
            yield Relay(f"http://{host!s}:{port}", key)
        finally:
            server.shutdown()
            thread.join()


def own_address() -> str:
    """Return the address that this machine has on its network; the loopback address where it is on none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # nothing is sent: the kernel only picks the way (the address is one of documentation's, RFC 5737)
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


class _Handler(BaseHTTPRequestHandler):
    target: str
    key: str
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Have the engine answer; the other methods do the same."""
        body = self._body()
        if not self._is_signed():
            self._answer(403, [], b"Not signed with the key of this call.")
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN_HEADERS}
        connection = http.client.HTTPConnection(self.target, timeout=_SECONDS)
        with contextlib.closing(connection):
            try:
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                content = response.read()
            except OSError as error:
                self._answer(502, [], f"The engine gave no answer: {error}".encode())
                return
        self._answer(response.status, response.getheaders(), content)

    do_DELETE = do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - http.server's names

    def _is_signed(self) -> bool:
        _, found, scope = self.headers.get("Authorization", "").partition("Credential=")
        return bool(found) and secrets.compare_digest(scope.partition("/")[0].encode(), self.key.encode())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        is_head = self.command == "HEAD"
        for name, value in headers:
            # a HEAD's length is that of what GET would send
            if name.lower() not in _OWN_HEADERS or (is_head and name.lower() == "content-length"):
                self.send_header(name, value)
        if not is_head:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not is_head:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the access log quiet."""
