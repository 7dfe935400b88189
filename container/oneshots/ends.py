"""Where sounds end: where the tail has sunk into the noise in every octave, or is 40 dB under its own peak.

Octaves, because a tail is heard as long as it stands out in any part of the spectrum: the ring of a bell over
rumble, the boom of a drum under hiss.
"""

from itertools import pairwise

import numpy as np
from scipy.ndimage import uniform_filter1d

from oneshots import noise_floor

FLOOR_PERCENTILE = 30.0
FLOOR_SMOOTHED_SECONDS = 0.1
SMOOTHED_SECONDS = 0.05
TAIL_DB = 40.0
LONGEST_GAP_SECONDS = 0.05
LEAST_RATIO, LOW_RATIO = 1.3, 3.0


def find_ends(octaves: np.ndarray, hop_seconds: float, onsets: list[float]) -> list[float]:
    """Seconds at which the sounds that begin at `onsets` (seconds, in order) end: by the next onset at the latest.

    `octaves` has shape (frames, octaves), powers as `spectrum.octave_powers` gives them every `hop_seconds`.
    """
    audible = stands_out(octaves, hop_seconds)
    power = octaves.sum(axis=1)
    bounds = [min(round(onset / hop_seconds), len(octaves) - 1) for onset in onsets] + [len(octaves)]
    last = [_last_audible(audible, power, first, end, hop_seconds) for first, end in pairwise(bounds)]
    ends = [(frame + 1) * hop_seconds for frame in last]
    limits = [*onsets[1:], len(octaves) * hop_seconds]
    return [min(end, limit) for end, limit in zip(ends, limits, strict=True)]


def stands_out(octaves: np.ndarray, hop_seconds: float) -> np.ndarray:
    """Whether any octave of a frame is clearly above its floor, shape (frames,).

    Low octaves scatter more, having fewer bins to average; so does noise that is not steady. Both need more.
    """
    count = octaves.shape[1]
    floor = noise_floor.follow(
        octaves, hop_seconds, percentile=FLOOR_PERCENTILE, smoothed_seconds=FLOOR_SMOOTHED_SECONDS
    )
    scatter = 10 ** (noise_floor.roughness_db(octaves, hop_seconds) / 20)
    ratio = (LEAST_RATIO + LOW_RATIO / 2 ** (np.arange(count) / 2)) * scatter
    width = max(round(SMOOTHED_SECONDS / hop_seconds), 1)
    above = np.zeros(len(octaves), bool)
    for row in range(count):
        level = np.interp(np.arange(len(octaves)), floor.frames, floor.powers[:, row])
        above |= uniform_filter1d(octaves[:, row], width) > ratio[row] * level
    return above


def _last_audible(audible: np.ndarray, power: np.ndarray, first: int, end: int, hop_seconds: float) -> int:
    """Last frame of the sound in frames `first` to `end` (exclusive): 50 ms without it after its peak end it."""
    own = power[first : max(end, first + 1)]
    peak = int(own.argmax())
    heard = np.flatnonzero(audible[first : first + len(own)] & (own > own[peak] * 10 ** (-TAIL_DB / 10)))
    after = np.concatenate(([peak], heard[heard > peak]))
    gaps = np.flatnonzero(np.diff(after) > round(LONGEST_GAP_SECONDS / hop_seconds))
    return first + int(after[gaps[0]] if len(gaps) else after[-1])
