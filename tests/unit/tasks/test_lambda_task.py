"""The frame around the tasks: events, logs, metrics."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from shared.errors import InvalidUpload
from shared.lambda_task import TaskEvent, WorkflowMessage, lambda_task
from shared.observability import logger, tracer
from tests.unit.tasks.conftest import EXECUTION, RECORDING_ID

type LogLines = Callable[[], list[dict[str, Any]]]

EVENT = {"recordingId": RECORDING_ID, "executionArn": EXECUTION}


class Answer(WorkflowMessage):
    one_shot_count: int


@lambda_task(TaskEvent)
def counting(event: TaskEvent) -> Answer:
    logger.info("counting")
    return Answer(one_shot_count=3)


@lambda_task(TaskEvent)
def refusing(event: TaskEvent) -> Answer:
    raise InvalidUpload("NOT_AUDIO", "file 'x' is: not audio")


@lambda_task(TaskEvent)
def failing(event: TaskEvent) -> Answer:
    raise ZeroDivisionError("of the task")


def test_given_a_task_when_called_then_every_log_line_carries_both_ids(
    lambda_context: Any, log_lines: LogLines
) -> None:
    assert counting(EVENT, lambda_context) == {"oneShotCount": 3}
    lines = log_lines()
    assert [line["message"] for line in lines] == ["task started", "counting", "task done"]
    assert {(line["executionArn"], line["recordingId"]) for line in lines} == {(EXECUTION, RECORDING_ID)}
    assert {line["function_request_id"] for line in lines} == {lambda_context.aws_request_id}


def test_given_a_warm_function_when_called_again_then_the_ids_are_those_of_the_new_event(
    lambda_context: Any, log_lines: LogLines
) -> None:
    counting(EVENT, lambda_context)
    counting({"recordingId": "f" * 32, "executionArn": "arn:other"}, lambda_context)
    assert {(line["executionArn"], line["recordingId"]) for line in log_lines()[3:]} == {("arn:other", "f" * 32)}


def test_given_a_refusal_when_raised_then_it_passes_and_its_code_is_logged(
    lambda_context: Any, log_lines: LogLines
) -> None:
    with pytest.raises(InvalidUpload) as refusal:
        refusing(EVENT, lambda_context)
    assert type(refusal.value).__name__ == "InvalidUpload"
    assert str(refusal.value) == "NOT_AUDIO: file 'x' is: not audio"
    assert str(refusal.value).split(": ", 1) == ["NOT_AUDIO", "file 'x' is: not audio"]
    line = log_lines()[-1]
    assert (line["level"], line["code"], line["recordingId"]) == ("WARNING", "NOT_AUDIO", RECORDING_ID)


def test_given_an_unforeseen_error_when_raised_then_it_passes_and_is_logged_with_the_ids(
    lambda_context: Any, log_lines: LogLines, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ZeroDivisionError):
        failing(EVENT, lambda_context)
    assert {record.name for record in caplog.records} == {logger.name}
    line = log_lines()[-1]
    assert (line["level"], line["executionArn"], line["exception_name"]) == ("ERROR", EXECUTION, "ZeroDivisionError")


@pytest.mark.parametrize("recording_id", [None, "", "0123", "G" * 32, "../" + "0" * 29, 7])
def test_given_an_event_that_breaks_the_contract_when_called_then_the_field_is_named_and_logged(
    recording_id: object, lambda_context: Any, log_lines: LogLines
) -> None:
    with pytest.raises(ValidationError, match="recordingId"):
        counting({"recordingId": recording_id, "executionArn": EXECUTION}, lambda_context)
    assert log_lines()[-1]["executionArn"] == EXECUTION


@pytest.mark.parametrize(
    ("task", "metric"), [(counting, "TasksSucceeded"), (refusing, "UploadsRefused"), (failing, "TasksFailed")]
)
def test_given_any_end_when_called_then_it_is_counted(
    task: Any, metric: str, lambda_context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(InvalidUpload, ZeroDivisionError):
        task(EVENT, lambda_context)
    published = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [line[metric] for line in published] == [[1.0]]
    assert published[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "LittleBitAudio"


@pytest.mark.parametrize(("code", "value"), [("NOT_AUDIO", "NOT_AUDIO"), ("A_CODE_OF_ITS_OWN", "OTHER")])
def test_given_a_refusal_when_counted_then_by_its_code_too_as_far_as_it_is_known(
    code: str, value: str, lambda_context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    @lambda_task(TaskEvent)
    def refusing_by(event: TaskEvent) -> Answer:
        raise InvalidUpload(code, "so it is")

    with pytest.raises(InvalidUpload):
        refusing_by(EVENT, lambda_context)
    counting(EVENT, lambda_context)
    refused, counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    dimensions = refused["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert [sorted(each) for each in dimensions] == [["service"], ["code"]]
    assert (refused["code"], refused["recordingId"], refused["executionArn"]) == (value, RECORDING_ID, EXECUTION)
    assert counted["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_given_no_x_ray_daemon_when_traced_then_the_tracer_is_off() -> None:
    assert tracer.disabled
