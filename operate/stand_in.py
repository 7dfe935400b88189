"""A server of AWS' APIs on this machine, for what is only tried."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from operate.errors import NotDone

# Everything that could lead an AWS client elsewhere.
_MISLEADING = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
_START_SECONDS = 60


@contextlib.contextmanager
def stand_in() -> Iterator[str]:
    """Have every AWS client of this process and its children talk to a server that forgets; gives its endpoint.

    moto reads a template from S3 under the name `localhost` alone, and with the bucket in the path.

    Raises:
        NotDone: the server does not start.

    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder, _server() as endpoint:
        configuration = Path(folder) / "config"
        configuration.write_text("[default]\ns3 =\n    addressing_style = path\n", encoding="utf-8")
        for name in [name for name in os.environ if name in _MISLEADING or name.startswith("AWS_ENDPOINT_URL")]:
            del os.environ[name]
        os.environ |= {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "tried",
            "AWS_SECRET_ACCESS_KEY": "tried",
            "AWS_DEFAULT_REGION": before.get("AWS_DEFAULT_REGION") or "eu-west-1",
            "AWS_CONFIG_FILE": str(configuration),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": ",".join(filter(None, ["localhost", before.get("NO_PROXY")])),
        }
        try:
            yield endpoint
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextlib.contextmanager
def _server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/moto-api/data.json", server)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), direct.open(url, timeout=5):
            return
        time.sleep(0.1)
    raise NotDone("moto's server, which stands in for AWS, does not start: python -m moto.server says why.")
