"""Time and memory of whole cold processes on one CPU: ours and the peers', on 30 s, 10 min and 60 min of m4a.

Every run is a new Python that imports, decodes, finds, cuts and writes. Nothing else of the benchmark runs meanwhile.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench import codecs, read_only_root, scenes, sets
from bench.methods import PACKAGE, ROOT, MethodError
from bench.scene_cache import CACHE, fingerprint

LENGTHS = {"30 s": 30, "10 min": 600, "60 min": 3600}
RUNS = {"30 s": 5, "10 min": 5, "60 min": 5}
QUICK_RUNS = {"30 s": 3}
_IN_IMAGE = "oneshots, all features, without numba, read-only root, other user"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Median of `runs` whole processes."""

    job: str
    length: str
    seconds: float
    least_seconds: float
    most_seconds: float
    peak_mb: float
    runs: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command on a FILE with an OUTPUT folder, in `folder`; numba's cache empty at the start if `cold_numba`.

    `as_in_image`: with the image's environment and user, under a read-only root (and so with an empty cache).
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    cold_numba: bool = False
    as_in_image: bool = False


def jobs() -> list[Job]:
    """List what is timed."""
    ours = (sys.executable, "-m", "oneshots", "FILE", "--output", "OUTPUT")
    # Ask the command's help what it can do, so that a row appears when its parameter does.
    features = _knows("features")
    cut_only = (*ours, "--params", '{"features": "cut-only"}')
    return [
        Job(name="decode-only floor", command=_workload("decode-floor"), folder=ROOT),
        Job(name="oneshots, all features", command=ours, folder=PACKAGE),
        Job(name="oneshots, all features, numba cache empty", command=ours, folder=PACKAGE, cold_numba=True),
        *([Job(name=_IN_IMAGE, command=ours, folder=PACKAGE, as_in_image=True)] if read_only_root.is_allowed() else []),
        *([Job(name="oneshots, cut only", command=cut_only, folder=PACKAGE)] if features else []),
        Job(name="former container (pydub)", command=_workload("former-container"), folder=ROOT),
        Job(name="librosa split", command=_workload("librosa-split"), folder=ROOT),
    ]


def run(*, quick: bool, on_progress: Callable[[str], None] = lambda text: None) -> list[Timing]:
    """Time every job on every length."""
    runs = QUICK_RUNS if quick else RUNS
    timings: list[Timing] = []
    warm: set[str] = set()
    for length, count in runs.items():
        on_progress(f"making {length} of sounds")
        path = recording_of(LENGTHS[length])
        for job in jobs():
            on_progress(f"{job.name}, {length}")
            if not job.cold_numba and job.name not in warm:
                # What compiles once is compiled now, and the programs' files are in the system's cache.
                _measure(job, path)
                warm.add(job.name)
            timings.append(_time(job, path, length=length, runs=count))
    return timings


def recording_of(seconds: int) -> Path:
    """Make an m4a (AAC, 96 kb/s, mono) of at most ten different minutes at 40 dB signal to noise, repeated."""
    path = CACHE / fingerprint() / f"recording-{seconds}.m4a"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        blocks = list(_different_scenes(min(seconds, 600)))
        whole = np.concatenate(blocks * -(-seconds // (30 * len(blocks))), axis=1)[:, : seconds * codecs.RATE]
        partial = path.with_suffix(".partial")
        codecs.encode(partial, whole, "aac96")
        partial.replace(path)
    return path


def _different_scenes(seconds: int) -> Iterator[np.ndarray]:
    plain = replace(sets.recipes("40 dB", "reporting")[0], channels=1, noise="pink", thumps=2, peak_dbfs=(-3.0, -3.0))
    for index in range(-(-seconds // 30)):
        yield scenes.build(replace(plain, seed=sets.seed_of("speed", "reporting", index)))[0]


def _time(job: Job, path: Path, *, length: str, runs: int) -> Timing:
    measured = [_measure(job, path) for _ in range(runs)]
    seconds = [each["seconds"] for each in measured]
    return Timing(
        job=job.name,
        length=length,
        seconds=statistics.median(seconds),
        least_seconds=min(seconds),
        most_seconds=max(seconds),
        peak_mb=statistics.median(each["peakMb"] for each in measured),
        runs=runs,
    )


def _measure(job: Job, path: Path) -> dict[str, float]:
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        scratch, output = Path(folder), Path(folder, "output")
        output.mkdir()
        if job.cold_numba:
            environment["NUMBA_CACHE_DIR"] = str(scratch / "numba")
        places = {"FILE": str(path.absolute()), "OUTPUT": str(output)}
        watch = [sys.executable, "-m", "bench.stopwatch", *(places.get(word, word) for word in job.command)]
        if job.as_in_image:
            environment = read_only_root.image_environment(scratch)
            watch = read_only_root.command_in(scratch, watch)
        done = subprocess.run(watch, cwd=job.folder, env=environment, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    if measured["exitCode"]:
        raise MethodError(f"{job.name} exited with {measured['exitCode']:.0f} on {path.name}")
    return measured


def _workload(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "bench.workloads", name, "FILE", "OUTPUT")


def _knows(parameter: str) -> bool:
    command = [sys.executable, "-m", "oneshots", "--help"]
    text = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=True).stdout
    return re.search(rf"^\s+{parameter}\s", text, re.MULTILINE) is not None
