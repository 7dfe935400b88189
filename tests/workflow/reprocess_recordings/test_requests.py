"""What ReprocessRecordings refuses, and what it makes of a request that says little."""

from typing import Any

import pytest

from tests.workflow.reprocess_recordings.reprocessing import Reprocessing


@pytest.mark.parametrize(
    ("request_", "parts"),
    [
        ({"source": "all"}, ["source is all", "prefix, failed"]),
        ({"prefix": "public/processed/"}, ["prefix is public/processed/", "public/unprocessed/"]),
        ({"prefix": "public/unprocessed"}, ["prefix is public/unprocessed;"]),
        ({"prefix": 7}, ["prefix is 7"]),
        ({"source": "failed", "prefix": "unprocessed/"}, ["prefix is unprocessed/", "with source prefix alone"]),
        ({"maxConcurrency": 0}, ["maxConcurrency is 0", "from 1 to 1000"]),
        ({"maxConcurrency": 1001}, ["maxConcurrency is 1001"]),
        ({"maxConcurrency": 2.5}, ["maxConcurrency is 2.5"]),
        ({"maxConcurrency": "10"}, ["maxConcurrency is 10", "a whole number"]),
        ({"toleratedFailurePercentage": 100.5}, ["toleratedFailurePercentage is 100.5", "from 0 to 100"]),
        ({"dryRun": "false"}, ["dryRun is false", "true, false"]),
        ({"failedSince": "2026-01-01"}, ["failedSince is 2026-01-01", "with source failed alone"]),
        ({"source": "failed", "failedSince": "yesterday"}, ["failedSince is yesterday", "2026-11-26T08:00:00Z"]),
        ({"source": "failed", "failedBefore": "2026-13-01"}, ["failedBefore is 2026-13-01"]),
        (
            {"source": "failed", "failedSince": "2026-01-02", "failedBefore": "2026-01-01"},
            ["failedSince is 2026-01-02"],
        ),
        ({"source": "failed", "failedSince": "2099-01-01"}, ["failedSince is 2099-01-01", "no later than"]),
        ({"dryrun": False}, ["dryrun is false", "no such field"]),
        ({"source": None}, ["source is null"]),
        (["prefix"], ["the input is", "an object"]),
        ({"maxConcurrency": -1, "source": "x"}, ["maxConcurrency is -1", "source is x"]),
    ],
)
def test_given_a_request_that_is_wrong_when_run_then_it_is_refused_and_the_field_named(
    reprocessing: Reprocessing, request_: Any, parts: list[str]
) -> None:
    run = reprocessing.run(request_)

    assert (run.result.status, run.result.error) == ("FAILED", "InvalidRequest")
    assert all(part in run.result.cause for part in parts), run.result.cause
    assert (run.report, run.started) == (None, [])


def test_given_an_empty_request_when_run_then_it_is_a_dry_run_over_all_uploads(reprocessing: Reprocessing) -> None:
    with reprocessing.unnoticed():
        reprocessing.stack.upload("public/unprocessed/demo/one.wav", b"no audio")

    run = reprocessing.run({})

    assert run.result.status == "SUCCEEDED", run.result.cause
    assert run.report is not None
    assert run.report["request"] == {
        "source": "prefix",
        "prefix": "public/unprocessed/",
        "dryRun": True,
        "maxConcurrency": 10,
        "toleratedFailurePercentage": 5,
    }
    assert (run.counts, run.started) == ({"listed": 1, "wouldStart": 1}, [])
    assert run.report["wouldStart"] == ["public/unprocessed/demo/one.wav"]


def test_given_a_prefix_without_objects_when_run_then_it_succeeds_with_nothing(reprocessing: Reprocessing) -> None:
    run = reprocessing.run({"prefix": "unprocessed/nobody/", "dryRun": False})

    assert (run.result.status, run.counts) == ("SUCCEEDED", {}), run.result.cause
    assert run.report is not None
    assert run.report["complete"] is True
