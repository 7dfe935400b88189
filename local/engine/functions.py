"""Lambda functions as warm processes under the real runtime client.

A function's process gets the environment that Lambda would give it and nothing of this process's. Starting
it isn't counted against the function's timeout; running out of time or memory, or a crash, ends it and is
reported as Lambda reports it.
"""

import contextlib
import importlib.util
import json
import os
import queue
import shutil
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from local.engine import process, scratch
from local.engine.child_environment import ChildEnvironment
from local.engine.errors import EngineStoppedError
from local.engine.faults import Fault, Kind
from local.engine.logs import Logs
from local.engine.permissions.agents import FunctionAgent
from local.engine.runtime_api import Answer, Invocation, RuntimeApi

_INIT_SECONDS = 120.0  # Lambda gives 10; a laptop under load gets more, and is not charged
_POLL_SECONDS = 0.05
LATEST = "$LATEST"


@dataclass(frozen=True)
class FunctionConfiguration:
    """A function as deployed. `timeout` in seconds, `memory` in MiB, `code` the folder that CodeUri names.

    `version` is $LATEST or a published version's number; with a number, `arn` is the version's.
    """

    name: str
    arn: str
    handler: str
    runtime: str
    code: Path
    environment: Mapping[str, str]
    timeout: float
    memory: int
    log_group: str
    role: str
    region: str
    account: str
    version: str = LATEST

    def published(self, version: str) -> Self:
        """Return it as a published version."""
        return replace(self, version=version, arn=f"{self.arn}:{version}")


@dataclass(frozen=True)
class FunctionResult:
    """What an invocation came to. `error` is None, or Lambda's X-Amz-Function-Error."""

    payload: bytes
    error: str | None
    log_tail: str


@dataclass(frozen=True)
class Suffering:
    """A fault that a function's process runs into; a time that runs out does so `time_scale` times as fast."""

    fault: Fault
    time_scale: float


@dataclass(frozen=True)
class RunningInvocation:
    """An invocation that a function's process works on right now. `function` is the function's physical name."""

    request_id: str
    pid: int
    function: str
    payload: bytes


class FunctionPool:
    """Runs functions in at most `slots` processes, which stay warm between invocations.

    Args:
        slots: how many processes there are, warm or busy.
        logs: where their output goes.
        environment: what every function is told of AWS.
        folder: where their scratch folders are made.
        agent: takes functions' roles on; without one nobody is judged.

    """

    def __init__(
        self, *, slots: int, logs: Logs, environment: ChildEnvironment, folder: Path, agent: FunctionAgent | None = None
    ):
        self._slots = threading.BoundedSemaphore(slots)
        self._size = slots
        self._logs = logs
        self._environment = environment
        self._folder = folder
        self._agent = agent or FunctionAgent.of_nobody()
        self._lock = threading.Lock()
        self._idle: list[_Sandbox] = []
        self._all: set[_Sandbox] = set()
        self._closed = False

    def invoke(
        self, function: FunctionConfiguration, payload: bytes, *, suffering: Suffering | None = None
    ) -> FunctionResult:
        """Invoke and wait for the result; waits for a slot without charging the function for it.

        Raises:
            LambdaClientError: Lambda can't take the function's role on.

        """
        self._agent.take_on(function.role, function.name)
        with self._slots, self._sandbox(function) as sandbox:
            return sandbox.invoke(payload, suffering)

    def warm(self, functions: list[FunctionConfiguration]) -> None:
        """Start the functions' processes, side by side, so that first invocations find them ready."""
        with contextlib.suppress(EngineStoppedError):
            for sandbox in [self._take(function) for function in functions[: self._size]]:
                self._give_back(sandbox)

    def pids(self) -> dict[int, str]:
        """Return the processes, warm or busy, with the functions that they run."""
        with self._lock:
            return {sandbox.pid: sandbox.function.name for sandbox in self._all}

    def running(self) -> list[RunningInvocation]:
        """Return the invocations that are being worked on; not those that wait for a slot or for a process's start."""
        with self._lock:
            works = [sandbox.running for sandbox in self._all]
        return [each for each in works if each]

    def close(self) -> None:
        """End every process. An interrupted call leaves the rest to the next one."""
        with self._lock:
            self._closed = True
            self._idle.clear()
            sandboxes = list(self._all)
        for sandbox in sandboxes:
            self._discard(sandbox)

    @contextlib.contextmanager
    def _sandbox(self, function: FunctionConfiguration) -> Iterator["_Sandbox"]:
        sandbox = self._take(function)
        try:
            yield sandbox
        finally:
            self._give_back(sandbox)

    def _take(self, function: FunctionConfiguration) -> "_Sandbox":
        with self._lock:
            if self._closed:
                raise EngineStoppedError("The engine has stopped.")
            unwanted = [each for each in self._idle if not each.alive]
            self._idle = [each for each in self._idle if each.alive]
            sandbox = next((each for each in self._idle if each.function == function), None)
            if sandbox:
                self._idle.remove(sandbox)
            else:
                if len(self._all) - len(unwanted) >= self._size and self._idle:
                    unwanted.append(self._idle.pop(0))
                sandbox = _Sandbox(function, self._logs, self._environment, self._folder, self._agent)
                self._all.add(sandbox)
        for each in unwanted:
            self._discard(each)
        return sandbox

    def _give_back(self, sandbox: "_Sandbox") -> None:
        with self._lock:
            if sandbox.alive and not self._closed:
                self._idle.append(sandbox)
                return
        self._discard(sandbox)

    def _discard(self, sandbox: "_Sandbox") -> None:
        # forgotten only once nothing is left of it: an interrupted close must be repeated
        sandbox.close()
        with self._lock:
            self._all.discard(sandbox)


