"""`python -m tests.workflow.soak`: a crowd of uploads with faults and duplicates, then kills; prints what came of it.

Exits 1 if anything was lost, doubled or left behind.
"""

import argparse
import sys
import time
from pathlib import Path

from local.engine import Engine
from tests.workflow.fault_matrix.verdicts import deploy
from tests.workflow.process_recording.stack import Stack
from tests.workflow.soak.crowd import entertain, invite
from tests.workflow.soak.kills import Toll, kill_containers, kill_functions


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.workflow.soak", description=__doc__)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with deploy() as engine:
        problems = _crowd(engine, options.uploads, options.seed)
        began = time.monotonic()
        stack = Stack(engine)
        problems += _show("containers", kill_containers(stack, options.kills, seed=options.seed), began)
        began = time.monotonic()
        problems += _show("functions", kill_functions(stack, options.kills, seed=options.seed), began)
    left = children()
    print(f"processes left when the engine has stopped: {len(left)}")
    for problem in (*problems, *left):
        print(f"! {problem}", file=sys.stderr)
    return 1 if problems or left else 0


def _crowd(engine: Engine, uploads: int, seed: int) -> list[str]:
    began = time.monotonic()
    account = entertain(Stack(engine), invite(uploads, seed=seed))
    print(
        f"{account.uploads} uploads, {account.with_faults} into faults, {account.delivered_again} delivered again, "
        f"{time.monotonic() - began:.0f} s: executions ended {dict(account.ends)}, records {dict(account.records)}, "
        f"{account.unfinished} failed ones left output for a replay to replace, "
        f"{len(account.problems)} not as they must be"
    )
    return account.problems


def _show(what: str, toll: Toll, began: float) -> list[str]:
    print(
        f"kill -9 of {what}: {toll.kills} kills, {toll.missed} missed and drawn again, {toll.retried} retried, "
        f"{len(toll.ends)} recordings, {toll.ends.count('Processed')} Processed, {time.monotonic() - began:.0f} s, "
        f"{len(toll.problems)} not as they must be"
    )
    return toll.problems


def children() -> list[str]:
    """The processes that this one has started and that still run (Linux)."""
    return [
        f"{pid}: {Path(f'/proc/{pid}/cmdline').read_text().replace(chr(0), ' ')}"
        for pid in Path("/proc/self/task").glob("*/children")
        for pid in pid.read_text().split()
    ]


if __name__ == "__main__":
    sys.exit(main())
