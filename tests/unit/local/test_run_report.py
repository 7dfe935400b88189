"""A report that can't be written is told as a result that could not be fetched."""

import errno
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local import run
from local.engine import ExecutionResult
from local.execution.contents import Contents
from local.execution.reader import ExecutionReader, NotRead
from local.recordings import Outcome, Upload

RECORD = {"id": "r1", "processing_status": "COMPLETED"}
EXECUTION = ExecutionResult("arn", "SUCCEEDED", "Processed", {}, None, None, [])
PROCESSED = Outcome(Upload(Path("a.wav"), "k", "v"), EXECUTION, RECORD, [], Path("out/r1"))
ENGINE: Any = SimpleNamespace(client=None)


@pytest.fixture(autouse=True)
def _read(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"execution": {"name": "e1"}, "recording": {"id": "r1"}}
    monkeypatch.setattr(run, "contents_of", lambda reader, arn: Contents(document, {}, {}, []))


def test_given_a_full_disk_when_reported_then_it_is_among_what_was_not_fetched_and_the_file_counts_as_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(contents: Contents, path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(run, "save_report", full)

    outcome = run._reported(replace(PROCESSED, not_fetched=["out/r1/a.png: because"]), ENGINE, Path("out"))

    assert outcome.report is None
    assert outcome.not_fetched == ["out/r1/a.png: because", "out/r1/report.html: No space left on device"]
    assert run.exit_code(outcome) == run.FAILED


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NotRead("The execution arn can't be read: because"), "The execution arn can't be read: because"),
        (
            ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "DescribeExecution"),
            "An error occurred (ExpiredTokenException) when calling the DescribeExecution operation: expired",
        ),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            'Could not connect to the endpoint URL: "http://127.0.0.1:1"',
        ),
    ],
)
def test_given_an_execution_that_can_not_be_read_when_reported_then_that_is_among_what_was_not_fetched(
    monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def unread(reader: ExecutionReader, arn: str) -> Contents:
        raise error

    monkeypatch.setattr(run, "contents_of", unread)

    outcome = run._reported(PROCESSED, ENGINE, Path("out"))

    assert outcome == replace(PROCESSED, not_fetched=[f"the report of arn: {says}"])
    assert run.exit_code(outcome) == run.FAILED


def test_given_a_written_report_when_reported_then_its_path_and_nothing_else_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[Path] = []
    monkeypatch.setattr(run, "save_report", lambda contents, path: written.append(path))

    outcome = run._reported(PROCESSED, ENGINE, Path("out"))

    assert written == [Path("out/r1/report.html")]
    assert outcome == replace(PROCESSED, report=Path("out/r1/report.html"))
    assert outcome.as_json()["report"] == "out/r1/report.html"
    assert run.exit_code(outcome) == run.PROCESSED