class _Sandbox:
    """One warm process of one function."""

    def __init__(
        self,
        function: FunctionConfiguration,
        logs: Logs,
        environment: ChildEnvironment,
        folder: Path,
        agent: FunctionAgent,
    ):
        session = agent.take_on(function.role, function.name)
        self.function = function
        self._api = RuntimeApi()
        self._scratch = scratch.make_folder(folder, function.name)
        stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{function.version}]{uuid.uuid4().hex}"
        self._log = logs.open(source=function.name, group=function.log_group, stream=stream)
        if not agent.may_log(session, function.log_group, stream):
            self._log.discard()
        self._process = process.start(
            runtime_client(function.handler),
            directory=function.code,
            environment=self._variables(environment.around(function.environment, session), stream),
        )
        assert self._process.stdout is not None  # noqa: S101 - start() makes the pipe
        self._pump = self._log.pump(self._process.stdout)
        self._spent = False
        self.running: RunningInvocation | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return not self._spent and self._process.poll() is None

    def invoke(self, payload: bytes, suffering: Suffering | None = None) -> FunctionResult:
        """Run one invocation to its end, however it ends."""
        request_id = str(uuid.uuid4())
        answer = self._initialised(request_id)
        if answer:
            self._spent = True
        else:
            self._log.write(f"START RequestId: {request_id} Version: {self.function.version}")
            started = time.monotonic()
            answer = self._suffer(request_id, suffering.fault) if suffering else None
            if answer is None:
                runs_out = suffering and suffering.fault.kind is Kind.TIMEOUT
                answer = self._work(request_id, payload, suffering.time_scale if suffering and runs_out else 1.0)
            self._report(request_id, time.monotonic() - started)
        return FunctionResult(
            payload=answer.body,
            error="Unhandled" if answer.failed else None,
            log_tail="\n".join(self._log.tail(40))[-4096:],
        )

    def close(self) -> None:
        """End the process and remove its scratch folder; can be repeated."""
        self._spent = True
        process.kill(self._process)
        self._pump.join(process.PUMP_SECONDS)
        self._api.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _initialised(self, request_id: str) -> Answer | None:
        deadline = time.monotonic() + _INIT_SECONDS
        while not self._api.ready.wait(_POLL_SECONDS):
            with contextlib.suppress(queue.Empty):
                return self._api.answers.get_nowait()
            if (code := self._process.poll()) is not None:
                return self._exited(request_id, code)
            if time.monotonic() > deadline:
                return self._timed_out(request_id, _INIT_SECONDS)
        return None

    def _suffer(self, request_id: str, fault: Fault) -> Answer | None:
        """Have the process run into a fault; returns what the invocation comes to if that is known at once."""
        match fault.kind:
            case Kind.TIMEOUT:
                os.kill(self.pid, signal.SIGSTOP)
            case Kind.SIGNAL:
                os.kill(self.pid, int(fault.number))
            case Kind.OUT_OF_MEMORY:
                return self._out_of_memory(request_id)
            case Kind.EXIT:
                process.kill(self._process)
                return self._exited(request_id, int(fault.number))
        return None

    def _work(self, request_id: str, payload: bytes, time_scale: float) -> Answer:
        self.running = RunningInvocation(request_id, self.pid, self.function.name, payload)
        try:
            self._api.hand_out(self._invocation(request_id, payload))
            return self._wait(request_id, time_scale)
        finally:
            self.running = None

    def _wait(self, request_id: str, time_scale: float) -> Answer:
        deadline = time.monotonic() + self.function.timeout * time_scale
        while True:
            with contextlib.suppress(queue.Empty):
                wait = min(_POLL_SECONDS, max(0.001, deadline - time.monotonic()))
                return self._api.answers.get(timeout=wait)
            if (code := self._process.poll()) is not None:
                return self._exited(request_id, code)
            if time.monotonic() >= deadline:
                return self._timed_out(request_id, self.function.timeout)
            if (process.resident_megabytes(self.pid) or 0) > self.function.memory:
                return self._out_of_memory(request_id)

    def _exited(self, request_id: str, code: int) -> Answer:
        status = f"signal: {-code}" if code < 0 else f"exit status {code}"
        return self._failure(
            request_id,
            "Runtime.ExitError",
            f"RequestId: {request_id} Error: Runtime exited with error: {status}",
        )

    def _timed_out(self, request_id: str, seconds: float) -> Answer:
        process.kill(self._process)
        return self._failure(
            request_id,
            "Sandbox.Timedout",
            f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds",
        )

    def _out_of_memory(self, request_id: str) -> Answer:
        process.kill(self._process)
        return self._failure(
            request_id,
            "Runtime.OutOfMemory",
            f"RequestId: {request_id} Error: Runtime exited with error: signal: killed",
        )

    def _failure(self, request_id: str, error_type: str, message: str) -> Answer:
        self._log.write(message)
        body = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
        return Answer(request_id, body, failed=True)

    def _report(self, request_id: str, seconds: float) -> None:
        used = process.resident_megabytes(self.pid)
        self._log.write(f"END RequestId: {request_id}")
        self._log.write(
            f"REPORT RequestId: {request_id}\tDuration: {seconds * 1000:.2f} ms\t"
            f"Memory Size: {self.function.memory} MB" + (f"\tMemory Used: {used:.0f} MB" if used else "")
        )

    def _invocation(self, request_id: str, payload: bytes) -> Invocation:
        now = time.time()
        trace = f"Root=1-{int(now):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0"
        return Invocation(
            request_id=request_id,
            payload=payload,
            function_arn=self.function.arn,
            deadline_ms=int((now + self.function.timeout) * 1000),
            trace_id=trace,
        )

    def _variables(self, environment: Mapping[str, str], stream: str) -> dict[str, str]:
        function = self.function
        return {
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            **environment,
            "TMPDIR": str(self._scratch),
            "LAMBDA_TASK_ROOT": str(function.code),
            "PYTHONPATH": str(function.code),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            # nothing listens there: traces go nowhere, as they should
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "_HANDLER": function.handler,
        }


def runtime_client(handler: str) -> list[str]:
    """Return the arguments that start a runtime client: the real one, or ours where that doesn't import."""
    if _real_client_imports():
        return [sys.executable, "-m", "awslambdaric", handler]
    return [sys.executable, str(Path(__file__).with_name("bootstrap.py")), handler]


def _real_client_imports() -> bool:
    # awslambdaric is of use only with its native half, which has no wheel for every machine
    return all(importlib.util.find_spec(module) for module in ("awslambdaric", "runtime_client"))
