"""The engine that the seams work for right now."""

from typing import Any, Protocol

from local.engine.errors import EngineError
from local.engine.faults import Fault, Faults
from local.engine.functions import FunctionResult
from local.engine.permissions.permissions import Permissions
from local.engine.tasks import TaskRunner


class Host(Protocol):
    """What the seams ask of the engine."""

    port: int
    time_scale: float
    tasks: TaskRunner
    faults: Faults
    permissions: Permissions | None

    def invoke_function(self, name: str, payload: bytes, fault: Fault | None = None) -> FunctionResult:
        """Run a function; `fault` is what its process runs into."""

    def execution_event(self, execution_arn: str, event: dict[str, Any]) -> None:
        """Hear of an event in an execution's history."""

    def execution_paused(self, execution_arn: str, state: str, seconds: float) -> None:
        """Hear that a state waits before it is tried again, or because it is a Wait: real seconds, unscaled."""

    def execution_ended(self, execution_arn: str) -> None:
        """Hear that an execution has ended."""

    def send_event(self, event: dict[str, Any]) -> None:
        """Have the default bus deliver a service's event, soon."""

    def wait_for_end(self, execution_arn: str, seconds: float) -> bool:
        """Wait for an execution's end; says whether it came in time."""

    def stop(self) -> None:
        """Stop, and leave."""


class NoEngineError(EngineError):
    """Something of moto's ran while no engine did."""


_current: Host | None = None


def enter(host: Host) -> None:
    """Make an engine the current one.

    Raises:
        EngineError: another engine runs; moto keeps one state per process.

    """
    global _current  # noqa: PLW0603 - moto is global, and so is what it works for
    if _current is not None:
        raise EngineError("An engine already runs in this process: stop it first.")
    _current = host


def leave(host: Host) -> None:
    """Make no engine the current one, if `host` is."""
    global _current  # noqa: PLW0603
    if _current is host:
        _current = None


def stop_current() -> None:
    """Stop the engine that runs, if one does."""
    if _current is not None:
        _current.stop()


def current() -> Host:
    """Return the engine that runs.

    Raises:
        NoEngineError: none does.

    """
    if _current is None:
        raise NoEngineError("No engine runs.")
    return _current
