"""What a sound's level does over time: attack, dynamics, whether it can be looped."""

import math
from typing import Any

import numpy as np

# The level is the RMS over 8 ms, every 4 ms.
FRAME_SECONDS = 0.004
_SILENCE_DB = -120.0
_ATTACK_HOP_SECONDS = 0.0005


def level_db(mono: np.ndarray, rate: int) -> np.ndarray:
    """Level every 4 ms in dBFS (a full-scale square wave is 0), shape (frames,) with at least one; silence is -120."""
    hop = max(round(FRAME_SECONDS * rate), 1)
    count = max(len(mono) // hop, 1)
    whole = np.zeros(count * hop, np.float32)
    whole[: min(len(mono), count * hop)] = mono[: count * hop]
    power = np.einsum("ij,ij->i", *(whole.reshape(count, hop),) * 2, dtype=np.float64) / hop
    power[1:] = 0.5 * (power[1:] + power[:-1])
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (_SILENCE_DB / 10))))


def attack_seconds(mono: np.ndarray, rate: int) -> float:
    """Time from 10% to 90% of the peak of the envelope (RMS over 2 ms), after Peeters (2004), section 5.1.1."""
    hop = max(round(_ATTACK_HOP_SECONDS * rate), 1)
    width = 4
    count = len(mono) // hop
    if count <= width:
        return 0.0
    hops = mono[: count * hop].reshape(count, hop)
    power = np.cumsum(np.einsum("ij,ij->i", hops, hops, dtype=np.float64))
    padded = np.concatenate((np.zeros(width // 2 + 1), power, np.full(width // 2, power[-1])))
    envelope = np.sqrt(np.maximum(padded[width:] - padded[:-width], 0))
    peak = int(np.argmax(envelope >= 0.9 * envelope.max()))
    start = np.flatnonzero(envelope[: peak + 1] <= 0.1 * envelope.max())
    return float((peak - (start[-1] if len(start) else 0)) * hop / rate)


def describe_dynamics(level: np.ndarray, *, noise_floor_dbfs: float | None) -> dict[str, float | None]:
    """Return the dynamic range in dB and how far the sound stands out of the noise, from `level_db`.

    The range is that of the level between its 10th and its 95th percentile, as EBU Tech 3342 takes the loudness range,
    without the fades at both ends.
    """
    fade = round(0.012 / FRAME_SECONDS)
    body = level[fade:-fade] if len(level) > 4 * fade else level
    low, high = np.percentile(body, [10, 95])
    return {
        "dynamicRangeDb": float(high - low),
        "noiseFloorDbfs": noise_floor_dbfs,
        "signalToNoiseDb": None if noise_floor_dbfs is None else float(level.max() - noise_floor_dbfs),
    }


def describe_loop(level: np.ndarray, power: np.ndarray) -> dict[str, Any]:
    """Whether the middle of a sound can be repeated without a swell, a gap or a change of colour, and how sure that is.

    `level` is its `level_db`, `power` its spectra, shape (frames, bins). The middle is what remains without the first
    and the last tenth; its first and last thirds must have the same level and the same spectrum, and it must last.
    """
    seconds = len(level) * FRAME_SECONDS
    body = _middle(level, 0.1)
    third = max(len(body) // 3, 1)
    step_db = abs(float(body[:third].mean() - body[-third:].mean()))
    flutter_db = float(body.std())
    spectra = _middle(power, 0.1)
    part = max(len(spectra) // 3, 1)
    likeness = _cosine(np.sqrt(spectra[:part].mean(axis=0)), np.sqrt(spectra[-part:].mean(axis=0)))
    # Each term is 0 at what is as likely as not; the units are those of about one step in hearing.
    evidence = min((4.0 - step_db) / 1.5, (5.0 - flutter_db) / 1.5, (likeness - 0.8) / 0.06, (seconds - 0.35) / 0.1)
    probability = 1 / (1 + math.exp(-max(min(evidence, 30.0), -30.0)))
    return {"loopable": probability >= 0.5, "loopableConfidence": max(probability, 1 - probability)}


def _middle(values: np.ndarray, share: float) -> np.ndarray:
    edge = int(len(values) * share)
    return values[edge : len(values) - edge]


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / length if length else 1.0
