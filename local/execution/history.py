"""An execution's history as visits to states, with the attempts of each, their waits and their errors.

Works on the events of GetExecutionHistory alone, so that an execution on AWS reads as one of the local engine does.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

_SCHEDULED = {"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"}
_SUBMITTED = {"TaskSubmitted"}
# a Map and a Parallel are tried again as a Task is
_BEGUN = {"MapStateStarted": "map", "ParallelStateStarted": "parallel"}
_SUCCEEDED = {
    "TaskSucceeded",
    "LambdaFunctionSucceeded",
    "ActivitySucceeded",
    "MapRunSucceeded",
    "MapStateSucceeded",
    "ParallelStateSucceeded",
}
_TIMED_OUT = {"TaskTimedOut", "LambdaFunctionTimedOut", "ActivityTimedOut"}
_FAILED = _TIMED_OUT | {
    "TaskFailed",
    "TaskStartFailed",
    "TaskSubmitFailed",
    "LambdaFunctionFailed",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "ActivityFailed",
    "ActivityScheduleFailed",
    "MapRunFailed",
    "MapRunAborted",
    "MapStateFailed",
    "ParallelStateFailed",
}
_ABORTED = {"TaskStateAborted", "WaitStateAborted", "MapStateAborted", "ParallelStateAborted"}
_ENDED = {"ExecutionFailed": "FAILED", "ExecutionAborted": "ABORTED", "ExecutionTimedOut": "TIMED_OUT"}
_CONTAINER = re.compile(r"(?P<type>Map|Parallel)(?:State|Iteration|Run)[A-Z][a-z]+")
_CONTAINERS = {"Map", "Parallel"}
_GIVEN_UP = re.compile(r".+(?:Failed|Aborted)")


@dataclass
class Attempt:
    """One try at the work of a Task, a Map or a Parallel.

    Attributes:
        number: 1 for the first.
        event_id: the id of the event that scheduled it.
        resource: what it called, as `ecs:runTask.sync`; of a Map or Parallel `map`, `mapRun`, `parallel`.
        started: when it was scheduled.
        ended: when its result or error came; None while it goes on.
        wait_seconds: how long it was waited for after the attempt before.
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        error: the error's name.
        cause: the error's cause.
        parameters: what the service was asked.
        submitted: what the service answered to a `.sync` call.
        result: what it came to.

    """

    number: int
    event_id: int
    resource: str
    started: datetime
    ended: datetime | None = None
    wait_seconds: float = 0.0
    status: str = "RUNNING"
    error: str | None = None
    cause: str | None = None
    parameters: Any = None
    submitted: Any = None
    result: Any = None

    def as_json(self) -> dict[str, Any]:
        """Return it as the page reads it."""
        return {
            "number": self.number,
            "eventId": self.event_id,
            "resource": self.resource,
            "startedAt": moment(self.started),
            "endedAt": moment(self.ended),
            "waitSeconds": self.wait_seconds,
            "status": self.status,
            "error": self.error,
            "cause": self.cause,
            "parameters": self.parameters,
        }


@dataclass(eq=False)
class Visit:
    """One visit to a state.

    `status` is RUNNING, SUCCEEDED, CAUGHT (a Catch took its error), FAILED, ABORTED or TIMED_OUT.

    Attributes:
        state: the state's name.
        type: Task, Pass, Choice, ...
        event_id: the id of the event that entered it.
        entered: when it was entered.
        left: when it was left; None while it goes on.
        given: its input.
        output: its output.
        assigned: the variables that it assigned.
        error: the last error's name; None without one.
        cause: the last error's cause.
        attempts: the tries at its work, of a Task, a Map or a Parallel.
        parent: the visit to the Map or Parallel that it belongs to.
        has_failed: whether what was tried last went wrong.

    """

    state: str
    type: str
    event_id: int
    entered: datetime
    given: Any
    left: datetime | None = None
    status: str = "RUNNING"
    output: Any = None
    assigned: dict[str, Any] | None = None
    error: str | None = None
    cause: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    parent: "Visit | None" = None
    has_failed: bool = False

    def fail(self, error: str | None, cause: str | None) -> None:
        """Take note of an error; whether it is retried, caught or fatal comes later."""
        self.has_failed, self.error, self.cause = True, error, cause

    def succeed(self) -> None:
        """Take note that its work was done: what went wrong before was mended by a retry."""
        self.has_failed, self.error, self.cause = False, None, None

    def end(self, status: str, time: datetime) -> None:
        """Take note that it was left, and its last attempt with it."""
        self.status, self.left = status, time
        if self.attempts and self.attempts[-1].ended is None:
            attempt = self.attempts[-1]
            attempt.status = "SUCCEEDED" if status == "SUCCEEDED" else "FAILED" if self.has_failed else "ABORTED"
            attempt.ended = time

    def ancestry(self) -> "Iterator[Visit]":
        """Return it, and the Maps and Parallels that it is in, the nearest first."""
        yield self
        if self.parent:
            yield from self.parent.ancestry()

    def as_json(self) -> dict[str, Any]:
        """Return it as the page reads it."""
        return {
            "state": self.state,
            "type": self.type,
            "eventId": self.event_id,
            "enteredAt": moment(self.entered),
            "leftAt": moment(self.left),
            "status": self.status,
            "input": self.given,
            "output": self.output,
            "assigned": self.assigned,
            "error": self.error,
            "cause": self.cause,
            "attempts": [attempt.as_json() for attempt in self.attempts],
        }


def visits_of(events: Iterable[dict[str, Any]]) -> list[Visit]:
    """Return the visits of a history, in the order in which the states were entered."""
    reading = _Reading()
    for event in events:
        reading.take(event)
    return reading.visits


def moment(time: datetime | None) -> str | None:
    """Return a time as ISO 8601 with its milliseconds, in UTC."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if time else None


