import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine, ExecutionResult
from tests import running_engine

ROOT = Path(__file__).parents[2]
SMALL_PROJECT = ROOT / "tests" / "fixtures" / "sam_project" / "template.yaml"
ROLE = "arn:aws:iam::123456789012:role/any"

RunMachine = Callable[..., ExecutionResult]


def _deploy_small_project() -> Engine:
    return Engine.deploy(SMALL_PROJECT, time_scale=0.02, function_slots=2, task_slots=2)


@pytest.fixture(scope="module", autouse=True)
def _no_engine_left() -> Iterator[None]:
    yield
    running_engine.stop()


@pytest.fixture
def small() -> Engine:
    """Return the small project of tests/fixtures, deployed."""
    return running_engine.engine_of("sam_project", _deploy_small_project)


@pytest.fixture
def run_states(small: Engine) -> RunMachine:
    """Run a JSONata state machine made of `states`, from the first one, in the small project."""

    def run(states: dict[str, Any], given: Any = None) -> ExecutionResult:
        arn = start_states(small, states, given)
        return small.wait(arn, 30)

    return run


def start_states(engine: Engine, states: dict[str, Any], given: Any = None, **fields: Any) -> str:
    """Start a JSONata state machine made of `states`; returns the execution's ARN."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields}
    sfn = engine.client("stepfunctions")
    machine = sfn.create_state_machine(
        name=f"test-{uuid.uuid4().hex}", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    started = sfn.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))
    return str(started["executionArn"])
