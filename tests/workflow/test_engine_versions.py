"""Versions and aliases on the engine, with the small project of tests/fixtures."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.workflow.conftest import ROLE

SECONDS = 20


def definition(result: str) -> str:
    done = {"Type": "Pass", "Output": result, "End": True}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": done}})


@pytest.fixture
def machine(small: Engine) -> str:
    """Return a machine whose versions say `first` and `second`; its alias `live` names the second."""
    sfn = small.client("stepfunctions")
    created = sfn.create_state_machine(
        name=f"test-{uuid.uuid4().hex}", definition=definition("first"), roleArn=ROLE, publish=True
    )
    arn = str(created["stateMachineArn"])
    sfn.update_state_machine(stateMachineArn=arn, definition=definition("second"), publish=True)
    sfn.create_state_machine_alias(name="live", routingConfiguration=[route(arn, 2, 100)])
    return arn


def route(machine: str, version: int, weight: int) -> dict[str, Any]:
    return {"stateMachineVersionArn": f"{machine}:{version}", "weight": weight}


def run(engine: Engine, arn: str, name: str = "") -> Any:
    started = engine.client("stepfunctions").start_execution(stateMachineArn=arn, name=name or uuid.uuid4().hex)
    return engine.wait(started["executionArn"], SECONDS).output


def test_given_an_alias_when_it_is_pointed_back_then_new_executions_run_as_the_version_before(
    small: Engine, machine: str
) -> None:
    before = run(small, f"{machine}:live")

    small.client("stepfunctions").update_state_machine_alias(
        stateMachineAliasArn=f"{machine}:live", routingConfiguration=[route(machine, 1, 100)]
    )

    assert (before, run(small, f"{machine}:live"), run(small, machine)) == ("second", "first", "second")


def test_given_an_alias_of_two_versions_when_started_often_then_both_run(small: Engine, machine: str) -> None:
    small.client("stepfunctions").update_state_machine_alias(
        stateMachineAliasArn=f"{machine}:live", routingConfiguration=[route(machine, 1, 50), route(machine, 2, 50)]
    )

    assert {run(small, f"{machine}:live") for _ in range(40)} == {"first", "second"}


def test_given_a_version_when_started_then_the_execution_is_the_machine_s_and_names_the_version(
    small: Engine, machine: str
) -> None:
    assert run(small, f"{machine}:1", name="once") == "first"

    sfn = small.client("stepfunctions")
    (listed,) = sfn.list_executions(stateMachineArn=machine)["executions"]
    described = sfn.describe_execution(executionArn=listed["executionArn"])
    assert listed["executionArn"] == f"{machine.replace(':stateMachine:', ':execution:')}:once"
    assert described["stateMachineVersionArn"] == f"{machine}:1"
    assert "stateMachineAliasArn" not in described


@pytest.mark.parametrize("qualifier", ["other", "3"])
def test_given_no_such_alias_or_version_when_started_then_it_does_not_exist(
    small: Engine, machine: str, qualifier: str
) -> None:
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        run(small, f"{machine}:{qualifier}")


def test_given_a_function_s_version_when_invoked_then_it_is_told_which_it_is(small: Engine) -> None:
    client, name = small.client("lambda"), small.resources["Greet"]
    number = client.publish_version(FunctionName=name)["Version"]
    request = json.dumps({"do": "environment"}).encode()

    by_number = client.invoke(FunctionName=f"{small.outputs['GreetArn']}:{number}", Payload=request)
    newest = client.invoke(FunctionName=name, Payload=request)

    seen = [json.loads(each["Payload"].read())["variables"] for each in (by_number, newest)]
    assert [each["AWS_LAMBDA_FUNCTION_VERSION"] for each in seen] == [number, "$LATEST"]
    assert f"[{number}]" in seen[0]["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert (by_number["ExecutedVersion"], newest["ExecutedVersion"]) == (number, "$LATEST")
