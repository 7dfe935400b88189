"""`make fuzz`: hypothesis and atheris on every place where a stranger's input comes in, for a bounded time.

Prints what was run; exits 1 when a property did not hold, with the input that showed it kept in --keep.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from fuzz.strategies import PROPERTIES, seeds

_EXAMPLES_A_ROUND = 100
_SECONDS_AN_INPUT = 20
_MOST_MB = 2048
_TARGETS = ("keys", "parameters", "magic-bytes", "metadata", "decode", "manifest")
_RUNS = re.compile(r"^Done (\d+) runs", re.MULTILINE)


def main() -> int:
    """Run both fuzzers, half of the time each."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"), metavar="DIR", help="for inputs that break it")
    arguments = parser.parse_args()
    arguments.keep.mkdir(parents=True, exist_ok=True)
    share = arguments.minutes * 60 / 2
    print(f"fuzzing for {arguments.minutes:g} minutes, seed {arguments.seed}")
    broken = 0
    for name, (strategy, holds) in PROPERTIES.items():
        broken += not _try_by_hypothesis(name, strategy, holds, seconds=share / len(PROPERTIES), first=arguments.seed)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for target in _TARGETS:
            corpus = _write_seeds(Path(folder) / target, target, arguments.seed)
            seconds = max(1, int(share / len(_TARGETS)))
            broken += not _try_by_coverage(target, corpus, seconds=seconds, first=arguments.seed, keep=arguments.keep)
    return 1 if broken else 0


def _try_by_hypothesis(
    name: str, strategy: st.SearchStrategy[Any], holds: Callable[[Any], None], *, seconds: float, first: int
) -> bool:
    """Try examples, round by round with a seed of its own, until the time is over; whether all held."""
    begun, rounds, examples = time.monotonic(), 0, 0

    def count_and_check(value: Any) -> None:
        nonlocal examples
        examples += 1
        holds(value)

    while time.monotonic() - begun < seconds:
        test = settings(
            max_examples=_EXAMPLES_A_ROUND, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )(seed(first * 1000 + rounds)(given(strategy)(count_and_check)))
        try:
            test()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for, and is told
            print(f"hypothesis  {name:12} BROKEN after {examples} examples, seed {first * 1000 + rounds}")
            print(f"  {type(error).__name__}: {error}\n" + "\n".join(f"  {note:.500}" for note in error.__notes__))
            return False
        rounds += 1
    print(f"hypothesis  {name:12} {examples:7} examples in {time.monotonic() - begun:5.1f} s, all held")
    return True


def _write_seeds(folder: Path, target: str, first: int) -> Path:
    folder.mkdir()
    contents = seeds(30, first)
    if target in ("keys", "parameters", "manifest"):
        contents = [
            b"a.wav",
            b"%2e%2e/x",
            b"output-format==?utf-8?q?wav?=",
            json.dumps({"manifestVersion": 1}).encode(),
        ]
    for index, content in enumerate(contents):
        starts = range(11) if target == "metadata" else (0,) if target == "magic-bytes" else ()
        prefix = bytes([starts[index % len(starts)]]) if starts else b""
        (folder / f"seed-{index:03d}").write_bytes(prefix + content)
    return folder


def _try_by_coverage(target: str, corpus: Path, *, seconds: int, first: int, keep: Path) -> bool:
    """Run one of atheris' targets in a process of its own; whether it came through."""
    options = [
        f"-max_total_time={seconds}", f"-seed={first}", f"-timeout={_SECONDS_AN_INPUT}", f"-rss_limit_mb={_MOST_MB}",
        "-max_len=100000", f"-artifact_prefix={keep.absolute()}/{target}-", "-close_fd_mask=0",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.coverage", target, *options, str(corpus)],
        check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True,
        text=True, errors="replace",
    )  # fmt: skip
    runs = _RUNS.search(done.stderr)
    if done.returncode == 0 and runs:
        print(f"atheris     {target:12} {int(runs[1]):7} runs in {seconds:4} s, all held")
        return True
    print(f"atheris     {target:12} BROKEN, exit code {done.returncode}; its input is in {keep}")
    print("  " + "\n  ".join((done.stdout + done.stderr).splitlines()[-30:]))
    return False


if __name__ == "__main__":
    sys.exit(main())
