"""What each attempt at a state wrote to CloudWatch Logs.

A function's lines are found by the execution's ARN, which ours log with everything they say, and by the request id
that Step Functions was told. A function's process works on one request at a time: what stands between a request's
START and the next in a stream is that request's, whoever printed it. A task has a stream of its own.
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from local.execution.history import Attempt, Visit, moment, parsed
from local.execution.refusals import code, is_of_nobody, reason

MOST_LINES = 2_000
_MOST_ATTEMPTS = 200  # CloudWatch Logs answers but a few questions a second
_LONGEST_LINE = 20_000
_MOST_PAGES = 200
# clocks differ, and the last lines of an attempt come after Step Functions heard of its end
_BEFORE, _AFTER = timedelta(seconds=2), timedelta(seconds=10)
_TASK = "ecs:runTask"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_START = re.compile(rf'START RequestId: ({_UUID})|\{{.*"type":\s*"platform\.start".*"requestId":\s*"({_UUID})"')
_INITIALISATION = re.compile(r'INIT_START|\{.*"type":\s*"platform\.initStart"')
_TOLD_ID = re.compile(rf'RequestId: ({_UUID})|"requestId":\s*"({_UUID})"')
_FUNCTION = re.compile(r"(?:arn:[^:]+:lambda:[^:]+:[0-9]+:function:|[0-9]+:function:)?(?P<name>[A-Za-z0-9_-]+)(?::.+)?")


@dataclass
class _Invocation:
    """A request that a function's process worked on. `id` is None for lines before a stream's first request."""

    id: str | None
    began: datetime
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Lines:
    """An attempt's events, the last ones of `count`, and what there is to say of them."""

    events: Collection[dict[str, Any]] = ()
    note: str | None = None
    count: int = 0

    def as_json(self, attempt: Attempt) -> dict[str, Any]:
        lines = [{"time": moment(_time(event)), "text": _shortened(event["message"])} for event in self.events]
        more = f"The last {len(lines):,} of {self.count:,} lines." if self.count > len(lines) else None
        return {"eventId": attempt.event_id, "lines": lines, "note": self.note or more}

    def with_note(self, note: str) -> "_Lines":
        return replace(self, note=f"{self.note} {note}" if self.note else note)


_NOT_ASKED_FOR = _Lines(note=f"Not looked for: only the first {_MOST_ATTEMPTS} attempts' logs are.")


