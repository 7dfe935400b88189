"""What the command line shows, on a terminal or in a log."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table

from local.engine import Engine, StateVisit
from local.recordings import NotStarted, Outcome, Upload
from local.terminal import Terminal, printable, shown

_MARKS = {"SUCCEEDED": "[green]✓[/]", "CAUGHT": "[yellow]↷[/]", "FAILED": "[red]✗[/]"}
_TAIL_LINES = 20


class RunDisplay:
    """Progress as states go by, and what came of it.

    Args:
        console: where it is shown.
        quiet: show nothing (the standard output is for JSON then).
        prefixed: say at each state which file it is about.

    """

    def __init__(self, console: Terminal, *, quiet: bool, prefixed: bool):
        self._console = console
        self._quiet = quiet
        self._prefixed = prefixed
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._unnamed: dict[str, list[StateVisit]] = {}
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
            if engine.skipped:
                count = len(engine.skipped)
                self._console.print(
                    f"[dim]skipped: {count} of the template's resources and settings, without effect here; "
                    "`make up` names them[/]",
                    soft_wrap=True,
                )
            engine.watch_states(self._state)

    def name(self, execution_arn: str, upload: Upload) -> None:
        """Say which file an execution is about; its states are shown from then on."""
        with self._lock:
            self._names[execution_arn] = shown(upload.file.name)
            for visit in self._unnamed.pop(execution_arn, []):
                self._show(self._names[execution_arn], visit)

    def not_started(self, failure: NotStarted) -> None:
        """Show that an upload started nothing."""
        line = f"[red]{shown(failure.upload.file.name)}: {shown(failure.reason)}[/]"
        Terminal(stderr=True, soft_wrap=True).print(line)

    def outcome(self, outcome: Outcome, engine: Engine) -> None:
        """Show what became of an upload."""
        if self._prefixed:
            self._console.print(f"\n[bold]{shown(outcome.upload.file.name)}[/]", soft_wrap=True)
        if outcome.processed:
            self._processed(outcome)
        elif outcome.rejected:
            self._console.print(f"Rejected: {printable(outcome.rejection)}", markup=False, soft_wrap=True)
        else:
            self._failed(outcome, engine)
        for problem in outcome.not_fetched:
            self._console.print(f"[red]Not fetched:[/] {shown(problem)}", soft_wrap=True)
        self._console.print(_states_table(outcome.execution.states))
        if outcome.report:
            place = printable(str(outcome.report.resolve()))
            self._console.print(f"Report: {place}", markup=False, soft_wrap=True)

    def _state(self, execution_arn: str, visit: StateVisit) -> None:
        with self._lock:
            if name := self._names.get(execution_arn):
                self._show(name, visit)
            else:
                self._unnamed.setdefault(execution_arn, []).append(visit)

    def _show(self, name: str, visit: StateVisit) -> None:
        prefix = f"[dim]{name}[/] " if self._prefixed else ""
        state = shown(visit.name)
        if visit.seconds is not None:
            mark = _MARKS.get(visit.status, "[red]✗[/]")
            self._console.print(f"{mark} {prefix}{state} [dim]{visit.seconds:.2f} s[/]")
            return
        again = f" (attempt {visit.attempts})" if visit.attempts > 1 else ""
        self._status.update(f"{name} {state}{again}")
        if visit.error and visit.attempts == visit.failures:
            self._console.print(f"[yellow]![/] {prefix}{state}: {shown(visit.error)}, attempt {visit.attempts}")

    def _processed(self, outcome: Outcome) -> None:
        record = outcome.record or {}
        self._console.print(_one_shots_table(outcome.one_shots, record))
        for warning in record.get("warnings") or []:
            self._console.print(f"[yellow]Warning:[/] {shown(warning)}")
        if outcome.output:
            place = printable(str(outcome.output.resolve()))
            self._console.print(f"{len(outcome.one_shots)} one-shots in {place}", markup=False, soft_wrap=True)
            for picture in sorted(outcome.output.glob("*.png")):
                self._console.print(f"Drawn: {printable(str(picture.resolve()))}", markup=False, soft_wrap=True)

    def _failed(self, outcome: Outcome, engine: Engine) -> None:
        execution = outcome.execution
        self._console.print(
            printable(
                f"Failed: {execution.status}, {execution.error or outcome_error(outcome)}: "
                f"{(execution.cause or '')[:2000]}"
            ),
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


def _task_log(outcome: Outcome, engine: Engine) -> list[str]:
    for visit in reversed(outcome.execution.states):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            arn = json.loads(visit.cause or "")["TaskArn"]
            return engine.tasks.log_tail(arn)[-_TAIL_LINES:]
    return []


def _one_shots_table(one_shots: list[dict[str, Any]], record: dict[str, Any]) -> Table:
    table = Table(title=shown(record.get("name", "")), title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("#", "Start", "End", "Seconds", "LUFS", "Pitch", "Kind"):
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
            shown(descriptors.get("noteName") or "-"),
            shown(descriptors.get("kind") or "-"),
            shown(shot.get("name", "")),
        )
    return table


def _states_table(visits: list[StateVisit]) -> Table:
    table = Table(title="States", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("State")
    table.add_column("Status")
    table.add_column("Attempts", justify="right")
    table.add_column("Seconds", justify="right")
    for visit in visits:
        table.add_row(shown(visit.name), visit.status, str(visit.attempts), _number(visit.seconds, 2))
    total = sum(visit.seconds or 0.0 for visit in visits)
    table.add_section()
    table.add_row("in all", "", "", _number(total, 2))
    return table


def _number(value: Any, digits: int) -> str:
    return "-" if value is None else f"{float(value):.{digits}f}"
