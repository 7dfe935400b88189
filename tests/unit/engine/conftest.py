import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine
from tests import running_engine

ROOT = Path(__file__).parents[3]
PROJECT = ROOT / "tests" / "fixtures" / "sam_project"


def _deploy() -> Engine:
    return Engine.deploy(PROJECT / "template.yaml", time_scale=0.02, function_slots=2, task_slots=2)


@pytest.fixture(scope="module", autouse=True)
def _no_engine_left() -> Iterator[None]:
    yield
    running_engine.stop()


@pytest.fixture
def engine() -> Engine:
    """Return the small project of tests/fixtures, deployed."""
    return running_engine.engine_of("sam_project", _deploy)


@pytest.fixture(scope="session")
def stock() -> dict[str, Any]:
    """Return what moto without any seam shows of each contract."""
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": str(ROOT)}
    script = Path(__file__).with_name("contracts.py")
    ran = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    shown: dict[str, Any] = json.loads(ran.stdout)
    return shown
