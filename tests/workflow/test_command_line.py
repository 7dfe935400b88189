"""`python -m local run` as a person or a script meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT


def _run(*arguments: str | Path, directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "local", "run", "--time-scale", "0.02", *map(str, arguments)],
        cwd=directory,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "100", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_given_several_files_and_json_when_run_then_one_object_a_line_and_the_worst_exit_code(
    tmp_path: Path,
) -> None:
    text = tmp_path / "not [bold]audio.m4a"
    text.write_text("no audio at all", encoding="utf-8")
    sample = ROOT / "examples" / "phone-recording.m4a"

    ran = _run(sample, text, "--json", "--output", "results", "--params", "output-format=wav", directory=tmp_path)

    assert ran.returncode == 3, ran.stderr
    good, bad = (json.loads(line) for line in ran.stdout.splitlines())
    assert (good["status"], good["endState"], good["record"]["processing_status"]) == (
        "SUCCEEDED",
        "Processed",
        "COMPLETED",
    )
    assert good["executionArn"].startswith("arn:aws:states:")
    assert len(good["oneShots"]) >= 12
    folder = tmp_path / good["outputDir"]
    assert folder == tmp_path / "results" / good["record"]["id"]
    assert {shot["name"] for shot in good["oneShots"]} <= {path.name for path in folder.iterdir()}
    assert all(shot["name"].endswith(".wav") for shot in good["oneShots"])
    assert (folder / "manifest.json").is_file()
    states = {state["name"]: state for state in good["states"]}
    assert states["ProcessAudio"]["status"] == "SUCCEEDED"
    assert states["ProcessAudio"]["attempts"] == 1
    assert states["ProcessAudio"]["seconds"] > 0
    assert (bad["endState"], bad["outputDir"], bad["oneShots"]) == ("Rejected", None, [])
    assert good["notFetched"] == bad["notFetched"] == []
    assert tmp_path / good["report"] == folder / "report.html"
    assert tmp_path / bad["report"] == tmp_path / "results" / bad["record"]["id"] / "report.html"
    for told in (good, bad):
        assert told["executionArn"] in (tmp_path / told["report"]).read_text("utf-8")
    assert (tmp_path / good["report"]).stat().st_size < 5_000_000
    assert bad["record"]["processing_error"]["code"] == "NOT_AUDIO"
    assert bad["record"]["processing_error"]["retryable"] is False


def test_given_a_rejected_file_when_run_then_one_clear_line_says_why(tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    empty.touch()

    ran = _run(empty, directory=tmp_path)

    assert ran.returncode == 3, ran.stderr
    rejections = [line for line in ran.stdout.splitlines() if line.startswith("Rejected: ")]
    assert len(rejections) == 1
    assert rejections[0].startswith("Rejected: EMPTY_FILE: ")
    assert "Traceback" not in ran.stdout + ran.stderr
    last = ran.stdout.splitlines()[-1]
    assert last.startswith(f"Report: {tmp_path}/out/")
    assert Path(last.removeprefix("Report: ")).is_file()


def test_given_a_failed_run_when_it_ends_then_its_report_is_there_and_the_exit_code_stays(tmp_path: Path) -> None:
    sample = ROOT / "examples" / "phone-recording.m4a"

    ran = _run(sample, "--fault", "PersistResult=Lambda.UnknownErrorx*", directory=tmp_path)

    assert ran.returncode == 1, ran.stderr
    last = ran.stdout.splitlines()[-1]
    assert '"error":"Lambda.UnknownError"' in Path(last.removeprefix("Report: ")).read_text("utf-8")


def test_given_a_key_that_no_rule_takes_when_run_then_it_says_so(tmp_path: Path) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(b"x")

    ran = _run(file, "--json", "--key", "elsewhere/x.wav", directory=tmp_path)

    assert ran.returncode == 1
    assert "No execution began" in ran.stderr
    told = json.loads(ran.stdout)
    assert (told["key"], told["executionArn"], told["status"]) == ("elsewhere/x.wav", None, None)
    assert told["error"] == "NotStarted"
    assert "No execution began" in told["cause"]
    assert told["report"] is None


def test_given_a_reader_that_goes_away_when_run_then_the_command_ends_and_leaves_nothing(tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-m", "local", "run", "--output", str(tmp_path / "out")],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "latin-1", "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert run.stdout is not None
    first = run.stdout.readline()
    run.stdout.close()
    _, errors = run.communicate(timeout=60)

    assert first.startswith(b"skipped")
    assert run.returncode in {141, 143}
    assert b"Traceback" not in errors
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.wav"], "does not exist"),
        (["."], "is not a file"),
        (["here.wav", "--params", "silence-threshold"], "is not NAME=VALUE"),
        (["here.wav", "--params", "silence-threshold=naïve"], "printable ASCII"),
        (["here.wav", "--user", "../x"], "letters, digits"),
        (["here.wav", "here.wav", "--key", "k"], "one key"),
        (["here.wav", "--time-scale", "-1"], "--time-scale"),
        (["--nope"], "--nope"),
        (["here.wav", "--output", "here.wav"], "can't be made a folder"),
        ([os.fsdecode(b"take\xff.wav")], "not UTF-8"),
        (["here.wav", "--key", os.fsdecode(b"k\xff")], "bytes of UTF-8"),
    ],
)
def test_given_a_mistake_when_run_then_it_is_named_and_exit_code_2(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "here.wav").write_bytes(b"x")
    (tmp_path / os.fsdecode(b"take\xff.wav")).write_bytes(b"x")

    ran = _run(*arguments, directory=tmp_path)

    assert ran.returncode == 2
    assert message in " ".join(ran.stderr.replace("│", " ").split())
    assert "Traceback" not in ran.stderr
