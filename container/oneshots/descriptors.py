"""What a sound is like, in numbers: all descriptors of a one-shot, and those of a recording.

Each number's definition is in the module that measures it, its unit in its name, and both in `manifest.schema.json`.
Guesses (pitch, kind, tempo ...) come with a confidence from 0 to 1.
"""

import math
from typing import Any

import numpy as np

from oneshots import tempo_and_key
from oneshots.envelope import (
    LONGEST_SECONDS,
    attack_seconds,
    describe_loop,
    dynamic_range_db,
    level_db,
    signal_to_noise_db,
)
from oneshots.events import describe_events, find_events
from oneshots.kind import Measured, describe_kind
from oneshots.pitch import find_pitch, name_note
from oneshots.samples import Samples
from oneshots.timbre import describe_spectrum, power_spectra

_SHORTEST_SAMPLES = 256
_SILENT_PEAK = 1e-6
_BLOCK_SECONDS = 30.0
_CANCELLED_SHARE = 0.25
# The envelope behind the attack has a value every half millisecond.
_SHORTEST_ATTACK_SECONDS = 0.0005

ONE_SHOT_NAMES = (
    "peakDbfs", "rmsDbfs", "dynamicRangeDb", "noiseFloorDbfs", "signalToNoiseDb", "attackSeconds", "attackLog10",
    "zeroCrossingRateHz", "spectralCentroidHz", "spectralBandwidthHz", "spectralRolloffHz", "spectralFlatness",
    "brightness", "pitchHz", "midiNote", "noteName", "cents", "pitchedness", "onsetCount", "singleEvent",
    "singleEventConfidence", "loopable", "loopableConfidence", "kind", "kindConfidence",
)  # fmt: skip


def describe_one_shot(samples: Samples, rate: int, *, noise_floor_dbfs: float | None = None) -> dict[str, Any]:
    """Descriptors of one sound, `samples` of shape (channels, n); at most its first 20 s are looked at.

    `noise_floor_dbfs` is the level of the noise that the sound lies in, at the sound's own gain; None when unknown.
    Times in seconds, frequencies in Hz, levels in dBFS; None where a silent sound has no answer.
    """
    mono = _mono(samples[:, : int(LONGEST_SECONDS * rate)])
    peak = float(np.max(np.abs(mono), initial=0.0))
    if peak < _SILENT_PEAK:
        return dict.fromkeys(ONE_SHOT_NAMES)
    measured = measure(mono, rate)
    return {
        "peakDbfs": 20 * math.log10(peak),
        "rmsDbfs": 10 * math.log10(float(mono @ mono) / len(mono)),
        "dynamicRangeDb": dynamic_range_db(measured.level),
        "noiseFloorDbfs": noise_floor_dbfs,
        "signalToNoiseDb": signal_to_noise_db(samples, rate, noise_floor_dbfs=noise_floor_dbfs),
        "attackSeconds": measured.attack_seconds,
        "attackLog10": math.log10(max(measured.attack_seconds, _SHORTEST_ATTACK_SECONDS)),
        "zeroCrossingRateHz": float(np.count_nonzero(np.diff(np.signbit(mono)))) * rate / len(mono),
        **measured.spectrum,
        **name_note(measured.pitch.frequency_hz),
        "pitchedness": measured.pitch.pitchedness,
        **describe_events(measured.events),
        **describe_loop(measured.level, measured.power),
        **describe_kind(measured),
    }


def measure(mono: np.ndarray, rate: int) -> Measured:
    """Measure a sound that is not silent, shape (n,): what several descriptors are made of."""
    padded = mono if len(mono) >= _SHORTEST_SAMPLES else np.pad(mono, (0, _SHORTEST_SAMPLES - len(mono)))
    power = power_spectra(padded, rate)
    return Measured(
        rate=rate,
        seconds=len(mono) / rate,
        attack_seconds=attack_seconds(padded, rate),
        level=level_db(mono, rate),
        power=power,
        pitch=find_pitch(mono, rate),
        events=find_events(padded, rate),
        spectrum=describe_spectrum(power, rate),
    )


def describe_recording(samples: Samples, rate: int) -> dict[str, Any]:
    """Tempo and key of a whole recording, shape (channels, n), with how sure they are (0..1); None where there is none.

    Works in blocks of 30 s: memory does not grow with the recording.
    """
    strengths: list[np.ndarray] = []
    chroma = np.zeros(12)
    block_samples = int(_BLOCK_SECONDS * rate)
    for start in range(0, samples.shape[1], block_samples):
        mono = _mono(samples[:, start : start + block_samples])
        if tempo_and_key.is_too_short(mono, rate) or not np.any(mono):
            continue
        strengths.append(tempo_and_key.onset_strength(mono, rate))
        chroma += tempo_and_key.pitch_classes(mono, rate)
    frames_a_second = rate / tempo_and_key.hop_samples(rate)
    strength = np.concatenate(strengths) if strengths else np.zeros(0)
    tempo_bpm, tempo_confidence = tempo_and_key.tempo(strength, frames_a_second)
    key_name, key_confidence = tempo_and_key.key(chroma)
    return {
        "tempoBpm": tempo_bpm,
        "tempoConfidence": tempo_confidence,
        "key": key_name,
        "keyConfidence": key_confidence,
    }


def _mono(samples: np.ndarray) -> np.ndarray:
    """Return the channels' mean, or the louder channel where they cancel; shape (n,)."""
    if len(samples) == 1:
        return samples[0]
    mean = samples.mean(axis=0)
    powers = np.einsum("ij,ij->i", samples, samples, dtype=np.float64)
    # A quarter: channels that have nothing in common, or one that is silent, still leave half.
    if np.einsum("i,i->", mean, mean, dtype=np.float64) >= _CANCELLED_SHARE * powers.mean():
        return mean
    return samples[int(powers.argmax())]
