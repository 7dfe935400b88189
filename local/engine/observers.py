"""Whoever watches an engine is called from one thread of its own, in order.

An observer that is slow, or that raises, so changes nothing of what it watches.
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

_LOG = logging.getLogger(__name__)
_CLOSE_SECONDS = 2.0

type ObserverList = list[Callable[..., None]]


class ObserverThread:
    """Calls observers; one that raises is reported once and called no more."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[ObserverList, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="observers", daemon=True)
        self._thread.start()

    def tell(self, observers: ObserverList, *arguments: Any) -> None:
        """Have each of `observers` called, soon."""
        if observers and not self._closed:
            self._calls.put((observers, arguments))

    def settle(self, seconds: float | None = None) -> None:
        """Wait until all that was told so far has been heard. An observer itself waits for nothing."""
        if self._closed or threading.current_thread() is self._thread:
            return
        heard = threading.Event()
        self._calls.put(([heard.set], ()))
        heard.wait(seconds)

    def close(self) -> None:
        """End the thread, after what was told; an observer that hangs is left behind."""
        self._closed = True
        self._calls.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while call := self._calls.get():
            observers, arguments = call
            for observer in list(observers):
                self._call(observers, observer, arguments)

    def _call(self, observers: ObserverList, observer: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        try:
            observer(*arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is somebody else's, and the others go on
            _LOG.warning("An observer is dropped: it raised %s: %s", type(error).__name__, error)
            observers.remove(observer)
