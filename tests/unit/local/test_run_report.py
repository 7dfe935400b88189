"""A report that can't be written is told as a result that could not be fetched."""

import errno
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local import run
from local.engine import ExecutionResult
from local.execution.contents import Contents
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
