"""Lambda functions on the engine, with the small project of tests/fixtures."""

import dataclasses
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine, ExecutionResult
from local.engine import functions as engine_functions
from local.engine.child_environment import ChildEnvironment

RunStates = Callable[..., ExecutionResult]


def _invoke(engine: Engine, **event: Any) -> Any:
    answer = engine.client("lambda").invoke(FunctionName=engine.resources["Greet"], Payload=json.dumps(event).encode())
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def _pool(engine: Engine, folder: Path) -> engine_functions.FunctionPool:
    environment = ChildEnvironment(engine.region, engine.endpoint)
    return engine_functions.FunctionPool(slots=1, logs=engine.logs, environment=environment, folder=folder)


def _kill(pid: int) -> None:
    """Kill a process and wait until it is dead."""
    os.kill(pid, 9)
    while Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in "ZX":
        time.sleep(0.001)


def _task(engine: Engine, **event: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": engine.outputs["GreetArn"], "Payload": event},
        "TimeoutSeconds": 20,
        "End": True,
    }


def test_given_a_function_when_invoked_then_it_has_its_own_environment_and_none_of_ours(
    small: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS_ALONE", "secret")
    for pid in small.function_pids():
        _kill(pid)  # a warm process has the environment of its start

    seen, error = _invoke(small, do="environment")

    assert error is None
    assert seen["variables"]["GREETING"] == "Hello"
    assert seen["variables"]["INBOX"] == small.outputs["InboxName"]
    assert seen["variables"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert seen["variables"]["AWS_LAMBDA_FUNCTION_NAME"] == small.resources["Greet"] == seen["name"]
    assert seen["variables"]["AWS_ENDPOINT_URL"] == small.endpoint
    assert not {"OURS_ALONE", "VIRTUAL_ENV", "HOME"} & set(seen["variables"])
    assert 0 < seen["remaining"] <= 2000


def test_given_a_function_when_invoked_twice_then_the_warm_process_serves_both(small: Engine) -> None:
    first, second = _invoke(small, do="greet")[0], _invoke(small, do="greet")[0]

    assert first["pid"] == second["pid"]


def test_given_many_invocations_at_once_when_run_then_no_more_processes_than_slots(small: Engine) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda n: _invoke(small, do="sleep", seconds=0.05, name=str(n)), range(8)))

    assert all(error is None for _, error in answers)
    assert len({answer["pid"] for answer, _ in answers}) <= 2
    assert sorted(answer["greeting"] for answer, _ in answers) == [f"Hello, {n}!" for n in range(8)]


def test_given_a_handler_that_raises_when_run_then_the_state_fails_with_its_error_and_lambdas_json(
    small: Engine, run_states: RunStates
) -> None:
    result = run_states({"Greet": _task(small, do="raise", message='CODE: the "name" is\nbad')})

    assert (result.status, result.error) == ("FAILED", "NotGreetable")
    cause = json.loads(result.cause or "")
    assert cause["errorType"] == "NotGreetable"
    assert cause["errorMessage"] == 'CODE: the "name" is\nbad'
    assert any("app.py" in line for line in cause["stackTrace"])


