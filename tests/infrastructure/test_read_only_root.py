"""The engine as the image runs it: a read-only root, an unknown user, the image's environment, no numba.

No container engine is needed: `bench.read_only_root` seals a process off by Linux's own means.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import read_only_root
from tests.recordings import beeps, wav_recording

ROOT = Path(__file__).parents[2]
PROBE = """
import json, os, sys
def error_of_writing(folder):
    try:
        open(os.path.join(folder, "written"), "w").close()
    except OSError as error:
        return error.strerror
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "user": os.getuid(),
    "capabilities": int(status["CapEff"], 16),
    "errors": {folder: error_of_writing(folder) for folder in sys.argv[1:]},
}))
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="a read-only root for one process is Linux's; the image runs on Linux alone"
)


def run_sealed(scratch, command, *, folder=ROOT):
    """Run `command` with nothing to write to but `scratch`.

    A laptop whose kernel allows no user namespaces may go without, and is told; a build server may not.
    """
    done = subprocess.run(
        read_only_root.command_in(scratch, command),
        cwd=folder, env=read_only_root.image_environment(scratch), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    if done.returncode == read_only_root.NOT_ALLOWED:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(done.stderr.strip())
    return done


def test_given_the_seal_when_a_process_writes_then_it_can_only_into_its_scratch_folder(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    site_packages = Path(pytest.__file__).parents[1]
    forbidden = [str(folder) for folder in (tmp_path, ROOT, ROOT / "container", site_packages, "/tmp")]

    done = run_sealed(scratch, [sys.executable, "-c", PROBE, str(scratch), *forbidden])

    seen = json.loads(done.stdout)
    assert (seen["user"], seen["capabilities"]) == (10001, 0)
    assert seen["errors"] == {str(scratch): None} | dict.fromkeys(forbidden, "Read-only file system")
    assert [path.name for path in scratch.iterdir()] == ["written"]


def test_given_the_dockerfiles_environment_when_read_then_every_cache_is_in_the_scratch_folder(tmp_path):
    environment = read_only_root.image_environment(tmp_path)

    places = {name: environment[name] for name in ("HOME", "TMPDIR")}
    assert all(Path(place).is_relative_to(tmp_path) for place in places.values()), places


def test_given_a_read_only_root_and_an_unknown_user_when_run_then_it_processes_and_leaves_nothing_else(tmp_path):
    take = tmp_path / "take.wav"
    take.write_bytes(wav_recording(beeps(3)))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    output = scratch / "output"

    done = run_sealed(
        scratch,
        [sys.executable, "-m", "oneshots", str(take), "--output", str(output)],
        folder=ROOT / "container",
    )

    assert (done.returncode, done.stderr) == (0, "")
    manifest = json.loads((output / "manifest.json").read_text())
    assert len(manifest["oneShots"]) == 3
    assert all((output / one["path"]).stat().st_size > 1000 for one in manifest["oneShots"])
    written_elsewhere = [path for path in scratch.rglob("*") if path.is_file() and output not in path.parents]
    assert written_elsewhere == []
