"""Histories written out as GetExecutionHistory gives them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

BEGAN = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
_FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function"
_DETAILS = {"Entered": "stateEnteredEventDetails", "Exited": "stateExitedEventDetails"}


def event(number: int, kind: str, previous: int, seconds: float = 0.0, **details: Any) -> dict[str, Any]:
    """Return an event; `seconds` after the beginning."""
    described = {
        "id": number,
        "type": kind,
        "previousEventId": previous,
        "timestamp": BEGAN + timedelta(seconds=seconds),
    }
    name = next((value for ending, value in _DETAILS.items() if kind.endswith(f"State{ending}")), None)
    return described | ({name or f"{kind[0].lower()}{kind[1:]}EventDetails": details} if details else {})


def function_call(number: int, previous: int, seconds: float, name: str = "f") -> dict[str, Any]:
    return event(
        number,
        "TaskScheduled",
        previous,
        seconds,
        resourceType="lambda",
        resource="invoke",
        region="eu-west-1",
        parameters=json.dumps({"FunctionName": f"{_FUNCTION}:{name}:1", "Payload": {"n": 1}}),
    )


RETRIED = [
    event(1, "ExecutionStarted", 0, input="{}", roleArn="arn:aws:iam::123456789012:role/r"),
    event(2, "TaskStateEntered", 0, name="Work", input='{"a": 1}'),
    function_call(3, 2, 0.1),
    event(4, "TaskStarted", 3, 0.1, resourceType="lambda", resource="invoke"),
    event(5, "TaskFailed", 4, 1.1, resourceType="lambda", resource="invoke", error="Lambda.Unknown", cause="first"),
    function_call(6, 5, 3.1),
    event(7, "TaskStarted", 6, 3.1, resourceType="lambda", resource="invoke"),
    event(8, "TaskTimedOut", 7, 5.1, resourceType="lambda", resource="invoke", error="States.Timeout"),
    function_call(9, 8, 9.1),
    event(10, "TaskStarted", 9, 9.1, resourceType="lambda", resource="invoke"),
]
SUCCEEDED_AT_LAST = [
    *RETRIED,
    event(11, "TaskSucceeded", 10, 10.0, resourceType="lambda", resource="invoke", output='{"Payload": {"b": 2}}'),
    event(12, "TaskStateExited", 11, 10.0, name="Work", output='{"b": 2}', assignedVariables={"x": '{"y": 1}'}),
    event(13, "ExecutionSucceeded", 12, 10.0, output='{"b": 2}'),
]
CAUGHT_AFTER_RETRIES = [
    *RETRIED,
    event(11, "TaskFailed", 10, 10.0, resourceType="lambda", resource="invoke", error="Broken", cause="last"),
    event(12, "TaskStateExited", 11, 10.0, name="Work", output='{"Error": "Broken"}'),
    event(13, "FailStateEntered", 12, 10.0, name="Failed", input='{"Error": "Broken"}'),
    event(14, "ExecutionFailed", 13, 10.0, error="Broken", cause="because"),
]
# A Map of three items, two at a time: the first is done, the second fails while the third is at work; then once more.
MAP_RETRIED = [
    event(1, "ExecutionStarted", 0, input="{}"),
    event(2, "MapStateEntered", 0, name="Each", input="[1,2,3]"),
    event(3, "MapStateStarted", 2, 0.0, length=3),
    event(4, "MapIterationStarted", 3, 0.0, name="Each", index=0),
    event(5, "TaskStateEntered", 4, 0.0, name="Work", input="1"),
    event(6, "MapIterationStarted", 3, 0.0, name="Each", index=1),
    event(7, "TaskStateEntered", 6, 0.0, name="Work", input="2"),
    function_call(8, 7, 0.1),
    function_call(9, 5, 0.1),
    event(10, "TaskSucceeded", 9, 1.0, resourceType="lambda", resource="invoke", output="10"),
    event(11, "TaskStateExited", 10, 1.0, name="Work", output="10"),
    event(12, "MapIterationSucceeded", 11, 1.0, name="Each", index=0),
    event(13, "MapIterationStarted", 3, 1.0, name="Each", index=2),
    event(14, "TaskStateEntered", 13, 1.0, name="Work", input="3"),
    function_call(15, 14, 1.1),
    event(16, "TaskFailed", 8, 2.0, resourceType="lambda", resource="invoke", error="Broken", cause="two"),
    event(17, "MapIterationFailed", 16, 2.0, name="Each", index=1),
    event(18, "TaskStateAborted", 15, 2.0),
    event(19, "MapIterationAborted", 18, 2.0, name="Each", index=2),
    event(20, "MapStateFailed", 17, 2.0),
    event(21, "MapStateStarted", 20, 4.0, length=3),
    event(22, "MapIterationStarted", 21, 4.0, name="Each", index=0),
    event(23, "PassStateEntered", 22, 4.0, name="Skip", input="1"),
    event(24, "PassStateExited", 23, 4.0, name="Skip", output="1"),
    event(25, "MapIterationSucceeded", 24, 4.0, name="Each", index=0),
    event(26, "MapStateSucceeded", 25, 5.0),
    event(27, "MapStateExited", 26, 5.0, name="Each", output="[1]"),
    event(28, "ExecutionSucceeded", 27, 5.0, output="[1]"),
]
# Two Parallels, one in the other; what fails inside is caught by the outer.
NESTED_PARALLEL = [
    event(1, "ExecutionStarted", 0, input="{}"),
    event(2, "ParallelStateEntered", 0, name="Outer", input="{}"),
    event(3, "ParallelStateStarted", 2),
    event(4, "ParallelStateEntered", 3, name="Inner", input="{}"),
    event(5, "ParallelStateStarted", 4),
    event(6, "WaitStateEntered", 3, name="Beside", input="{}"),
    event(7, "TaskStateEntered", 5, name="Work", input="{}"),
    function_call(8, 7, 0.1),
    event(9, "TaskFailed", 8, 1.0, resourceType="lambda", resource="invoke", error="Broken", cause="inside"),
    event(10, "ParallelStateFailed", 9, 1.0),
    event(11, "ParallelStateFailed", 10, 1.0),
    event(12, "ParallelStateExited", 11, 1.0, name="Outer", output="{}"),
    event(13, "SucceedStateEntered", 12, 1.0, name="Done", input="{}"),
    event(14, "SucceedStateExited", 13, 1.0, name="Done", output="{}"),
    event(15, "ExecutionSucceeded", 14, 1.0, output="{}"),
]
_RUN = "arn:aws:states:eu-west-1:123456789012:mapRun:M/Prefix:"
DISTRIBUTED_MAP_RETRIED = [
    event(1, "ExecutionStarted", 0, input="{}"),
    event(2, "MapStateEntered", 0, name="Prefix", input="{}"),
    event(3, "MapStateStarted", 2, 0.0, length=0),
    event(4, "MapRunStarted", 3, 0.5, mapRunArn=f"{_RUN}1"),
    event(5, "MapRunFailed", 4, 60.0, error="States.ItemReaderFailed", cause="S3 was slow"),
    event(6, "MapRunStarted", 5, 75.0, mapRunArn=f"{_RUN}2"),
    event(7, "MapRunFailed", 6, 90.0, error="States.ExceedToleratedFailureThreshold", cause="6 of 100 failed"),
    event(8, "MapStateFailed", 7, 90.0),
    event(9, "MapStateExited", 8, 90.0, name="Prefix", output="{}"),
    event(10, "FailStateEntered", 9, 90.0, name="Failed", input="{}"),
    event(11, "ExecutionFailed", 10, 90.0, error="Failed"),
]
EVALUATION_FAILED = [
    event(1, "ExecutionStarted", 0, input="{}"),
    event(2, "TaskStateEntered", 0, name="Work", input="{}"),
    function_call(3, 2, 0.1),
    event(4, "TaskSucceeded", 3, 1.0, resourceType="lambda", resource="invoke", output="{}"),
    event(5, "EvaluationFailed", 4, 1.0, error="States.QueryEvaluationError", cause="$x is not there", state="Work"),
    event(6, "ExecutionFailed", 5, 1.0, error="States.QueryEvaluationError", cause="$x is not there"),
]
WITHOUT_DATA = [
    {"id": 1, "type": "ExecutionStarted", "previousEventId": 0, "timestamp": BEGAN, "executionStartedEventDetails": {}},
    event(2, "TaskStateEntered", 0, name="Work"),
    event(3, "TaskScheduled", 2, 0.1, resourceType="lambda", resource="invoke", region="eu-west-1"),
    event(4, "TaskSucceeded", 3, 1.0, resourceType="lambda", resource="invoke"),
    event(5, "TaskStateExited", 4, 1.0, name="Work"),
    event(6, "ExecutionSucceeded", 5, 1.0),
]
REDRIVEN = [
    *RETRIED,
    event(11, "TaskFailed", 10, 10.0, resourceType="lambda", resource="invoke", error="Broken", cause="last"),
    event(12, "ExecutionFailed", 11, 10.0, error="Broken", cause="last"),
    event(13, "ExecutionRedriven", 12, 100.0, redriveCount=1),
    function_call(14, 13, 100.0),
    event(15, "TaskSucceeded", 14, 101.0, resourceType="lambda", resource="invoke", output="{}"),
    event(16, "TaskStateExited", 15, 101.0, name="Work", output="{}"),
    event(17, "ExecutionSucceeded", 16, 101.0, output="{}"),
]
# A Map in a Map: the inner one fails, and the outer one with it, which catches it.
MAP_IN_MAP = [
    event(1, "ExecutionStarted", 0, input="{}"),
    event(2, "MapStateEntered", 0, name="Outer", input="[1]"),
    event(3, "MapStateStarted", 2, length=1),
    event(4, "MapIterationStarted", 3, name="Outer", index=0),
    event(5, "PassStateEntered", 4, name="First", input="1"),
    event(6, "PassStateExited", 5, name="First", output="[2]"),
    event(7, "MapStateEntered", 6, name="Inner", input="[2]"),
    event(8, "MapStateStarted", 7, length=1),
    event(9, "MapIterationStarted", 8, name="Inner", index=0),
    event(10, "TaskStateEntered", 9, name="Work", input="2"),
    function_call(11, 10, 0.1),
    event(12, "TaskFailed", 11, 1.0, resourceType="lambda", resource="invoke", error="Broken", cause="deep inside"),
    event(13, "MapIterationFailed", 12, 1.0, name="Inner", index=0),
    event(14, "MapStateFailed", 13, 1.0),
    event(15, "MapIterationFailed", 14, 1.0, name="Outer", index=0),
    event(16, "MapStateFailed", 15, 1.0),
    event(17, "MapStateExited", 16, 1.0, name="Outer", output="{}"),
    event(18, "ExecutionSucceeded", 17, 1.0, output="{}"),
]
