"""Executions as they go by: waiting for them, and their states in order with their times."""

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from local.engine.observers import ObserverThread

_FAILURES = {
    "TaskFailed",
    "TaskTimedOut",
    "TaskStartFailed",
    "TaskSubmitFailed",
    "EvaluationFailed",
    "LambdaFunctionFailed",
    "LambdaFunctionTimedOut",
}

_SLICE_SECONDS = 0.5


@dataclass
class StateVisit:
    """One visit to a state.

    Attributes:
        name: the state's name.
        type: Task, Pass, Choice, ...
        entered: when it was entered.
        seconds: how long it took; None while it goes on.
        attempts: how often its work was tried, 1 for states without work.
        failures: how many of the attempts failed.
        status: RUNNING, SUCCEEDED, CAUGHT (an error that a Catch took), or FAILED.
        error: the last error's name, None without one.
        cause: the last error's cause.

    """

    name: str
    type: str
    entered: datetime
    seconds: float | None = None
    attempts: int = 1
    failures: int = 0
    status: str = "RUNNING"
    error: str | None = None
    cause: str | None = None
    _succeeded: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class ExecutionResult:
    """An execution that has ended. `status` is SUCCEEDED, FAILED, TIMED_OUT or ABORTED; `end_state` the last state."""

    arn: str
    status: str
    end_state: str | None
    output: Any
    error: str | None
    cause: str | None
    states: list[StateVisit]


@dataclass(frozen=True)
class Pause:
    """A wait of `seconds` at a state, before its next attempt or because it is a Wait; the time scale not counted."""

    state: str
    seconds: float


StateObserver = Callable[[str, StateVisit], None]
EndObserver = Callable[[str], None]


class Executions:
    """Hears of every event of every execution, and tells those who watch."""

    def __init__(self, observers: ObserverThread) -> None:
        self._observers = observers
        self._changed = threading.Condition()
        self._visits: dict[str, list[StateVisit]] = {}
        self._started: list[str] = []
        self._pauses: dict[str, list[Pause]] = {}
        self._ended: set[str] = set()
        self.state_observers: list[StateObserver] = []
        self.end_observers: list[EndObserver] = []

    def begun(self, arn: str) -> None:
        """Note that an execution runs, if that is not known yet."""
        with self._changed:
            if arn not in self._visits:
                self._visits[arn] = []
                self._started.append(arn)

    def event(self, arn: str, event: dict[str, Any]) -> None:
        """Take an event of an execution's history."""
        with self._changed:
            self.begun(arn)
            if changed := follow(self._visits[arn], event):
                self._observers.tell(self.state_observers, arn, replace(changed))
            self._changed.notify_all()

    def paused(self, arn: str, state: str, seconds: float) -> None:
        """Take note of a wait."""
        with self._changed:
            self._pauses.setdefault(arn, []).append(Pause(state, seconds))

    def pauses(self, arn: str) -> list[Pause]:
        """Return the waits of an execution so far, in order."""
        with self._changed:
            return list(self._pauses.get(arn, []))

    def ended(self, arn: str) -> None:
        """Note that an execution has ended."""
        with self._changed:
            self._observers.tell(self.end_observers, arn)
            self._ended.add(arn)
            self._changed.notify_all()

    def started(self) -> list[str]:
        """Return the executions' ARNs in the order in which they began."""
        with self._changed:
            return list(self._started)

    def running(self) -> list[str]:
        """Return the executions that have not ended."""
        with self._changed:
            return [arn for arn in self._started if arn not in self._ended]

    def visits(self, arn: str) -> list[StateVisit]:
        """Return the states that an execution has visited so far."""
        with self._changed:
            return list(self._visits.get(arn, []))

    def wait_until_ended(self, arn: str, seconds: float | None) -> bool:
        """Wait for an execution's end; says whether it came in time."""
        return self.wait_until(lambda: arn in self._ended, seconds)

    def wait_until(self, condition: Callable[[], bool], seconds: float | None) -> bool:
        """Wait until a condition on what this object knows holds; says whether it does."""
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                # in slices: a signal that comes just before a wait without end is not noticed
                self._changed.wait(min(left, _SLICE_SECONDS))
        return True


def visits_of(events: Iterable[dict[str, Any]]) -> list[StateVisit]:
    """Return the states of a history, in the order in which they were entered."""
    visits: list[StateVisit] = []
    for event in events:
        follow(visits, event)
    return visits


def follow(visits: list[StateVisit], event: dict[str, Any]) -> StateVisit | None:
    """Take one event into account; returns the visit that it changed."""
    kind = str(getattr(event["type"], "value", event["type"]))
    moment = _moment(event["timestamp"])
    if kind.endswith("StateEntered"):
        details = event["stateEnteredEventDetails"]
        visits.append(StateVisit(details["name"], kind.removesuffix("StateEntered"), moment))
        return visits[-1]
    if not visits:
        return None
    if kind.endswith("StateExited"):
        name = event["stateExitedEventDetails"]["name"]
        visit = next(each for each in reversed(visits) if each.name == name and each.seconds is None)
        return _leave(visit, moment, "SUCCEEDED" if not visit.error or visit._succeeded else "CAUGHT")
    visit = visits[-1]
    if kind in _FAILURES:
        return _fail(visit, event)
    if kind in {"TaskScheduled", "LambdaFunctionScheduled"} and visit.failures:
        visit.attempts += 1
        return visit
    if kind in {"TaskScheduled", "LambdaFunctionScheduled"} and visit.seconds is None:
        return visit  # nothing of it is new, but its history tells of an attempt now
    if kind in {"TaskSucceeded", "LambdaFunctionSucceeded"}:
        visit._succeeded = True
        return None
    if kind in {"ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"} and visit.seconds is None:
        return _leave(visit, moment, "FAILED" if kind == "ExecutionFailed" else kind.removeprefix("Execution").upper())
    if kind == "ExecutionSucceeded" and visit.seconds is None:
        return _leave(visit, moment, "SUCCEEDED")
    return None


def _leave(visit: StateVisit, moment: datetime, status: str) -> StateVisit:
    visit.seconds = (moment - visit.entered).total_seconds()
    visit.status = status
    return visit


def _fail(visit: StateVisit, event: dict[str, Any]) -> StateVisit:
    details: dict[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    visit.error, visit.cause = details.get("error"), details.get("cause")
    visit.failures += 1
    visit._succeeded = False
    return visit


def _moment(timestamp: Any) -> datetime:
    return timestamp if isinstance(timestamp, datetime) else datetime.fromisoformat(str(timestamp))
