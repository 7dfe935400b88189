"""A built function under Lambda's Runtime Interface Emulator and the real runtime client, without a container.

The emulator is the binary that the SAM CLI puts into its containers. The function sees its own folder, the standard
library and the runtime client: not this interpreter's packages.
"""

import contextlib
import http.client
import importlib.metadata
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.engine import process
from local.invoke.build import TOOLS, machine_architecture
from local.invoke.errors import InvokeError
from local.invoke.log import Log

_PATH = "/2015-03-31/functions/function/invocations"
_START_SECONDS = 10.0
_RUNTIME_CLIENT = "awslambdaric"
_DISTRIBUTION_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class BuiltFunction:
    """A function as it is deployed. `code` is its built folder, `timeout` in seconds, `memory` in MB."""

    name: str
    code: Path
    handler: str
    environment: Mapping[str, str]
    timeout: int
    memory: int

    @property
    def endpoint(self) -> str:
        """Where it finds AWS."""
        return self.environment["AWS_ENDPOINT_URL"]


def emulator() -> Path | None:
    """Return the emulator's binary for this machine; None where there is none (it is a Linux program)."""
    if not sys.platform.startswith("linux"):
        return None
    name = f"aws-lambda-rie-{machine_architecture()}"
    return next(TOOLS.glob(f"lib/python3*/site-packages/samcli/local/rapid/{name}"), None)


@contextlib.contextmanager
def runtime_client() -> Iterator[Path]:
    """Give a folder with the runtime client and what it needs, and nothing else, while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="runtime-client-") as made:
        for distribution in _with_requirements(_RUNTIME_CLIENT):
            _copy(distribution, Path(made))
        yield Path(made)


class RuntimeEmulator:
    """A function that waits for invocations. It starts with the first one, as Lambda's do. Nothing is traced.

    Args:
        function: what is run.
        client: the folder that `runtime_client` gives.
        log: what the function writes goes there.

    Raises:
        InvokeError: the emulator isn't there, or doesn't start.

    """

    def __init__(self, function: BuiltFunction, *, client: Path, log: Log) -> None:
        binary = emulator()
        if binary is None:
            raise InvokeError("There is no Lambda runtime emulator for this machine; it is a Linux program.")
        self._port, runtime_port = _free_ports(2)
        self._scratch = tempfile.TemporaryDirectory(prefix="function-")
        self._process = process.start(
            [
                *(str(binary), "--log-level", "error"),
                *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
                *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
                # -S: no site-packages of this interpreter
                *(sys.executable, "-S", "-m", _RUNTIME_CLIENT, function.handler),
            ],
            directory=function.code,
            environment=_variables(function, client, Path(self._scratch.name)),
        )
        self._pump = threading.Thread(target=_pump, args=(self._process, log), daemon=True)
        self._pump.start()
        self._wait_until_it_listens()

    def invoke(self, payload: bytes, *, patience: float = 300.0) -> bytes:
        """Return what the function returns, or Lambda's JSON of its error.

        Raises:
            InvokeError: no answer came in `patience` seconds.

        """
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=patience)
        with contextlib.closing(connection):
            try:
                connection.request("POST", _PATH, payload, {"Content-Type": "application/json"})
                return connection.getresponse().read()
            except OSError as error:
                raise InvokeError(f"The runtime emulator gave no answer: {error}.") from error

    def close(self) -> None:
        """End it, with the function."""
        process.stop(self._process, grace_seconds=2.0)
        self._pump.join(process.PUMP_SECONDS)
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            time.sleep(0.01)
        self.close()
        raise InvokeError("The runtime emulator did not start; its output says why.")


def error_of(answer: bytes) -> dict[str, Any] | None:
    """Return the error that an answer is (`errorType`, `errorMessage` ...); None for a result.

    A function that runs out of time is told in plain text.
    """
    try:
        value = json.loads(answer)
    except ValueError:
        return {"errorType": "Sandbox.Timedout", "errorMessage": answer.decode("utf-8", "replace").strip()}
    return value if isinstance(value, dict) and "errorType" in value else None


def _variables(function: BuiltFunction, client: Path, scratch: Path) -> dict[str, str]:
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        **function.environment,
        "TMPDIR": str(scratch),
        "LAMBDA_TASK_ROOT": str(function.code),
        "PYTHONPATH": f"{function.code}:{client}",
        # /var/task is read-only
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        "_HANDLER": function.handler,
    }


def _with_requirements(name: str) -> list[importlib.metadata.Distribution]:
    found: dict[str, importlib.metadata.Distribution] = {}
    wanted = [name]
    while wanted:
        each = wanted.pop()
        if each in found:
            continue
        try:
            found[each] = importlib.metadata.distribution(each)
        except importlib.metadata.PackageNotFoundError:
            raise InvokeError(f"{each} is not installed: `make setup` installs it.") from None
        for requirement in found[each].requires or []:
            named = _DISTRIBUTION_NAME.match(requirement)
            if named and "extra ==" not in requirement:
                wanted.append(named[0])
    return list(found.values())


def _copy(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    for file in distribution.files or []:
        if ".." in file.parts or "__pycache__" in file.parts:
            continue
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(Path(str(distribution.locate_file(file))), target)


def _pump(child: subprocess.Popen[bytes], log: Log) -> None:
    assert child.stdout is not None  # noqa: S101 - start() makes the pipe
    with child.stdout as pipe:
        while line := pipe.readline():
            log.write(line)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
