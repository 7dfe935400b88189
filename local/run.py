"""`python -m local run`: recordings in, one-shots out."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from local.display import RunDisplay
from local.engine import Engine
from local.recordings import NotStartedError, Outcome, Recordings, Upload

PROCESSED, FAILED, REJECTED = 0, 1, 3
_TASK_SLOTS = 2


@dataclass(frozen=True)
class RunOptions:
    """What `run` was asked for. `metadata` is the upload's; `key` overrides public/unprocessed/{user}/{name}."""

    template: Path
    output: Path
    metadata: dict[str, str]
    user: str
    key: str | None
    time_scale: float
    as_json: bool


def process(files: list[Path], options: RunOptions) -> list[int]:
    """Process files side by side; returns the exit code of each."""
    display = RunDisplay(Console(stderr=options.as_json, highlight=False), quiet=options.as_json)
    with display.starting(), _deploy(options) as engine:
        recordings = Recordings(engine)
        display.watch(engine)
        uploads = [
            recordings.upload(file, user=options.user, key=options.key, metadata=options.metadata) for file in files
        ]
        return [_follow(recordings, upload, engine, display, options) for upload in uploads]


def _deploy(options: RunOptions) -> Engine:
    engine = Engine.deploy(options.template, time_scale=options.time_scale, task_slots=_TASK_SLOTS, warm=True)
    engine.stop_on_signals()
    return engine


def _follow(recordings: Recordings, upload: Upload, engine: Engine, display: RunDisplay, options: RunOptions) -> int:
    try:
        arn = recordings.execution_of(upload)
    except NotStartedError as error:
        display.not_started(upload, str(error))
        return FAILED
    display.name(arn, upload)
    outcome = recordings.outcome(upload, arn, options.output)
    if options.as_json:
        sys.stdout.write(json.dumps(outcome.as_json(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        display.outcome(outcome, engine)
    return exit_code(outcome)


def exit_code(outcome: Outcome) -> int:
    """Return 0 for processed, 3 for rejected, 1 for anything else."""
    if outcome.processed:
        return PROCESSED
    return REJECTED if outcome.rejected else FAILED
