"""Loudness and peaks after ITU-R BS.1770-4, EBU R 128 and EBU Tech 3341/3342."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from oneshots import filters
from oneshots.blocks import bin_sums, blocks, read_with_silence
from oneshots.samples import Samples

# Weights of BS.1770-4, table 3, for L, R, C, Ls, Rs: surrounds count 1.5 dB more. A low-frequency channel is left out.
FIVE_CHANNEL_WEIGHTS = (1.0, 1.0, 1.0, 1.41, 1.41)

_OFFSET_LUFS = -0.691
_ABSOLUTE_GATE_LUFS = -70.0
_BIN_SECONDS = 0.1
_MOMENTARY_SECONDS = 0.4
_HOP_SECONDS = 0.01
_BLOCK_SECONDS = 5.0
_PEAK_BLOCK = 1 << 12
_TAPS = 24
_STRETCH = 16


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """How loud a recording is; None where it is too short or too quiet for the measure to exist.

    `integrated_lufs` is the gated integrated loudness (BS.1770-4, Annex 1), of 400 ms at least; `loudness_range_lu` is
    EBU Tech 3342's, of 3 s at least.
    """

    integrated_lufs: float | None
    loudness_range_lu: float | None
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None


def measure(samples: Samples, rate: int, *, channel_weights: Sequence[float] | None = None) -> Loudness:
    """Measure a whole recording, shape (channels, n), in blocks.

    Left and right weigh the same, and the engine decodes no more channels than these: a 5.1 recording is measured as
    its downmix, which is what is cut and heard. `channel_weights`, such as `FIVE_CHANNEL_WEIGHTS` for 5.0, are there
    for the EBU's test signals, which ask that surrounds weigh more.
    """
    powers = _binned_power(samples, rate, channel_weights)
    return Loudness(
        integrated_lufs=_integrated(powers),
        loudness_range_lu=_loudness_range(powers),
        true_peak_dbtp=decibels(true_peak(samples, rate)),
        sample_peak_dbfs=decibels(sample_peak(samples)),
    )


def short_sound_lufs(samples: Samples, rate: int) -> float | None:
    """Loudness of a one-shot: the highest momentary loudness (400 ms, hop 10 ms) of the sound padded with silence.

    A one-shot is often shorter than the 400 ms the integrated measure needs, and its silence must not count. The
    padded maximum exists for any length, is the plain momentary maximum for long sounds, and grows with a short
    sound's energy, as its heard loudness does (temporal integration of the ear). None for digital silence.
    """
    hops = math.ceil((samples.shape[1] / rate + filters.FORGET_SECONDS) / _HOP_SECONDS)
    total = np.concatenate(([0.0], np.cumsum(_weighted_energies(samples, rate, bins=hops, bin_seconds=_HOP_SECONDS))))
    momentary = round(_MOMENTARY_SECONDS / _HOP_SECONDS)
    largest = float(np.max(total[momentary:] - total[:-momentary])) if hops > momentary else float(total[-1])
    power = largest / (_MOMENTARY_SECONDS * rate)
    return _lufs(power) if power > 1e-14 else None


def k_weighting(rate: int) -> filters.Sections:
    """Return the K-weighting filter as two second-order sections, for any rate.

    BS.1770-4 tabulates it for 48 kHz only; these are the analogue prototypes behind the table (a high shelf of 4 dB at
    1.68 kHz and a high-pass at 38 Hz) put through the bilinear transform, which gives the table back at 48 kHz.
    """
    k = math.tan(math.pi * 1681.974450955533 / rate)
    q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = (
        (high + band * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    )
    *_, a1, a2 = filters.high_pass_section(38.13547087602444, rate, q=0.5003270373238773)
    # The table's numerator is 1, -2, 1 at any rate.
    return (shelf, (1.0, -2.0, 1.0, 1.0, a1, a2))


def sample_peak(samples: Samples) -> float:
    """Largest absolute sample."""
    return float(max((_largest(block) for block in blocks(samples)), default=0.0))


def true_peak(samples: Samples, rate: int) -> float:
    """Largest absolute value between the samples, by oversampling to at least 176.4 kHz (BS.1770-4, Annex 2).

    Only blocks that could hold the maximum are oversampled: an interpolated value never exceeds the largest of the
    samples around it times the filter's largest phase sum.
    """
    factor = 4 if rate < 80_000 else 2
    bound = float(np.abs(_phases(factor)).sum(axis=0).max())
    peaks = np.concatenate([_block_peaks(block) for block in blocks(samples)] or [np.zeros(0)])
    best = float(peaks.max(initial=0.0))
    for index in np.argsort(peaks)[::-1]:
        # A value between two blocks is bounded by the larger of them, which has come first.
        if peaks[index] * bound <= best:
            break
        best = max(best, _interpolated_peak(samples, int(index) * _PEAK_BLOCK, factor))
    return best


def _block_peaks(block: np.ndarray) -> np.ndarray:
    """Largest absolute sample of each `_PEAK_BLOCK` samples of `block`."""
    starts = np.arange(0, block.shape[1], _PEAK_BLOCK)
    return np.asarray(np.maximum.reduceat(np.abs(block).max(axis=0), starts))


def _interpolated_peak(samples: Samples, start: int, factor: int) -> float:
    """Oversample the block at `start` with its surroundings; beyond the ends of the recording there is silence."""
    around = read_with_silence(samples, start - _TAPS, start + _PEAK_BLOCK + 2 * _STRETCH)
    windows = np.lib.stride_tricks.sliding_window_view(around, _STRETCH + _TAPS, axis=1)[:, ::_STRETCH]
    return _largest(np.ascontiguousarray(windows) @ _interpolator(factor))


def _largest(values: np.ndarray) -> float:
    """Largest absolute value, without a copy."""
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def decibels(amplitude: float) -> float | None:
    """20 log10 of an amplitude; None for silence."""
    return 20 * math.log10(amplitude) if amplitude > 1e-9 else None


@cache
def _interpolator(factor: int) -> np.ndarray:
    """Return a matrix that interpolates 16 places at once, shape (40, 16 (factor - 1)): one product is fast.

    That is `_phases` shifted by one sample from place to place.
    """
    phases = _phases(factor)
    shifted = np.zeros((_STRETCH + _TAPS, _STRETCH, factor - 1), np.float32)
    for place in range(_STRETCH):
        shifted[place : place + len(phases), place] = phases
    return shifted.reshape(len(shifted), -1)


@cache
def _phases(factor: int) -> np.ndarray:
    """Design a low-pass of 24 input samples for oversampling: flat to 0.45 of the rate, 80 dB down.

    Shape (25, factor - 1): a window of 25 samples times this gives the values between one sample and the next. The
    samples themselves stay as they are.
    """
    offsets = np.arange(_TAPS * factor + 1) - _TAPS * factor / 2
    taps = np.sinc(offsets / factor) * np.kaiser(len(offsets), 6.0)
    padded = np.append(taps * factor / taps.sum(), np.zeros(factor - 1))
    return np.ascontiguousarray(padded.reshape(-1, factor)[::-1, 1:], np.float32)


def _binned_power(samples: Samples, rate: int, channel_weights: Sequence[float] | None = None) -> np.ndarray:
    """Mean K-weighted power summed over channels, per 100 ms, shape (bins,): a whole number of bins only."""
    bins = int(samples.shape[1] / rate / _BIN_SECONDS)
    energies = _weighted_energies(samples, rate, bins=bins, bin_seconds=_BIN_SECONDS, channel_weights=channel_weights)
    return energies / np.diff(_edges(rate, bins=bins, bin_seconds=_BIN_SECONDS))


def _edges(rate: int, *, bins: int, bin_seconds: float) -> np.ndarray:
    return np.round(np.arange(bins + 1) * bin_seconds * rate).astype(int)


def _weighted_energies(
    samples: Samples, rate: int, *, bins: int, bin_seconds: float, channel_weights: Sequence[float] | None = None
) -> np.ndarray:
    """K-weighted energy, summed over channels, of each of `bins` bins from the start on, shape (bins,), float64.

    Bins may lie beyond the end, where the filter rings out.
    """
    weights = np.ones(samples.shape[0]) if channel_weights is None else np.asarray(channel_weights)
    run_in = filters.run_in_samples(rate)
    sections = k_weighting(rate)
    edges = _edges(rate, bins=bins, bin_seconds=bin_seconds)
    energies = np.empty(bins)
    bins_a_block = round(_BLOCK_SECONDS / bin_seconds)
    for first in range(0, bins, bins_a_block):
        some = edges[first : first + bins_a_block + 1]
        block = read_with_silence(samples, some[0] - run_in, some[-1])
        weighted = filters.run(block, sections, run_in=run_in)
        squares = weights.astype(np.float32) @ np.square(weighted)
        energies[first : first + len(some) - 1] = bin_sums(squares, some - some[0])
    return energies


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
