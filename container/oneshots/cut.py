"""Cutting one sound out of a recording and bringing it to its level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oneshots import loudness
from oneshots.fades import fade
from oneshots.segmentation import Segment

PRE_ROLL_MS = 4.0
POST_ROLL_MS = 12.0
FADE_IN_MS = 3.0
# Where the recording or the sound before leave no pre-roll: enough to take the click out of a cut.
SHORTEST_FADE_IN_MS = 0.5
FADE_OUT_MS = 12.0
TRUE_PEAK_CEILING_DBTP = -1.0


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What is cut: samples `start` to `end` (exclusive), of which those from `sound_start` on are the sound's own."""

    start: int
    sound_start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Level:
    """`lufs` is `loudness.short_sound_lufs`; None for digital silence."""

    lufs: float | None
    true_peak_dbtp: float | None

    def after(self, gain_db: float) -> "Level":
        """Return the level of the same sound after a gain."""
        return Level(
            lufs=None if self.lufs is None else self.lufs + gain_db,
            true_peak_dbtp=None if self.true_peak_dbtp is None else self.true_peak_dbtp + gain_db,
        )


def bounds_with_surroundings(segments: list[Segment], rate: int, *, length: int) -> list[Bounds]:
    """Bounds of each segment with a few ms of its real surroundings around it, never of its neighbours.

    The fades lie in these surroundings, so the sound itself is not touched. `length` is the recording's, in samples.
    Where the next sound follows at once there is nothing around and the fades lie in the sound: under 1 ms at its
    start, which the segmentation puts some ms before the attack, and 12 ms of the tail that the next sound covers.
    """
    pre_roll, post_roll = round(PRE_ROLL_MS * rate / 1000), round(POST_ROLL_MS * rate / 1000)
    bounds: list[Bounds] = []
    for index, segment in enumerate(segments):
        earliest = bounds[-1].end if bounds else 0
        # The next sound's attack needs its pre-roll more than this one's tail its post-roll.
        latest = segments[index + 1].start - pre_roll if index + 1 < len(segments) else length
        start = max(segment.start - pre_roll, earliest)
        end = min(max(min(segment.end + post_roll, latest), segment.end), length)
        bounds.append(Bounds(start=start, sound_start=segment.start, end=end))
    return bounds


def cut(samples: np.ndarray, rate: int, *, bounds: Bounds, dc_offset: np.ndarray) -> np.ndarray:
    """Copy `bounds` out of `samples`, shape (channels, n), without DC and faded: float32, shape (channels, k).

    `dc_offset`, shape (channels,), is the recording's: the mean of a short sound would not be its DC.
    """
    piece = np.subtract(samples[:, bounds.start : bounds.end], dc_offset[:, None], dtype=np.float32)
    before_ms = max(bounds.sound_start - bounds.start, 0) / rate * 1000
    fade_in_ms = min(max(before_ms, SHORTEST_FADE_IN_MS), FADE_IN_MS)
    return fade(piece, rate, fade_in_ms=fade_in_ms, fade_out_ms=FADE_OUT_MS)


def measure_level(samples: np.ndarray, rate: int) -> Level:
    """Measure a cut sound, shape (channels, n): BS.1770-4, padded (`loudness.short_sound_lufs`)."""
    return Level(
        lufs=loudness.short_sound_lufs(samples, rate),
        true_peak_dbtp=loudness.decibels(loudness.true_peak(samples, rate)),
    )


def gain_db_for(levels: Sequence[Level], *, target_lufs: float) -> float:
    """Return the one gain in dB for sounds of these levels.

    It brings the loudest to `target_lufs`, or as near as the true-peak ceiling of -1 dBTP allows all of them: only a
    gain, no limiter, so the sounds stay as they were. 0 for silence.
    """
    loud = [level.lufs for level in levels if level.lufs is not None]
    peaks = [level.true_peak_dbtp for level in levels if level.true_peak_dbtp is not None]
    if not loud or not peaks:
        return 0.0
    return min(target_lufs - max(loud), TRUE_PEAK_CEILING_DBTP - max(peaks))


def amplify(samples: np.ndarray, gain_db: float) -> np.ndarray:
    """Apply a gain in place to `samples`, shape (channels, n), and return it."""
    samples *= np.float32(10 ** (gain_db / 20))
    return samples
