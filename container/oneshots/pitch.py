"""The pitch of a sound: YIN (de Cheveigne & Kawahara, 2002) on frames all over its loud part.

librosa's yin and pyin are compiled on first use, which costs seconds in a cold process; this is numpy. Notes are named
by librosa.
"""

import math
from dataclasses import dataclass
from typing import Any

import librosa
import numpy as np
from scipy import fft

RANGE_HZ = (40.0, 4000.0)
# A frame is periodic when its difference function sinks under this share of its running mean (the paper's "0.1").
_THRESHOLD = 0.15
_MOST_APERIODIC = 0.2
_MULTIPLES = 3
_MOST_FRAMES = 12
# Frames softer than this under the loudest say more of the noise than of the sound.
_LOUD_PART_DB = 30.0
_LEAST_PERIODIC_SHARE = 1 / 3
_AGREEING_CENTS = 60.0
_LEAST_RATE_HZ = 20_000


@dataclass(frozen=True, kw_only=True)
class Pitch:
    """The pitch of a sound.

    `frequency_hz` is None when the sound has none. `pitchedness`, 0..1, says how periodic the sound is and how well its
    parts agree on the period. `spread_cents` is how far the periodic parts lie apart (standard deviation),
    `periodic_share`, 0..1, how many of the parts are periodic.
    """

    frequency_hz: float | None
    pitchedness: float
    spread_cents: float
    periodic_share: float


NO_PITCH = Pitch(frequency_hz=None, pitchedness=0.0, spread_cents=0.0, periodic_share=0.0)