@pytest.mark.parametrize(
    ("event", "error", "message"),
    [
        ({"do": "sleep", "seconds": 10}, "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
        ({"do": "exit", "code": 7}, "Runtime.ExitError", "Runtime exited with error: exit status 7"),
        ({"do": "grow", "megabytes": 300}, "Runtime.OutOfMemory", "signal: killed"),
    ],
)
def test_given_a_function_that_dies_when_run_then_it_is_reported_and_the_next_invocation_works(
    small: Engine, run_states: RunStates, event: dict[str, Any], error: str, message: str
) -> None:
    result = run_states({"Greet": _task(small, **event)})

    assert (result.status, result.error) == ("FAILED", error)
    assert message in json.loads(result.cause or "")["errorMessage"]
    assert _invoke(small, do="greet", name="Bo")[0]["greeting"] == "Hello, Bo!"


def test_given_a_functions_output_when_run_then_it_is_in_its_log_group_and_was_shown(small: Engine) -> None:
    lines: list[str] = []
    small.watch_logs(lambda line: lines.append(line.text))

    _invoke(small, do="greet", name="log")

    logs = small.client("logs")
    events = logs.filter_log_events(logGroupName="/greet/local")["events"]
    messages = [event["message"] for event in events]
    assert "greet is asked to greet" in messages
    assert any(message.startswith("REPORT RequestId") for message in messages)
    deadline = time.monotonic() + 5
    while "greet is asked to greet" not in lines and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "greet is asked to greet" in lines


def test_given_a_machine_without_the_native_client_when_invoked_then_our_own_one_does_the_same(
    small: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(engine_functions, "_real_client_imports", lambda: False)
    configuration = next(iter(small.functions.values()))
    pool = _pool(small, tmp_path)
    try:
        greeted = json.loads(pool.invoke(configuration, b'{"do": "greet", "name": "Cy"}').payload)
        raised = pool.invoke(configuration, b'{"do": "raise", "message": "no"}')
    finally:
        pool.close()

    assert greeted["greeting"] == "Hello, Cy!"
    assert raised.error == "Unhandled"
    told = json.loads(raised.payload)
    assert (told["errorType"], told["errorMessage"]) == ("NotGreetable", "no")
    assert told["stackTrace"]


def test_given_a_handler_that_does_not_import_when_invoked_then_the_error_says_so(
    small: Engine, tmp_path: Path
) -> None:
    configuration = dataclasses.replace(next(iter(small.functions.values())), handler="no.such.handler")
    pool = _pool(small, tmp_path)
    try:
        told = json.loads(pool.invoke(configuration, b"{}").payload)
    finally:
        pool.close()

    assert told["errorType"] == "Runtime.ImportModuleError"
    assert "no.such" in told["errorMessage"]


def test_given_a_warm_process_that_died_when_invoked_then_a_new_one_answers_and_nothing_is_left_of_the_old(
    small: Engine, tmp_path: Path
) -> None:
    configuration = next(iter(small.functions.values()))
    pool = _pool(small, tmp_path)
    try:
        pool.invoke(configuration, b'{"do": "greet", "name": "Ada"}')
        (first,) = pool.pids()
        _kill(first)
        answered = pool.invoke(configuration, b'{"do": "greet", "name": "Bo"}')
        pids, folders = set(pool.pids()), list(tmp_path.iterdir())
    finally:
        pool.close()

    assert json.loads(answered.payload)["greeting"] == "Hello, Bo!"
    assert first not in pids
    assert len(folders) == 1


def test_given_a_function_at_work_when_the_engine_is_asked_then_it_tells_process_and_payload_until_the_end(
    small: Engine,
) -> None:
    with ThreadPoolExecutor(1) as callers:
        answer = callers.submit(_invoke, small, do="sleep", seconds=0.3, name="Ada")
        while not (running := small.running_invocations()) and not answer.done():
            time.sleep(0.001)
        answer.result()

    (invocation,) = running
    assert json.loads(invocation.payload)["name"] == "Ada"
    assert invocation.function == small.resources["Greet"]
    assert invocation.pid in small.function_pids()
    assert small.running_invocations() == []


def test_given_a_function_that_is_killed_at_work_when_it_has_ended_then_nothing_runs(small: Engine) -> None:
    with ThreadPoolExecutor(1) as callers:
        answer = callers.submit(_invoke, small, do="sleep", seconds=10)
        while not (running := small.running_invocations()) and not answer.done():
            time.sleep(0.001)
        os.kill(running[0].pid, 9)
        payload, error = answer.result()

    assert (payload["errorType"], error) == ("Runtime.ExitError", "Unhandled")
    assert small.running_invocations() == []


def test_given_a_function_whose_init_failed_when_invoked_again_then_its_process_is_not_given_out_again(
    small: Engine, tmp_path: Path
) -> None:
    broken = dataclasses.replace(next(iter(small.functions.values())), handler="no.such.handler")
    pool = _pool(small, tmp_path)
    try:
        pool.invoke(broken, b"{}")
        left = pool.pids()
    finally:
        pool.close()

    assert left == {}


def test_given_a_close_that_is_interrupted_when_repeated_then_nothing_is_left(
    small: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = next(iter(small.functions.values()))
    pool = _pool(small, tmp_path)
    pool.invoke(configuration, b'{"do": "greet"}')
    (pid,) = pool.pids()

    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(engine_functions.process, "kill", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.close()
    pool.close()

    assert not Path(f"/proc/{pid}").exists()
    assert list(tmp_path.iterdir()) == []


def test_given_a_template_that_points_elsewhere_when_invoked_then_the_function_still_talks_to_the_engine(
    small: Engine, tmp_path: Path
) -> None:
    elsewhere = {
        "AWS_ENDPOINT_URL": "https://s3.amazonaws.com",
        "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com",
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_PROFILE": "work",
        "AWS_CONFIG_FILE": "/home/user/.aws/config",
        "HTTP_PROXY": "http://proxy:3128",
    }
    configuration = dataclasses.replace(next(iter(small.functions.values())), environment=elsewhere)
    pool = _pool(small, tmp_path)
    try:
        seen = json.loads(pool.invoke(configuration, b'{"do": "environment"}').payload)["variables"]
    finally:
        pool.close()

    assert seen["AWS_ENDPOINT_URL"] == small.endpoint
    assert seen["AWS_ACCESS_KEY_ID"] == "local"
    assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert (seen["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"], seen["AWS_EC2_METADATA_DISABLED"]) == ("false", "true")
    assert not {"AWS_ENDPOINT_URL_S3", "AWS_PROFILE"} & set(seen)
    assert "127.0.0.1" in seen["NO_PROXY"]
