"""Loudness and peaks after ITU-R BS.1770-4, EBU R 128 and EBU Tech 3341/3342."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import signal

from oneshots.blocks import blocks

# Weights of BS.1770-4, table 3, for L, R, C, Ls, Rs: surrounds count 1.5 dB more. A low-frequency channel is left out.
FIVE_CHANNEL_WEIGHTS = (1.0, 1.0, 1.0, 1.41, 1.41)

_OFFSET_LUFS = -0.691
_ABSOLUTE_GATE_LUFS = -70.0
_BIN_SECONDS = 0.1
_MOMENTARY_SECONDS = 0.4
_FILTER_RINGS_SECONDS = 0.03
# In digital silence a filter's state decays to subnormal numbers, on which a CPU is twenty times slower.
_NO_SUBNORMALS = np.float64(1e-20)
_PEAK_BLOCK = 1 << 15
_BINS_A_BLOCK = 100


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """How loud a recording is; None where it is too short or too quiet for the measure to exist."""

    integrated_lufs: float | None
    loudness_range_lu: float | None
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None


def measure(samples: np.ndarray, rate: int, *, channel_weights: Sequence[float] | None = None) -> Loudness:
    """Measure a whole recording, shape (channels, n), in blocks.

    Every channel weighs 1 unless `channel_weights` says otherwise, such as `FIVE_CHANNEL_WEIGHTS` for 5.0. What the
    engine decodes is at most stereo: a 5.1 recording is measured as its downmix, which is what is cut and heard.
    """
    powers = _binned_power(samples, rate, channel_weights)
    peak = max((sample_peak(block) for block in blocks(samples)), default=0.0)
    return Loudness(
        integrated_lufs=_integrated(powers),
        loudness_range_lu=_loudness_range(powers),
        true_peak_dbtp=decibels(true_peak(samples, rate)),
        sample_peak_dbfs=decibels(peak),
    )


def integrated_lufs(samples: np.ndarray, rate: int, *, channel_weights: Sequence[float] | None = None) -> float | None:
    """Gated integrated loudness (BS.1770-4, Annex 1); None under 400 ms or when all is under the gate."""
    return _integrated(_binned_power(samples, rate, channel_weights))


def loudness_range_lu(samples: np.ndarray, rate: int) -> float | None:
    """Loudness range (EBU Tech 3342); None under 3 s or when all is under the gate."""
    return _loudness_range(_binned_power(samples, rate))


def short_sound_lufs(samples: np.ndarray, rate: int) -> float | None:
    """Loudness of a one-shot: the highest momentary loudness (400 ms, hop 10 ms) of the sound padded with silence.

    A one-shot is often shorter than the 400 ms the integrated measure needs, and its silence must not count. The
    padded maximum exists for any length, is the plain momentary maximum for long sounds, and grows with a short
    sound's energy, as its heard loudness does (temporal integration of the ear). None for digital silence.
    """
    width, hop = int(_MOMENTARY_SECONDS * rate), max(rate // 100, 1)
    # The silence before needs no filtering, and that after only until the filter has rung out.
    rung_out = np.pad(samples, ((0, 0), (0, int(_FILTER_RINGS_SECONDS * rate))))
    weighted = signal.sosfilt(k_weighting(rate), rung_out + _NO_SUBNORMALS, axis=1)
    energy = np.concatenate(([0.0], np.cumsum(np.einsum("ij,ij->j", weighted, weighted))))
    ends = np.append(np.arange(hop, len(energy) - 1, hop), len(energy) - 1)
    power = float(np.max(energy[ends] - energy[np.maximum(ends - width, 0)])) / width
    return _lufs(power) if power > 1e-14 else None


def k_weighting(rate: int) -> np.ndarray:
    """Return the K-weighting filter as second-order sections, shape (2, 6), for any rate.

    BS.1770-4 tabulates it for 48 kHz only; these are the analogue prototypes behind the table (a high shelf of 4 dB at
    1.68 kHz and a high-pass at 38 Hz) put through the bilinear transform, which gives the table back at 48 kHz.
    """
    k = math.tan(math.pi * 1681.974450955533 / rate)
    q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = [
        (high + band * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    ]
    k = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, high_pass])


def sample_peak(samples: np.ndarray) -> float:
    """Largest absolute sample, without a copy of the recording."""
    if not samples.size:
        return 0.0
    return max(float(samples.max()), -float(samples.min()))


def true_peak(samples: np.ndarray, rate: int) -> float:
    """Largest absolute value between the samples, by oversampling to at least 176.4 kHz (BS.1770-4, Annex 2).

    Only blocks that could hold the maximum are oversampled: an interpolated value never exceeds the block's sample peak
    times the filter's largest phase sum.
    """
    factor = 4 if rate < 80_000 else 2
    taps = _interpolator(factor)
    bound = max(float(np.abs(taps[phase::factor]).sum()) for phase in range(factor))
    # A short sound is loud in a small part of it: small blocks leave the rest alone.
    size = min(_PEAK_BLOCK, max(samples.shape[1] // 8, 1024))
    starts = range(0, samples.shape[1], size)
    peaks = [sample_peak(samples[:, start : start + size]) for start in starts]
    best = max(peaks, default=0.0)
    for index in np.argsort(peaks)[::-1]:
        # A value between two blocks is bounded by the larger of them, which has come first.
        if peaks[index] * bound <= best:
            break
        best = max(best, _interpolated_peak(samples, starts[index], size, taps, factor))
    return best


def _interpolated_peak(samples: np.ndarray, start: int, size: int, taps: np.ndarray, factor: int) -> float:
    """Oversample the block at `start` with its surroundings, and leave out what the cut edges have rung into."""
    context = len(taps) // factor
    first, last = max(start - context, 0), min(start + size + context, samples.shape[1])
    values = signal.upfirdn(taps, samples[:, first:last], up=factor, axis=1)
    left = len(taps) - 1 if first else 0
    right = factor * (last - first - 1) + 1 if last < samples.shape[1] else values.shape[1]
    return float(np.abs(values[:, left:right]).max())


def decibels(amplitude: float) -> float | None:
    """20 log10 of an amplitude; None for silence."""
    return 20 * math.log10(amplitude) if amplitude > 1e-9 else None


@cache
def _interpolator(factor: int) -> np.ndarray:
    """Design a low-pass of 24 input samples for oversampling: flat to 0.45 of the rate, 80 dB down."""
    return (signal.firwin(24 * factor + 1, 1.0 / factor, window=("kaiser", 6.0)) * factor).astype(np.float32)


def _binned_power(samples: np.ndarray, rate: int, channel_weights: Sequence[float] | None = None) -> np.ndarray:
    """Mean K-weighted power summed over channels, per 100 ms, shape (bins,): a whole number of bins only."""
    weights = np.ones(samples.shape[0]) if channel_weights is None else np.asarray(channel_weights, float)
    bins = int(samples.shape[1] / rate / _BIN_SECONDS)
    sections = k_weighting(rate)
    state = np.zeros((2, samples.shape[0], 2))
    powers = np.empty(bins)
    for first in range(0, bins, _BINS_A_BLOCK):
        last = min(first + _BINS_A_BLOCK, bins)
        edges = np.round(np.arange(first, last + 1) * _BIN_SECONDS * rate).astype(int)
        block = samples[:, edges[0] : edges[-1]] + _NO_SUBNORMALS
        weighted, state = signal.sosfilt(sections, block, axis=1, zi=state)
        energy = np.add.reduceat(weights @ weighted**2, edges[:-1] - edges[0])
        powers[first:last] = energy / np.diff(edges)
    return powers


def _moving_mean(values: np.ndarray, width: int) -> np.ndarray:
    if len(values) < width:
        return np.empty(0)
    return np.lib.stride_tricks.sliding_window_view(values, width).mean(axis=1)


def _lufs(power: float) -> float:
    return _OFFSET_LUFS + 10 * math.log10(power)


def _gated(powers: np.ndarray, *, relative_lu: float) -> np.ndarray:
    """Keep the powers above the absolute gate and `relative_lu` under the mean of those."""
    powers = powers[powers > 10 ** ((_ABSOLUTE_GATE_LUFS - _OFFSET_LUFS) / 10)]
    if not len(powers):
        return powers
    return powers[powers > powers.mean() * 10 ** (-relative_lu / 10)]


def _integrated(powers: np.ndarray) -> float | None:
    gated = _gated(_moving_mean(powers, 4), relative_lu=10.0)
    return _lufs(float(gated.mean())) if len(gated) else None


def _loudness_range(powers: np.ndarray) -> float | None:
    gated = _gated(_moving_mean(powers, 30), relative_lu=20.0)
    if not len(gated):
        return None
    low, high = np.percentile(10 * np.log10(gated), [10, 95])
    return float(high - low)