class LogReader:
    """Reads the logs of one execution, of which the visits are known."""

    def __init__(self, client: Callable[[str], Any], arn: str, visits: list[Visit]) -> None:
        self._client = client
        self._arn = arn
        self._attempts = [attempt for visit in visits for attempt in visit.attempts]
        self._groups: dict[str, str] = {}
        self._unfinished: set[str] = set()  # log groups that have more than was searched for an attempt

    def of(self, visit: Visit) -> list[dict[str, Any]]:
        """Return the lines of each of a visit's attempts.

        Raises:
            ClientError: nobody calls, by credentials that are unknown or expired.

        """
        return [self._told(attempt).as_json(attempt) for attempt in visit.attempts]

    def of_all(self, visits: list[Visit]) -> list[dict[str, Any]]:
        """Return `{eventId, attempts}` for each visit with attempts, up to as many as are asked for in reasonable time.

        Raises:
            ClientError: nobody calls, by credentials that are unknown or expired.

        """
        read = []
        left = _MOST_ATTEMPTS
        for visit in visits:
            if visit.attempts:
                found = self.of(visit) if left > 0 else [_NOT_ASKED_FOR.as_json(each) for each in visit.attempts]
                left -= sum(_has_log(each) for each in visit.attempts)
                read.append({"eventId": visit.event_id, "attempts": found})
        return read

    def _told(self, attempt: Attempt) -> _Lines:
        self._unfinished.clear()
        lines = self._lines(attempt)
        for group in sorted(self._unfinished):
            stopped = f"The search of the log group {group} stopped after {_MOST_PAGES} pages"
            lines = lines.with_note(f"{stopped}: it may hold more of this attempt.")
        return lines

    def _lines(self, attempt: Attempt) -> _Lines:
        try:
            if name := _function_of(attempt):
                return self._function_lines(attempt, name)
            if attempt.resource.startswith(_TASK):
                return self._task_lines(attempt)
        except ClientError as error:
            if is_of_nobody(error):
                raise
            return _Lines(note=f"The log could not be read: {reason(error)}")
        return _Lines()

    def _function_lines(self, attempt: Attempt, name: str) -> _Lines:
        group = self._group_of(name)
        try:
            invocations = self._invocations(attempt, group)
        except ClientError as error:
            return _Lines(note=_refused(group, error))
        own, note = self._own(attempt, name, invocations)
        events = [event for each in own for event in each.events]
        if not events and group in self._unfinished:
            return _Lines()
        if not events:
            return _Lines(note=f"Nothing in the log group {group} is of this attempt.")
        return _Lines(events[-MOST_LINES:], note, len(events))

    def _invocations(self, attempt: Attempt, group: str) -> list[_Invocation]:
        """Return what ran in the streams that name this execution or the attempt's request."""
        window = _window(attempt)
        names = [self._arn, *filter(None, [_request_id(attempt)])]
        streams = {
            event["logStreamName"] for name in names for event in self._events(group, window, filterPattern=f'"{name}"')
        }
        found = [
            each
            for stream in sorted(streams)
            for each in _split(self._events(group, window, logStreamNames=[stream]))
            if each.id in names or any(self._arn in event["message"] for event in each.events)
        ]
        return sorted(found, key=lambda each: each.began)

    def _own(self, attempt: Attempt, name: str, invocations: list[_Invocation]) -> tuple[list[_Invocation], str | None]:
        """Return those of the invocations that are this attempt's, and what is to be said where nothing tells."""
        known = _request_id(attempt)
        if any(each.id == known for each in invocations if known):
            return [each for each in invocations if each.id == known], None
        others = [each for each in self._attempts if each is not attempt and _function_of(each) == name]
        taken = {_request_id(each) for each in others} - {None}
        began, ended = _window(attempt)
        began = max([began, *(each.ended for each in others if each.ended and each.ended <= attempt.started)])
        ended = min([ended, *(each.started for each in others if attempt.ended and each.started >= attempt.ended)])
        own = [each for each in invocations if each.id not in taken and began <= each.began <= ended]
        beside = [each for each in others if _overlap(each, attempt) and _request_id(each) is None]
        note = "Lines of other attempts at the same function, at the same time, may be among these." if beside else None
        return own, note if len(own) > 1 else None

    def _group_of(self, name: str) -> str:
        if name not in self._groups:
            self._groups[name] = f"/aws/lambda/{name}"
            try:
                described = self._client("lambda").get_function_configuration(FunctionName=name)
            except ClientError as error:
                if is_of_nobody(error):
                    raise
            else:
                self._groups[name] = described.get("LoggingConfig", {}).get("LogGroup", self._groups[name])
        return self._groups[name]

    def _task_lines(self, attempt: Attempt) -> _Lines:
        task = _task_of(attempt)
        if task is None:
            return _Lines(note="There is no log: no task was started.")
        definition = task.get("TaskDefinitionArn")
        if not isinstance(definition, str):
            return _Lines(note=f"The log of {task['TaskArn']} is not known: nothing tells its task definition.")
        described = self._client("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]
        events: deque[dict[str, Any]] = deque(maxlen=MOST_LINES)
        count, notes = 0, []
        for container in described["containerDefinitions"]:
            options = container.get("logConfiguration", {}).get("options", {})
            group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
            if not group or not prefix:
                notes.append(f"The container {container['name']} names no stream of its own in CloudWatch Logs.")
                continue
            stream = f"{prefix}/{container['name']}/{task['TaskArn'].rpartition('/')[2]}"
            try:
                for event in self._events(group, None, logStreamNames=[stream]):
                    events.append(event)
                    count += 1
            except ClientError as error:
                notes.append(_refused(f"{group}, stream {stream},", error))
        if not count and not notes and not self._unfinished:
            notes.append("The task has written nothing so far." if attempt.ended is None else "The task wrote nothing.")
        return _Lines(sorted(events, key=lambda event: event["timestamp"]), " ".join(notes) or None, count)

    def _events(self, group: str, window: tuple[datetime, datetime] | None, **asked: Any) -> Iterator[dict[str, Any]]:
        if window:
            asked |= {"startTime": _milliseconds(window[0]), "endTime": _milliseconds(window[1])}
        pages = self._client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, **asked)
        for number, page in enumerate(pages):
            if number == _MOST_PAGES:
                self._unfinished.add(group)
                return
            yield from page["events"]


