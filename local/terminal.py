"""The terminal, or the file or pipe in its place: what may be written to it, and what if nobody reads it."""

import os
import signal
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:  # the engine takes seconds to import, and not every command needs it
    from local.engine import SkippedResource

_NAMED = 2
CLOSED_PIPE = 128 + signal.SIGPIPE


class Terminal(Console):
    """A console that ends the command when nobody reads it any more, whichever thread writes."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(highlight=False, emoji=False, **settings)

    def on_broken_pipe(self) -> None:
        """End the command, as SIGPIPE would: from the main thread, which stops the engine on its way out."""
        self.quiet = True
        discard_output()
        main = threading.main_thread()
        if threading.current_thread() is main:
            raise SystemExit(CLOSED_PIPE)
        signal.pthread_kill(main.ident or 0, signal.SIGTERM)


def discard_output() -> None:
    """Send what is still written to the standard output nowhere, so that its end raises no second error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def accept_any_text() -> None:
    """Write a question mark for what the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def printable(text: str) -> str:
    """Return text without control characters: names and messages come from files."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def shown(value: object) -> str:
    """Return a value as it may stand in rich's markup: without control characters, brackets verbatim."""
    return escape(printable(str(value)))


def skipped_lines(skipped: "Iterable[SkippedResource]") -> list[str]:
    """Return what of a template was left out, in markup: a line for each reason, many of a kind as their number."""
    kinds: dict[str, dict[tuple[str, str], list[str]]] = {}
    for each in skipped:
        name, _, part = each.logical_id.partition(".")
        kinds.setdefault(each.reason, {}).setdefault((each.type, part), []).append(name)
    return [
        f"[dim]skipped, {shown(reason)}: {shown(', '.join(_many(*kind, names) for kind, names in those.items()))}[/]"
        for reason, those in kinds.items()
    ]


def _many(kind: str, part: str, names: list[str]) -> str:
    if len(names) > _NAMED:
        return f"{part} of {len(names)} {kind}" if part else f"{len(names)} {kind}"
    return ", ".join(f"{name}.{part}" for name in names) if part else f"{', '.join(names)} ({kind})"
