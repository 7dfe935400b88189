"""How many events a one-shot holds: attacks that the segmentation left together."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import fft

from oneshots.blocks import read_with_silence

# Frames of 23 ms every 12 ms; bands of about two thirds of an octave from 60 Hz to 16 kHz.
_FRAME_SECONDS = 0.0232
_HOPS_A_FRAME = 2
_BAND_EDGES_HZ = np.geomspace(60, 16_000, 13)
# What is this far under the sound's loudest band is not heard beside it.
_DEPTH_DB = 45.0
_LEAST_POWER = 1e-20
# A band rises over its loudest of the last 30 ms; a rise of over 18 dB says no more than one of 18.
_BEFORE_SECONDS = 0.03
_LARGEST_RISE_DB = 18.0
# Mean rise of all bands in dB that makes an event, and around which it is as likely as not.
THRESHOLD_DB = 3.0
_SPREAD_DB = 0.6
_LEAST_APART_SECONDS = 0.06


@dataclass(frozen=True, kw_only=True)
class Events:
    """`count` attacks, at least 1; `second_db` is the strength of the clearest after the first, 0 if none."""

    count: int
    second_db: float


def find_events(mono: np.ndarray, rate: int) -> Events:
    """Count the attacks of `mono`, shape (n,): frames where many bands rise at once out of what rang before.

    A spectral flux on a decibel scale: a new attack is heard in bands in which the old sound has died away, even when
    the whole level hardly rises.
    """
    rise, hop_seconds = _rise(mono, rate)
    apart = round(_LEAST_APART_SECONDS / hop_seconds)
    first = _first_attack(rise, apart)
    # A frame reaches before and after its centre, so that one attack is seen in several.
    later = rise[first + apart :]
    count, position = 1, 0
    while position < len(later):
        found = np.flatnonzero(later[position:] >= THRESHOLD_DB)
        if not len(found):
            break
        count += 1
        position += int(found[0]) + apart
    return Events(count=count, second_db=float(later.max(initial=0.0)))


def describe_events(events: Events) -> dict[str, Any]:
    """`onsetCount`, and whether it is a single event with how sure that is (0.5: it may as well be the opposite)."""
    is_several = 1 / (1 + math.exp(-(events.second_db - THRESHOLD_DB) / _SPREAD_DB))
    return {
        "onsetCount": events.count,
        "singleEvent": events.count == 1,
        "singleEventConfidence": max(is_several, 1 - is_several),
    }


def _rise(mono: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """Mean rise of the bands of each frame in dB, shape (frames,), and the seconds between frames."""
    level, hop_seconds = _band_levels(mono, rate)
    reach = max(round(_BEFORE_SECONDS / hop_seconds), 1)
    padded = np.concatenate((np.full((reach, level.shape[1]), level.min()), level[:-1]))
    before = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=0).max(axis=2)[: len(level)]
    return np.clip(level - before, 0, _LARGEST_RISE_DB).mean(axis=1), hop_seconds


def _band_levels(mono: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """Levels of the bands in dB over the depth that is looked at, shape (frames, bands)."""
    size = max(1 << round(math.log2(rate * _FRAME_SECONDS)), 16)
    hop = size // _HOPS_A_FRAME
    # Silence before it lets a sound begin; none after it, for a sharp end would be heard in all bands.
    preceded = read_with_silence(mono[None], -size, len(mono))[0]
    frames = np.lib.stride_tricks.sliding_window_view(preceded, size)[::hop]
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    spectrum = fft.rfft(frames * window)
    power = spectrum.real**2 + spectrum.imag**2
    edges = np.unique(np.searchsorted(np.fft.rfftfreq(size, 1 / rate), _BAND_EDGES_HZ))
    bands = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    least = max(float(bands.max()) * 10 ** (-_DEPTH_DB / 10), _LEAST_POWER)
    return 10 * np.log10(np.maximum(bands, least)), hop / rate


def _first_attack(rise: np.ndarray, apart: int) -> int:
    """Frame of the first attack: the highest of the frames that follow the first rise."""
    begin = int(np.argmax(rise >= min(THRESHOLD_DB, float(rise.max()))))
    return begin + int(np.argmax(rise[begin : begin + apart]))
