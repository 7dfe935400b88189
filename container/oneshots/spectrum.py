"""Short-time spectra: the power of frequency bands through time, which the adaptive segmentation looks at."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy import fft

from oneshots import filters
from oneshots.blocks import read_with_silence
from oneshots.samples import Samples

HOP_MS = 5.0
LOWEST_HZ = 70.0
HIGHEST_HZ = 16000.0
BANDS = 20
_BLOCK_FRAMES = 1024
OCTAVES_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)
# Bands of each octave: the lower ones have too few bins for more.
BANDS_OF_OCTAVES = (1, 2, 3, 4, 4, 4, 4, 4, 3)
LONG_HOP_MS = 10.0
LONG_WINDOW_MS = 46.4
_LONG_BLOCK_FRAMES = 512
_BATCH_SAMPLES = 1 << 20


def band_powers(samples: Samples, rate: int) -> np.ndarray:
    """Power of `BANDS` mel bands from 70 Hz up, shape (frames, bands), float32; frame t is centred on t x 5 ms.

    `samples` has shape (channels, n); the channels' powers are averaged. A full-scale sine reads about 0.5 in all.
    What lies under 70 Hz (DC, handling, wind) is filtered out first, or short windows would smear it over the bands.
    """
    hop = HOP_MS / 1000 * rate
    window_samples = round(2.4 * hop)
    n_fft = 1 << (window_samples - 1).bit_length()
    window = np.hanning(window_samples + 2)[1:-1].astype(np.float32)
    to_bands = mel_bank(rate, n_fft, bands=BANDS, lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ) / (
        window.sum() ** 2 / 2 * np.float32(1.5)
    )
    bins = _last_bin(to_bands)
    count = int(samples.shape[1] / hop) + 1
    powers = np.empty((count, BANDS), np.float32)
    for first in range(0, count, _BLOCK_FRAMES):
        frames = np.arange(first, min(first + _BLOCK_FRAMES, count))
        centres = _inside(np.round(frames * hop).astype(int), len(window), length=samples.shape[1])
        block, start = _high_passed(samples, rate, first=centres[0] - len(window), last=centres[-1] + len(window))
        spectra = _frame_powers(block, centres - start, window, n_fft=n_fft, bins=bins)
        powers[first : first + len(centres)] = spectra @ to_bands[:, :bins].T
    return powers


def long_band_powers(samples: Samples, rate: int, *, dc_offset: np.ndarray | None = None) -> np.ndarray:
    """Power of 29 parts of the octaves from 63 Hz to 16 kHz, shape (frames, 29), float32; frame t is at t x 10 ms.

    `samples` has shape (channels, n); the channels' powers are averaged. Windows are of about 46 ms, long enough to
    tell the low octaves apart. Bands the rate does not reach read 0. At the ends the nearest whole window counts, here
    and in `band_powers`: that a recording breaks off in mid-sound is no click of its own.
    """
    hop = LONG_HOP_MS / 1000 * rate
    n_fft = 1 << round(np.log2(LONG_WINDOW_MS / 1000 * rate))
    window = np.hanning(n_fft).astype(np.float32)
    weights = _parts_of_octaves(rate, n_fft) / np.float32((window**2).sum() * n_fft / 2)
    bins = _last_bin(weights)
    count = int(samples.shape[1] / hop) + 1
    powers = np.empty((count, len(weights)), np.float32)
    for first in range(0, count, _LONG_BLOCK_FRAMES):
        frames = np.arange(first, min(first + _LONG_BLOCK_FRAMES, count))
        centres = _inside(np.round(frames * hop).astype(int), n_fft, length=samples.shape[1])
        begin, end = centres[0] - n_fft, centres[-1] + n_fft
        block = read_with_silence(samples, begin, end)
        if dc_offset is not None:
            block[:, max(-begin, 0) : samples.shape[1] - begin] -= dc_offset[:, None].astype(np.float32)
        spectra = _frame_powers(block, centres - begin, window, n_fft=n_fft, bins=bins)
        powers[first : first + len(centres)] = spectra @ weights[:, :bins].T
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


def power_spectra(mono: np.ndarray, *, n_fft: int, hop: int, bins: int) -> Iterator[np.ndarray]:
    """Yield the powers of the first `bins` frequencies of `mono`, shape (n,), some frames at a time: (frames, bins).

    Frame t is centred on sample t x `hop`; there are n // hop + 1 in all. Hann window, silence beyond the ends.
    """
    window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
    padded = read_with_silence(mono[None], -(n_fft // 2), len(mono) + n_fft // 2)[0]
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    frames_a_batch = max(_BATCH_SAMPLES // n_fft, 1)
    for first in range(0, len(windows), frames_a_batch):
        spectra = fft.rfft(windows[first : first + frames_a_batch] * window)[:, :bins]
        yield np.square(np.abs(spectra))


def mel_bank(rate: int, n_fft: int, *, bands: int, lowest_hz: float, highest_hz: float) -> np.ndarray:
    """Triangles of height 1, evenly spaced in mel, shape (bands, n_fft // 2 + 1), float32; as `librosa.filters.mel`.

    Slaney's mel: linear up to 1000 Hz, then logarithmic. Bands that the rate does not reach are empty. Our own because
    who only wants cuts need not import librosa, which takes a quarter of a second.
    """
    lowest_mel, highest_mel = _mel(np.array([lowest_hz, highest_hz]))
    corners = _hertz(np.linspace(lowest_mel, highest_mel, bands + 2))
    frequencies = np.fft.rfftfreq(n_fft, 1 / rate)
    rising = (frequencies - corners[:-2, None]) / np.diff(corners)[:-1, None]
    falling = (corners[2:, None] - frequencies) / np.diff(corners)[1:, None]
    return np.maximum(np.minimum(rising, falling), 0).astype(np.float32)


def _high_passed(samples: Samples, rate: int, *, first: int, last: int) -> tuple[np.ndarray, int]:
    """Take samples `first` to `last` without what lies under 70 Hz, zeros beyond the ends; and say where they start.

    What comes before a block and before the recording counts as if its first value had always been.
    """
    run_in = filters.run_in_samples(rate)
    begin, end = max(first, 0), min(last, samples.shape[1])
    block = read_with_silence(samples, begin - run_in, end)
    inside = block[:, max(run_in - begin, 0) :]
    # Less its first value: a high-pass has no use for a constant, and zeros may then stand for what came before.
    inside -= inside[:, :1].copy()
    kept = np.zeros((len(block), last - first), np.float32)
    kept[:, begin - first : end - first] = filters.run(block, filters.high_pass(LOWEST_HZ, rate), run_in=run_in)
    return kept, first


def _frame_powers(block: np.ndarray, centres: np.ndarray, window: np.ndarray, *, n_fft: int, bins: int) -> np.ndarray:
    """Powers of the first `bins` frequencies in windows around `centres`, channels averaged, shape (frames, bins)."""
    starts = centres - len(window) // 2
    views = np.lib.stride_tricks.sliding_window_view(block, len(window), axis=1)
    frames = np.zeros((len(block), len(starts), n_fft), np.float32)
    np.multiply(views[:, starts], window, out=frames[..., : len(window)])
    powers = np.abs(fft.rfft(frames)[..., :bins])
    np.square(powers, out=powers)
    return powers[0] if len(powers) == 1 else powers.mean(axis=0)


def _inside(centres: np.ndarray, window_samples: int, *, length: int) -> np.ndarray:
    """Move the centres of windows that would reach beyond a recording of `length` samples, if it is longer than one."""
    half = window_samples // 2 + 1
    return np.clip(centres, half, length - half) if length > 2 * half else centres


def _last_bin(weights: np.ndarray) -> int:
    """How many bins have a weight at all, the first ones; `weights` has shape (bands, bins)."""
    return int(np.flatnonzero(weights.any(axis=0))[-1]) + 1


def _mel(hertz: np.ndarray) -> np.ndarray:
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1000) / 1000) / np.log(6.4))


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))
