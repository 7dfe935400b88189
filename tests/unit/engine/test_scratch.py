import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from local.engine.scratch import make_root


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _dead_pid() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_given_folders_of_others_when_an_engine_starts_then_it_sweeps_those_of_dead_engines_alone(
    temporary: Path,
) -> None:
    dead = temporary / f"sam-engine-{_dead_pid()}-abc"
    (dead / "greet-1").mkdir(parents=True)
    kept = [
        temporary / f"sam-engine-{os.getpid()}-abc",
        temporary / "sam-engine-kept",
        temporary / f"other-{_dead_pid()}-abc",
    ]
    for folder in kept:
        folder.mkdir()
    outside = temporary / "outside"
    outside.mkdir()
    link = temporary / f"sam-engine-{_dead_pid()}-link"
    link.symlink_to(outside)

    root = make_root()

    assert not dead.exists()
    assert all(folder.exists() for folder in [*kept, outside, link, root])
    assert root.name.startswith(f"sam-engine-{os.getpid()}-")
