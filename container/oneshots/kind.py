"""What kind of sound it is, coarsely: percussive, tonal, voice or noise.

A multinomial logistic model on a dozen and a half numbers that are measured anyway. `bench/fit_kind.py` fits it on
labelled sounds and writes `kind_model.json`; the confidence is the model's probability.
"""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oneshots import envelope, timbre
from oneshots.events import Events
from oneshots.pitch import Pitch

KINDS = ("percussive", "tonal", "voice", "noise")
MODEL_PATH = Path(__file__).parent / "kind_model.json"

FEATURES = (
    "durationLog10", "attackLog10", "temporalCentroid", "loudShare", "levelSpreadDb", "levelSlopeDb", "pitchedness",
    "pitchLog2", "pitchSpreadLog10", "periodicShare", "flatnessLog10", "centroidLog2", "centroidMotion",
    "onsetCountLog2", "under150", "under400", "under1000", "under2500", "under6000", "over6000",
)  # fmt: skip


class Measured(NamedTuple):
    """What was measured of a sound: `level` as `envelope.level_db`, `power` as `timbre.power_spectra` give it."""

    rate: int
    seconds: float
    attack_seconds: float
    level: np.ndarray
    power: np.ndarray
    pitch: Pitch
    events: Events
    spectrum: dict[str, float]


class _Model(NamedTuple):
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray


def describe_kind(measured: Measured) -> dict[str, Any]:
    """Return `kind` and `kindConfidence`, 0.25..1: how probable the model finds it."""
    model = _model()
    scores = model.weights @ ((features(measured) - model.mean) / model.scale) + model.bias
    odds = np.exp(scores - scores.max())
    best = int(np.argmax(odds))
    return {"kind": KINDS[best], "kindConfidence": float(odds[best] / odds.sum())}


def features(measured: Measured) -> np.ndarray:
    """Return the model's input, shape (20,), in the order of `FEATURES`."""
    level, pitch = measured.level, measured.pitch
    shares = timbre.band_shares(measured.power, measured.rate)
    return np.array([
        math.log10(max(measured.seconds, 0.005)),
        math.log10(max(measured.attack_seconds, 0.001)),
        *_time_shape(level),
        pitch.pitchedness,
        math.log2((pitch.frequency_hz or 200.0) / 200),
        math.log10(1 + pitch.spread_cents),
        pitch.periodic_share,
        math.log10(max(measured.spectrum["spectralFlatness"], 1e-6)),
        math.log2(max(measured.spectrum["spectralCentroidHz"], 20.0)),
        timbre.centroid_motion(measured.power, measured.rate),
        math.log2(measured.events.count),
        *np.log10(shares + 1e-3),
    ])  # fmt: skip


def _time_shape(level: np.ndarray) -> tuple[float, float, float, float]:
    """Where the energy lies in time (0..1), the share of the time that is loud, and how the level scatters and falls.

    The scatter is around the straight line that the level follows, in dB; the fall is in dB a second.
    """
    energy = 10 ** (level / 10)
    place = np.arange(len(level)) / max(len(level) - 1, 1)
    centroid = float(energy @ place / max(energy.sum(), 1e-20))
    heard = level > level.max() - 30
    loud = float(np.mean(level > level.max() - 12))
    if np.count_nonzero(heard) < 4:
        return centroid, loud, 0.0, -2.0
    seconds = np.flatnonzero(heard) * envelope.FRAME_SECONDS
    slope, start = np.polynomial.polynomial.polyfit(seconds, level[heard], 1)[::-1]
    scatter = float(np.std(level[heard] - (start + slope * seconds)))
    return centroid, loud, scatter, float(np.clip(slope / 100, -3, 3))


@cache
def _model() -> _Model:
    model = json.loads(MODEL_PATH.read_text())
    return _Model(*(np.array(model[name]) for name in _Model._fields))
