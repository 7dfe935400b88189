"""Backfills: recordings that were uploaded before, run over a prefix."""

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import Upload
from tests.workflow.reprocess_recordings.reprocessing import Reprocessing, Run

FOLDER = "public/unprocessed/demo/"
BEEP = wav_recording(beeps(1))
CHEAP = {"features": "cut-only"}


@dataclass(frozen=True)
class Backfill:
    """A folder of a dozen objects, and three runs over it, one after another."""

    recordings: list[Upload]
    texts: list[Upload]
    done: Upload
    dry: Run
    first: Run
    again: Run
    after_dry: list[str | None]


@pytest.fixture(scope="module")
def backfill(reprocessing: Reprocessing) -> Backfill:
    stack = reprocessing.stack
    done, _ = stack.process(f"{FOLDER}done before.wav", BEEP, **CHEAP)
    with reprocessing.unnoticed():
        names = ["plain.wav", "a+b 100%.wav", "naïve 日本.wav", 'it\'s "outcome":"skipped".wav']
        recordings = [stack.upload(f"{FOLDER}{name}", BEEP, **CHEAP) for name in names]
        texts = [stack.upload(f"{FOLDER}text {number}.wav", b"no audio at all") for number in range(4)]
        stack.upload(FOLDER, b"")
        stack.upload(f"{FOLDER}deeper/", b"")
        stack.upload(f"{FOLDER}deleted.wav", BEEP)
        stack.s3.delete_object(Bucket=stack.bucket, Key=f"{FOLDER}deleted.wav")
    request = {"source": "prefix", "prefix": FOLDER, "maxConcurrency": 2}
    dry = reprocessing.run(request)
    after_dry = [reprocessing.status(upload) for upload in recordings]
    first = reprocessing.run({**request, "dryRun": False})
    again = reprocessing.run({**request, "dryRun": False})
    return Backfill(recordings, texts, done, dry, first, again, after_dry)


class TestDryRun:
    def test_given_a_folder_when_run_dry_then_it_tells_what_would_be_started_and_starts_nothing(
        self, backfill: Backfill
    ) -> None:
        run = backfill.dry

        assert run.result.status == "SUCCEEDED", run.result.cause
        assert run.counts == {"listed": 11, "wouldStart": 8, "alreadyProcessed": 1, "skipped": 2}
        assert run.report is not None
        assert sorted(run.report["wouldStart"]) == sorted(u.key for u in backfill.recordings + backfill.texts)
        assert run.started == []
        assert backfill.after_dry == [None] * 4


class TestRun:
    def test_given_a_folder_when_run_then_everything_is_counted_apart(self, backfill: Backfill) -> None:
        run = backfill.first

        assert run.result.status == "SUCCEEDED", run.result.cause
        assert run.counts == {
            "listed": 11,
            "started": 8,
            "processed": 4,
            "rejected": 4,
            "alreadyProcessed": 1,
            "skipped": 2,
        }
        assert run.report is not None
        assert (run.report["complete"], run.report["fault"], run.report["failures"]) == (True, None, [])
        assert run.report["began"] < run.report["ended"]
        assert run.result.output["report"]["key"] == f"reports/reprocess/{run.name}/report.json"
        assert run.result.output["counts"] == run.report["counts"]

    def test_given_a_run_then_each_recording_has_the_record_that_its_upload_would_have_made(
        self, backfill: Backfill, reprocessing: Reprocessing
    ) -> None:
        for upload in backfill.recordings:
            record = reprocessing.stack.record(upload)
            assert record is not None, upload.key
            assert record["processing_status"] == "COMPLETED"
            assert record["file"] == {
                "bucket": upload.bucket,
                "key": upload.key,
                "region": reprocessing.engine.region,
            }
            modified = reprocessing.stack.s3.head_object(Bucket=upload.bucket, Key=upload.key)["LastModified"]
            assert record["recorded_at"] == f"{modified:%Y-%m-%dT%H:%M:%SZ}"
        assert {reprocessing.status(upload) for upload in backfill.texts} == {"FAILED"}

    def test_given_a_run_then_the_full_results_lie_beside_the_report_and_start_nothing(
        self, backfill: Backfill, reprocessing: Reprocessing
    ) -> None:
        written = reprocessing.objects(f"reports/reprocess/{backfill.first.name}/results/")

        assert sorted(key.rsplit("/", 1)[-1] for key in written) == ["SUCCEEDED_0.json", "manifest.json"]
        (results,) = (body for key, body in written.items() if "SUCCEEDED" in key)
        assert all(upload.recording_id in results for upload in backfill.recordings)

    def test_given_max_concurrency_when_run_then_no_more_recordings_are_at_work(self, backfill: Backfill) -> None:
        assert backfill.first.most_at_once == 2

    def test_given_a_rerun_then_nothing_is_processed_twice(
        self, backfill: Backfill, reprocessing: Reprocessing
    ) -> None:
        assert backfill.again.result.status == "SUCCEEDED", backfill.again.result.cause
        assert backfill.again.counts == {"listed": 11, "alreadyProcessed": 9, "skipped": 2}
        assert backfill.again.started == []
        assert [len(reprocessing.stack.announcements(upload)) for upload in backfill.recordings] == [1] * 4


