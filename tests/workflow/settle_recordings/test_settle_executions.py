"""Executions of ProcessRecording that ended without recording it: their records are settled when they end."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack, Upload
from tests.workflow.settle_recordings.settlements import (
    Settlements,
    names,
    recording,
    status_event,
    until,
    upload_event,
)

HOLDER = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:holder"
OTHER = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:other"


def failed_record(stack: Stack, upload: Upload) -> dict[str, Any]:
    record = stack.record(upload)
    assert record is not None
    assert record["processing_status"] == "FAILED"
    assert record["processing_completed_at"] >= record["processing_started_at"]
    assert "lease_expires_at" not in record
    return record


def given_of(upload: Upload) -> str:
    return json.dumps(upload_event(upload))


class TestEndedWithoutARecord:
    def test_given_a_running_container_when_its_execution_is_stopped_then_the_recording_fails_and_can_be_replayed(
        self, stack: Stack, settlements: Settlements
    ) -> None:
        upload = stack.upload("public/unprocessed/demo/stopped.wav", wav_recording(beeps(2)))
        execution = stack.execution_of(upload)
        pid = stack.wait_for_task(upload)

        stack.engine.client("stepfunctions").stop_execution(
            executionArn=execution, error="Operator", cause=f"no \x1b[31mmore\n of {execution}, thanks " + "x" * 600
        )
        settlement = stack.wait_until_settled(execution)

        assert (settlement.status, settlement.end_state) == ("SUCCEEDED", "Settled")
        error = failed_record(stack, upload)["processing_error"]
        assert (error["category"], error["code"], error["retryable"]) == ("SERVICE", "ExecutionAborted", True)
        assert error["message"].startswith("The execution was stopped (Operator): no  [31mmore  of (arn), thanks xxx")
        assert len(error["message"]) == 500
        assert until(lambda: pid not in [task.pid for task in stack.engine.tasks.running()])
        (event,) = stack.announcements(upload)
        assert (event["source"], event["detail-type"]) == ("little-bit-audio", "Recording Failed")
        assert event["detail"] == {
            "recordingId": upload.recording_id,
            "userId": "demo",
            "name": "stopped.wav",
            "status": "FAILED",
            "error": error,
        }
        (again,) = stack.start_again(upload, times=1)
        assert stack.engine.wait(again, WAIT_SECONDS).end_state == "Processed"
        record = stack.record(upload)
        assert record is not None
        assert (record["processing_status"], record["processing_error"]) == ("COMPLETED", None)
        assert len(stack.one_shots(upload)) == 2

    def test_given_a_running_container_when_the_execution_s_time_is_up_then_the_recording_fails(
        self, stack: Stack, settlements: Settlements
    ) -> None:
        upload = stack.upload("public/unprocessed/demo/too slow.wav", wav_recording(beeps(2)))
        execution = stack.execution_of(upload)
        stack.wait_for_task(upload)

        settlements.time_out(execution)
        settlement = stack.wait_until_settled(execution)

        assert stack.engine.wait(execution, WAIT_SECONDS).status == "TIMED_OUT"
        assert settlement.end_state == "Settled"
        error = failed_record(stack, upload)["processing_error"]
        assert (error["code"], error["retryable"]) == ("ExecutionTimedOut", True)
        assert error["message"] == "The execution took longer than it may."
        assert len(stack.announcements(upload)) == 1

    def test_given_an_execution_that_dies_before_its_claim_then_its_upload_gets_a_record(
        self, stack: Stack, settlements: Settlements
    ) -> None:
        upload = Upload(stack.bucket, "public/unprocessed/demo/naïve a+b 100%.wav", "v1")

        execution = settlements.fail_to_start(upload)
        settlement = stack.wait_until_settled(execution)

        assert stack.engine.wait(execution, WAIT_SECONDS).status == "FAILED"
        assert settlement.end_state == "Settled"
        record = failed_record(stack, upload)
        assert (record["name"], record["user_id"]) == ("naïve a+b 100%.wav", "demo")
        assert record["file"] == {"bucket": upload.bucket, "key": upload.key, "region": stack.engine.region}
        assert (record["object_version"], record["execution_arn"]) == ("v1", execution)
        assert (record["recorded_at"], record["processing_params"]) == (settlement_time(stack, settlement), {})
        assert record["processing_error"]["code"] == "QueryEvaluationError"
        assert record["processing_error"]["message"].startswith("The execution failed (States.QueryEvaluationError): ")
        assert len(stack.announcements(upload)) == 1

    def test_given_a_record_that_waits_to_be_processed_when_its_execution_dies_before_its_claim_then_it_fails(
        self, stack: Stack, settlements: Settlements
    ) -> None:
        upload = Upload(stack.bucket, "public/unprocessed/demo/pending.wav", "v1")
        settlements.write(recording(upload, OTHER, "PENDING"))

        (settlement,) = settlements.deliver(status_event(HOLDER, "ABORTED", given_of(upload)))

        assert settlement.end_state == "Settled"
        assert failed_record(stack, upload)["execution_arn"] == HOLDER


def settlement_time(stack: Stack, settlement: Any) -> str:
    described = stack.engine.client("stepfunctions").describe_execution(executionArn=settlement.arn)
    return str(json.loads(described["input"])["time"])


class TestWhatIsSettledAlready:
    @pytest.mark.parametrize(
        ("holder", "status"),
        [(HOLDER, "COMPLETED"), (HOLDER, "FAILED"), (OTHER, "PROCESSING"), (OTHER, "COMPLETED"), (OTHER, "FAILED")],
    )
    def test_given_a_record_that_the_execution_does_not_process_when_it_ends_then_nothing_is_written_or_said(
        self, stack: Stack, settlements: Settlements, holder: str, status: str
    ) -> None:
        upload = Upload(stack.bucket, f"public/unprocessed/demo/{holder[-5:]} {status}.wav", "v1")
        settlements.write(recording(upload, holder, status, lapsed_for=-60 if status == "PROCESSING" else None))
        before = stack.record(upload)

        (settlement,) = settlements.deliver(status_event(HOLDER, "FAILED", given_of(upload)))

        assert (settlement.status, settlement.end_state) == ("SUCCEEDED", "AlreadySettled")
        assert stack.record(upload) == before
        assert stack.announcements(upload) == []

    def test_given_an_end_that_is_told_five_times_then_it_is_settled_and_announced_once(
        self, stack: Stack, settlements: Settlements
    ) -> None:
        upload = Upload(stack.bucket, "public/unprocessed/demo/told often.wav", "v1")
        settlements.write(recording(upload, HOLDER, "PROCESSING", lapsed_for=-60))

        told = settlements.deliver(status_event(HOLDER, "ABORTED", given_of(upload)), times=5)

        assert Counter(result.end_state for result in told) == {"Settled": 1, "AlreadySettled": 4}
        assert failed_record(stack, upload)["execution_arn"] == HOLDER
        assert len(stack.announcements(upload)) == 1

    def test_given_a_write_whose_answer_is_lost_when_retried_then_it_is_announced_all_the_same(
        self, stack: Stack, settlements: Settlements
    ) -> None:
        upload = Upload(stack.bucket, "public/unprocessed/demo/answer lost.wav", "v1")
        settlements.write(recording(upload, HOLDER, "PROCESSING", lapsed_for=-60))

        settlement = settlements.deliver_with_an_answer_lost(status_event(HOLDER, "ABORTED", given_of(upload)))

        assert settlement.end_state == "Settled"
        assert failed_record(stack, upload)["settled_by"] == settlement.arn
        assert len(stack.announcements(upload)) == 1


class TestWhatNamesNoRecording:
    def test_given_an_event_without_the_execution_s_input_then_it_is_left_to_the_sweep(
        self, settlements: Settlements
    ) -> None:
        (settlement,) = settlements.deliver(status_event(HOLDER, "TIMED_OUT", None))

        assert (settlement.status, settlement.end_state) == ("SUCCEEDED", "LeftToTheSweep")

    @pytest.mark.parametrize("given", ["{}", "null", "5", '{"detail": {"bucket": {"name": 1}}}', '{"detail": []}'])
    def test_given_an_execution_that_no_upload_started_then_there_is_nothing_to_settle(
        self, settlements: Settlements, given: str
    ) -> None:
        (settlement,) = settlements.deliver(status_event(HOLDER, "FAILED", given))

        assert (settlement.status, settlement.end_state) == ("SUCCEEDED", "NoUpload")
        assert "SettleRecording" not in names(settlement)


class TestTheReason:
    @pytest.mark.parametrize(
        ("status", "error", "cause", "code", "message"),
        [
            ("FAILED", None, None, "ExecutionFailed", "The execution failed."),
            (
                "FAILED",
                "States.Runtime",
                "a\x00\x1f\x85\u202eb",
                "Runtime",
                "The execution failed (States.Runtime): a b",
            ),
            ("FAILED", "x" * 300, "", "x" * 128, f"The execution failed ({'x' * 300})."),
            ("ABORTED", "States.Runtime", None, "ExecutionAborted", "The execution was stopped (States.Runtime)."),
        ],
    )
    def test_given_what_the_execution_said_then_the_error_is_named_readable_and_bounded(
        self,
        stack: Stack,
        settlements: Settlements,
        status: str,
        error: str | None,
        cause: str | None,
        code: str,
        message: str,
    ) -> None:
        upload = Upload(stack.bucket, "public/unprocessed/demo/reason.wav", f"{status} {error} {cause!r}"[:60])

        settlements.deliver(status_event(HOLDER, status, given_of(upload), error=error, cause=cause))

        recorded = failed_record(stack, upload)["processing_error"]
        assert recorded == {"category": "SERVICE", "code": code, "message": message, "retryable": True}
