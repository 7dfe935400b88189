"""How seams put their own in moto's place."""

from typing import Any

import moto

from local.engine.errors import EngineError


class SeamError(EngineError):
    """moto has no longer what a seam replaces: a newer moto needs the seam looked at."""


def replace(owner: Any, name: str, replacement: Any) -> None:
    """Put `replacement` in the place of an attribute of a class or module of moto's.

    Raises:
        SeamError: moto has no such attribute.

    """
    if not hasattr(owner, name):
        label = getattr(owner, "__qualname__", getattr(owner, "__name__", owner))
        raise SeamError(f"moto {moto.__version__} has no {label}.{name}, which the engine replaces.")
    setattr(owner, name, replacement)


def add(owner: Any, name: str, attribute: Any) -> None:
    """Give a class of moto's an attribute that it lacks; leaves it alone where it has one."""
    if not hasattr(owner, name):
        setattr(owner, name, attribute)


def original(owner: Any, name: str) -> Any:
    """Return the function behind a class method of moto's."""
    return getattr(owner, name).__func__
