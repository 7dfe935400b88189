"""Recordings whose lease ran out: the schedule's sweep settles them."""

from collections.abc import Iterator

import pytest

from tests.workflow.process_recording.stack import Stack, Upload
from tests.workflow.settle_recordings.settlements import Settlements, lease_of, names, recording

HOLDER = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:holder"
OTHER = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:other"


def uploads(stack: Stack, name: str, count: int) -> list[Upload]:
    return [Upload(stack.bucket, f"public/unprocessed/demo/{name}.wav", f"v{number}") for number in range(count)]


@pytest.fixture
def unsettleable(stack: Stack, settlements: Settlements) -> Iterator[Upload]:
    """A recording whose lease ran out and which names no execution."""
    (upload,) = uploads(stack, "nobody's", 1)
    item = recording(upload, HOLDER, "PROCESSING", lapsed_for=60)
    del item["execution_arn"]
    settlements.write(item)
    yield upload
    settlements.delete(upload)


def test_given_leases_that_ran_out_on_several_pages_when_the_schedule_fires_then_just_these_are_settled(
    stack: Stack, settlements: Settlements
) -> None:
    lapsed, alive = uploads(stack, "lapsed", 7), uploads(stack, "alive", 230)
    # in the index's order, by the time of their claim: lapsed ones on the first page, and with them on the last
    settlements.write(
        *(recording(upload, HOLDER, "PROCESSING", lapsed_for=50_000 - n) for n, upload in enumerate(lapsed[:5])),
        *(recording(upload, HOLDER, "PROCESSING", lapsed_for=-1000 - n) for n, upload in enumerate(alive)),
    )
    late = [recording(upload, HOLDER, "PROCESSING", lapsed_for=60) for upload in lapsed[5:]]
    for item in late:
        item["processing_started_at"] = {"S": "2999-01-01T00:00:00.000Z"}
    settlements.write(*late)

    sweep = settlements.sweep()

    assert (sweep.status, sweep.end_state) == ("SUCCEEDED", "Swept")
    assert sweep.output == {"outcome": "swept", "settled": 7}
    assert names(sweep).count("FindLapsedLeases") == 3
    for upload in lapsed:
        record = stack.record(upload)
        assert record is not None
        assert record["processing_status"] == "FAILED"
        assert record["processing_error"] == {
            "category": "SERVICE",
            "code": "LeaseExpired",
            "message": "The execution that held the recording is gone and did not say how it ended.",
            "retryable": True,
        }
        assert (record["name"], record["execution_arn"]) == ("lapsed.wav", HOLDER)
        assert "lease_expires_at" not in record
        (event,) = stack.announcements(upload)
        assert event["detail-type"] == "Recording Failed"
        assert event["detail"] == {
            "recordingId": upload.recording_id,
            "userId": "demo",
            "name": "lapsed.wav",
            "status": "FAILED",
            "error": record["processing_error"],
        }
    assert {record["processing_status"] for record in map(stack.record, alive) if record} == {"PROCESSING"}


def test_given_a_swept_table_when_the_schedule_fires_again_then_nothing_is_settled_or_announced_twice(
    stack: Stack, settlements: Settlements
) -> None:
    (upload,) = uploads(stack, "swept", 1)
    settlements.write(recording(upload, HOLDER, "PROCESSING", lapsed_for=60))

    first, second = settlements.sweep(), settlements.sweep()

    assert (first.output["settled"], second.output["settled"]) == (1, 0)
    assert len(stack.announcements(upload)) == 1


def test_given_one_that_can_not_be_settled_when_swept_then_the_others_are_and_the_sweep_alarms(
    stack: Stack, settlements: Settlements, unsettleable: Upload
) -> None:
    others = uploads(stack, "beside it", 3)
    settlements.write(*(recording(upload, HOLDER, "PROCESSING", lapsed_for=60) for upload in others))

    sweep = settlements.sweep()

    assert (sweep.status, sweep.end_state, sweep.error) == ("FAILED", "LeasesNotSettled", "LeasesNotSettled")
    assert sweep.cause == (
        "1 of the recordings whose lease ran out could not be settled or announced, among them "
        f"{unsettleable.recording_id}; 3 were."
    )
    assert {record["processing_status"] for record in map(stack.record, others) if record} == {"FAILED"}


@pytest.mark.parametrize(
    ("holder", "status", "lapsed_for"),
    [
        (HOLDER, "PROCESSING", -60),
        (OTHER, "PROCESSING", 60),
        (OTHER, "PROCESSING", -60),
        (HOLDER, "COMPLETED", None),
        (HOLDER, "FAILED", None),
    ],
    ids=["renewed", "another's", "claimed again", "completed", "failed"],
)
def test_given_a_record_that_changed_since_its_page_was_read_then_it_is_not_touched(
    stack: Stack, settlements: Settlements, holder: str, status: str, lapsed_for: float | None
) -> None:
    (upload,) = uploads(stack, f"changed to {holder[-5:]} {status} {lapsed_for}", 1)
    settlements.write(recording(upload, holder, status, lapsed_for=lapsed_for))
    before = stack.record(upload)

    sweep = settlements.settle_read_leases([lease_of(upload, HOLDER)])

    assert (sweep.end_state, sweep.output) == ("Swept", {"outcome": "swept", "settled": 0})
    assert "LeaseNoLongerLapsed" in names(sweep)
    assert stack.record(upload) == before
    assert stack.announcements(upload) == []
    settlements.delete(upload)