def parsed(text: Any) -> Any:
    """Return what a text holds as JSON, or the text itself where it holds none or one too deep."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text


class _Reading:
    """Reads events one after another.

    `_at` says for every event which state the execution was in after it, by the chain of previous events; None is
    outside of any. Iterations and branches that run side by side are told apart by nothing else.
    """

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self._at: dict[int, Visit | None] = {}
        self._kinds: dict[int, str] = {}

    def take(self, event: dict[str, Any]) -> None:
        kind = str(event["type"])
        details: dict[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
        self._kinds[event["id"]] = kind
        if kind.endswith("StateEntered"):
            at: Visit | None = self._enter(event, kind.removesuffix("StateEntered"), details)
        elif kind.endswith("StateExited"):
            at = self._exit(event, details)
        elif kind in _ENDED or kind == "ExecutionSucceeded":
            at = self._end(event, _ENDED.get(kind, "SUCCEEDED"), details)
        elif kind == "ExecutionRedriven":
            at = next((each for each in reversed(self.visits) if each.status in _ENDED.values()), None)
        else:
            at = self._visit_of(event, kind, details)
            if at:
                self._continue(at, event, kind, details)
        self._at[event["id"]] = at

    def _before(self, event: dict[str, Any]) -> Visit | None:
        return self._at.get(event.get("previousEventId", 0))

    def _visit_of(self, event: dict[str, Any], kind: str, details: dict[str, Any]) -> Visit | None:
        before = self._before(event)
        container = _CONTAINER.fullmatch(kind)
        if container is None:
            return before
        if before and "State" in kind and _GIVEN_UP.fullmatch(kind) and self._just_gave_up(event, kind):
            before = before.parent  # the inner of two gave up, and now the outer one does
        name = details.get("name")
        near = chain(before.ancestry() if before else (), (each for each in reversed(self.visits) if not each.left))
        return next((each for each in near if each.type == container["type"] and name in (None, each.state)), None)

    def _just_gave_up(self, event: dict[str, Any], kind: str) -> bool:
        return self._kinds.get(event.get("previousEventId", 0)) == kind

    def _enter(self, event: dict[str, Any], kind: str, details: dict[str, Any]) -> Visit:
        visit = Visit(
            details["name"],
            kind,
            event["id"],
            event["timestamp"],
            parsed(details.get("input")),
            parent=self._before(event),
        )
        self.visits.append(visit)
        return visit

    def _exit(self, event: dict[str, Any], details: dict[str, Any]) -> Visit | None:
        visit = self._leaving(event, details.get("name"))
        if visit is None:
            return self._before(event)
        if visit.type in _CONTAINERS:
            self._abandon_inside(visit, event["timestamp"])
        visit.output = parsed(details.get("output"))
        visit.assigned = {name: parsed(value) for name, value in details.get("assignedVariables", {}).items()} or None
        visit.end("CAUGHT" if visit.has_failed else "SUCCEEDED", event["timestamp"])
        return visit.parent

    def _leaving(self, event: dict[str, Any], name: str | None) -> Visit | None:
        before = self._before(event)
        near = chain(before.ancestry() if before else (), reversed(self.visits))
        return next((each for each in near if each.state == name and not each.left), None)

    def _end(self, event: dict[str, Any], status: str, details: dict[str, Any]) -> Visit | None:
        at = self._before(event)
        fatal = [each for each in at.ancestry() if not each.left] if at and status == "FAILED" else []
        for visit in fatal:
            if visit.error is None:
                visit.fail(details.get("error"), details.get("cause"))
        for visit in self.visits:
            if visit.left is None:
                is_beside = bool(fatal) and visit not in fatal and not visit.has_failed
                visit.end("ABORTED" if is_beside else status, event["timestamp"])
        return at

    def _continue(self, visit: Visit, event: dict[str, Any], kind: str, details: dict[str, Any]) -> None:
        time = event["timestamp"]
        if kind in _SCHEDULED:
            _begin(visit, event, _resource(details), parsed(details.get("parameters") or details.get("input")))
        elif kind in _BEGUN:
            self._abandon_inside(visit, time)
            _begin(visit, event, _BEGUN[kind], None)
        elif kind in {"MapRunStarted", "MapRunRedriven"}:
            _begin_map_run(visit, event, details)
        elif kind in _SUBMITTED and visit.attempts:
            visit.attempts[-1].submitted = parsed(details.get("output"))
        elif kind in _SUCCEEDED:
            self._succeed(visit, time, details)
        elif kind in _FAILED or kind in {"EvaluationFailed", "MapIterationFailed"}:
            self._fail(visit, event, kind, details)
        elif kind in _ABORTED:
            self._abandon_inside(visit, time)
            visit.end("ABORTED", time)

    def _succeed(self, visit: Visit, time: datetime, details: dict[str, Any]) -> None:
        visit.succeed()
        attempt = visit.attempts[-1] if visit.attempts else None
        if attempt and attempt.ended is None:
            attempt.status, attempt.ended, attempt.result = "SUCCEEDED", time, parsed(details.get("output"))

    def _fail(self, visit: Visit, event: dict[str, Any], kind: str, details: dict[str, Any]) -> None:
        error, cause = details.get("error"), details.get("cause")
        if kind == "MapIterationFailed" or (kind in _FAILED and visit.type in _CONTAINERS):
            inner = self._fail_inside(visit, event) or self._last_failed_in(visit)
            if error is None:
                error, cause = (inner.error, inner.cause) if inner else (visit.error, visit.cause)
        visit.fail(error, cause)
        attempt = visit.attempts[-1] if visit.attempts else None
        if attempt and kind in _FAILED and attempt.ended is None:
            attempt.status = "TIMED_OUT" if kind in _TIMED_OUT else "FAILED"
            attempt.ended, attempt.error, attempt.cause = event["timestamp"], error, cause

    def _fail_inside(self, container: Visit, event: dict[str, Any]) -> Visit | None:
        """End what failed in a Map or Parallel, by the chain of events; returns the innermost of it."""
        before = self._before(event)
        around = list(before.ancestry()) if before else []
        if container not in around:
            return None
        inside = around[: around.index(container)]
        for visit in inside:
            visit.has_failed = True
            if visit.left is None:
                visit.end("FAILED", event["timestamp"])
        return inside[0] if inside else None

    def _last_failed_in(self, container: Visit) -> Visit | None:
        return next((each for each in reversed(self.visits) if each.parent is container and each.has_failed), None)

    def _abandon_inside(self, container: Visit, time: datetime) -> None:
        for visit in self.visits:
            if visit.left is None and visit is not container and container in visit.ancestry():
                visit.end("FAILED" if visit.has_failed else "ABORTED", time)


def _begin(visit: Visit, event: dict[str, Any], resource: str, parameters: Any) -> None:
    before = visit.attempts[-1] if visit.attempts else None
    if before and before.ended is None:  # that it failed is told by nothing but the next one
        before.status, before.ended, before.error, before.cause = "FAILED", event["timestamp"], visit.error, visit.cause
    visit.status, visit.left = "RUNNING", None  # a redriven execution takes an ended visit up again
    visit.attempts.append(
        Attempt(
            number=len(visit.attempts) + 1,
            event_id=event["id"],
            resource=resource,
            started=event["timestamp"],
            wait_seconds=(event["timestamp"] - before.ended).total_seconds() if before and before.ended else 0.0,
            parameters=parameters,
        )
    )


def _begin_map_run(visit: Visit, event: dict[str, Any], details: dict[str, Any]) -> None:
    last = visit.attempts[-1] if visit.attempts else None
    if last is None or last.ended or last.resource == "mapRun":
        _begin(visit, event, "mapRun", None)
    visit.attempts[-1].resource, visit.attempts[-1].parameters = "mapRun", details


def _resource(details: dict[str, Any]) -> str:
    resource = details.get("resource", "")
    return f"{details['resourceType']}:{resource}" if "resourceType" in details else resource
