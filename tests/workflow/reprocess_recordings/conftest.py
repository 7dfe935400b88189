"""The real template, deployed once for each module of this folder; backoffs and waits pass at a fiftieth."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.engine import Engine
from tests import running_engine
from tests.workflow.process_recording.stack import Stack
from tests.workflow.reprocess_recordings.reprocessing import Reprocessing

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


@pytest.fixture(scope="module")
def reprocessing() -> Iterator[Reprocessing]:
    engine = running_engine.engine_of("little-bit-audio", lambda: Engine.deploy(TEMPLATE, time_scale=0.02))
    with Reprocessing(Stack(engine)) as started:
        yield started
