"""`python -m operate.reprocess`, against an engine that runs."""

import pytest
from typer.testing import CliRunner, Result

from operate.aws import Aws, Outputs
from operate.reprocess import app, report_lines
from tests.workflow.reprocess_recordings.reprocessing import Reprocessing


@pytest.fixture
def command(reprocessing: Reprocessing, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", reprocessing.engine.endpoint)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    return run


def test_given_a_prefix_when_run_then_the_counts_and_the_place_of_the_report_are_printed(
    command, reprocessing: Reprocessing
) -> None:
    with reprocessing.unnoticed():
        reprocessing.stack.upload("public/unprocessed/command/note.wav", b"no audio")

    dry = command("--prefix", "public/unprocessed/command/", "--dry-run")
    ran = command("--prefix", "public/unprocessed/command/")

    assert (dry.exit_code, ran.exit_code) == (0, 0), ran.output
    assert "would start: public/unprocessed/command/note.wav" in dry.output
    assert {"wouldStart 1", "listed 1"} <= {" ".join(line.split()) for line in dry.output.splitlines()}
    assert {"started 1", "rejected 1", "failed 0"} <= {" ".join(line.split()) for line in ran.output.splitlines()}
    assert f"report: s3://{reprocessing.stack.bucket}/reports/reprocess/" in ran.output


def test_given_a_stack_that_was_never_finished_when_run_then_its_status_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outputs = Outputs({"StackName": "any", "StackStatus": "ROLLBACK_COMPLETE"})
    monkeypatch.setattr(Aws, "outputs", lambda *_: outputs)

    result = CliRunner().invoke(app, ["--failed", "--stack", "any"])

    assert result.exit_code == 1
    assert "The stack any has no output ReprocessRecordingsArn: it is ROLLBACK_COMPLETE." in result.output


def test_given_names_with_control_characters_when_printed_then_the_terminal_is_spared() -> None:
    counts = dict.fromkeys(
        ("listed", "started", "processed", "rejected", "alreadyProcessed", "skipped", "failed", "stopped", "notTaken"),
        0,
    )
    failure = {"key": "a\x1b[31m.wav", "error": "Boom", "message": "two\nlines"}

    lines = report_lines(
        {
            "request": {"dryRun": False},
            "counts": counts,
            "failures": [failure],
            "wouldStart": [],
            "complete": False,
            "continueFrom": "2026-01-01T00:00:00.000Z",
        }
    )

    assert "failed: a\N{REPLACEMENT CHARACTER}[31m.wav: Boom: two\N{REPLACEMENT CHARACTER}lines" in lines
    assert "run it again with --since 2026-01-01T00:00:00.000Z" in lines[-1]


def test_given_too_many_failures_when_run_then_the_command_fails_and_names_them(
    command, reprocessing: Reprocessing
) -> None:
    with reprocessing.unnoticed():
        reprocessing.stack.upload("public/unprocessed/burning/1.wav", b"no audio")

    with reprocessing.invoking(lambda *_: "it burns"):
        ran = command("--prefix", "public/unprocessed/burning/", "--tolerated-failures", "0")

    assert ran.exit_code == 1
    assert "failed: public/unprocessed/burning/1.wav: Boom: " in ran.output
    assert "TooManyFailures" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--prefix", "public/processed/"), "prefix is public/processed/"),
        ((), "either a --prefix or --failed"),
        (("--prefix", "unprocessed/", "--failed"), "either a --prefix or --failed"),
    ],
)
def test_given_a_mistake_when_run_then_it_is_told_and_exits_2(command, arguments: tuple[str, ...], said: str) -> None:
    ran = command(*arguments)

    assert ran.exit_code == 2
    assert said in " ".join(ran.output.replace("│", " ").split())


def test_given_no_engine_when_run_then_one_line_says_so(command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    ran = command("--failed")

    assert ran.exit_code == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "127.0.0.1:9" in ran.stderr
