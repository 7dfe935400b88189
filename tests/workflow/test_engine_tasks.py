"""Container tasks on the engine, with the small project of tests/fixtures."""

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.engine import Engine, ExecutionResult
from tests.workflow.conftest import start_states

RunStates = Callable[..., ExecutionResult]


def _task(engine: Engine, definition: str | None = None, **variables: str) -> dict[str, Any]:
    environment = [{"Name": name, "Value": value} for name, value in variables.items()]
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Arguments": {
            "Cluster": engine.outputs["ClusterArn"],
            "TaskDefinition": definition or engine.outputs["PackArn"],
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [engine.outputs["SubnetId"]]}},
            "Overrides": {"ContainerOverrides": [{"Name": "carton", "Environment": environment}]},
        },
        "TimeoutSeconds": 30,
        "End": True,
    }


def _key(event: dict[str, Any]) -> Any:
    return event.get("detail", {}).get("object", {}).get("key")


def _cause(result: ExecutionResult) -> dict[str, Any]:
    cause: dict[str, Any] = json.loads(result.cause or "")
    return cause


def _wait_until(condition: Callable[[], Any], seconds: float = 10) -> Any:
    deadline = time.monotonic() + seconds
    while not (seen := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def _packed(engine: Engine, key: str) -> dict[str, Any]:
    stored = engine.client("s3").get_object(Bucket=engine.outputs["InboxName"], Key=f"out/{key}")
    body: dict[str, Any] = json.loads(stored["Body"].read())
    return body


def test_given_an_upload_when_it_arrives_then_the_rule_starts_the_machine_and_both_tasks_work(
    small: Engine,
) -> None:
    key = "in/a+b 100%25 naïve 日本.txt"
    put = small.client("s3").put_object(Bucket=small.outputs["InboxName"], Key=key, Body=b"xyz")

    arn = small.wait_for_execution(lambda event: _key(event) == key, 10)
    result = small.wait(arn, 30)

    assert (result.status, result.end_state) == ("SUCCEEDED", "Packed")
    assert result.output["exitCode"] == 0
    assert result.output["capacity"] == "FARGATE_SPOT"
    assert [(visit.name, visit.status, visit.attempts) for visit in result.states] == [
        ("Greet", "SUCCEEDED", 1),
        ("Pack", "SUCCEEDED", 1),
        ("Packed", "SUCCEEDED", 1),
    ]
    assert _packed(small, key)["greeting"] == f"Hello, {key}!"
    given = json.loads(small.client("stepfunctions").describe_execution(executionArn=arn)["input"])
    assert given["detail"]["object"]["size"] == 3
    assert given["detail"]["object"]["etag"] == put["ETag"].strip('"')
    assert given["detail"]["object"]["version-id"] == put["VersionId"]
    assert given["region"] == "us-east-1"


def test_given_a_key_that_the_rule_does_not_match_when_uploaded_then_nothing_starts(small: Engine) -> None:
    small.client("s3").put_object(Bucket=small.outputs["InboxName"], Key="elsewhere/x", Body=b"x")

    with pytest.raises(TimeoutError):
        small.wait_for_execution(lambda event: _key(event) == "elsewhere/x", 0.3)


def test_given_overrides_when_a_task_runs_then_they_win_over_template_and_image(
    small: Engine, run_states: RunStates
) -> None:
    task = _task(small, BUCKET=small.outputs["InboxName"], KEY="overrides", LABEL="mine")
    task["Arguments"]["Overrides"]["ContainerOverrides"][0]["Command"] = ["--fast", "two words"]

    result = run_states({"Pack": task})

    packed = _packed(small, "overrides")
    assert result.status == "SUCCEEDED"
    assert packed["arguments"] == ["--fast", "two words"]
    assert packed["label"] == "mine"
    assert packed["directory"].endswith("/sam_project/box")
    assert packed["environment"]["COLOUR"] == "brown"
    assert packed["environment"]["CARTON_DATA"] == packed["directory"] + "/data"
    assert "VIRTUAL_ENV" not in packed["environment"]
    assert result.output["StopCode"] == "EssentialContainerExited"
    assert result.output["Containers"][0]["ExitCode"] == 0
    assert isinstance(result.output["CreatedAt"], int)


def test_given_a_task_that_exits_with_a_code_when_run_then_the_state_fails_with_the_description(
    small: Engine, run_states: RunStates
) -> None:
    result = run_states({"Pack": _task(small, DO="exit", CODE="3")})

    assert (result.status, result.error) == ("FAILED", "States.TaskFailed")
    assert _cause(result)["Containers"][0]["ExitCode"] == 3
    assert _cause(result)["StoppedReason"] == "Essential container in task exited"
    assert _cause(result)["LastStatus"] == "STOPPED"


def test_given_a_task_killed_from_outside_when_run_then_asl_retries_it_to_success(
    small: Engine,
) -> None:
    task = _task(small, DO="sleep", SECONDS="1.5")
    task["Retry"] = [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2, "JitterStrategy": "FULL"}]
    arn = start_states(small, {"Pack": task})
    running = _wait_until(small.tasks.running)

    os.kill(running[0].pid, signal.SIGKILL)
    result = small.wait(arn, 30)

    assert (result.status, result.error) == ("SUCCEEDED", None)
    assert result.states[0].attempts == 2
    assert json.loads(result.states[0].cause or "")["Containers"][0]["ExitCode"] == 137
    assert running[0].environment["DO"] == "sleep"


