"""Faults that uploads run into from when they are set in the page until they are taken away there."""

import itertools
import threading
from contextlib import ExitStack
from typing import Any

from local.engine import Engine, Fault
from local.execution.uploaded import is_upload


class ActiveFaults:
    """The faults that are set, by a number each."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._active: dict[int, tuple[str, ExitStack]] = {}

    def add(self, text: str) -> None:
        """Have every upload from now on run into a fault, as `--fault` names it.

        Raises:
            FaultError: it is none, or its state can't run into it.

        """
        fault = Fault.parse(text)
        injection = ExitStack()
        injection.enter_context(self._engine.inject(fault, when=is_upload))
        with self._lock:
            self._active[next(self._numbers)] = (text, injection)

    def remove(self, number: int) -> bool:
        """Take a fault away; says whether there was one of that number."""
        with self._lock:
            found = self._active.pop(number, None)
        if found:
            found[1].close()
        return found is not None

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults that are set."""
        with self._lock:
            return [{"number": number, "text": text} for number, (text, _) in self._active.items()]
