"""The command: `python -m bench`."""

import json
import os
import sys
import time
from dataclasses import asdict
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

NEEDED = ("mir_eval", "pydub", "audioop", "auditok")
CORES = os.cpu_count() or 1
WAY_TO_GET_THEM = "python -m pip install --no-deps --require-hashes -r requirements/bench.txt (or run `make bench`)"

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)
status = Console(stderr=True)


class Side(StrEnum):
    """Whose seeds and sounds."""

    tuning = "tuning"
    reporting = "reporting"


SideOption = Annotated[Side, typer.Option("--set", help="seeds and sounds: tune on one, report on the other")]
QuickOption = Annotated[bool, typer.Option("--quick", help="few scenes and 30 s only: under three minutes on 2 cores")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="also write every score and timing here")]
JobsOption = Annotated[int, typer.Option("--jobs", min=1, help="processes to score in")]
EngineOption = Annotated[
    list[str] | None, typer.Option("--engine", help="one of the methods (repeat for more); default: ours and the peers")
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", help="one of the sets of scenes, e.g. '25 dB' (repeat)")
]
WorstOption = Annotated[int, typer.Option("--worst", min=0, help="list this many of the worst scenes, and what it was")]


@app.callback(invoke_without_command=True)
def everything(
    context: typer.Context,
    side: SideOption = Side.reporting,
    quick: QuickOption = False,
    json_path: JsonOption = None,
    jobs: JobsOption = CORES,
) -> None:
    """How well the engine finds sounds, how fast, in how much memory; beside other ways to do it."""
    _check_needed()
    if context.invoked_subcommand is None:
        _put(
            json_path,
            _quality(side, quick=quick, jobs=jobs, engines=None, only=None, worst=0) | _speed(quick=quick),
        )


@app.command("quality")
def quality_command(
    side: SideOption = Side.reporting,
    quick: QuickOption = False,
    json_path: JsonOption = None,
    jobs: JobsOption = CORES,
    engine: EngineOption = None,
    only: OnlyOption = None,
    worst: WorstOption = 0,
) -> None:
    """Score what is found. `--engine in-process --set tuning` takes seconds: for work on the segmentation."""
    _put(json_path, _quality(side, quick=quick, jobs=jobs, engines=engine, only=only, worst=worst))


@app.command("speed")
def speed_command(quick: QuickOption = False, json_path: JsonOption = None) -> None:
    """Time whole processes. Let nothing else run meanwhile."""
    _put(json_path, _speed(quick=quick))


def _check_needed() -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SystemExit(f"bench needs {', '.join(missing)}: {WAY_TO_GET_THEM}")


def _quality(
    side: Side, *, quick: bool, jobs: int, engines: list[str] | None, only: list[str] | None, worst: int
) -> dict[str, Any]:
    from bench import quality, scene_cache, sets, tables
    from bench.methods import METHODS, PEERS

    methods = _known(engines or ["oneshots", *PEERS], METHODS, "--engine")
    names = _known(only or list(sets.NAMES), sets.NAMES, "--only")
    scene_cache.forget_older_scenes()
    begun = time.perf_counter()
    with status.status("making scenes and scoring") as line:
        results = quality.run(
            side=side.value,
            methods=methods,
            set_names=names,
            quick=quick,
            jobs=jobs,
            on_progress=lambda done, of: line.update(f"{done} of {of} scenes scored"),
        )
    print(f"\n## Quality: {side.value} seeds and sounds{', quick' if quick else ''}\n")
    print(tables.comparison(results, methods), end="\n\n")
    print(tables.faults(results, methods), end="\n\n")
    print(f"{methods[0]}, set by set:\n")
    print(tables.details(results, methods[0]), end="\n\n")
    if worst:
        print(tables.worst(results, methods[0], count=worst), end="\n\n")
    print(f"{tables.machine()}. {time.perf_counter() - begun:.0f} s.")
    return {"side": side.value, "machine": tables.machine(), "quality": [asdict(result) for result in results]}


def _speed(*, quick: bool) -> dict[str, Any]:
    from bench import speed, tables

    begun = time.perf_counter()
    with status.status("timing") as line:
        measured = speed.run(quick=quick, on_progress=line.update)
    print("\n## Speed and memory\n")
    runs = ", ".join(f"{timing.length}: {timing.runs}" for timing in {each.length: each for each in measured}.values())
    print(tables.timings(measured), end="\n\n")
    print(f"Medians (and least..most) of runs ({runs}), peak resident memory. {time.perf_counter() - begun:.0f} s.")
    return {"machine": tables.machine(), "speed": [asdict(timing) for timing in measured]}


def _known(given: list[str], known: Any, option: str) -> list[str]:
    for name in given:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is not known; allowed are {', '.join(known)}", param_hint=option)
    return given


def _put(path: Path | None, document: dict[str, Any]) -> None:
    if path is not None:
        path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(app())
