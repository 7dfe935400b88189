"""`python -m local report`, with the engine as the account."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.engine import Engine
from local.execution.contents import contents_of
from local.execution.reader import ExecutionReader
from tests import running_engine
from tests.recordings import beeps, wav_recording
from tests.workflow.conftest import ROOT
from tests.workflow.process_recording.stack import Stack

NOWHERE = "arn:aws:states:us-east-1:123456789012:execution:nowhere:nothing"
NO_ENDPOINTS = (
    "http://127.0.0.1:99999",
    "http://127.0.0.1:0",
    "http://127.0.0.1:x",
    "http://[::1",
    "http://[::g]",
    "http://a_b",
    "http://a..b",
    "http://" + "a." * 130,
    "http://:1",
    "http://u:p@127.0.0.1",
    "http://127.0.0.1?a=b",
    "http://é",
)
_ACTIONS = {"s3:HeadObject": "s3:GetObject"}
_READING = re.compile(r"(Describe|Get|List|Head|Query|Filter)[A-Z][A-Za-z0-9]*|Query")


@pytest.fixture
def stack() -> Stack:
    template = ROOT / "template.yaml"
    return Stack(running_engine.engine_of("little-bit-audio", lambda: Engine.deploy(template, time_scale=0.02)))


@pytest.fixture(scope="module")
def _processed() -> dict[Engine, tuple[str, str]]:
    return {}


@pytest.fixture
def processed(stack: Stack, _processed: dict[Engine, tuple[str, str]]) -> tuple[str, str]:
    """Return the ARN of an execution that processed a recording, and the recording's id."""
    if stack.engine not in _processed:
        upload, result = stack.process("public/unprocessed/demo/two <beeps>.wav", wav_recording(beeps(2)))
        _processed[stack.engine] = result.arn, upload.recording_id
    return _processed[stack.engine]


