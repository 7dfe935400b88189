"""Executions as the page shows them, read once for each change."""

import threading
from collections import OrderedDict
from typing import Any

from local.execution.reader import ExecutionReader
from local.page.executions import ExecutionList

_KEPT = 32


class Documents:
    """The documents of executions, without the items of their one-shots; the last few are kept."""

    def __init__(self, reader: ExecutionReader, executions: ExecutionList) -> None:
        self._reader = reader
        self._executions = executions
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[int, dict[str, Any]]] = OrderedDict()

    def of(self, arn: str) -> tuple[int, dict[str, Any]]:
        """Return an execution's document, and the revision of the list that it is of."""
        revision = self._executions.revision_of(arn)
        with self._lock:
            kept = self._kept.get(arn)
        if kept and kept[0] == revision:
            return kept
        read = (revision, self._reader.document(arn, with_one_shots=False))
        with self._lock:
            self._kept[arn] = read
            self._kept.move_to_end(arn)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return read

    def recording(self, arn: str) -> dict[str, Any] | None:
        """Return the recording of an execution's document."""
        return self.of(arn)[1]["recording"]