def test_given_an_object_that_vanishes_on_the_way_when_run_then_it_is_skipped(reprocessing: Reprocessing) -> None:
    folder = "public/unprocessed/vanishing/"
    stack = reprocessing.stack
    with reprocessing.unnoticed():
        stack.upload(f"{folder}1.wav", b"no audio")
        stack.upload(f"{folder}2.wav", b"no audio")

    def delete_the_second(function: str, event: dict[str, Any]) -> None:
        stack.s3.delete_object(Bucket=stack.bucket, Key=f"{folder}2.wav")

    with reprocessing.invoking(delete_the_second):
        run = reprocessing.run({"prefix": folder, "dryRun": False, "maxConcurrency": 1})

    assert run.counts == {"listed": 2, "started": 1, "rejected": 1, "skipped": 1}


class TestFailures:
    @pytest.fixture
    def doomed(self, reprocessing: Reprocessing, request: pytest.FixtureRequest) -> str:
        folder = f"public/unprocessed/{request.node.name.split('_then')[0][-40:].replace('_', '-')}/"
        with reprocessing.unnoticed():
            for number in range(6):
                reprocessing.stack.upload(f"{folder}{number}.wav", b"no audio")
        return folder

    def test_given_more_failures_than_tolerated_when_run_then_it_stops_and_says_so(
        self, reprocessing: Reprocessing, doomed: str
    ) -> None:
        with reprocessing.invoking(lambda *_: "it burns"):
            run = reprocessing.run(
                {"prefix": doomed, "dryRun": False, "maxConcurrency": 1, "toleratedFailurePercentage": 20}
            )

        assert (run.result.status, run.result.error) == ("FAILED", "TooManyFailures")
        assert f"reports/reprocess/{run.name}/report.json" in run.result.cause
        assert run.counts == {"listed": 6, "started": 2, "failed": 2, "notTaken": 4}
        assert run.report is not None
        assert run.report["complete"] is False
        assert [(each["key"], each["error"]) for each in run.report["failures"]] == [
            (f"{doomed}0.wav", "Boom"),
            (f"{doomed}1.wav", "Boom"),
        ]
        assert all("it burns" in each["message"] for each in run.report["failures"])

    def test_given_failures_within_what_is_tolerated_when_run_then_it_succeeds_and_names_them(
        self, reprocessing: Reprocessing, doomed: str
    ) -> None:
        def fail_the_first(function: str, event: dict[str, Any]) -> str | None:
            return "it burns" if event["key"] == f"{doomed}0.wav" else None

        with reprocessing.invoking(fail_the_first):
            run = reprocessing.run({"prefix": doomed, "dryRun": False, "toleratedFailurePercentage": 20})

        assert run.result.status == "SUCCEEDED", run.result.cause
        assert run.counts == {"listed": 6, "started": 6, "rejected": 5, "failed": 1}
        assert run.report is not None
        assert [each["key"] for each in run.report["failures"]] == [f"{doomed}0.wav"]

    def test_given_recordings_at_work_when_too_many_have_failed_then_they_are_stopped_too(
        self, reprocessing: Reprocessing, doomed: str
    ) -> None:
        at_work, over = threading.Event(), threading.Event()

        def fail_beside_one_at_work(function: str, event: dict[str, Any]) -> str | None:
            if event["key"] == f"{doomed}0.wav":
                at_work.wait(20)
                return "it burns"
            at_work.set()
            over.wait(20)
            return None

        with reprocessing.invoking(fail_beside_one_at_work):
            run = reprocessing.run(
                {"prefix": doomed, "dryRun": False, "maxConcurrency": 2, "toleratedFailurePercentage": 0}
            )
            over.set()

        assert run.result.error == "TooManyFailures"
        assert run.counts == {"listed": 6, "started": 2, "failed": 1, "stopped": 1, "notTaken": 4}
        assert sorted(run.statuses) == ["ABORTED", "FAILED"]


def test_given_many_objects_when_the_results_are_counted_in_pieces_then_none_is_lost_or_counted_twice(
    reprocessing: Reprocessing,
) -> None:
    folder = f"public/unprocessed/{'x' * 64}/"
    with reprocessing.unnoticed():
        for number in range(130):
            reprocessing.stack.upload(f"{folder}{number:0700}.wav", b"")

    run = reprocessing.run({"prefix": folder, "maxConcurrency": 8})

    pieces = [visit for visit in run.result.states if visit.name == "CountResults"]
    assert len(pieces) == 2
    assert run.counts == {"listed": 130, "wouldStart": 130}