def _report(*arguments: str, directory: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    home = {"HOME": str(directory), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        [sys.executable, "-m", "local", "report", *arguments],
        cwd=directory,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "100", **home, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def _profile(directory: Path) -> dict[str, str]:
    credentials = directory / "credentials"
    credentials.write_text("[musician]\naws_access_key_id = local\naws_secret_access_key = local\n", encoding="utf-8")
    return {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "AWS_CONFIG_FILE": str(directory / "config")}


def _embedded(report: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="report-contents">(.*?)</script>', report.read_text("utf-8"))
    assert found
    return json.loads(found[1])


def test_given_a_profile_when_reported_then_a_file_with_all_that_is_known_and_its_path_alone_is_printed(
    stack: Stack, processed: tuple[str, str], tmp_path: Path
) -> None:
    arn, recording_id = processed
    endpoint = {"AWS_ENDPOINT_URL": stack.engine.endpoint}

    ran = _report("--execution-arn", arn, "--profile", "musician", directory=tmp_path, **_profile(tmp_path), **endpoint)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"out/{recording_id}/report.html\n"
    report = tmp_path / ran.stdout.strip()
    told = _embedded(report)
    assert told["document"]["recording"]["id"] == recording_id
    assert told["document"]["notRead"] == told["leftOut"] == []
    assert sorted(told["files"]) == [
        "one-shots/1", "one-shots/2", "overview.png", "source", "spectrogram.png", "waveform.json",
    ]  # fmt: skip
    assert sum(len(attempt["lines"]) for attempts in told["logs"].values() for attempt in attempts) > 10
    assert report.stat().st_size < 5_000_000


@pytest.mark.parametrize(
    ("output", "written"), [("here.html", "here.html"), ("a/b.html", "a/b.html"), ("folder", "folder/{}/report.html")]
)
def test_given_the_engines_port_and_an_output_when_reported_then_there(
    stack: Stack, processed: tuple[str, str], tmp_path: Path, output: str, written: str
) -> None:
    arn, recording_id = processed

    ran = _report("--execution-arn", arn, "--port", str(stack.engine.port), "--output", output, directory=tmp_path)

    assert (ran.returncode, ran.stdout) == (0, f"{written.format(recording_id)}\n"), ran.stderr
    assert (tmp_path / ran.stdout.strip()).is_file()


def test_given_an_execution_without_a_recording_when_reported_then_by_the_executions_name(
    stack: Stack, tmp_path: Path
) -> None:
    sfn = stack.engine.client("stepfunctions")
    started = sfn.start_execution(stateMachineArn=stack.engine.resources["SettleRecordings"], name="sweep", input="{}")
    stack.engine.wait(started["executionArn"], 60)
    endpoint = stack.engine.endpoint

    ran = _report("--execution-arn", started["executionArn"], "--endpoint-url", endpoint, directory=tmp_path)

    assert (ran.returncode, ran.stdout) == (0, "out/sweep/report.html\n"), ran.stderr
    assert _embedded(tmp_path / "out/sweep/report.html")["document"]["recording"] is None


def test_given_a_source_that_is_too_large_and_a_manifest_that_is_gone_when_reported_then_both_are_told(
    stack: Stack, tmp_path: Path
) -> None:
    upload, result = stack.process("public/unprocessed/demo/long.wav", wav_recording(beeps(25)))
    record = stack.record(upload)
    assert record is not None
    stack.s3.delete_object(Bucket=upload.bucket, Key=record["manifest_key"])

    ran = _report("--execution-arn", result.arn, "--port", str(stack.engine.port), directory=tmp_path)

    assert ran.returncode == 0
    assert (
        f"Not read: The manifest s3://{upload.bucket}/{record['manifest_key']} could not be read: NoSuchKey"
        in ran.stderr
    )
    assert "Not in the report: The recording itself: there is room for 2 MB" in ran.stderr
    told = _embedded(tmp_path / ran.stdout.strip())
    assert len(told["document"]["recording"]["oneShots"]) == 25
    assert told["leftOut"][0]["bytes"] == len(wav_recording(beeps(25)))


def _calls(stack: Stack, arn: str) -> set[str]:
    called: set[str] = set()
    session = boto3.Session("local", "local", region_name="us-east-1")
    session.events.register(
        "before-call", lambda model, **_: called.add(f"{model.service_model.service_name}:{model.name}")
    )
    contents_of(ExecutionReader(lambda service: session.client(service, endpoint_url=stack.engine.endpoint)), arn)
    return called


def test_given_an_account_when_a_report_is_made_then_every_call_only_reads(
    stack: Stack, processed: tuple[str, str]
) -> None:
    called = _calls(stack, processed[0])

    assert called == {
        "dynamodb:Query",
        "ecs:DescribeTaskDefinition",
        "lambda:GetFunctionConfiguration",
        "logs:FilterLogEvents",
        "s3:GetObject",
        "s3:HeadObject",
        "stepfunctions:DescribeExecution",
        "stepfunctions:DescribeStateMachineForExecution",
        "stepfunctions:GetExecutionHistory",
    }
    assert all(_READING.fullmatch(name.partition(":")[2]) for name in called)


def test_given_the_policy_of_the_docs_when_held_to_what_is_called_then_it_allows_that_and_nothing_that_writes(
    stack: Stack, processed: tuple[str, str]
) -> None:
    sfn = stack.engine.client("stepfunctions")
    given = json.dumps({"prefix": "public/unprocessed/demo/", "dryRun": True})
    started = sfn.start_execution(stateMachineArn=stack.engine.resources["ReprocessRecordings"], input=given)
    stack.engine.wait(started["executionArn"], 60)
    called = _calls(stack, processed[0]) | _calls(stack, started["executionArn"])

    (policy,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "report.md").read_text("utf-8"), re.DOTALL)

    (statement,) = json.loads(policy)["Statement"]
    needed = {_ACTIONS.get(name, name.replace("stepfunctions:", "states:")) for name in called}
    assert set(statement["Action"]) == needed | {"s3:GetObjectVersion", "s3:ListBucket"}
    assert all(_READING.fullmatch(action.partition(":")[2]) for action in statement["Action"])


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "says"),
    [
        (["--execution-arn", "arn:aws:states:us-east-1:123456789012:stateMachine:m"], {}, 2, "is no execution's"),
        (["--execution-arn", "$(reboot)"], {}, 2, "is no execution's"),
        ([], {}, 2, "--execution-arn"),
        (["--execution-arn", NOWHERE, "--port", "1", "--endpoint-url", "http://x"], {}, 2, "a --port or at"),
        (["--execution-arn", NOWHERE, "--endpoint-url", "file:///etc"], {}, 2, "is not http://HOST:PORT"),
        *(
            (["--execution-arn", NOWHERE, "--endpoint-url", url], {}, 2, "is not http://HOST:PORT")
            for url in NO_ENDPOINTS
        ),
        (["--execution-arn", NOWHERE, "--endpoint-url", "http://[::1]:1"], {}, 1, "AWS could not be asked: Could not"),
        (["--execution-arn", NOWHERE, "--endpoint-url", "http://localhost:1/"], {}, 1, "AWS could not be asked: Could"),
        (["--execution-arn", NOWHERE], {}, 1, "There are no credentials: name a --profile"),
        (["--execution-arn", NOWHERE, "--profile", "drummer"], {}, 1, "no profile 'drummer'; there are: musician"),
        (["--execution-arn", NOWHERE], {"AWS_PROFILE": "drummer"}, 1, "There is no profile 'drummer'"),
        (["--execution-arn", NOWHERE, "--profile", "half"], {}, 1, "Partial credentials"),
        (["--execution-arn", NOWHERE, "--port", "1"], {}, 1, "AWS could not be asked: Could not connect"),
        (["--execution-arn", NOWHERE, "--port", "1"], {"AWS_PROFILE": "drummer"}, 1, "could not be asked: Could not"),
        (["--execution-arn", NOWHERE, "--port", "1"], {"AWS_CONFIG_FILE": "broken"}, 1, "could not be asked: Could"),
        (["--execution-arn", NOWHERE], {"AWS_CONFIG_FILE": "broken"}, 1, "Unable to parse config file"),
        (["--execution-arn", NOWHERE, "--port", "1", "--profile", "drummer"], {}, 1, "There is no profile 'drummer'"),
        (["--execution-arn", NOWHERE, "--profile", "musician", "--region", "no/where"], {}, 1, "no/where"),
    ],
)
def test_given_a_mistake_when_reported_then_it_is_named(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, says: str
) -> None:
    profiles = _profile(tmp_path)
    with (tmp_path / "credentials").open("a", encoding="utf-8") as credentials:
        credentials.write("[half]\naws_access_key_id = local\n")
    (tmp_path / "broken").write_text("[default\n", encoding="utf-8")

    ran = _report(*arguments, directory=tmp_path, **(profiles | environment))

    assert (ran.returncode, ran.stdout) == (code, "")
    assert says in " ".join(ran.stderr.replace("│", " ").split())
    assert "Traceback" not in ran.stderr


def test_given_no_such_execution_or_no_leave_to_write_when_reported_then_it_says_so(
    stack: Stack, processed: tuple[str, str], tmp_path: Path
) -> None:
    port = str(stack.engine.port)
    (tmp_path / "file").touch()

    gone = _report("--execution-arn", NOWHERE, "--port", port, directory=tmp_path)
    unwritable = _report("--execution-arn", processed[0], "--port", port, "--output", "file/x.html", directory=tmp_path)

    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr.startswith(f"There is no execution {NOWHERE}")
    assert (unwritable.returncode, unwritable.stdout) == (1, "")
    assert unwritable.stderr == "file/x.html could not be written: File exists\n"


def test_given_make_when_reported_then_the_arn_is_data_and_nothing_of_it_is_run(tmp_path: Path) -> None:
    ran = subprocess.run(
        ["make", "-n", "report", "ARN=x$(shell touch made)'; touch ran; '", "PROFILE=p"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stderr
    assert '-m local report --execution-arn "$ARN" ${PROFILE:+--profile "$PROFILE"}' in ran.stdout
    assert not (ROOT / "made").exists()