def find_pitch(mono: np.ndarray, rate: int) -> Pitch:
    """Find the pitch of `mono`, shape (n,), between 40 and 4000 Hz: that of the median periodic frame."""
    mono, rate = _at_handy_rate(mono, rate)
    width = min(int(rate / RANGE_HZ[0]) + 2, len(mono) // 2)
    shortest = max(rate / RANGE_HZ[1], 2.0)
    if width <= 2 * shortest:
        return NO_PITCH
    frames = _loud_frames(mono, width)
    if not len(frames):
        return NO_PITCH
    periods, aperiodicity = _periods(frames, shortest)
    return _agree(rate / periods, np.clip(1 - aperiodicity, 0, 1))


def name_note(frequency_hz: float | None) -> dict[str, Any]:
    """Return the nearest note of equal temperament (A4 = 440 Hz, MIDI 69) and how many cents the pitch is off."""
    if frequency_hz is None:
        return {"pitchHz": None, "midiNote": None, "noteName": None, "cents": None}
    midi = float(librosa.hz_to_midi(frequency_hz))
    nearest = round(midi)
    return {
        "pitchHz": frequency_hz,
        "midiNote": nearest,
        "noteName": str(librosa.midi_to_note(nearest, unicode=False)),
        "cents": 100 * (midi - nearest),
    }


def _at_handy_rate(mono: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
    """Bring to 20..40 kHz: enough samples in the period of 4 kHz to find it, not more than that costs time.

    Downwards by the mean of neighbouring samples: crude, but what aliases is soft and over 10 kHz.
    """
    if rate < _LEAST_RATE_HZ:
        factor = -(-_LEAST_RATE_HZ // rate)
        return fft.irfft(fft.rfft(mono), factor * len(mono)) * factor, rate * factor
    factor = rate // _LEAST_RATE_HZ
    whole = len(mono) // factor * factor
    return mono[:whole].reshape(-1, factor).mean(axis=1), rate // factor


def _loud_frames(mono: np.ndarray, width: int) -> np.ndarray:
    """Up to 12 frames of 2 `width` samples, evenly over the part of the sound that is loud, float64."""
    hop = max(width // 2, 1)
    views = np.lib.stride_tricks.sliding_window_view(mono, 2 * width)[::hop]
    power = np.einsum("ij,ij->i", views, views)
    loud = np.flatnonzero(power > power.max() * 10 ** (-_LOUD_PART_DB / 10))
    evenly = np.linspace(0, len(loud) - 1, min(len(loud), _MOST_FRAMES)).round().astype(int)
    return views[loud[evenly]].astype(np.float64)


def _periods(frames: np.ndarray, shortest: float) -> tuple[np.ndarray, np.ndarray]:
    """Period in samples (NaN: not periodic) and aperiodicity of each of `frames`, shape (k, 2 width)."""
    normalised = _normalised_difference(frames)
    values, offsets = _interpolated_minima(normalised)
    values[:, : math.ceil(shortest) - 1] = np.inf
    aperiodicity = values.min(axis=1)
    below = values < _THRESHOLD
    periods = np.full(len(frames), np.nan)
    for row in np.flatnonzero(below.any(axis=1)):
        lag = _first_dip(values[row], int(np.argmax(below[row])))
        periods[row], aperiodicity[row] = _follow_multiples(values[row], offsets[row], lag)
    periods[aperiodicity > _MOST_APERIODIC] = np.nan
    return periods, np.minimum(aperiodicity, 1.0)


def _first_dip(depths: np.ndarray, lag: int) -> int:
    """Return the deepest minimum of the dip that begins at `lag`: noise makes several of one.

    The first dip is the period; the others are its multiples.
    """
    return lag + int(np.argmin(depths[lag : int(1.4 * lag) + 1]))


def _normalised_difference(frames: np.ndarray) -> np.ndarray:
    """Take the paper's steps 2 and 3: the cumulative mean normalised difference of lags under width, (k, width)."""
    width = frames.shape[1] // 2
    size = 1 << (3 * width - 1).bit_length()
    spectrum = fft.rfft(frames, size)
    correlation = fft.irfft(spectrum * np.conj(fft.rfft(frames[:, :width], size)), size)[:, :width]
    energy = np.concatenate([np.zeros((len(frames), 1)), np.cumsum(frames**2, axis=1)], axis=1)
    difference = energy[:, width, None] + energy[:, width : 2 * width] - energy[:, :width] - 2 * correlation
    difference[:, 0] = 0
    running = np.cumsum(difference, axis=1)
    flat = np.maximum(1e-6 * energy[:, -1:], 1e-12)
    normalised = difference * np.arange(width) / np.maximum(running, flat)
    normalised[:, 0] = 1
    # What hardly differs at any lag is a drift, not a period.
    normalised[running[:, -1] <= flat[:, 0]] = 1
    return normalised


def _interpolated_minima(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth (infinite where there is no minimum) and place between the samples, by parabolas, of each row's minima."""
    left, middle, right = values[:, :-2], values[:, 1:-1], values[:, 2:]
    curvature = left - 2 * middle + right
    is_minimum = (middle < left) & (middle <= right) & (curvature > 0)
    safe = np.where(is_minimum, curvature, 1.0)
    offset = np.where(is_minimum, 0.5 * (left - right) / safe, 0.0)
    depths, offsets = np.full_like(values, np.inf), np.zeros_like(values)
    depths[:, 1:-1] = np.where(is_minimum, middle - 0.25 * (left - right) * offset, np.inf)
    offsets[:, 1:-1] = offset
    return depths, offsets


def _follow_multiples(depths: np.ndarray, offsets: np.ndarray, lag: int) -> tuple[float, float]:
    """Period from ever higher multiples of the dip at `lag`, and the mean depth of the first of them.

    Each multiple is found as exactly as the first, so the period is so many times as exact. A sound without harmonics
    (a bar, a bell) may all but repeat once; its next repetitions are ever worse.
    """
    period, found = float(lag + offsets[lag]), [float(depths[lag])]
    while (len(found) + 1.5) * period < len(depths):
        expected = round((len(found) + 1) * period)
        reach = max(round(0.1 * period), 1)
        best = expected - reach + int(np.argmin(depths[expected - reach : expected + reach + 1]))
        found.append(min(float(depths[best]), 1.0))
        if found[-1] > max(2 * found[0], _THRESHOLD):
            break
        period = (best + offsets[best]) / len(found)
    return period, float(np.mean(found[:_MULTIPLES]))


def _agree(frequencies: np.ndarray, periodicity: np.ndarray) -> Pitch:
    """Make one pitch of the frames' `frequencies` (NaN: none) in Hz and their `periodicity`, 0..1."""
    found = frequencies[np.isfinite(frequencies)]
    share = len(found) / len(frequencies)
    typical = float(np.median(periodicity))
    if share < _LEAST_PERIODIC_SHARE:
        return Pitch(frequency_hz=None, pitchedness=typical * share, spread_cents=0.0, periodic_share=share)
    median = float(np.median(found))
    cents = 1200 * np.log2(found / median)
    agreeing = float(np.count_nonzero(np.abs(cents) < _AGREEING_CENTS)) / len(frequencies)
    return Pitch(
        frequency_hz=median,
        pitchedness=typical * (0.5 + 0.5 * agreeing),
        spread_cents=float(cents.std()),
        periodic_share=share,
    )
