"""The power of frequency bands through time: what the adaptive segmentation looks at."""

import warnings
from itertools import pairwise

import librosa
import numpy as np
from scipy import signal

HOP_MS = 5.0
LOWEST_HZ = 70.0
HIGHEST_HZ = 16000.0
BANDS = 20
_BLOCK_FRAMES = 4096
OCTAVES_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)
# Bands of each octave: the lower ones have too few bins for more.
BANDS_OF_OCTAVES = (1, 2, 3, 4, 4, 4, 4, 4, 3)
LONG_HOP_MS = 10.0
LONG_WINDOW_MS = 46.4
_LONG_BLOCK_FRAMES = 512


def band_powers(samples: np.ndarray, rate: int) -> np.ndarray:
    """Power of `BANDS` mel bands from 70 Hz up, shape (frames, bands), float32; frame t is centred on t x 5 ms.

    `samples` has shape (channels, n); the channels' powers are averaged. A full-scale sine reads about 0.5 in all.
    What lies under 70 Hz (DC, handling, wind) is filtered out first, or short windows would smear it over the bands.
    """
    hop = HOP_MS / 1000 * rate
    window_samples = round(2.4 * hop)
    n_fft = 1 << (window_samples - 1).bit_length()
    window = np.hanning(window_samples + 2)[1:-1].astype(np.float32)
    to_bands = _filter_bank(rate, n_fft) / (window.sum() ** 2 / 2 * np.float32(1.5))
    count = int(samples.shape[1] / hop) + 1
    powers = np.empty((count, BANDS), np.float32)
    for first in range(0, count, _BLOCK_FRAMES):
        centres = np.round(np.arange(first, min(first + _BLOCK_FRAMES, count)) * hop).astype(int)
        block, start = _high_passed(samples, rate, first=centres[0] - len(window), last=centres[-1] + len(window))
        powers[first : first + len(centres)] = _frame_powers(block, centres - start, window, n_fft) @ to_bands.T
    return powers


def long_band_powers(samples: np.ndarray, rate: int, *, dc_offset: np.ndarray | None = None) -> np.ndarray:
    """Power of 29 parts of the octaves from 63 Hz to 16 kHz, shape (frames, 29), float32; frame t is at t x 10 ms.

    `samples` has shape (channels, n); the channels' powers are averaged. Windows are of about 46 ms, long enough to
    tell the low octaves apart. Bands the rate does not reach read 0.
    """
    hop = LONG_HOP_MS / 1000 * rate
    n_fft = 1 << round(np.log2(LONG_WINDOW_MS / 1000 * rate))
    window = np.hanning(n_fft).astype(np.float32)
    weights = _parts_of_octaves(rate, n_fft) / np.float32((window**2).sum() * n_fft / 2)
    count = int(samples.shape[1] / hop) + 1
    powers = np.empty((count, len(weights)), np.float32)
    for first in range(0, count, _LONG_BLOCK_FRAMES):
        centres = np.round(np.arange(first, min(first + _LONG_BLOCK_FRAMES, count)) * hop).astype(int)
        begin, end = centres[0] - n_fft, centres[-1] + n_fft
        block = samples[:, max(begin, 0) : end]
        if dc_offset is not None:
            block = block - dc_offset[:, None].astype(np.float32)
        beyond = ((0, 0), (max(-begin, 0), max(end - samples.shape[1], 0)))
        padded = np.pad(block, beyond)
        powers[first : first + len(centres)] = _frame_powers(padded, centres - begin, window, n_fft) @ weights.T
    return powers


def _parts_of_octaves(rate: int, n_fft: int) -> np.ndarray:
    """Which bins are in which of the 29 bands, float32 of shape (29, n_fft // 2 + 1)."""
    edges = [
        octave / np.sqrt(2) * 2 ** (part / parts)
        for octave, parts in zip(OCTAVES_HZ, BANDS_OF_OCTAVES, strict=True)
        for part in range(parts)
    ]
    frequencies = np.fft.rfftfreq(n_fft, 1 / rate)
    bounds = pairwise([*edges, OCTAVES_HZ[-1] * np.sqrt(2)])
    return np.stack([(frequencies >= low) & (frequencies < high) for low, high in bounds]).astype(np.float32)


def _high_passed(samples: np.ndarray, rate: int, *, first: int, last: int) -> tuple[np.ndarray, int]:
    """Take samples `first` to `last` without what lies under 70 Hz, zeros beyond the ends; and say where they start.

    The filter runs in over 100 ms before. At the recording's start it is set as if the first value had always been.
    """
    sections = signal.butter(4, LOWEST_HZ, "highpass", fs=rate, output="sos")
    start = max(first - rate // 10, 0)
    inside = samples[:, start : min(last, samples.shape[1])]
    state = signal.sosfilt_zi(sections)[:, None, :] * inside[None, :, :1]
    filtered, _ = signal.sosfilt(sections, inside, axis=1, zi=state)
    kept = filtered[:, max(first, 0) - start :].astype(np.float32)
    before, after = max(-first, 0), max(last - samples.shape[1], 0)
    return np.pad(kept, ((0, 0), (before, after))), first


def _frame_powers(block: np.ndarray, centres: np.ndarray, window: np.ndarray, n_fft: int) -> np.ndarray:
    """Power spectra of windows around `centres`, averaged over channels, shape (frames, n_fft // 2 + 1)."""
    starts = centres - len(window) // 2
    frames = np.lib.stride_tricks.sliding_window_view(block, len(window), axis=1)[:, starts]
    spectra = np.fft.rfft(frames * window, n=n_fft, axis=2)
    return np.mean(spectra.real**2 + spectra.imag**2, axis=0)


def _filter_bank(rate: int, n_fft: int) -> np.ndarray:
    """Mel filters up to 16 kHz, whatever the rate: those it does not reach stay empty."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters", category=UserWarning)
        return librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=BANDS, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, norm=None)
