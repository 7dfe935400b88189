"""The lines of each attempt, in logs written out as CloudWatch Logs has them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.execution.history import visits_of
from local.execution.logs import MOST_LINES, LogReader
from tests.unit.execution.answers import DENIED, Answers
from tests.unit.execution.histories import BEGAN, SUCCEEDED_AT_LAST, event, function_call

ARN = "arn:aws:states:eu-west-1:123456789012:execution:m:e1"
A, B, C = (f"{each * 8}-0000-4000-8000-000000000000" for each in "abc")
_TASK = "arn:aws:ecs:eu-west-1:123456789012:task/cluster/0123abcd"
_TASK_DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/box:3"


class LogGroups:
    """Log groups that answer as FilterLogEvents does, a page of three events at a time.

    With `has_empty_pages` a page is of so many events that were searched, whether or not any of them is wanted.
    """

    def __init__(
        self, groups: dict[str, list[tuple[float, str, str]]], page_size: int = 3, *, has_empty_pages: bool = False
    ) -> None:
        self._groups, self._page_size, self._has_empty_pages = groups, page_size, has_empty_pages
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> "LogGroups":
        assert operation == "filter_log_events"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(asked)
        if asked["logGroupName"] not in self._groups:
            error = {"Code": "ResourceNotFoundException", "Message": "The specified log group does not exist."}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}, "FilterLogEvents")
        searched = self._events(asked["logGroupName"])
        if not self._has_empty_pages:
            searched = [each for each in searched if _is_wanted(each, asked)]
        for start in range(0, max(1, len(searched)), self._page_size):
            yield {"events": [each for each in searched[start : start + self._page_size] if _is_wanted(each, asked)]}

    def _events(self, group: str) -> list[dict[str, Any]]:
        return [
            {"timestamp": _milliseconds(seconds), "logStreamName": stream, "message": f"{message}\n"}
            for seconds, stream, message in sorted(self._groups[group], key=lambda each: each[0])
        ]


def _is_wanted(event: dict[str, Any], asked: dict[str, Any]) -> bool:
    return (
        asked.get("startTime", 0) <= event["timestamp"] <= asked.get("endTime", 1e15)
        and event["logStreamName"] in asked.get("logStreamNames", [event["logStreamName"]])
        and asked.get("filterPattern", "").strip('"') in event["message"]
    )


def _milliseconds(seconds: float) -> int:
    return int((BEGAN + timedelta(seconds=seconds)).timestamp() * 1000)


def _read(
    events: list[dict[str, Any]], logs: Any, group: str | None = None, answers: Answers | None = None
) -> list[dict[str, Any]]:
    answers = answers or Answers()
    described = {"LoggingConfig": {"LogGroup": group}} if group else {}
    answers.give("lambda", "get_function_configuration", described, {"FunctionName": "f"})
    visits = visits_of(events)
    reader = LogReader(lambda service: logs if service == "logs" else answers.client(service), ARN, visits)
    return [each for visit in visits for each in reader.of(visit)]


def _texts(read: list[dict[str, Any]]) -> list[list[str]]:
    return [[line["text"] for line in each["lines"]] for each in read]


def _invocation(at: float, request: str, *said: str, stream: str = "s") -> list[tuple[float, str, str]]:
    return [
        (at, stream, f"START RequestId: {request} Version: 1"),
        *((at + 0.01 * number, stream, text) for number, text in enumerate(said, 1)),
        (at + 0.5, stream, f"END RequestId: {request}"),
        (at + 0.5, stream, f"REPORT RequestId: {request}\tDuration: 500 ms"),
    ]


def test_given_three_attempts_in_one_stream_when_read_then_each_has_its_own_lines_with_what_was_printed() -> None:
    log = [
        (0.15, "s", "INIT_START Runtime Version: python:3.13"),
        *_invocation(0.2, A, "printed first", f'{{"executionArn": "{ARN}", "n": 1}}'),
        *_invocation(2.0, B, '{"executionArn": "of another execution"}'),
        *_invocation(3.2, C, f"{ARN} again", "printed second"),
        *_invocation(9.2, "dddddddd-0000-4000-8000-000000000000", f"{ARN} at last"),
    ]

    read = _read(SUCCEEDED_AT_LAST, LogGroups({"/aws/lambda/f": log}))

    first, second, third = _texts(read)
    assert first[:3] == ["INIT_START Runtime Version: python:3.13", f"START RequestId: {A} Version: 1", "printed first"]
    assert first[-1].startswith(f"REPORT RequestId: {A}")
    assert second[1:3] == [f"{ARN} again", "printed second"]
    assert f"{ARN} at last" in third
    assert not any("another" in text for text in (*first, *second, *third))
    assert [each["note"] for each in read] == [None, None, None]
    assert [each["eventId"] for each in read] == [3, 6, 9]
    assert read[0]["lines"][1]["time"] == "2026-11-26T08:00:00.200Z"


def test_given_a_log_group_of_the_functions_own_when_read_then_that_one_within_the_attempts_time() -> None:
    logs = LogGroups({"/ours": _invocation(0.2, A, ARN)})

    read = _read(SUCCEEDED_AT_LAST, logs, group="/ours")

    assert f"START RequestId: {A} Version: 1" in _texts(read)[0]
    assert logs.asked[0] == {
        "logGroupName": "/ours",
        "filterPattern": f'"{ARN}"',
        "startTime": _milliseconds(0.1 - 2),
        "endTime": _milliseconds(1.1 + 10),
    }


def test_given_a_result_that_tells_its_request_when_read_then_that_request_though_nothing_names_the_execution() -> None:
    told = json.dumps({"Payload": {}, "SdkResponseMetadata": {"RequestId": B}})
    call = [
        event(2, "TaskStateEntered", 0, name="Work", input="{}"),
        function_call(3, 2, 0.1),
        event(4, "TaskSucceeded", 3, 3.0, resourceType="lambda", resource="invoke", output=told),
    ]
    log = [*_invocation(0.2, A, "somebody else's"), *_invocation(1.0, B, "ours")]

    read = _read(call, LogGroups({"/aws/lambda/f": log}))

    assert _texts(read)[0][1] == "ours"
    assert not any("else" in text for text in _texts(read)[0])


def test_given_a_cause_that_tells_its_request_when_read_then_that_request() -> None:
    cause = json.dumps({"errorMessage": f"RequestId: {B} Error: Task timed out after 3.00 seconds"})
    call = [
        event(2, "TaskStateEntered", 0, name="Work", input="{}"),
        function_call(3, 2, 0.1),
        event(4, "TaskFailed", 3, 3.0, resourceType="lambda", resource="invoke", error="Sandbox.Timedout", cause=cause),
    ]

    read = _read(
        call, LogGroups({"/aws/lambda/f": [*_invocation(0.2, A, ARN), *_invocation(0.3, B, "hangs", stream="t")]})
    )

    assert _texts(read)[0][:2] == [f"START RequestId: {B} Version: 1", "hangs"]


def test_given_two_attempts_at_once_that_nothing_tells_apart_when_read_then_it_is_said() -> None:
    calls = [
        event(2, "TaskStateEntered", 0, name="One", input="{}"),
        event(3, "TaskStateEntered", 0, name="Two", input="{}"),
        function_call(4, 2, 0.1),
        function_call(5, 3, 0.1),
        event(6, "TaskSucceeded", 4, 3.0, resourceType="lambda", resource="invoke", output="{}"),
        event(7, "TaskSucceeded", 5, 3.0, resourceType="lambda", resource="invoke", output="{}"),
    ]
    log = [*_invocation(0.2, A, f"one {ARN}"), *_invocation(0.3, B, f"two {ARN}", stream="t")]

    read = _read(calls, LogGroups({"/aws/lambda/f": log}))

    assert [each["note"] for each in read] == [
        "Lines of other attempts at the same function, at the same time, may be among these."
    ] * 2


def test_given_attempts_at_once_of_which_one_tells_its_request_when_read_then_the_other_has_the_rest() -> None:
    told = json.dumps({"SdkResponseMetadata": {"RequestId": A}})
    calls = [
        event(2, "TaskStateEntered", 0, name="One", input="{}"),
        event(3, "TaskStateEntered", 0, name="Two", input="{}"),
        function_call(4, 2, 0.1),
        function_call(5, 3, 0.1),
        event(6, "TaskSucceeded", 4, 3.0, resourceType="lambda", resource="invoke", output=told),
        event(7, "TaskTimedOut", 5, 3.0, resourceType="lambda", resource="invoke", error="States.Timeout"),
    ]
    log = [*_invocation(0.2, A, f"one {ARN}"), *_invocation(0.3, B, f"two {ARN}", stream="t")]

    one, two = _read(calls, LogGroups({"/aws/lambda/f": log}))

    assert [text for text in _texts([one])[0] if ARN in text] == [f"one {ARN}"]
    assert [text for text in _texts([two])[0] if ARN in text] == [f"two {ARN}"]
    assert (one["note"], two["note"]) == (None, None)


def test_given_an_attempt_soon_after_another_when_read_then_the_ones_before_are_not_among_its_lines() -> None:
    calls = [
        event(2, "TaskStateEntered", 0, name="Work", input="{}"),
        function_call(3, 2, 0.1),
        event(4, "TaskTimedOut", 3, 0.8, resourceType="lambda", resource="invoke", error="States.Timeout"),
        function_call(5, 4, 0.9),
        event(6, "TaskSucceeded", 5, 2.0, resourceType="lambda", resource="invoke", output="{}"),
    ]
    log = [*_invocation(0.2, A, f"one {ARN}"), *_invocation(1.0, B, f"two {ARN}")]

    one, two = _texts(_read(calls, LogGroups({"/aws/lambda/f": log})))

    assert [text for text in one if ARN in text] == [f"one {ARN}"]
    assert [text for text in two if ARN in text] == [f"two {ARN}"]


def test_given_logs_in_json_when_read_then_requests_are_told_apart_too() -> None:
    def record(kind: str, request: str) -> str:
        return json.dumps(
            {"time": "2026-11-26T08:00:00Z", "type": f"platform.{kind}", "record": {"requestId": request}}
        )

    log = [
        (0.2, "s", record("start", A)),
        (0.3, "s", json.dumps({"executionArn": ARN})),
        (0.4, "s", record("report", A)),
        (0.5, "s", record("start", B)),
        (0.6, "s", json.dumps({"executionArn": "another"})),
    ]

    read = _read(SUCCEEDED_AT_LAST[:5], LogGroups({"/aws/lambda/f": log}))

    assert len(read[0]["lines"]) == 3


def test_given_no_log_group_when_read_then_it_is_said_of_each_attempt() -> None:
    read = _read(SUCCEEDED_AT_LAST, LogGroups({}))

    assert [(each["lines"], each["note"]) for each in read] == [([], "The log group /aws/lambda/f is not there.")] * 3


def test_given_no_leave_to_ask_for_the_function_and_its_log_when_read_then_the_refusal_is_told() -> None:
    answers = Answers()
    answers.refuse("lambda", "get_function_configuration", *DENIED)
    for _ in range(3):
        answers.refuse("logs", "filter_log_events", *DENIED)

    read = _read(SUCCEEDED_AT_LAST, answers.client("logs"), answers=answers)

    assert {each["note"] for each in read} == {
        "The log group /aws/lambda/f could not be read: AccessDeniedException: "
        "User: arn:aws:iam::123456789012:user/u is not authorized"
    }


def test_given_expired_credentials_when_read_then_that_is_raised() -> None:
    answers = Answers()
    answers.refuse("lambda", "get_function_configuration", "ExpiredTokenException", "expired", 403)

    with pytest.raises(ClientError, match="expired"):
        _read(SUCCEEDED_AT_LAST, LogGroups({}), answers=answers)


def test_given_more_lines_than_are_kept_when_read_then_the_last_ones_and_how_many_there_are() -> None:
    said = [ARN, *(f"line {number}" for number in range(3_000)), "x" * 100_000]
    log = [(0.2 + 0.0001 * number, "s", text) for number, text in enumerate((f"START RequestId: {A}", *said))]

    read = _read(SUCCEEDED_AT_LAST[:5], LogGroups({"/aws/lambda/f": log}, page_size=500))

    assert len(read[0]["lines"]) == MOST_LINES
    assert read[0]["note"] == "The last 2,000 of 3,003 lines."
    assert read[0]["lines"][-1]["text"].endswith("x ... (100,000 characters)")
    assert len(read[0]["lines"][-1]["text"]) < 21_000


_STOPPED = "The search of the log group {} stopped after 200 pages: it may hold more of this attempt."


def test_given_more_pages_than_are_searched_when_nothing_is_found_then_that_the_search_stopped_alone_is_said() -> None:
    log = [*[(0.2, "s", "")] * 200, (0.3, "s", f"START RequestId: {A}"), (0.4, "s", ARN)]

    read = _read(SUCCEEDED_AT_LAST[:5], LogGroups({"/aws/lambda/f": log}, page_size=1, has_empty_pages=True))

    assert [(each["lines"], each["note"]) for each in read] == [([], _STOPPED.format("/aws/lambda/f"))]


def test_given_more_pages_than_are_searched_when_lines_are_found_then_it_is_said_that_there_may_be_more() -> None:
    said = [f"START RequestId: {A}", ARN, *["more"] * 199]
    log = [(0.2 + 0.0001 * number, "s", text) for number, text in enumerate(said)]

    read = _read(SUCCEEDED_AT_LAST[:5], LogGroups({"/aws/lambda/f": log}, page_size=1))

    assert [(len(each["lines"]), each["note"]) for each in read] == [(200, _STOPPED.format("/aws/lambda/f"))]


def test_given_as_many_pages_as_are_searched_when_read_then_nothing_is_said() -> None:
    said = [f"START RequestId: {A}", ARN, *["more"] * 198]
    log = [(0.2 + 0.0001 * number, "s", text) for number, text in enumerate(said)]

    read = _read(SUCCEEDED_AT_LAST[:5], LogGroups({"/aws/lambda/f": log}, page_size=1))

    assert [(len(each["lines"]), each["note"]) for each in read] == [(200, None)]


@pytest.mark.parametrize(("text", "count"), [("line", 200), (None, 0)])
def test_given_a_task_with_more_pages_than_are_searched_when_read_then_it_is_said(text: str | None, count: int) -> None:
    log = [(1.0, "task/box/0123abcd" if text else "another", text or "")] * 201

    read = _read(
        _task_history(_submitted()),
        LogGroups({"/ecs/box": log}, page_size=1, has_empty_pages=True),
        answers=_with_definition(BOX),
    )

    assert [(len(each["lines"]), each["note"]) for each in read] == [(count, _STOPPED.format("/ecs/box"))]


def _task_history(*more: dict[str, Any]) -> list[dict[str, Any]]:
    task = {"resourceType": "ecs", "resource": "runTask.sync"}
    return [
        event(2, "TaskStateEntered", 0, name="Work", input="{}"),
        event(3, "TaskScheduled", 2, 0.1, **task, region="eu-west-1", parameters='{"TaskDefinition": "box"}'),
        *more,
    ]


def _submitted(number: int = 4) -> dict[str, Any]:
    answer = {"Failures": [], "Tasks": [{"TaskArn": _TASK, "TaskDefinitionArn": _TASK_DEFINITION}]}
    return event(
        number, "TaskSubmitted", 3, 0.5, resourceType="ecs", resource="runTask.sync", output=json.dumps(answer)
    )


def _with_definition(*containers: dict[str, Any]) -> Answers:
    answers = Answers()
    described = {"taskDefinition": {"containerDefinitions": list(containers)}}
    answers.give("ecs", "describe_task_definition", described, {"taskDefinition": _TASK_DEFINITION})
    return answers


BOX = {
    "name": "box",
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/ecs/box", "awslogs-stream-prefix": "task"},
    },
}


def test_given_a_task_at_work_when_read_then_its_own_stream_so_far() -> None:
    log = [
        (1.0, "task/box/0123abcd", "ours"),
        (1.0, "task/box/ffff", "another's"),
        (900.0, "task/box/0123abcd", "late"),
    ]

    read = _read(_task_history(_submitted()), LogGroups({"/ecs/box": log}), answers=_with_definition(BOX))

    assert _texts(read) == [["ours", "late"]]
    assert read[0]["note"] is None


def test_given_a_task_that_failed_to_be_followed_when_read_then_its_cause_tells_which_it_was() -> None:
    cause = json.dumps(
        {"TaskArn": _TASK, "TaskDefinitionArn": _TASK_DEFINITION, "StoppedReason": "Essential container"}
    )
    failed = event(
        4, "TaskFailed", 3, 2.0, resourceType="ecs", resource="runTask.sync", error="States.TaskFailed", cause=cause
    )

    read = _read(
        _task_history(failed),
        LogGroups({"/ecs/box": [(1.0, "task/box/0123abcd", "ours")]}),
        answers=_with_definition(BOX),
    )

    assert _texts(read) == [["ours"]]


@pytest.mark.parametrize(
    ("container", "groups", "note"),
    [
        (BOX, {"/ecs/box": []}, "The task has written nothing so far."),
        (BOX, {}, "The log group /ecs/box, stream task/box/0123abcd, is not there."),
        ({"name": "box"}, {}, "The container box names no stream of its own in CloudWatch Logs."),
    ],
)
def test_given_a_task_without_lines_when_read_then_it_says_why(
    container: dict[str, Any], groups: dict[str, Any], note: str
) -> None:
    read = _read(_task_history(_submitted()), LogGroups(groups), answers=_with_definition(container))

    assert [(each["lines"], each["note"]) for each in read] == [([], note)]


def test_given_no_task_was_started_when_read_then_it_says_so() -> None:
    refused = event(
        4, "TaskSubmitFailed", 3, 0.3, resourceType="ecs", resource="runTask.sync", error="ECS.ThrottlingException"
    )

    read = _read(_task_history(refused), LogGroups({}))

    assert read[0]["note"] == "There is no log: no task was started."


def test_given_a_call_of_another_service_when_read_then_nothing_is_asked_for() -> None:
    call = [
        event(2, "TaskStateEntered", 0, name="Put", input="{}"),
        event(
            3, "TaskScheduled", 2, 0.1, resourceType="dynamodb", resource="putItem", region="eu-west-1", parameters="{}"
        ),
    ]
    logs = LogGroups({})

    assert _read(call, logs) == [{"eventId": 3, "lines": [], "note": None}]
    assert logs.asked == []


def test_given_more_attempts_than_are_asked_for_when_all_are_read_then_the_others_say_so() -> None:
    events = [event(1, "ExecutionStarted", 0, input="{}")]
    for number in range(2, 500, 2):
        events += [
            event(number, "TaskStateEntered", 0, name="Work", input="{}"),
            function_call(number + 1, number, 0.1),
        ]
    answers, logs = Answers(), LogGroups({"/aws/lambda/f": []})
    answers.give("lambda", "get_function_configuration", {})
    visits = visits_of(events)

    read = LogReader(lambda service: logs if service == "logs" else answers.client(service), ARN, visits).of_all(visits)

    notes = [attempt["note"] for visit in read for attempt in visit["attempts"]]
    assert len(notes) == 249
    assert notes[199] == "Nothing in the log group /aws/lambda/f is of this attempt."
    assert set(notes[200:]) == {"Not looked for: only the first 200 attempts' logs are."}
    assert len(logs.asked) == 200
