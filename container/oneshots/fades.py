"""Fades that take the click out of a cut without being heard."""

import numpy as np


def fade(samples: np.ndarray, rate: int, *, fade_in_ms: float, fade_out_ms: float) -> np.ndarray:
    """Apply raised-cosine fades in place to `samples`, shape (channels, n), and return it.

    A fade never takes more than half of the sound.
    """
    half = samples.shape[1] // 2
    rise = min(round(fade_in_ms * rate / 1000), half)
    fall = min(round(fade_out_ms * rate / 1000), half)
    if rise:
        samples[:, :rise] *= _rising(rise)
    if fall:
        samples[:, -fall:] *= _rising(fall)[::-1]
    return samples


def _rising(length: int) -> np.ndarray:
    """From 0 (first sample) to just under 1, shape (length,), float32."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(length) / length)).astype(np.float32)
