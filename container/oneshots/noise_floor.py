"""The noise floor of each frequency band through a recording."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

PERCENTILE = 15.0
SMOOTHED_SECONDS = 0.05
WINDOW_SECONDS = 5.0
STEP_SECONDS = 0.5
RISE_DB = 8.0
QUIETEST_SECONDS = 0.3
OVER_QUIETEST_DB = 6.0
DEPTH_DB = 75.0
DEEPEST = 1e-11


@dataclass(frozen=True, kw_only=True)
class NoiseFloor:
    """Floor powers at some frames: `frames`, shape (k,), and `powers`, shape (k, bands). Between them it is linear."""

    frames: np.ndarray
    powers: np.ndarray

    def at(self, frames: np.ndarray) -> np.ndarray:
        """Return the floor at `frames`, shape (n,), as float32 of shape (n, bands)."""
        place = np.interp(frames, self.frames, np.arange(len(self.frames)))
        before = place.astype(int)
        after = np.minimum(before + 1, len(self.frames) - 1)
        share = (place - before).astype(np.float32)[:, None]
        return self.powers[before] * (1 - share) + self.powers[after] * share


def follow(
    bands: np.ndarray,
    hop_seconds: float,
    *,
    percentile: float = PERCENTILE,
    smoothed_seconds: float = SMOOTHED_SECONDS,
) -> NoiseFloor:
    """Follow the floor of `bands`, powers of shape (frames, bands), by a low percentile over 5 s.

    Powers are averaged over `smoothed_seconds` first: single frames of noise scatter so much that their percentile
    says little of its mean. Where sound fills all of 5 s the floor would climb into it, so it stays within 8 dB of the
    whole recording's; and where it fills nearly all of the recording, that is what the quietest 300 ms leave of it. It
    never sinks more than 75 dB under the loud parts: what a coder leaves of silence is no noise to learn from.
    """
    loud = float(np.percentile(bands.sum(axis=1), 99)) / bands.shape[1]
    least = max(loud * 10 ** (-DEPTH_DB / 10), DEEPEST)
    width = max(round(smoothed_seconds / hop_seconds), 1)
    frames = _knots(len(bands), hop_seconds)
    powers = np.empty((len(frames), bands.shape[1]), np.float32)
    # Band by band, so that an hour's copies are never all there at once.
    for row in range(bands.shape[1]):
        smooth = uniform_filter1d(bands[:, row], width)
        quietest = float(uniform_filter1d(smooth, max(round(QUIETEST_SECONDS / hop_seconds), 1)).min())
        usual = float(np.percentile(smooth, percentile))
        overall = max(min(usual, quietest * 10 ** (OVER_QUIETEST_DB / 10)), least)
        found = _window_percentiles(smooth, frames, hop_seconds, percentile)
        powers[:, row] = np.clip(found, least, overall * 10 ** (RISE_DB / 10))
    return NoiseFloor(frames=frames, powers=powers)


def _knots(count: int, hop_seconds: float) -> np.ndarray:
    """Centres of the windows, in frames; one window for a recording shorter than it."""
    half, step = round(WINDOW_SECONDS / 2 / hop_seconds), round(STEP_SECONDS / hop_seconds)
    return np.arange(half, count - half, step) if count > 2 * half else np.array([count // 2])


def _window_percentiles(values: np.ndarray, centres: np.ndarray, hop_seconds: float, percentile: float) -> np.ndarray:
    """Percentile of the 5 s around each of `centres`; every 20 ms of them is enough."""
    half = round(WINDOW_SECONDS / 2 / hop_seconds)
    if len(values) <= 2 * half:
        return np.array([np.percentile(values, percentile)])
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * half)[centres - half, :: round(0.02 / hop_seconds)]
    return np.asarray(np.percentile(windows, percentile, axis=1))
