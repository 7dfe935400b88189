"""PersistResult writes a result whole, whatever its number of one-shots and whenever its process is killed."""

import json
import os
import signal
import threading
import uuid
from contextlib import suppress
from typing import Any

import pytest

from tests.workflow.process_recording.stack import Stack, Upload

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:all-or-nothing"


def claimed(stack: Stack) -> Upload:
    """Record a recording as one that EXECUTION is processing."""
    upload = Upload(stack.bucket, f"public/unprocessed/demo/{uuid.uuid4().hex}.wav", "null")
    item = {
        "id": upload.recording_id,
        "item": "RECORDING",
        "execution_arn": EXECUTION,
        "processing_status": "PROCESSING",
    }
    stack.engine.client("dynamodb").put_item(
        TableName=stack.table, Item={name: {"S": value} for name, value in item.items()}
    )
    return upload


def write_manifest(stack: Stack, upload: Upload, count: int) -> None:
    prefix = f"public/processed/demo/{upload.recording_id}/"
    shots = [
        {
            "index": index,
            "startSeconds": float(index),
            "endSeconds": index + 0.5,
            "durationSeconds": 0.5,
            "key": f"{prefix}take-{index:03d}.wav",
            "format": "wav",
        }
        for index in range(1, count + 1)
    ]
    manifest = {
        "manifestVersion": 1, "recordingId": upload.recording_id, "outcome": "completed", "reason": None,
        "durationSeconds": count + 1.0, "sampleRate": 44100, "channels": 1, "oneShots": shots, "warnings": [],
    }  # fmt: skip
    stack.s3.put_object(Bucket=stack.bucket, Key=f"{prefix}manifest.json", Body=json.dumps(manifest).encode())


def persist(stack: Stack, upload: Upload) -> tuple[dict[str, Any], str | None]:
    event = {
        "recordingId": upload.recording_id,
        "executionArn": EXECUTION,
        "bucket": stack.bucket,
        "outputPrefix": f"public/processed/demo/{upload.recording_id}/",
    }
    result = stack.engine.invoke_function("PersistResult", json.dumps(event).encode())
    return json.loads(result.payload), result.error


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_given_a_number_of_one_shots_when_persisted_twice_then_all_are_there_once(stack: Stack, count: int) -> None:
    upload = claimed(stack)
    write_manifest(stack, upload, count)

    for _ in range(2):
        payload, error = persist(stack, upload)
        assert (payload.get("oneShotCount"), error) == (count, None)

    record = stack.record(upload)
    assert record is not None
    assert (record["processing_status"], record["one_shot_count"]) == ("COMPLETED", count)
    assert [shot["index"] for shot in stack.one_shots(upload)] == list(range(1, count + 1))


def test_given_a_process_killed_between_its_writes_when_invoked_again_then_the_result_is_whole(stack: Stack) -> None:
    upload = claimed(stack)
    write_manifest(stack, upload, 1000)
    persist(stack, claimed(stack))  # its process is warm
    answers: list[tuple[dict[str, Any], str | None]] = []
    first = threading.Thread(target=lambda: answers.append(persist(stack, upload)))

    first.start()
    while first.is_alive():
        if _count(stack, upload) >= 25:
            kill_functions(stack, "PersistResult")
            first.join()
    ((payload, error),) = answers
    left, record = stack.one_shots(upload), stack.record(upload)

    assert (payload["errorType"], error) == ("Runtime.ExitError", "Unhandled")
    assert 25 <= len(left) < 1000
    assert record is not None
    assert record["processing_status"] == "PROCESSING"
    assert persist(stack, upload)[0]["oneShotCount"] == 1000
    assert len(stack.one_shots(upload)) == 1000


def _count(stack: Stack, upload: Upload) -> int:
    """Count the recording's items: cheaper than to read them, for the next write is soon."""
    return int(
        stack.engine.client("dynamodb").query(
            TableName=stack.table,
            Select="COUNT",
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": upload.recording_id}},
        )["Count"]
    )


def kill_functions(stack: Stack, name: str) -> None:
    for pid, function in stack.engine.function_pids().items():
        if function == stack.engine.resources[name]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
