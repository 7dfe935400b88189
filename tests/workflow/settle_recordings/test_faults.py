"""What can go wrong while a recording is settled, state by state."""

import json
import uuid
from typing import Any

import pytest

from tests.workflow.process_recording.stack import Stack, Upload
from tests.workflow.settle_recordings.settlements import Settlements, recording, status_event, upload_event

HOLDER = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:holder"

# Attempts at a state which a fault strikes for ever, and the end of the settlement.
OF_THE_TABLE = [
    ("DynamoDB.ThrottlingException", 100),
    ("DynamoDB.InternalServerError", 100),
    ("lost:DynamoDB.SdkClientException", 100),
    ("DynamoDB.ValidationException", 1),
]
OF_THE_BUS = [
    ("EventBridge.ThrottlingException", 7),
    ("EventBridge.FailedEntry", 7),
    ("lost:EventBridge.SdkClientException", 7),
    ("EventBridge.ValidationException", 1),
]
OF_THE_QUERY = [
    ("DynamoDb.ThrottlingException", 9),
    ("DynamoDb.SdkClientException", 6),
    ("DynamoDb.ValidationException", 1),
]


def held(stack: Stack, settlements: Settlements, *, lapsed_for: float) -> Upload:
    """A recording that HOLDER is said to be processing."""
    upload = Upload(stack.bucket, f"public/unprocessed/demo/{uuid.uuid4().hex}.wav", "v1")
    settlements.write(recording(upload, HOLDER, "PROCESSING", lapsed_for=lapsed_for))
    return upload


def ended(upload: Upload) -> dict[str, Any]:
    return status_event(HOLDER, "ABORTED", json.dumps(upload_event(upload)))


def status(stack: Stack, upload: Upload) -> str:
    record = stack.record(upload)
    assert record is not None
    return str(record["processing_status"])


def attempts_at(result: Any, state: str) -> int:
    return sum(visit.attempts for visit in result.states if visit.name == state)


class TestOfAnExecution:
    @pytest.mark.parametrize(("fault", "attempts"), OF_THE_TABLE)
    def test_given_a_table_that_stays_away_when_settling_then_it_alarms_and_the_sweep_settles(
        self, stack: Stack, settlements: Settlements, fault: str, attempts: int
    ) -> None:
        upload = held(stack, settlements, lapsed_for=60)

        with stack.engine.inject(f"SettleRecording={fault}x*"):
            (settlement,) = settlements.deliver(ended(upload))

        assert (settlement.status, settlement.end_state) == ("FAILED", "NotSettled")
        assert attempts_at(settlement, "SettleRecording") == attempts
        assert status(stack, upload) == ("FAILED" if fault.startswith("lost:") else "PROCESSING")
        assert settlements.sweep().end_state == "Swept"
        assert status(stack, upload) == "FAILED"

    @pytest.mark.parametrize("fault", [*(fault for fault, most in OF_THE_TABLE if most > 1), "slow:1"])
    def test_given_a_table_that_comes_back_when_settling_then_it_is_settled_and_announced_once(
        self, stack: Stack, settlements: Settlements, fault: str
    ) -> None:
        upload = held(stack, settlements, lapsed_for=-60)

        with stack.engine.inject(f"SettleRecording={fault}x2"):
            (settlement,) = settlements.deliver(ended(upload))

        assert (settlement.status, settlement.end_state) == ("SUCCEEDED", "Settled")
        assert status(stack, upload) == "FAILED"
        assert len(stack.announcements(upload)) == 1

    @pytest.mark.parametrize(("fault", "attempts"), OF_THE_BUS)
    def test_given_a_bus_that_stays_away_when_settled_then_it_alarms_and_the_record_stands(
        self, stack: Stack, settlements: Settlements, fault: str, attempts: int
    ) -> None:
        upload = held(stack, settlements, lapsed_for=-60)

        with stack.engine.inject(f"AnnounceFailure={fault}x*"):
            (settlement,) = settlements.deliver(ended(upload))

        assert (settlement.status, settlement.end_state) == ("FAILED", "NotAnnounced")
        assert attempts_at(settlement, "AnnounceFailure") == attempts
        assert status(stack, upload) == "FAILED"

    def test_given_a_table_that_never_answers_when_settling_then_the_state_times_out_and_it_alarms(
        self, stack: Stack, settlements: Settlements
    ) -> None:
        upload = held(stack, settlements, lapsed_for=-60)

        with stack.engine.inject("SettleRecording=hangx*"):
            (settlement,) = settlements.deliver(ended(upload))

        assert settlement.end_state == "NotSettled"
        # At time scale 0 an attempt may be over before it is in the history: the waits between them are counted.
        waits = [pause for pause in stack.engine.executions.pauses(settlement.arn) if pause.state == "SettleRecording"]
        assert len(waits) == 99
        assert status(stack, upload) == "PROCESSING"


class TestOfTheSweep:
    @pytest.mark.parametrize(("fault", "attempts"), OF_THE_QUERY)
    def test_given_an_index_that_stays_away_when_swept_then_it_alarms_and_the_next_sweep_settles(
        self, stack: Stack, settlements: Settlements, fault: str, attempts: int
    ) -> None:
        upload = held(stack, settlements, lapsed_for=60)

        with stack.engine.inject(f"FindLapsedLeases={fault}x*"):
            sweep = settlements.sweep()

        assert (sweep.status, sweep.end_state) == ("FAILED", "NotSettled")
        assert attempts_at(sweep, "FindLapsedLeases") == attempts
        assert settlements.sweep().end_state == "Swept"
        assert status(stack, upload) == "FAILED"

    @pytest.mark.parametrize("fault", [fault for fault, _ in (*OF_THE_TABLE, *OF_THE_BUS) if "Validation" not in fault])
    def test_given_a_service_that_comes_back_when_swept_then_all_are_settled(
        self, stack: Stack, settlements: Settlements, fault: str
    ) -> None:
        lapsed = [held(stack, settlements, lapsed_for=60) for _ in range(3)]
        state = "SettleLapsedLease" if "DynamoDB" in fault else "AnnounceLapsedLease"

        with stack.engine.inject(f"{state}={fault}x2"):
            sweep = settlements.sweep()

        assert sweep.end_state == "Swept"
        assert {status(stack, upload) for upload in lapsed} == {"FAILED"}
        assert all(stack.announcements(upload) for upload in lapsed)

    def test_given_one_lease_that_cannot_be_settled_when_swept_then_the_others_are_and_it_alarms(
        self, stack: Stack, settlements: Settlements
    ) -> None:
        lapsed = [held(stack, settlements, lapsed_for=60) for _ in range(3)]

        with stack.engine.inject("SettleLapsedLease=DynamoDB.ValidationException"):
            sweep = settlements.sweep()

        assert (sweep.status, sweep.end_state) == ("FAILED", "LeasesNotSettled")
        assert sorted(status(stack, upload) for upload in lapsed) == ["FAILED", "FAILED", "PROCESSING"]
        assert settlements.sweep().end_state == "Swept"
        assert {status(stack, upload) for upload in lapsed} == {"FAILED"}
