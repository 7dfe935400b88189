"""Where sounds begin: the peaks of the network's onset activation, and from each back to the foot of the attack."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from oneshots import observation, spectrum
from oneshots.network import Activations
from oneshots.observation import HOP_SECONDS, Observation

PROBABLE = 0.5
CLOSEST_FRAMES = 7
# Encoders start with something like an onset. A sound that a recording begins with is heard for longer.
FIRST_FRAMES, FIRST_HEARD = 6, 0.6

SHORT_SECONDS = spectrum.HOP_MS / 1000
BACK_FRAMES, AHEAD_FRAMES = 8, 7
LEAST_RISE_DB = 1.5
RISE_SHARE = 0.2

FAINTLY_HEARD, FARTHEST_HEARD_FRAMES = 0.2, 10


@dataclass(frozen=True, kw_only=True)
class Onset:
    """A sound begins at `seconds` and rises for `rise_seconds` (infinity: it swelled, and never rose at once).

    It is faintly heard from `heard_seconds` on. `frame` (of 10 ms) and `probability`, 0..1, are those of the peak.
    """

    frame: int
    seconds: float
    rise_seconds: float
    heard_seconds: float
    probability: float


def find_onsets(observed: Observation, heard: Activations) -> list[Onset]:
    """Find the onsets, in order, in what the network `heard` of what was `observed`."""
    frames = [frame for frame in pick_peaks(heard.onset).tolist() if frame > 1 or _begins_with_sound(heard.audible)]
    return [_attack(observed, heard, frame) for frame in frames]


def _begins_with_sound(audible: np.ndarray) -> bool:
    return float(audible[:FIRST_FRAMES].mean()) > FIRST_HEARD


def _attack(observed: Observation, heard: Activations, frame: int) -> Onset:
    begin, top = rise_about(observed, frame)
    return Onset(
        frame=frame,
        seconds=begin * SHORT_SECONDS,
        rise_seconds=(top - begin) * SHORT_SECONDS,
        heard_seconds=heard_since(heard.audible, frame) * HOP_SECONDS,
        probability=float(heard.onset[frame]),
    )


def heard_since(audible: np.ndarray, frame: int) -> int:
    """First of the frames up to `frame` in which something is faintly heard; `frame` if that was so 100 ms ago."""
    faint = audible[max(frame - FARTHEST_HEARD_FRAMES, 0) : frame] > FAINTLY_HEARD
    return frame - (0 if faint.all() else int(faint[::-1].argmin()))


def pick_peaks(activation: np.ndarray) -> np.ndarray:
    """Frames where `activation` is over 0.5 and the highest of 70 ms either side; of equal ones the first."""
    highest = maximum_filter1d(activation, 2 * CLOSEST_FRAMES + 1)
    peaks = np.flatnonzero((activation == highest) & (activation > PROBABLE))
    apart = np.diff(peaks, prepend=-CLOSEST_FRAMES - 1) > CLOSEST_FRAMES
    return np.asarray(peaks[apart])


def rise_about(observed: Observation, frame: int) -> tuple[int, int]:
    """Return the short frames at which the attack about `frame` begins and is loudest, 35 ms after it at the latest.

    It begins with the last one that is as quiet as before: within a fifth of the whole rise. Where a recording begins
    with a sound there is none before, and the first it is.
    """
    middle = 2 * frame
    first = max(middle - BACK_FRAMES, 0)
    loudness = loudness_db(observed, max(first - 4, 0), min(middle + AHEAD_FRAMES, len(observed.short)))
    attack = loudness[first - max(first - 4, 0) :]
    top = int(attack.argmax())
    if frame <= 1:
        return 0, first + top
    quietest = float(loudness[: middle - max(first - 4, 0) + 1].min())
    quiet = quietest + max(LEAST_RISE_DB, RISE_SHARE * (float(attack[top]) - quietest))
    before = np.flatnonzero(attack[: top + 1] <= quiet)
    return first + (int(before[-1]) if len(before) else 0), first + top


def loudness_db(observed: Observation, first: int, last: int) -> np.ndarray:
    """Mean of the short bands' dB over the floor, of short frames `first` to `last`, shape (last - first,)."""
    frames = np.arange(first, last)
    return 10 * observation.over_floor(observed.short[first:last], observed.short_floor.at(frames)).mean(axis=1)