def test_given_a_task_that_outgrows_its_memory_when_run_then_it_is_killed_and_says_so(
    small: Engine, run_states: RunStates
) -> None:
    task = _task(small, DO="grow", MEGABYTES="200")
    task["Arguments"]["Overrides"]["Memory"] = "100"

    container = _cause(run_states({"Pack": task}))["Containers"][0]

    assert container["ExitCode"] == 137
    assert container["Reason"].startswith("OutOfMemoryError")


def test_given_a_state_that_times_out_when_run_then_its_task_is_stopped_even_if_deaf(
    small: Engine, run_states: RunStates
) -> None:
    task = {**_task(small, DO="ignore-sigterm"), "TimeoutSeconds": 1}

    result = run_states({"Pack": task})

    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    assert _wait_until(lambda: not small.tasks.running())
    history = small.client("stepfunctions").get_execution_history(executionArn=result.arn)["events"]
    kinds = [event["type"] for event in history]
    assert "TaskTimedOut" in kinds
    assert "TaskSucceeded" not in kinds


def test_given_an_execution_that_is_stopped_when_its_task_runs_then_the_task_is_stopped(small: Engine) -> None:
    arn = start_states(small, {"Pack": _task(small, DO="sleep", SECONDS="60")})
    assert _wait_until(small.tasks.running)

    stopped = small.client("stepfunctions").stop_execution(executionArn=arn, error="Enough", cause="no more boxes")

    described = small.client("stepfunctions").describe_execution(executionArn=arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "no more boxes")
    assert stopped["stopDate"] == described["stopDate"]
    assert _wait_until(lambda: not small.tasks.running())


def test_given_a_definition_that_names_no_image_when_run_then_the_task_fails_to_start(
    small: Engine, run_states: RunStates
) -> None:
    bare = small.client("ecs").register_task_definition(
        family="bare",
        containerDefinitions=[{"name": "carton", "image": "carton", "memory": 128}],
        requiresCompatibilities=["FARGATE"],
    )["taskDefinition"]["taskDefinitionArn"]

    result = run_states({"Pack": _task(small, bare)})

    assert result.error == "States.TaskFailed"
    assert _cause(result)["StopCode"] == "TaskFailedToStart"
    assert "DockerContext" in _cause(result)["StoppedReason"]


def test_given_a_helper_that_is_ended_with_its_task_when_run_then_the_task_has_not_failed(
    small: Engine, run_states: RunStates
) -> None:
    family = small.outputs["PackArn"].split("/")[1].split(":")[0]
    containers = [
        {"name": "carton", "image": "carton", "memory": 64, "essential": True, "stopTimeout": 2},
        {"name": "helper", "image": "carton", "memory": 64, "essential": False, "stopTimeout": 2}
        | {"environment": [{"name": "DO", "value": "sleep"}, {"name": "SECONDS", "value": "60"}]},
    ]
    both = small.client("ecs").register_task_definition(
        family=family, containerDefinitions=containers, requiresCompatibilities=["FARGATE"]
    )["taskDefinition"]["taskDefinitionArn"]

    result = run_states({"Pack": _task(small, both, DO="exit", CODE="0")})

    assert result.status == "SUCCEEDED", result.cause
    assert [container["ExitCode"] for container in result.output["Containers"]] == [0, 143]


def test_given_a_cluster_that_is_not_there_when_run_then_the_error_is_ecss(
    small: Engine, run_states: RunStates
) -> None:
    task = _task(small)
    task["Arguments"]["Cluster"] = "nowhere"

    assert run_states({"Pack": task}).error == "ECS.ClusterNotFoundException"


def test_given_more_tasks_than_slots_when_run_then_the_others_wait_and_all_finish(small: Engine) -> None:
    arns = [start_states(small, {"Pack": _task(small, DO="sleep", SECONDS="0.3")}) for _ in range(5)]
    most = 0
    while any(arn in small.executions.running() for arn in arns):
        most = max(most, len(small.tasks.running()))
        time.sleep(0.02)

    assert 1 <= most <= 2
    assert {small.wait(arn, 1).status for arn in arns} == {"SUCCEEDED"}


def test_given_a_containers_output_when_run_then_it_is_in_its_stream(small: Engine, run_states: RunStates) -> None:
    result = run_states({"Pack": _task(small, DO="exit", CODE="4")})

    task_id = _cause(result)["TaskArn"].rsplit("/", 1)[-1]
    logged = small.client("logs").get_log_events(logGroupName="/pack/local", logStreamName=f"pack/carton/{task_id}")[
        "events"
    ]
    assert [event["message"] for event in logged] == ["carton: exit []"]
    assert small.tasks.log_tail(_cause(result)["TaskArn"]) == ["carton: exit []"]


def test_given_a_revision_of_another_entry_point_when_run_then_it_does_not_start(
    small: Engine, run_states: RunStates
) -> None:
    ecs = small.client("ecs")
    family = small.outputs["PackArn"].rpartition("/")[2].partition(":")[0]
    registered = ecs.register_task_definition(
        family=family,
        memory="512",
        containerDefinitions=[
            {"name": "carton", "image": "x", "memory": 64, "entryPoint": ["/bin/sh", "-c", "exit 0"]}
        ],
    )["taskDefinition"]["taskDefinitionArn"]

    result = run_states({"Pack": _task(small, registered)})

    assert (result.status, result.error) == ("FAILED", "States.TaskFailed")
    assert _cause(result)["StopCode"] == "TaskFailedToStart"
    assert "EntryPoint" in _cause(result)["StoppedReason"]
