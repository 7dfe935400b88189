"""Where sounds begin: the peaks of the network's onset activation, and from each back to the foot of the attack."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from oneshots import observation, spectrum
from oneshots.observation import Observation

PROBABLE = 0.5
CLOSEST_FRAMES = 7

SHORT_SECONDS = spectrum.HOP_MS / 1000
BACK_FRAMES, AHEAD_FRAMES = 8, 7
LEAST_RISE_DB = 1.5
RISE_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class Onset:
    """A sound begins at `seconds`, found at `frame` (of 10 ms), with the probability `probability`, 0..1."""

    frame: int
    seconds: float
    probability: float


def find_onsets(observed: Observation, activation: np.ndarray) -> list[Onset]:
    """Find the onsets, in order, in the network's onset `activation`, shape (frames,), of what was `observed`."""
    frames = pick_peaks(activation)
    return [
        Onset(
            frame=int(frame),
            seconds=begin_of_rise(observed, int(frame)) * SHORT_SECONDS,
            probability=float(activation[frame]),
        )
        for frame in frames
    ]


def pick_peaks(activation: np.ndarray) -> np.ndarray:
    """Frames where `activation` is over 0.5 and the highest of 70 ms either side; of equal ones the first."""
    highest = maximum_filter1d(activation, 2 * CLOSEST_FRAMES + 1)
    peaks = np.flatnonzero((activation == highest) & (activation > PROBABLE))
    apart = np.diff(peaks, prepend=-CLOSEST_FRAMES - 1) > CLOSEST_FRAMES
    return np.asarray(peaks[apart])


def begin_of_rise(observed: Observation, frame: int) -> int:
    """Last short frame before the attack about `frame` that is as quiet as before it: within a fifth of its rise.

    Where a recording begins with a sound there is none before, and the first it is.
    """
    if frame <= 1:
        return 0
    middle = 2 * frame
    first = max(middle - BACK_FRAMES, 0)
    loudness = loudness_db(observed, max(first - 4, 0), min(middle + AHEAD_FRAMES, len(observed.short)))
    attack = loudness[first - max(first - 4, 0) :]
    peak = int(attack.argmax())
    quietest = float(loudness[: middle - max(first - 4, 0) + 1].min())
    quiet = quietest + max(LEAST_RISE_DB, RISE_SHARE * (float(attack[peak]) - quietest))
    before = np.flatnonzero(attack[: peak + 1] <= quiet)
    return first + int(before[-1]) if len(before) else first


def loudness_db(observed: Observation, first: int, last: int) -> np.ndarray:
    """Mean of the short bands' dB over the floor, of short frames `first` to `last`, shape (last - first,)."""
    frames = np.arange(first, last)
    return 10 * observation.over_floor(observed.short[first:last], observed.short_floor.at(frames)).mean(axis=1)
