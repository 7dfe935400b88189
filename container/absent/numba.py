"""Stands where numba would in the image: librosa can be imported, and what numba would compile says so when called.

librosa decorates a few functions with numba as it is imported. The task calls none of them (docs/image.md, What is left
out), so the image does without numba and LLVM. Tests and laptops have the real numba; this file is in no path there.
"""

import functools
from collections.abc import Callable
from typing import Any, NoReturn


class NumbaLeftOutError(NotImplementedError):
    """A function that numba would compile was called; the message names it."""


def _refuse(function: Callable[..., Any]) -> Callable[..., NoReturn]:
    @functools.wraps(function)
    def refused(*_: object, **__: object) -> NoReturn:
        raise NumbaLeftOutError(
            f"{function.__module__}.{function.__qualname__} is compiled by numba, which this image does without: "
            "see docs/image.md, What is left out"
        )

    return refused


def _decorator(*arguments: Any, **_: Any) -> Any:
    """Take both forms: `@jit`, and `@jit(...)` with options or signatures."""
    if len(arguments) == 1 and callable(arguments[0]):
        return _refuse(arguments[0])
    return _refuse


jit = njit = vectorize = guvectorize = stencil = _decorator
