"""Tempo and key of a recording, from the spectra of its blocks.

The onset strength and the names of notes are librosa's. Its beat_track, its chroma and even its autocorrelate compile
on first use, which costs a cold process up to seconds, and its tempogram grows with the recording: here that is numpy.
"""

import math

import librosa
import numpy as np

from oneshots import spectrum

# Probe-tone profiles of Krumhansl & Kessler (1982), from C.
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
_NO_KEY, _CERTAIN_KEY = 0.5, 0.9
_KEY_RANGE_HZ = (55.0, 2000.0)
_TEMPO_RANGE_BPM = (40.0, 220.0)
_SHORTEST_FRAMES = 8
_MEL_BANDS = 64


def tempo(strength: np.ndarray, frames_a_second: float) -> tuple[float | None, float]:
    """Beats a minute and confidence 0..1 from an onset strength envelope, shape (frames,).

    Autocorrelation weighted by a log-normal prior around 120 BPM (Ellis, 2007).
    """
    slowest = int(60 / _TEMPO_RANGE_BPM[0] * frames_a_second)
    fastest = int(60 / _TEMPO_RANGE_BPM[1] * frames_a_second)
    if len(strength) < 3 * slowest or np.ptp(strength) < 1e-9:
        return None, 0.0
    centred = strength - strength.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    correlation = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2)[: slowest + 2]
    correlation /= correlation[0]
    lags = np.arange(fastest, slowest + 1)
    prior = np.exp(-0.5 * (np.log2(60 * frames_a_second / lags / 120)) ** 2)
    best = int(lags[np.argmax(correlation[lags] * prior)])
    period = best + _parabolic_offset(correlation, best)
    return float(60 * frames_a_second / period), float(np.clip(correlation[best], 0, 1))


def pitch_classes(mono: np.ndarray, rate: int) -> np.ndarray:
    """Energy of the twelve pitch classes from C, shape (12,), from the peaks of long spectra between 55 and 2000 Hz."""
    n_fft = min(1 << round(math.log2(rate * 0.19)), 1 << (len(mono).bit_length() - 1))
    frequencies = np.fft.rfftfreq(n_fft, 1 / rate)
    bins = int(np.searchsorted(frequencies, _KEY_RANGE_HZ[1])) + 1
    energies = np.zeros(bins - 2)
    for powers in spectrum.power_spectra(mono, n_fft=n_fft, hop=n_fft // 2, bins=bins):
        inner = powers[:, 1:-1]
        is_peak = (inner > powers[:, :-2]) & (inner > powers[:, 2:])
        energies += np.sqrt(inner, where=is_peak, out=np.zeros_like(inner)).sum(axis=0)
    inside = frequencies[1 : bins - 1] > _KEY_RANGE_HZ[0]
    classes = np.round(librosa.hz_to_midi(frequencies[1 : bins - 1][inside])).astype(int) % 12
    return np.bincount(classes, weights=energies[inside], minlength=12)


def key(chroma: np.ndarray) -> tuple[str | None, float]:
    """Name the key, such as `A minor`, of pitch-class energies of shape (12,), and how sure that is, 0..1.

    Krumhansl & Schmuckler's method: the best correlated of the 24 rotated profiles. Notes at random correlate by 0.5 to
    0.7 with the best of 24, tunes by 0.75 to 0.95: the confidence is 0 at 0.5 and 1 at 0.9.
    """
    if not np.any(chroma) or np.ptp(chroma) < 1e-9 * chroma.max():
        return None, 0.0
    found = [
        (float(np.corrcoef(chroma, np.roll(profile, tonic))[0, 1]), f"{name} {mode}")
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
        for tonic, name in enumerate(librosa.key_to_notes("C:maj", unicode=False))
    ]
    correlation, name = max(found)
    return name, float(np.clip((correlation - _NO_KEY) / (_CERTAIN_KEY - _NO_KEY), 0, 1))


def _parabolic_offset(values: np.ndarray, peak: int) -> float:
    """Where between the samples a maximum at `peak` lies, -0.5..0.5, by a parabola through its neighbours."""
    if not 0 < peak < len(values) - 1:
        return 0.0
    left, middle, right = values[peak - 1 : peak + 2]
    curvature = left - 2 * middle + right
    return float(np.clip(0.5 * (left - right) / curvature, -0.5, 0.5)) if curvature < 0 else 0.0


def hop_samples(rate: int) -> int:
    """Return how many samples lie between the frames of the onset strength: about 12 ms."""
    return max(round(rate * 0.0116), 1)


def is_too_short(mono: np.ndarray, rate: int) -> bool:
    """Whether `mono`, shape (n,), is too short for a spectrum or two."""
    return len(mono) < hop_samples(rate) * _SHORTEST_FRAMES


def onset_strength(mono: np.ndarray, rate: int) -> np.ndarray:
    """How much begins in each frame of `hop_samples`, shape (frames,): librosa's flux of a mel spectrum in dB.

    In windows of about 23 ms, up to 8 kHz. The spectrum is not librosa's own only for speed.
    """
    n_fft = 1 << round(math.log2(rate * 0.023))
    highest_hz = min(8000.0, rate / 2)
    bank = spectrum.mel_bank(rate, n_fft, bands=_MEL_BANDS, lowest_hz=0.0, highest_hz=highest_hz)
    bins = min(int(highest_hz * n_fft / rate) + 1, n_fft // 2 + 1)
    powers = spectrum.power_spectra(mono, n_fft=n_fft, hop=hop_samples(rate), bins=bins)
    mel = np.concatenate([some @ bank[:, :bins].T for some in powers])
    return np.asarray(librosa.onset.onset_strength(S=librosa.power_to_db(mel.T), center=False))
