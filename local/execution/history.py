"""An execution's history as visits to states, with the attempts of each, their waits and their errors.

Works on the events of GetExecutionHistory alone, so that an execution on AWS reads as one of the local engine does.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_SCHEDULED = {"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"}
_SUBMITTED = {"TaskSubmitted"}
_SUCCEEDED = {"TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded"}
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
}
# what fails a state beside its attempts' own failures
_STATE_FAILED = {"EvaluationFailed", "MapRunFailed", "MapStateFailed", "ParallelStateFailed"}
_ENDED = {"ExecutionFailed": "FAILED", "ExecutionAborted": "ABORTED", "ExecutionTimedOut": "TIMED_OUT"}


@dataclass
class Attempt:
    """One try at a Task state's work.

    Attributes:
        number: 1 for the first.
        event_id: the id of the event that scheduled it.
        resource: what it called, as `ecs:runTask.sync`.
        started: when it was scheduled.
        ended: when its result or error came; None while it goes on.
        wait_seconds: how long it was waited for after the attempt before.
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        error: the error's name.
        cause: the error's cause.
        parameters: what the service was asked.
        submitted: what the service answered to a `.sync` call.

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


@dataclass
class Visit:
    """One visit to a state. `status` is RUNNING, SUCCEEDED, CAUGHT (a Catch took its error), FAILED, ABORTED or TIMED_OUT.

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
        attempts: those of a Task.

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
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z") if time else None


def parsed(text: Any) -> Any:
    """Return what a text holds as JSON, or the text itself where it holds none."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


class _Reading:
    """Reads events one after another. Each belongs to the visit that its chain of previous events leads to."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self._owners: dict[int, Visit] = {}

    def take(self, event: dict[str, Any]) -> None:
        kind = str(event["type"])
        details = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
        if kind.endswith("StateEntered"):
            self._enter(event, kind.removesuffix("StateEntered"), details)
        elif kind.endswith("StateExited"):
            self._exit(event, details)
        elif kind in _ENDED or kind == "ExecutionSucceeded":
            self._end(event, _ENDED.get(kind, "SUCCEEDED"), details)
        elif visit := self._owner(event):
            self._owners[event["id"]] = visit
            _continue(visit, event, kind, details)

    def _owner(self, event: dict[str, Any]) -> Visit | None:
        return self._owners.get(event.get("previousEventId", 0))

    def _enter(self, event: dict[str, Any], kind: str, details: dict[str, Any]) -> None:
        visit = Visit(details["name"], kind, event["id"], event["timestamp"], parsed(details.get("input")))
        self.visits.append(visit)
        self._owners[event["id"]] = visit

    def _exit(self, event: dict[str, Any], details: dict[str, Any]) -> None:
        owner = self._owner(event)
        if owner is None or owner.state != details["name"] or owner.left:
            owner = next(
                (each for each in reversed(self.visits) if each.state == details["name"] and not each.left), None
            )
        if owner is None:
            return
        owner.left = event["timestamp"]
        owner.output = parsed(details.get("output"))
        owner.assigned = {name: parsed(value) for name, value in details.get("assignedVariables", {}).items()} or None
        owner.status = "CAUGHT" if owner.error else "SUCCEEDED"

    def _end(self, event: dict[str, Any], status: str, details: dict[str, Any]) -> None:
        for visit in self.visits:
            if visit.left:
                continue
            visit.left, visit.status = event["timestamp"], status
            if visit.type == "Fail":
                visit.error, visit.cause = details.get("error"), details.get("cause")
            for attempt in visit.attempts:
                if attempt.status == "RUNNING":
                    attempt.status, attempt.ended = "ABORTED", event["timestamp"]


def _continue(visit: Visit, event: dict[str, Any], kind: str, details: dict[str, Any]) -> None:
    attempt = visit.attempts[-1] if visit.attempts else None
    if kind in _SCHEDULED:
        visit.attempts.append(_attempt(visit, event, details))
    elif kind in _SUBMITTED and attempt:
        attempt.submitted = parsed(details.get("output"))
    elif kind in _SUCCEEDED and attempt:
        attempt.status, attempt.ended = "SUCCEEDED", event["timestamp"]
        visit.error = visit.cause = None
    elif kind in _FAILED or kind in _STATE_FAILED:
        visit.error, visit.cause = details.get("error"), details.get("cause")
        if attempt and kind in _FAILED:
            attempt.status = "TIMED_OUT" if kind in _TIMED_OUT else "FAILED"
            attempt.ended, attempt.error, attempt.cause = event["timestamp"], visit.error, visit.cause


def _attempt(visit: Visit, event: dict[str, Any], details: dict[str, Any]) -> Attempt:
    before = visit.attempts[-1].ended if visit.attempts else None
    resource = details.get("resource", "")
    return Attempt(
        number=len(visit.attempts) + 1,
        event_id=event["id"],
        resource=f"{details['resourceType']}:{resource}" if "resourceType" in details else resource,
        started=event["timestamp"],
        wait_seconds=(event["timestamp"] - before).total_seconds() if before else 0.0,
        parameters=parsed(details.get("parameters") or details.get("input")),
    )
