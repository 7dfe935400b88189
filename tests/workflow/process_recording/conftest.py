"""One deployment of the real template for all tests of this folder; backoffs and waits pass at a fiftieth."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.engine import Engine
from tests.workflow.process_recording.stack import Stack

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with Engine.deploy(TEMPLATE, time_scale=0.02) as engine:
        yield Stack(engine)
