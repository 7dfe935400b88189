"""Cutting one sound out of a recording and bringing it to its level."""

from dataclasses import dataclass

import numpy as np

from oneshots import loudness
from oneshots.fades import fade_part
from oneshots.samples import Samples
from oneshots.segmentation import Segment

PRE_ROLL_MS = 4.0
FADE_IN_MS = 3.0
FADE_OUT_MS = 12.0
TRUE_PEAK_CEILING_DBTP = -1.0
_LONG_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class LevelledCut:
    """One sound on its own: float32 `samples` of shape (channels, n), after `gain_db`; an array unless it is long.

    `start` and `end` are samples in the recording, the pre-roll included; `lufs` is `loudness.short_sound_lufs`.
    """

    samples: Samples
    start: int
    end: int
    gain_db: float
    lufs: float | None
    true_peak_dbtp: float | None


def bounds_with_pre_roll(segments: list[Segment], rate: int) -> list[tuple[int, int]]:
    """Sample bounds of each segment, a few ms of the real surroundings before it, never into its neighbour.

    The fade-in lies in the pre-roll, so the attack itself is not touched.
    """
    pre_roll = round(PRE_ROLL_MS * rate / 1000)
    bounds: list[tuple[int, int]] = []
    for segment in segments:
        earliest = bounds[-1][1] if bounds else 0
        bounds.append((max(segment.start - pre_roll, earliest, 0), segment.end))
    return bounds


class FadedCut:
    """Samples `start` to `end` of a recording without DC, faded: made when sliced, so a long sound is never copied.

    As with an array, `[:, a:b]` gives float32 of shape (channels, b - a), and `*=` applies a gain.
    """

    def __init__(self, samples: Samples, rate: int, *, start: int, end: int, dc_offset: np.ndarray) -> None:
        self._samples = samples
        self._rate = rate
        self._start = start
        self._dc_offset = dc_offset
        self._gain = np.float32(1)
        self.shape: tuple[int, ...] = (samples.shape[0], end - start)

    def __getitem__(self, key: tuple[slice, slice], /) -> np.ndarray:
        first, last, _ = key[1].indices(self.shape[1])
        inside = self._samples[:, self._start + first : self._start + max(last, first)]
        part = np.subtract(inside, self._dc_offset[:, None], dtype=np.float32)
        fade_part(part, self._rate, first=first, length=self.shape[1], fade_in_ms=FADE_IN_MS, fade_out_ms=FADE_OUT_MS)
        part *= self._gain
        return part

    def __imul__(self, gain: np.float32) -> "FadedCut":
        self._gain *= gain
        return self


def cut(
    samples: Samples, rate: int, *, start: int, end: int, dc_offset: np.ndarray, target_lufs: float | None
) -> LevelledCut:
    """Take samples `start` to `end` out of `samples`, shape (channels, n), without DC, faded and levelled.

    `dc_offset`, shape (channels,), is the recording's. `target_lufs` None leaves the level alone; otherwise the sound
    comes to that loudness (`loudness.short_sound_lufs`) or as near as the true-peak ceiling of -1 dBTP allows: only a
    gain, no limiter, so the sound itself stays as it was.
    """
    faded = FadedCut(samples, rate, start=start, end=end, dc_offset=dc_offset)
    piece = faded if end - start > _LONG_SECONDS * rate else faded[:, :]
    measured = loudness.short_sound_lufs(piece, rate)
    peak_db = loudness.decibels(loudness.true_peak(piece, rate))
    gain_db = 0.0
    if target_lufs is not None and measured is not None and peak_db is not None:
        gain_db = min(target_lufs - measured, TRUE_PEAK_CEILING_DBTP - peak_db)
        amplify(piece, gain_db)
    return LevelledCut(
        samples=piece,
        start=start,
        end=end,
        gain_db=gain_db,
        lufs=None if measured is None else measured + gain_db,
        true_peak_dbtp=None if peak_db is None else peak_db + gain_db,
    )


def amplify(samples: np.ndarray | FadedCut, gain_db: float) -> None:
    """Apply a gain in place to `samples`, shape (channels, n)."""
    gain = np.float32(10 ** (gain_db / 20))
    # One statement for both would do, but not for the type checker.
    if isinstance(samples, FadedCut):
        samples *= gain
    else:
        samples *= gain
