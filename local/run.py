"""`python -m local run`: recordings in, one-shots out."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local.display import RunDisplay
from local.engine import Engine
from local.execution.contents import contents_of
from local.execution.reader import ExecutionReader, NotRead
from local.execution.report import report_path, save_report
from local.execution.uploaded import is_upload
from local.recordings import NotStarted, Outcome, Recordings, Upload
from local.terminal import Terminal

PROCESSED, FAILED, REJECTED = 0, 1, 3
_TASK_SLOTS = 2


@dataclass(frozen=True)
class RunOptions:
    """What `run` was asked for.

    `metadata` is the upload's; `key` overrides public/unprocessed/{user}/{name}; `faults` are those of `--fault`;
    with `enforce_permissions` calls are judged by the policies.
    """

    template: Path
    output: Path
    metadata: dict[str, str]
    user: str
    key: str | None
    time_scale: float
    as_json: bool
    faults: list[str]
    containers: str | None = None
    enforce_permissions: bool = False


def process(files: list[Path], options: RunOptions) -> list[int]:
    """Process files side by side; returns the exit code of each."""
    display = RunDisplay(Terminal(stderr=options.as_json), quiet=options.as_json, prefixed=len(files) > 1)
    Engine.stop_on_signals()
    with display.starting(), _deploy(options) as engine, engine.inject(*options.faults, when=is_upload):
        recordings = Recordings(engine)
        display.watch(engine)
        uploads = [
            recordings.upload(file, user=options.user, key=options.key, metadata=options.metadata) for file in files
        ]
        executions = recordings.executions_of(uploads)
        for upload, arn in zip(uploads, executions, strict=True):
            if arn:
                display.name(arn, upload)
        return [
            _follow(recordings, upload, arn, engine, display, options)
            for upload, arn in zip(uploads, executions, strict=True)
        ]


def _deploy(options: RunOptions) -> Engine:
    return Engine.deploy(
        options.template,
        time_scale=options.time_scale,
        task_slots=_TASK_SLOTS,
        warm=True,
        containers=options.containers,
        enforce_permissions=options.enforce_permissions,
    )


def _follow(
    recordings: Recordings,
    upload: Upload,
    arn: str | None,
    engine: Engine,
    display: RunDisplay,
    options: RunOptions,
) -> int:
    outcome: Outcome | NotStarted = NotStarted(upload)
    if arn:
        outcome = _reported(recordings.outcome(upload, arn, options.output), engine, options.output)
    if options.as_json:
        # ASCII alone, so that no encoding of the standard output changes it
        sys.stdout.write(json.dumps(outcome.as_json()) + "\n")
        sys.stdout.flush()
    elif isinstance(outcome, Outcome):
        display.outcome(outcome, engine)
    if isinstance(outcome, NotStarted):
        display.not_started(outcome)
        return FAILED
    return exit_code(outcome)


def _reported(outcome: Outcome, engine: Engine, output: Path) -> Outcome:
    """Write the execution's report; one that can't be made is a result that could not be fetched."""
    arn = outcome.execution.arn
    try:
        contents = contents_of(ExecutionReader(engine.client), arn)
    except (NotRead, ClientError, BotoCoreError) as error:
        return _without_report(outcome, f"the report of {arn}: {error}")
    path = report_path(contents, output)
    try:
        save_report(contents, path)
    except OSError as error:
        return _without_report(outcome, f"{path}: {error.strerror or error}")
    return replace(outcome, report=path)


def _without_report(outcome: Outcome, why: str) -> Outcome:
    return replace(outcome, not_fetched=[*outcome.not_fetched, why])


def exit_code(outcome: Outcome) -> int:
    """Return 0 for processed and fetched, 3 for rejected, 1 for anything else."""
    if outcome.processed and not outcome.not_fetched:
        return PROCESSED
    return REJECTED if outcome.rejected else FAILED
