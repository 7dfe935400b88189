"""What a sound's level does over time: attack, dynamics, whether it can be looped."""

import math
from typing import Any

import numpy as np

from oneshots.samples import Samples

# More of a sound than this is not looked at.
LONGEST_SECONDS = 20.0
# The level is the RMS over 8 ms, every 4 ms.
FRAME_SECONDS = 0.004
_SILENCE_DB = -120.0
_ATTACK_HOP_SECONDS = 0.0005


def level_db(samples: np.ndarray, rate: int) -> np.ndarray:
    """Level every 4 ms in dBFS (a full-scale square wave is 0), shape (frames,) with at least one; silence is -120.

    `samples` has shape (n,) or (channels, n): the channels' mean power counts.
    """
    channels = np.atleast_2d(samples)
    length = channels.shape[1]
    hop = max(round(FRAME_SECONDS * rate), 1)
    count = max(length // hop, 1)
    whole = np.zeros((len(channels), count * hop), np.float32)
    whole[:, : min(length, count * hop)] = channels[:, : count * hop]
    hops = whole.reshape(len(channels), count, hop)
    power = np.einsum("cij,cij->i", hops, hops, dtype=np.float64) / (hop * len(channels))
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


def dynamic_range_db(level: np.ndarray) -> float:
    """Return the range of `level_db` from its 10th to its 95th percentile, as EBU Tech 3342 takes the loudness range.

    Without the fades at both ends.
    """
    fade = round(0.012 / FRAME_SECONDS)
    body = level[fade:-fade] if len(level) > 4 * fade else level
    low, high = np.percentile(body, [10, 95])
    return float(high - low)


def signal_to_noise_db(samples: Samples, rate: int, *, noise_floor_dbfs: float | None) -> float | None:
    """Return how far the loudest 8 ms of a sound, shape (channels, n), stand out of the noise that it lies in.

    Both are the channels' mean power, so sounds in opposite phase count. At most the first 20 s are looked at. None for
    silence, and where the noise is not known.
    """
    if noise_floor_dbfs is None:
        return None
    loudest_dbfs = float(level_db(samples[:, : int(LONGEST_SECONDS * rate)], rate).max())
    return loudest_dbfs - noise_floor_dbfs if loudest_dbfs > _SILENCE_DB else None


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
