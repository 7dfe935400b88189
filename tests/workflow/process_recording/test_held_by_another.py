"""Recordings that another execution holds, or has ended: whoever comes later leaves them as they are."""

import time
import uuid
from typing import Any

import pytest

from local.engine import ExecutionResult
from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack, Upload

OTHER = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:other"
NULL = {"NULL": True}
COMPLETED = {"processing_status": {"S": "COMPLETED"}, "processing_error": NULL}
REJECTED = {
    "processing_status": {"S": "FAILED"},
    "processing_error": {"M": {"code": {"S": "NOT_AUDIO"}, "retryable": {"BOOL": False}}},
}


def held(seconds: float) -> dict[str, Any]:
    return {
        "processing_status": {"S": "PROCESSING"},
        "processing_error": NULL,
        "lease_expires_at": {"N": str(int(time.time() + seconds))},
    }


def process_after(
    stack: Stack, record: dict[str, Any], body: bytes, *faults: str
) -> tuple[Upload, ExecutionResult, dict[str, Any] | None]:
    """Upload; before its first task is done another execution has written `record`. The record as it was then, too."""
    key = f"public/unprocessed/demo/{uuid.uuid4().hex}.wav"
    # At the stack's time scale half a second: the record is written by then.
    with stack.engine.inject("ValidateUpload=slow:25", *faults, when=lambda given: key in str(given)):
        upload = stack.upload(key, body)
        stack.engine.client("dynamodb").put_item(
            TableName=stack.table,
            Item={
                "id": {"S": upload.recording_id},
                "item": {"S": "RECORDING"},
                "execution_arn": {"S": OTHER},
                **record,
            },
        )
        before = stack.record(upload)
        return upload, stack.engine.wait(stack.execution_of(upload), WAIT_SECONDS), before


@pytest.mark.parametrize("record", [held(3600), COMPLETED, REJECTED], ids=["held", "completed", "rejected"])
@pytest.mark.parametrize("body", [wav_recording(beeps(1)), b"no recording"], ids=["recording", "text"])
def test_given_a_recording_of_another_execution_when_uploaded_then_it_ends_already_processed_and_writes_nothing(
    stack: Stack, record: dict[str, Any], body: bytes
) -> None:
    upload, result, before = process_after(stack, record, body)

    assert (result.status, result.end_state) == ("SUCCEEDED", "AlreadyProcessed")
    assert stack.record(upload) == before
    assert stack.outputs(upload) == {}
    assert stack.announcements(upload) == []


@pytest.mark.parametrize("record", [held(3600), COMPLETED, REJECTED], ids=["held", "completed", "rejected"])
def test_given_a_recording_of_another_execution_when_its_own_claim_fails_then_that_alarms_and_is_not_recorded(
    stack: Stack, record: dict[str, Any]
) -> None:
    upload, result, before = process_after(
        stack, record, wav_recording(beeps(1)), "ClaimRecording=DynamoDB.ValidationException"
    )

    assert (result.status, result.end_state) == ("FAILED", "Failed")
    assert stack.record(upload) == before
    assert stack.announcements(upload) == []


def test_given_a_lease_that_ran_out_when_uploaded_again_then_the_recording_is_taken_over(stack: Stack) -> None:
    upload, result, _ = process_after(stack, held(-5), wav_recording(beeps(1)))

    assert result.end_state == "Processed"
    record = stack.record(upload)
    assert record is not None
    assert (record["processing_status"], record["execution_arn"]) == ("COMPLETED", result.arn)


def test_given_a_recording_taken_over_while_its_container_runs_when_persisted_then_the_other_s_record_stands(
    stack: Stack,
) -> None:
    upload = stack.upload(f"public/unprocessed/demo/{uuid.uuid4().hex}.wav", wav_recording(beeps(2)))
    stack.wait_for_task(upload)
    stack.engine.client("dynamodb").update_item(
        TableName=stack.table,
        Key={"id": {"S": upload.recording_id}, "item": {"S": "RECORDING"}},
        UpdateExpression="SET execution_arn = :other",
        ExpressionAttributeValues={":other": {"S": OTHER}},
    )
    before = stack.record(upload)

    result = stack.engine.wait(stack.execution_of(upload), WAIT_SECONDS)

    assert (result.status, result.end_state) == ("SUCCEEDED", "AlreadyProcessed")
    assert stack.record(upload) == before
    assert stack.one_shots(upload) == []
