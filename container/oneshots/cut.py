"""Cutting one sound out of a recording and bringing it to its level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oneshots import loudness
from oneshots.fades import fade_part
from oneshots.samples import Samples
from oneshots.segmentation import Segment

PRE_ROLL_MS = 4.0
POST_ROLL_MS = 4.0
FADE_IN_MS = 3.0
# Where the recording begins with the sound there is no pre-roll: enough to take the click out of a cut.
SHORTEST_FADE_IN_MS = 0.5
FADE_OUT_MS = 12.0
TRUE_PEAK_CEILING_DBTP = -1.0
_MOST_SAMPLES_IN_MEMORY = 1 << 22
_UNITY = np.float32(1)


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

    The fade-in lies in these surroundings, so the attack is not touched; the fade-out in them and in the last of a tail
    that has sunk into the noise. `length` is the recording's, in samples. Where the next sound follows at once, its
    pre-roll is the last of the tail that rings into it: an attack is worth more than 4 ms of a tail.
    """
    pre_roll, post_roll = round(PRE_ROLL_MS * rate / 1000), round(POST_ROLL_MS * rate / 1000)
    bounds: list[Bounds] = []
    for index, segment in enumerate(segments):
        earliest = bounds[-1].end if bounds else 0
        latest = segments[index + 1].start - pre_roll if index + 1 < len(segments) else length
        start = max(segment.start - pre_roll, earliest)
        least = min(segment.end, segment.start + pre_roll)
        end = max(min(segment.end + post_roll, latest, length), least)
        bounds.append(Bounds(start=start, sound_start=segment.start, end=end))
    return bounds


class FadedCut:
    """`bounds` of a recording without DC, faded: made when sliced, so a long sound is never copied.

    As with an array, `[:, a:b]` gives float32 of shape (channels, b - a), and `*` applies a gain.
    """

    def __init__(
        self, samples: Samples, rate: int, *, bounds: Bounds, dc_offset: np.ndarray, gain: np.float32 = _UNITY
    ) -> None:
        before_ms = max(bounds.sound_start - bounds.start, 0) / rate * 1000
        self._samples = samples
        self._rate = rate
        self._bounds = bounds
        self._dc_offset = dc_offset
        self._fade_in_ms = min(max(before_ms, SHORTEST_FADE_IN_MS), FADE_IN_MS)
        self._gain = gain
        self.shape: tuple[int, ...] = (samples.shape[0], bounds.end - bounds.start)

    def __getitem__(self, key: tuple[slice, slice], /) -> np.ndarray:
        first, last, _ = key[1].indices(self.shape[1])
        start = self._bounds.start
        inside = self._samples[:, start + first : start + max(last, first)]
        part = np.subtract(inside, self._dc_offset[:, None], dtype=np.float32)
        length = self.shape[1]
        fade_part(part, self._rate, first=first, length=length, fade_in_ms=self._fade_in_ms, fade_out_ms=FADE_OUT_MS)
        part *= self._gain
        return part

    def __mul__(self, gain: np.float32) -> "FadedCut":
        return FadedCut(
            self._samples, self._rate, bounds=self._bounds, dc_offset=self._dc_offset, gain=self._gain * gain
        )


type Cut = np.ndarray | FadedCut


def cut(samples: Samples, rate: int, *, bounds: Bounds, dc_offset: np.ndarray) -> Cut:
    """Take `bounds` out of `samples`, shape (channels, n), without DC and faded: an array unless it is long.

    `dc_offset`, shape (channels,), is the recording's: the mean of a short sound would not be its DC.
    """
    faded = FadedCut(samples, rate, bounds=bounds, dc_offset=dc_offset)
    return faded if faded.shape[0] * faded.shape[1] > _MOST_SAMPLES_IN_MEMORY else faded[:, :]


def measure_level(samples: Samples, rate: int) -> Level:
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


def gain_db_within_full_scale(samples: Samples) -> float:
    """Return the gain in dB, 0 or less, that brings the largest of `samples`, shape (channels, n), to full scale."""
    peak_dbfs = loudness.decibels(loudness.sample_peak(samples))
    return 0.0 if peak_dbfs is None or peak_dbfs <= 0 else -peak_dbfs


def amplify(samples: Cut, gain_db: float) -> Cut:
    """Return `samples`, shape (channels, n), with a gain."""
    return samples * np.float32(10 ** (gain_db / 20))
