"""Engines that come and go."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.engine import DeploymentError, Engine, EngineError
from tests import running_engine
from tests.workflow.conftest import ROOT, SMALL_PROJECT


@pytest.fixture(autouse=True)
def _no_other_engine() -> None:
    running_engine.stop()
    running_engine.host.stop_current()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _children(pid: int) -> list[int]:
    return [
        int(each) for task in Path(f"/proc/{pid}/task").iterdir() for each in (task / "children").read_text().split()
    ]


def test_given_an_engine_when_stopped_then_no_process_thread_or_folder_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(threading.enumerate())
    with Engine.deploy(SMALL_PROJECT, time_scale=0.02) as engine:
        engine.invoke_function("Greet", b'{"do": "greet"}')
        put = {"Bucket": engine.outputs["InboxName"], "Key": "in/x", "Body": b"x"}
        engine.client("s3").put_object(**put)
        engine.wait_for_execution(lambda _: True, 10)
        pids = list(engine.function_pids())
    # an engine stopped while an execution runs

    assert pids
    assert not any(_alive(pid) for pid in pids)
    assert list(tmp_path.iterdir()) == []
    deadline = time.monotonic() + 5
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def test_given_a_stopped_engine_when_another_is_deployed_then_it_starts_from_nothing() -> None:
    with Engine.deploy(SMALL_PROJECT) as first:
        first.client("s3").put_object(Bucket=first.outputs["InboxName"], Key="kept?", Body=b"x")
    with Engine.deploy(SMALL_PROJECT, parameters={"Greeting": "Salut"}, stack_name="second") as second:
        listed = second.client("s3").list_objects_v2(Bucket=second.outputs["InboxName"])
        greeted = second.invoke_function("Greet", b'{"do": "greet", "name": "Ada"}').payload

    assert listed["KeyCount"] == 0
    assert b"Salut, Ada!" in greeted


def test_given_an_engine_that_runs_when_another_is_deployed_then_it_is_refused() -> None:
    with Engine.deploy(SMALL_PROJECT), pytest.raises(EngineError, match="already runs"):
        Engine.deploy(SMALL_PROJECT)


def test_given_a_taken_port_when_deployed_then_the_error_names_it_and_nothing_is_left() -> None:
    with Engine.deploy(SMALL_PROJECT) as engine:
        taken = engine.port
        command = f"from local.engine import Engine; Engine.deploy({str(SMALL_PROJECT)!r}, port={taken})"
        ran = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert f"Port {taken} can't be listened on" in ran.stderr
    assert ran.returncode == 1


def test_given_a_negative_time_scale_when_deployed_then_it_is_refused() -> None:
    with pytest.raises(EngineError, match="time scale is -1"):
        Engine.deploy(SMALL_PROJECT, time_scale=-1)


def test_given_a_resource_that_moto_refuses_when_deployed_then_the_error_says_why(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources: {M: {Type: AWS::StepFunctions::StateMachine, Properties: {DefinitionString: '{', RoleArn: x}}}",
        encoding="utf-8",
    )

    with pytest.raises(DeploymentError, match="could not be made"):
        Engine.deploy(template)

    with Engine.deploy(SMALL_PROJECT) as engine:
        assert engine.outputs


@pytest.mark.parametrize(
    ("signals", "code"),
    [([signal.SIGINT], 130), ([signal.SIGTERM], 143), ([signal.SIGINT] * 3, 130)],
    ids=["ctrl-C", "SIGTERM", "ctrl-C thrice"],
)
def test_given_up_when_it_is_ended_then_no_process_or_folder_is_left(
    signals: list[signal.Signals], code: int, tmp_path: Path
) -> None:
    with _up(tmp_path) as (up, said):
        deadline = time.monotonic() + 20
        while not (children := _children(up.pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for number in signals:
            up.send_signal(number)
            time.sleep(0.05)
        up.wait(30)

    assert "s3 cp FILE s3://local-recordingsbucket-" in said
    assert "--endpoint-url http://127.0.0.1:" in said
    assert "RecordingsBucket.LifecycleConfiguration" in said
    assert children
    assert not any(_alive(pid) for pid in children)
    assert list(tmp_path.iterdir()) == []
    assert up.returncode == code


def test_given_up_under_nohup_when_the_terminal_goes_then_it_stays(tmp_path: Path) -> None:
    with _up(tmp_path, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as (up, _):
        up.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            up.wait(0.5)
        up.terminate()
        up.wait(30)

    assert up.returncode == 143


def test_given_an_engine_that_was_killed_when_another_starts_then_its_folder_is_swept_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _up(tmp_path) as (up, _):
        up.kill()
        up.wait(30)
    left = list(tmp_path.iterdir())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with Engine.deploy(SMALL_PROJECT):
        there = list(tmp_path.iterdir())

    assert len(left) == len(there) == 1
    assert left != there


def test_given_a_broken_aws_configuration_and_a_proxy_when_deployed_then_neither_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("no [[ configuration", encoding="utf-8")
    nowhere = "http://127.0.0.1:9"
    environment = {"HOME": str(tmp_path), "AWS_PROFILE": "none", "HTTP_PROXY": nowhere, "http_proxy": nowhere}
    command = f"""
from local.engine import Engine
with Engine.deploy({str(SMALL_PROJECT)!r}) as engine:
    engine.client("s3").put_object(Bucket=engine.outputs["InboxName"], Key="in/x", Body=b"x")
    print(engine.wait(engine.wait_for_execution(lambda _: True, 10), 30).status)
"""

    ran = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.stdout == "SUCCEEDED\n", ran.stderr


def test_given_an_observer_that_raises_when_states_go_by_then_the_workflow_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[str] = []
    with Engine.deploy(SMALL_PROJECT, time_scale=0.02) as engine:
        engine.watch_states(_raise)
        engine.watch_states(lambda _, visit: heard.append(visit.name))
        engine.client("s3").put_object(Bucket=engine.outputs["InboxName"], Key="in/x", Body=b"x")
        result = engine.wait(engine.wait_for_execution(lambda _: True, 10), 30)

    assert (result.status, heard[-1]) == ("SUCCEEDED", "Packed")
    assert [record.message for record in caplog.records if "observer" in record.message] == [
        "An observer is dropped: it raised SystemExit: 1"
    ]


def _raise(*_: Any) -> None:
    raise SystemExit(1)


@contextlib.contextmanager
def _up(folder: Path, **options: Any) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """`up`, with its temporary files in `folder`, and what it said until it was ready."""
    up = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1", "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    try:
        assert up.stdout is not None
        said = ""
        while "ctrl-C stops it" not in said and (line := up.stdout.readline()):
            said += line
        yield up, said
    finally:
        up.kill()
        up.wait()
        up.stdout.close()
