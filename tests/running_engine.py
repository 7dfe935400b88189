"""One engine at a time, for whichever project the tests ask.

moto keeps one state per process, so the unit tests' small project and the real stack take turns in a worker.
"""

from collections.abc import Callable

from local.engine import Engine
from local.engine.seams import host

_running: dict[str, Engine] = {}


def engine_of(project: str, deploy: Callable[[], Engine]) -> Engine:
    """Return the project's engine, stopping another project's first."""
    if project not in _running:
        stop()
        host.stop_current()
        _running[project] = deploy()
    return _running[project]


def stop() -> None:
    """Stop whatever runs."""
    while _running:
        _running.popitem()[1].stop()
