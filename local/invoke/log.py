"""What an invoked function writes: anybody's text."""

import sys
import threading
from typing import Protocol

from local.terminal import printable


class Log(Protocol):
    """Takes what a function writes, whole lines at a time."""

    def write(self, content: bytes, /) -> object:
        """Take some more."""


class TerminalLog:
    """The standard error, without control characters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def write(self, content: bytes, /) -> None:
        """Print lines."""
        # the runtime client indents with no-break spaces, so that a stack trace stays one event
        lines = content.decode("utf-8", "replace").replace("\N{NO-BREAK SPACE}", " ").expandtabs(4).splitlines()
        with self._lock:
            sys.stderr.write("".join(f"{printable(line)}\n" for line in lines if line.strip()))
            sys.stderr.flush()
