"""The output of functions and containers: to (moto's) CloudWatch Logs, and to whoever wants to watch."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from local.engine.observers import ObserverThread

_LONGEST_LINE = 200_000  # CloudWatch Logs takes 256 KiB an event


@dataclass(frozen=True)
class LogLine:
    """One line that a function or container wrote. `source` is the function's or container's name."""

    source: str
    group: str
    stream: str
    text: str


LogObserver = Callable[[LogLine], None]


class LogStream:
    """One stream of one group; keeps the last lines for error reports."""

    def __init__(self, backend: Any, source: str, group: str, stream: str, tell: Callable[[LogLine], None]):
        self.source, self.group, self.stream = source, group, stream
        self._backend = backend
        self._tell = tell
        self._is_kept = True
        self._tail: deque[str] = deque(maxlen=100)

    def write(self, text: str) -> None:
        """Append one line."""
        text = text[:_LONGEST_LINE]
        self._tail.append(text)
        # moto keeps an event only with a positive length, as CloudWatch does
        if self._is_kept and text.strip():
            event = {"timestamp": int(time.time() * 1000), "message": text}
            self._backend.put_log_events(self.group, self.stream, [event])
        self._tell(LogLine(self.source, self.group, self.stream, text))

    def discard(self) -> None:
        """Keep nothing of what is written from now on: observers and error reports alone have it."""
        self._is_kept = False

    def tail(self, lines: int) -> list[str]:
        """Return the last lines."""
        return list(self._tail)[-lines:]

    def pump(self, pipe: IO[bytes]) -> threading.Thread:
        """Copy a pipe to the stream, line by line, until its end; returns the thread that does."""
        thread = threading.Thread(target=self._copy, args=(pipe,), name=f"logs of {self.source}", daemon=True)
        thread.start()
        return thread

    def _copy(self, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(_LONGEST_LINE):
                self.write(line.decode("utf-8", "replace").rstrip("\r\n"))


class Logs:
    """Makes streams in moto's CloudWatch Logs. Groups that nobody made come into being, as Lambda's do."""

    def __init__(self, backend: Any, observers: ObserverThread):
        self._backend = backend
        self._observer_thread = observers
        self._lock = threading.Lock()
        self.observers: list[LogObserver] = []

    def open(self, *, source: str, group: str, stream: str) -> LogStream:
        """Open a new stream."""
        with self._lock:
            if group not in self._backend.groups:
                self._backend.create_log_group(group, {})
            if stream not in self._backend.groups[group].streams:
                self._backend.create_log_stream(group, stream)
        return LogStream(self._backend, source, group, stream, self._tell)

    def _tell(self, line: LogLine) -> None:
        self._observer_thread.tell(self.observers, line)
