"""What the command line shows, on a terminal or in a log."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.engine import Engine, StateVisit
from local.recordings import Outcome, Upload

_MARKS = {"SUCCEEDED": "[green]✓[/]", "CAUGHT": "[yellow]↷[/]", "FAILED": "[red]✗[/]"}
_TAIL_LINES = 20


class RunDisplay:
    """Progress as states go by, and what came of it. `quiet` shows nothing (stdout is for JSON then)."""

    def __init__(self, console: Console, *, quiet: bool):
        self._console = console
        self._quiet = quiet
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._status = console.status("Starting the stack")

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Show that something goes on, until the end of the block."""
        if self._quiet:
            yield
            return
        with self._status:
            yield

    def watch(self, engine: Engine) -> None:
        """Show the states of every execution as they go by."""
        if not self._quiet:
            for skipped in engine.skipped:
                self._console.print(
                    f"[dim]skipped {escape(skipped.logical_id)} ({skipped.type}): {escape(skipped.reason)}[/]",
                    soft_wrap=True,
                )
            engine.watch_states(self._state)

    def name(self, execution_arn: str, upload: Upload) -> None:
        """Say which file an execution is about."""
        with self._lock:
            self._names[execution_arn] = upload.file.name

    def not_started(self, upload: Upload, reason: str) -> None:
        """Show that an upload started nothing."""
        Console(stderr=True, soft_wrap=True).print(f"[red]{escape(upload.file.name)}: {escape(reason)}[/]")

    def outcome(self, outcome: Outcome, engine: Engine) -> None:
        """Show what became of an upload."""
        if outcome.processed:
            self._processed(outcome)
        elif outcome.rejected:
            self._console.print(f"Rejected: {printable(outcome.rejection)}", markup=False, soft_wrap=True)
        else:
            self._failed(outcome, engine)
        self._console.print(_states_table(outcome.execution.states))

    def _state(self, execution_arn: str, visit: StateVisit) -> None:
        name = self._names.get(execution_arn, "")
        if visit.seconds is None:
            again = f" (attempt {visit.attempts})" if visit.attempts > 1 else ""
            self._status.update(f"{escape(name)} {visit.name}{again}".strip())
            if visit.error and visit.attempts == visit._failures:
                self._console.print(f"[yellow]![/] {visit.name}: {escape(visit.error)}, attempt {visit.attempts}")
            return
        prefix = f"[dim]{escape(name)}[/] " if len(self._names) > 1 else ""
        mark = _MARKS.get(visit.status, "[red]✗[/]")
        self._console.print(f"{mark} {prefix}{visit.name} [dim]{visit.seconds:.2f} s[/]")

    def _processed(self, outcome: Outcome) -> None:
        record = outcome.record or {}
        self._console.print(_one_shots_table(outcome.one_shots, record))
        for warning in record.get("warnings") or []:
            self._console.print(f"[yellow]Warning:[/] {escape(printable(str(warning)))}")
        if outcome.output:
            self._console.print(
                f"{len(outcome.one_shots)} one-shots in {outcome.output.resolve()}", markup=False, soft_wrap=True
            )

    def _failed(self, outcome: Outcome, engine: Engine) -> None:
        execution = outcome.execution
        self._console.print(
            f"Failed: {execution.status}, {execution.error or outcome_error(outcome)}: "
            f"{printable(execution.cause or '')[:2000]}",
            markup=False,
            style="red",
            soft_wrap=True,
        )
        for line in _task_log(outcome, engine):
            self._console.print(f"  | {printable(line)}", markup=False, style="dim", soft_wrap=True)


def outcome_error(outcome: Outcome) -> str:
    """Name what the record says went wrong, for an execution that didn't end in Fail."""
    error = (outcome.record or {}).get("processing_error") or {}
    return str(error.get("code", outcome.execution.end_state))


def printable(text: str) -> str:
    """Return text without control characters: names and messages come from files."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _task_log(outcome: Outcome, engine: Engine) -> list[str]:
    for visit in reversed(outcome.execution.states):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            arn = json.loads(visit.cause or "")["TaskArn"]
            return engine.tasks.log_tail(arn)[-_TAIL_LINES:]
    return []


def _one_shots_table(one_shots: list[dict[str, Any]], record: dict[str, Any]) -> Table:
    table = Table(title=escape(printable(str(record.get("name", "")))), title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("#", "Start", "End", "Seconds", "LUFS", "Pitch"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("File", overflow="fold", min_width=16)
    for shot in one_shots:
        descriptors = shot.get("descriptors") or {}
        table.add_row(
            str(shot["index"]),
            _number(shot.get("start_seconds"), 3),
            _number(shot.get("end_seconds"), 3),
            _number(shot.get("duration_seconds"), 3),
            _number((shot.get("loudness") or {}).get("lufs"), 1),
            str(descriptors.get("noteName") or "-"),
            escape(printable(str(shot.get("name", "")))),
        )
    return table


def _states_table(visits: list[StateVisit]) -> Table:
    table = Table(title="States", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("State")
    table.add_column("Status")
    table.add_column("Attempts", justify="right")
    table.add_column("Seconds", justify="right")
    for visit in visits:
        table.add_row(visit.name, visit.status, str(visit.attempts), _number(visit.seconds, 2))
    total = sum(visit.seconds or 0.0 for visit in visits)
    table.add_section()
    table.add_row("in all", "", "", _number(total, 2))
    return table


def _number(value: Any, digits: int) -> str:
    return "-" if value is None else f"{float(value):.{digits}f}"
