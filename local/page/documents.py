"""Executions as the page shows them, read once for each change."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from local.execution.reader import ExecutionReader
from local.page.executions import ExecutionList

_KEPT = 32
_FRESH_SECONDS = 5.0


@dataclass(frozen=True)
class _Read:
    """A document. `listed` is the revision of the list that it is of, `changes` how often it has changed since."""

    document: dict[str, Any]
    listed: int
    changes: int
    at: float

    @property
    def revision(self) -> str:
        return f"{self.listed}.{self.changes}"


class Documents:
    """The documents of executions, without the items of their one-shots; the last few are kept for a moment.

    What an execution is about can change when it has ended: its record is settled, its recording deleted.
    """

    def __init__(self, reader: ExecutionReader, executions: ExecutionList) -> None:
        self._reader = reader
        self._executions = executions
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Read] = OrderedDict()

    def of(self, arn: str) -> tuple[str, dict[str, Any]]:
        """Return an execution's document, and a text that is another for every change of it."""
        listed = self._executions.revision_of(arn)
        with self._lock:
            kept = self._kept.get(arn)
        if kept is None or kept.listed != listed or time.monotonic() - kept.at > _FRESH_SECONDS:
            kept = self._read(arn, listed, kept)
        return kept.revision, kept.document

    def recording(self, arn: str) -> dict[str, Any] | None:
        """Return the recording of an execution's document."""
        return self.of(arn)[1]["recording"]

    def _read(self, arn: str, listed: int, before: _Read | None) -> _Read:
        at = time.monotonic()
        document = self._reader.document(arn, with_one_shots=False)
        changes = 0
        if before and before.listed == listed:
            changes = before.changes + (before.document != {**document, "readAt": before.document["readAt"]})
        read = _Read(document, listed, changes, at)
        with self._lock:
            self._kept[arn] = read
            self._kept.move_to_end(arn)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return read
