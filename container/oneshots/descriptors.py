"""What a sound is like, in numbers: of one-shots (attack, pitch, brightness ...) and of recordings (tempo, key).

librosa gives the spectra and their features. Its compiled functions (beat_track, pyin, yin, chroma) cost seconds of
compilation in a cold process, so pitch, tempo and key are computed here from its spectra.
"""

import math
from typing import Any

import librosa
import numpy as np

from oneshots import spectrum
from oneshots.samples import Samples

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# Probe-tone profiles of Krumhansl & Kessler (1982), from C.
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
_BRIGHTNESS_HZ = 1500.0
_LONGEST_SECONDS = 20.0
_SHORTEST_SAMPLES = 256
_PITCH_RANGE_HZ = (40.0, 4000.0)
_YIN_THRESHOLD = 0.15
_KEY_RANGE_HZ = (55.0, 2000.0)
_TEMPO_RANGE_BPM = (40.0, 220.0)
_BLOCK_SECONDS = 30.0


def describe_one_shot(samples: Samples, rate: int) -> dict[str, Any]:
    """Descriptors of one sound, `samples` of shape (channels, n); at most its first 20 s are looked at.

    Times in seconds, frequencies in Hz, levels in dBFS; None where a silent sound has no answer.
    """
    mono = samples[:, : int(_LONGEST_SECONDS * rate)].mean(axis=0)
    frequency, periodicity = pitch(mono, rate)
    mono = np.pad(mono, (0, max(_SHORTEST_SAMPLES - len(mono), 0)))
    peak = float(np.max(np.abs(mono)))
    if peak < 1e-6:
        return dict.fromkeys(_ONE_SHOT_NAMES)
    n_fft = min(2048, 1 << (len(mono).bit_length() - 1))
    magnitudes = np.abs(librosa.stft(mono, n_fft=n_fft, hop_length=n_fft // 4))
    return {
        "peakDbfs": 20 * math.log10(peak),
        "rmsDbfs": 10 * math.log10(float(np.mean(np.square(mono, dtype=np.float64)))),
        "attackSeconds": attack_seconds(mono, rate),
        "zeroCrossingRateHz": float(np.count_nonzero(np.diff(np.signbit(mono)))) * rate / max(len(mono), 1),
        **_spectral(magnitudes, rate, n_fft),
        **_note(frequency),
        "pitchedness": periodicity,
    }


_ONE_SHOT_NAMES = (
    "peakDbfs", "rmsDbfs", "attackSeconds", "zeroCrossingRateHz", "spectralCentroidHz", "spectralBandwidthHz",
    "spectralRolloffHz", "spectralFlatness", "brightness", "pitchHz", "midiNote", "noteName", "cents", "pitchedness",
)  # fmt: skip


def describe_recording(samples: Samples, rate: int) -> dict[str, Any]:
    """Tempo and key of a whole recording, shape (channels, n), with how sure they are (0..1); None where there is none.

    Works in blocks of 30 s: memory does not grow with the recording.
    """
    strengths: list[np.ndarray] = []
    chroma = np.zeros(12)
    block_samples = int(_BLOCK_SECONDS * rate)
    for start in range(0, samples.shape[1], block_samples):
        mono = samples[:, start : start + block_samples].mean(axis=0)
        if len(mono) < _hop(rate) * 8 or not np.any(mono):
            continue
        strengths.append(_onset_strength(mono, rate))
        chroma += pitch_classes(mono, rate)
    frames_a_second = rate / _hop(rate)
    tempo_bpm, tempo_confidence = tempo(np.concatenate(strengths), frames_a_second) if strengths else (None, 0.0)
    key_name, key_confidence = key(chroma)
    return {
        "tempoBpm": tempo_bpm,
        "tempoConfidence": tempo_confidence,
        "key": key_name,
        "keyConfidence": key_confidence,
    }


def attack_seconds(mono: np.ndarray, rate: int) -> float:
    """Time from 10% to 90% of the peak of the envelope (RMS over 2 ms), after Peeters (2004), section 5.1.1."""
    hop = max(rate // 2000, 1)
    envelope = librosa.feature.rms(y=mono, frame_length=4 * hop, hop_length=hop)[0]
    peak = int(np.argmax(envelope >= 0.9 * envelope.max()))
    start = np.flatnonzero(envelope[: peak + 1] <= 0.1 * envelope.max())
    return float((peak - (start[-1] if len(start) else 0)) * hop / rate)


def pitch(mono: np.ndarray, rate: int) -> tuple[float | None, float]:
    """Fundamental frequency in Hz (None when there is none) and periodicity 0..1 of a sound, shape (n,).

    YIN (de Cheveigne & Kawahara, 2002), steps 2 to 5, on up to 12 of the loudest frames; the median of those that are
    periodic is the pitch, if they are at least a third.
    """
    longest = int(rate / _PITCH_RANGE_HZ[0])
    width = min(longest, len(mono) // 2)
    shortest = max(int(rate / _PITCH_RANGE_HZ[1]), 2)
    if width <= 2 * shortest:
        return None, 0.0
    hop = max(width // 2, 1)
    frames = np.lib.stride_tricks.sliding_window_view(mono, 2 * width)[::hop]
    loudest = np.argsort(np.einsum("ij,ij->i", frames, frames))[::-1][:12]
    estimates = [_yin(frames[index].astype(np.float64), rate, shortest) for index in loudest]
    periods = np.array([period for period, _ in estimates if period])
    periodicity = float(np.median([1 - aperiodicity for _, aperiodicity in estimates]))
    if 3 * len(periods) < len(estimates):
        return None, max(periodicity, 0.0)
    return float(rate / np.median(periods)), max(periodicity, 0.0)


def tempo(strength: np.ndarray, frames_a_second: float) -> tuple[float | None, float]:
    """Beats a minute and confidence 0..1 from an onset strength envelope, shape (frames,).

    Autocorrelation weighted by a log-normal prior around 120 BPM (Ellis, 2007).
    """
    slowest = int(60 / _TEMPO_RANGE_BPM[0] * frames_a_second)
    fastest = int(60 / _TEMPO_RANGE_BPM[1] * frames_a_second)
    centred = strength - strength.mean()
    if len(strength) < 3 * slowest or not np.any(centred):
        return None, 0.0
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
    classes = np.round(69 + 12 * np.log2(frequencies[1 : bins - 1][inside] / 440)).astype(int) % 12
    return np.bincount(classes, weights=energies[inside], minlength=12)


def key(chroma: np.ndarray) -> tuple[str | None, float]:
    """Name the key, such as `A minor`, of pitch-class energies of shape (12,); and how well they correlate with it.

    Krumhansl & Schmuckler's method: the best correlated of the 24 rotated profiles.
    """
    if not np.any(chroma) or np.ptp(chroma) < 1e-9 * chroma.max():
        return None, 0.0
    found = [
        (float(np.corrcoef(chroma, np.roll(profile, tonic))[0, 1]), f"{_NAMES[tonic]} {mode}")
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
        for tonic in range(12)
    ]
    correlation, name = max(found)
    return name, max(correlation, 0.0)


def _spectral(magnitudes: np.ndarray, rate: int, n_fft: int) -> dict[str, float]:
    """Means over time, each frame weighted by its energy, so that the tail's noise does not colour the sound."""
    power = magnitudes**2
    weights = power.sum(axis=0) / power.sum()
    frequencies = np.fft.rfftfreq(n_fft, 1 / rate)
    features = {
        "spectralCentroidHz": librosa.feature.spectral_centroid(S=magnitudes, sr=rate),
        "spectralBandwidthHz": librosa.feature.spectral_bandwidth(S=magnitudes, sr=rate),
        "spectralRolloffHz": librosa.feature.spectral_rolloff(S=magnitudes, sr=rate),
        "spectralFlatness": librosa.feature.spectral_flatness(S=magnitudes),
    }
    means = {name: float(np.sum(values[0] * weights)) for name, values in features.items()}
    return {**means, "brightness": float(power[frequencies >= _BRIGHTNESS_HZ].sum() / power.sum())}


def _note(frequency: float | None) -> dict[str, Any]:
    if frequency is None:
        return {"pitchHz": None, "midiNote": None, "noteName": None, "cents": None}
    midi = 69 + 12 * math.log2(frequency / 440)
    nearest = round(midi)
    return {
        "pitchHz": frequency,
        "midiNote": nearest,
        "noteName": f"{_NAMES[nearest % 12]}{nearest // 12 - 1}",
        "cents": 100 * (midi - nearest),
    }


def _yin(frame: np.ndarray, rate: int, shortest: int) -> tuple[float | None, float]:
    """Period in samples (None: not periodic) and aperiodicity of `frame`, shape (2 width,)."""
    width = len(frame) // 2
    size = 1 << (len(frame) + width - 1).bit_length()
    spectrum = np.fft.rfft(frame, size)
    correlation = np.fft.irfft(spectrum * np.conj(np.fft.rfft(frame[:width], size)), size)[:width]
    energy = np.concatenate(([0.0], np.cumsum(frame**2)))
    difference = energy[width] + (energy[width : 2 * width] - energy[:width]) - 2 * correlation
    running = np.cumsum(difference[1:])
    if running[-1] <= 1e-6 * energy[-1]:
        return None, 1.0
    normalised = np.ones(width)
    normalised[1:] = difference[1:] * np.arange(1, width) / np.maximum(running, 1e-12)
    below = np.flatnonzero(normalised[shortest:] < _YIN_THRESHOLD)
    if not len(below):
        return None, float(min(normalised[shortest:].min(), 1.0))
    lag = shortest + int(below[0])
    while lag + 1 < width and normalised[lag + 1] < normalised[lag]:
        lag += 1
    return lag + _parabolic_offset(-normalised, lag), float(max(normalised[lag], 0.0))


def _parabolic_offset(values: np.ndarray, peak: int) -> float:
    """Where between the samples a maximum at `peak` lies, -0.5..0.5, by a parabola through its neighbours."""
    if not 0 < peak < len(values) - 1:
        return 0.0
    left, middle, right = values[peak - 1 : peak + 2]
    curvature = left - 2 * middle + right
    return float(np.clip(0.5 * (left - right) / curvature, -0.5, 0.5)) if curvature < 0 else 0.0


def _hop(rate: int) -> int:
    """About 12 ms, for the onset strength."""
    return max(round(rate * 0.0116), 1)


def _onset_strength(mono: np.ndarray, rate: int) -> np.ndarray:
    """Mean rise of 64 mel bands up to 8 kHz, in dB, shape (frames,), as `librosa.onset.onset_strength` defines it.

    A band less than 80 dB under the loudest counts; frames are `_hop` apart.
    """
    n_fft = 1 << round(math.log2(rate * 0.046))
    bins = int(min(8000.0 / rate, 0.5) * n_fft) + 1
    bank = spectrum.mel_bank(rate, n_fft, bands=64, lowest_hz=0, highest_hz=min(8000.0, rate / 2))[:, :bins].T
    batches = spectrum.power_spectra(mono, n_fft=n_fft, hop=_hop(rate), bins=bins)
    levels = 10 * np.log10(np.maximum(np.concatenate([powers @ bank for powers in batches]), 1e-10))
    rises = np.diff(np.maximum(levels, levels.max() - 80), axis=0)
    return np.concatenate((np.zeros(1), np.maximum(rises, 0).mean(axis=1)))