def _split(events: Iterable[dict[str, Any]]) -> Iterator[_Invocation]:
    """Return a stream's events by the requests that they are of."""
    current: _Invocation | None = None
    for event in events:
        started = _START.match(event["message"])
        if current and (started is None or (current.id is None and _is_initialisation(current))):
            current.id = current.id or _id(started)
        else:
            if current:
                yield current
            current = _Invocation(_id(started), _time(event))
        current.events.append(event)
    if current:
        yield current


def _is_initialisation(invocation: _Invocation) -> bool:
    """Whether these lines come before a process's first request, and so are of it."""
    return _INITIALISATION.match(invocation.events[0]["message"]) is not None


def _id(found: re.Match[str] | None) -> str | None:
    return (found[1] or found[2]) if found else None


def _function_of(attempt: Attempt) -> str | None:
    """Return the name of the function that an attempt invokes, None where it does something else."""
    called: Any = attempt.resource
    if called.startswith(("lambda:invoke", "aws-sdk:lambda:invoke")):
        called = attempt.parameters.get("FunctionName") if isinstance(attempt.parameters, dict) else None
    elif ":function:" not in called:
        return None
    found = _FUNCTION.fullmatch(called) if isinstance(called, str) else None
    return found["name"] if found else None


def _has_log(attempt: Attempt) -> bool:
    return _function_of(attempt) is not None or attempt.resource.startswith(_TASK)


def _request_id(attempt: Attempt) -> str | None:
    """Return the id of the request to a function that an attempt made, as far as its result or its cause tells it."""
    if isinstance(attempt.result, dict):
        told = attempt.result.get("SdkResponseMetadata")
        return told.get("RequestId") if isinstance(told, dict) else None
    return _id(_TOLD_ID.search(attempt.cause or ""))


def _task_of(attempt: Attempt) -> dict[str, Any] | None:
    """Return the task that an attempt started: by what ECS answered, or by what became of it."""
    submitted = attempt.submitted if isinstance(attempt.submitted, dict) else {}
    for told in (*submitted.get("Tasks", []), attempt.result, parsed(attempt.cause)):
        if isinstance(told, dict) and isinstance(told.get("TaskArn"), str):
            return told
    return None


def _overlap(one: Attempt, other: Attempt) -> bool:
    now = datetime.now(UTC)
    return one.started < (other.ended or now) and other.started < (one.ended or now)


def _window(attempt: Attempt) -> tuple[datetime, datetime]:
    return attempt.started - _BEFORE, (attempt.ended or datetime.now(UTC)) + _AFTER


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["timestamp"] / 1000, UTC)


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def _shortened(text: str) -> str:
    text = text.rstrip("\r\n")
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]} ... ({len(text):,} characters)"


def _refused(group: str, error: ClientError) -> str:
    if is_of_nobody(error):
        raise error
    if code(error) == "ResourceNotFoundException":
        return f"The log group {group} is not there."
    return f"The log group {group} could not be read: {reason(error)}"
