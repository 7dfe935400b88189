"""The real template, deployed once for each module of this folder; no pause lasts, and nothing fires by the clock."""

from pathlib import Path

import pytest

from local.engine import Engine
from tests import running_engine
from tests.workflow.process_recording.stack import Stack
from tests.workflow.settle_recordings.settlements import Settlements

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


@pytest.fixture
def stack() -> Stack:
    return Stack(running_engine.engine_of("little-bit-audio at once", lambda: Engine.deploy(TEMPLATE, time_scale=0)))


@pytest.fixture
def settlements(stack: Stack) -> Settlements:
    return Settlements(stack)
