"""The real template, deployed once for each module of this folder; backoffs and waits pass at a fiftieth."""

from pathlib import Path

import pytest

from local.engine import Engine
from tests import running_engine
from tests.workflow.process_recording.stack import Stack

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


ENGINE = "little-bit-audio"


def deploy() -> Engine:
    return Engine.deploy(TEMPLATE, time_scale=0.02)


@pytest.fixture
def stack() -> Stack:
    return Stack(running_engine.engine_of(ENGINE, deploy))
