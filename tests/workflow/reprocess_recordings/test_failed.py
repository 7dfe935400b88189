"""Replays: recordings that FAILED by our fault are run again; the others are left alone."""

from typing import Any

import pytest

from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import Upload
from tests.workflow.reprocess_recordings.reprocessing import Reprocessing

BEEP = wav_recording(beeps(1))
CHEAP = {"features": "cut-only"}


def fail(*_: Any) -> str:
    return "it burns"


@pytest.fixture(autouse=True)
def _no_records(reprocessing: Reprocessing) -> None:
    table = reprocessing.engine.client("dynamodb")
    pages = table.get_paginator("scan").paginate(TableName=reprocessing.stack.table, ProjectionExpression="id, #i",
                                                 ExpressionAttributeNames={"#i": "item"})  # fmt: skip
    for key in [item for page in pages for item in page["Items"]]:
        table.delete_item(TableName=reprocessing.stack.table, Key=key)


def upload_failing(reprocessing: Reprocessing, name: str, body: bytes = BEEP) -> Upload:
    """Upload what fails by our fault; returns it when its record is FAILED and retryable."""
    with reprocessing.invoking(fail):
        upload, result = reprocessing.stack.process(f"public/unprocessed/demo/{name}", body, **CHEAP)
    assert result.status == "FAILED"
    return upload


def test_given_failed_recordings_when_replayed_then_those_that_may_be_are_and_rejections_are_not(
    reprocessing: Reprocessing,
) -> None:
    audio = upload_failing(reprocessing, "audio.wav")
    text = upload_failing(reprocessing, "text.wav", b"no audio")
    rejected, _ = reprocessing.stack.process("public/unprocessed/demo/rejected.wav", b"no audio")
    rejection = reprocessing.stack.record(rejected)
    recorded_at = (reprocessing.stack.record(audio) or {})["recorded_at"]

    dry = reprocessing.run({"source": "failed"})
    run = reprocessing.run({"source": "failed", "dryRun": False})
    again = reprocessing.run({"source": "failed", "dryRun": False})

    assert (dry.counts, dry.started) == ({"listed": 2, "wouldStart": 2}, [])
    assert run.result.status == "SUCCEEDED", run.result.cause
    assert run.counts == {"listed": 2, "started": 2, "processed": 1, "rejected": 1}
    record = reprocessing.stack.record(audio) or {}
    assert (record["processing_status"], record["recorded_at"]) == ("COMPLETED", recorded_at)
    assert (reprocessing.stack.record(text) or {})["processing_error"]["code"] == "NOT_AUDIO"
    assert reprocessing.stack.record(rejected) == rejection
    assert (again.counts, again.started) == ({}, [])


def test_given_recordings_that_fail_again_when_replayed_then_each_is_tried_once_and_the_failures_are_weighed(
    reprocessing: Reprocessing,
) -> None:
    uploads = [upload_failing(reprocessing, f"again {number}.wav") for number in range(3)]

    with reprocessing.invoking(fail):
        run = reprocessing.run({"source": "failed", "dryRun": False})
        tolerated = reprocessing.run({"source": "failed", "dryRun": False, "toleratedFailurePercentage": 100})

    assert (run.result.status, run.result.error) == ("FAILED", "TooManyFailures")
    assert (run.counts, len(run.started)) == ({"listed": 3, "started": 3, "failed": 3}, 3)
    assert (tolerated.result.status, tolerated.counts) == ("SUCCEEDED", {"listed": 3, "started": 3, "failed": 3})
    assert tolerated.report is not None
    assert {each["key"] for each in tolerated.report["failures"]} == {upload.key for upload in uploads}


def test_given_a_period_when_replayed_then_only_what_began_in_it_is(reprocessing: Reprocessing) -> None:
    upload = upload_failing(reprocessing, "period.wav", b"no audio")
    began = (reprocessing.stack.record(upload) or {})["processing_started_at"]

    earlier = reprocessing.run({"source": "failed", "failedBefore": "2026-01-01"})
    then = reprocessing.run({"source": "failed", "failedSince": began, "failedBefore": began})

    assert (earlier.counts, then.counts) == ({}, {"listed": 1, "wouldStart": 1})


def test_given_more_records_than_a_page_holds_when_replayed_then_every_page_is_gone_through(
    reprocessing: Reprocessing,
) -> None:
    table = reprocessing.engine.client("dynamodb")
    for number in range(30):
        table.put_item(TableName=reprocessing.stack.table, Item=_failed(number, retryable=number % 2 == 0))

    run = reprocessing.run({"source": "failed", "maxConcurrency": 4})

    pages = [visit for visit in run.result.states if visit.name == "ReprocessFailed"]
    assert len(pages) > 1
    assert run.report is not None
    assert (run.report["complete"], run.report["continueFrom"]) == (True, None)
    assert run.counts == {"listed": 15, "wouldStart": 15}


def test_given_a_page_that_fails_when_replayed_then_the_report_tells_where_to_go_on(
    reprocessing: Reprocessing,
) -> None:
    table = reprocessing.engine.client("dynamodb")
    for number in range(15):
        table.put_item(TableName=reprocessing.stack.table, Item=_failed(number, retryable=True))

    with reprocessing.invoking(fail):
        run = reprocessing.run({"source": "failed", "dryRun": False})

    assert run.result.error == "TooManyFailures"
    assert run.report is not None
    taken = run.counts["listed"]
    assert 0 < taken < 15
    assert run.report["complete"] is False
    assert run.report["continueFrom"] == _failed(taken - 1, retryable=True)["processing_started_at"]["S"]


def _failed(number: int, *, retryable: bool) -> dict[str, Any]:
    return {
        "id": {"S": f"{number:032}"},
        "item": {"S": "RECORDING"},
        "user_id": {"S": "demo"},
        "file": {
            "M": {
                "bucket": {"S": "b"},
                "key": {"S": f"public/unprocessed/demo/{number}.wav"},
                "region": {"S": "us-east-1"},
            }
        },
        "object_version": {"S": "null"},
        "recorded_at": {"S": "2026-01-01T00:00:00Z"},
        "processing_status": {"S": "FAILED"},
        "processing_started_at": {"S": f"2026-01-01T00:{number // 60:02}:{number % 60:02}.000Z"},
        "processing_error": {"M": {"retryable": {"BOOL": retryable}, "message": {"S": "x" * 90_000}}},
    }
