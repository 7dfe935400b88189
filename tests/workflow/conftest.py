import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine, ExecutionResult
from local.recordings import Outcome, Recordings
from tests import running_engine

ROOT = Path(__file__).parents[2]
SMALL_PROJECT = ROOT / "tests" / "fixtures" / "sam_project" / "template.yaml"
ROLE = "arn:aws:iam::123456789012:role/any"

RunMachine = Callable[..., ExecutionResult]
Process = Callable[..., Outcome]


def _deploy_small_project() -> Engine:
    return Engine.deploy(SMALL_PROJECT, time_scale=0.02, function_slots=2, task_slots=2)


def _deploy_stack() -> Engine:
    return Engine.deploy(ROOT / "template.yaml", time_scale=0.02, task_slots=2)


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


@pytest.fixture
def engine() -> Engine:
    """Return the real stack, deployed."""
    return running_engine.engine_of("little-bit-audio", _deploy_stack)


@pytest.fixture
def recordings(engine: Engine) -> Recordings:
    """Return the real stack's recordings."""
    return Recordings(engine)


@pytest.fixture
def process(recordings: Recordings, tmp_path: Path) -> Process:
    """Upload content as a file of a name, and wait for what becomes of it."""

    def run(name: str, content: bytes, *, key: str | None = None, metadata: dict[str, str] | None = None) -> Outcome:
        file = tmp_path / (uuid.uuid4().hex if key else name)
        file.write_bytes(content)
        upload = recordings.upload(file, user=f"u{uuid.uuid4().hex[:8]}", key=key, metadata=metadata)
        return recordings.outcome(upload, recordings.execution_of(upload), tmp_path / "out")

    return run
