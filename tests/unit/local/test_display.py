import io
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.display import RunDisplay
from local.engine import SkippedResource, StateVisit
from local.recordings import NotStarted, Upload
from local.terminal import CLOSED_PIPE, Terminal, printable, shown, skipped_lines

_ESCAPE = "\x1b"


def _visit(name: str, seconds: float | None = 1.0) -> StateVisit:
    return StateVisit(name, "Task", datetime(2026, 1, 1, tzinfo=UTC), seconds=seconds, status="SUCCEEDED")


class _Watched:
    """An engine as far as a display knows it: states are told by hand."""

    def __init__(self) -> None:
        self.skipped: list[SkippedResource] = []

    def watch_states(self, observer: object) -> None:
        self.tell = observer


def _display(*, files: int) -> tuple[RunDisplay, _Watched, io.StringIO]:
    written = io.StringIO()
    display = RunDisplay(Terminal(file=written, width=200), quiet=False, prefixed=files > 1)
    engine = _Watched()
    display.watch(engine)  # type: ignore[arg-type]
    return display, engine, written


def _upload(name: str) -> Upload:
    return Upload(Path(name), name, "1")


def test_given_control_characters_when_shown_then_they_do_not_reach_the_terminal() -> None:
    assert printable("a\x1b[31mb\nc") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}c"


def test_given_markup_and_an_emoji_code_in_a_name_when_shown_then_they_are_verbatim() -> None:
    written = io.StringIO()

    Terminal(file=written, width=80).print(shown("[red]:smile:[/red].wav"))

    assert written.getvalue() == "[red]:smile:[/red].wav\n"


def test_given_a_template_that_is_skipped_in_part_when_run_then_it_says_how_much() -> None:
    written = io.StringIO()
    engine = _Watched()
    engine.skipped = [SkippedResource("Alarm", "AWS::CloudWatch::Alarm", "not made")]

    RunDisplay(Terminal(file=written, width=200), quiet=False, prefixed=False).watch(engine)  # type: ignore[arg-type]

    assert written.getvalue().startswith("skipped: 1 of the template's resources and settings")


def test_given_several_files_when_states_go_by_before_they_are_named_then_each_line_says_its_file() -> None:
    display, engine, written = _display(files=2)

    engine.tell("arn:1", _visit("A"))  # type: ignore[operator]
    engine.tell("arn:2", _visit("A"))  # type: ignore[operator]
    display.name("arn:2", _upload(f"two{_ESCAPE}.wav"))
    display.name("arn:1", _upload("one.wav"))
    engine.tell("arn:1", _visit("B"))  # type: ignore[operator]

    assert written.getvalue().splitlines() == [
        "✓ two\N{REPLACEMENT CHARACTER}.wav A 1.00 s",
        "✓ one.wav A 1.00 s",
        "✓ one.wav B 1.00 s",
    ]


def test_given_one_file_when_states_go_by_then_its_name_is_not_repeated() -> None:
    display, engine, written = _display(files=1)
    display.name("arn:1", _upload("one.wav"))

    engine.tell("arn:1", _visit("A"))  # type: ignore[operator]

    assert written.getvalue() == "✓ A 1.00 s\n"


def test_given_a_state_that_goes_on_when_told_again_then_no_line_is_written() -> None:
    display, engine, written = _display(files=1)
    display.name("arn:1", _upload("one.wav"))

    for _ in range(2):
        engine.tell("arn:1", _visit("A", seconds=None))  # type: ignore[operator]

    assert written.getvalue() == ""


def test_given_an_upload_that_started_nothing_when_told_then_its_name_is_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display, _, _ = _display(files=1)

    display.not_started(NotStarted(_upload(f"{_ESCAPE}]0;x.wav")))

    told = capsys.readouterr().err
    assert "No execution began" in told
    assert _ESCAPE not in told


def test_given_what_was_left_out_when_listed_then_there_is_a_line_for_each_reason() -> None:
    skipped = [SkippedResource("A", "T", "r"), SkippedResource("B.P", "T", "q"), SkippedResource("C", "T", "r")]

    assert skipped_lines(skipped) == ["[dim]skipped, r: A, C (T)[/]", "[dim]skipped, q: B.P[/]"]


def test_given_many_of_a_kind_left_out_when_listed_then_they_are_counted() -> None:
    skipped = [SkippedResource(f"{name}{part}", kind, "r") for kind, part in (("T", ""), ("U", ".P")) for name in "ABC"]

    assert skipped_lines([*skipped, SkippedResource("D.Q", "U", "r")]) == [
        "[dim]skipped, r: 3 T, P of 3 U, D.Q[/]",
    ]


class _ClosedPipe(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


@pytest.fixture
def own_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard output that may be redirected."""
    monkeypatch.setattr(sys, "stdout", (tmp_path / "out").open("w", encoding="utf-8"))


@pytest.mark.usefixtures("own_output")
def test_given_nobody_who_reads_when_the_main_thread_writes_then_the_command_ends() -> None:
    with pytest.raises(SystemExit) as ended:
        Terminal(file=_ClosedPipe()).print("x")

    assert ended.value.code == CLOSED_PIPE == 141


@pytest.mark.usefixtures("own_output")
def test_given_nobody_who_reads_when_another_thread_writes_then_the_main_thread_is_told() -> None:
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    try:
        writer = threading.Thread(target=lambda: Terminal(file=_ClosedPipe()).print("x"))
        writer.start()
        writer.join()
    finally:
        signal.signal(signal.SIGTERM, before)

    assert told == [signal.SIGTERM]
