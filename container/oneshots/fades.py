"""Fades that take the click out of a cut without being heard."""

import numpy as np


def fade_part(
    part: np.ndarray, rate: int, *, first: int, length: int, fade_in_ms: float, fade_out_ms: float
) -> np.ndarray:
    """Apply raised-cosine fades in place to a part of a sound of `length` samples, and return it.

    `part`, shape (channels, n), are the sound's samples from `first` on. A fade takes at most half of the sound.
    """
    rise = min(round(fade_in_ms * rate / 1000), length // 2)
    fall = min(round(fade_out_ms * rate / 1000), length // 2)
    rising = _rising(rise)[first : first + part.shape[1]]
    part[:, : len(rising)] *= rising
    falls_at = length - fall
    begin = min(max(falls_at - first, 0), part.shape[1])
    # How much of the fade lies in the parts before this one.
    gone = max(first - falls_at, 0)
    part[:, begin:] *= _rising(fall)[::-1][gone : gone + part.shape[1] - begin]
    return part


def _rising(length: int) -> np.ndarray:
    """From 0 (first sample) to just under 1, shape (length,), float32."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1))).astype(np.float32)
