"""Sounds without an onset: what the network hears for long though nothing ever rose at once."""

import math

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from oneshots.ends import find_ends
from oneshots.network import Activations
from oneshots.observation import HOP_SECONDS, Observation
from oneshots.onsets import Onset

HEARD, LEAST_MEAN, LEAST_FRAMES = 0.6, 0.75, 15
BEGINS, FARTHEST_FRAMES = 0.25, 40
# Frames around a sound that are its own, so that they are no swell.
BEFORE_SOUND, AFTER_SOUND = 5, 3
# Where nothing at all is heard for 200 ms around, the bands show what the noise alone reaches.
UNHEARD, UNHEARD_FRAMES, LEAST_UNHEARD_FRAMES = 0.05, 41, 100
SMOOTHED_FRAMES, DEVIATIONS = 5, 3.0
FARTHEST_FAINT_FRAMES, LONGEST_GAP_FRAMES = 120, 3


def find_swells(observed: Observation, heard: Activations, onsets: list[Onset]) -> list[Onset]:
    """Find what is heard for 150 ms or longer outside of the sounds that begin at `onsets`, in order.

    Each begins where any band stood out of the noise, as far as that goes back without a gap.
    """
    audible = heard.audible
    taken = _taken(audible, [onset.frame for onset in onsets])
    loud = np.concatenate(([False], (audible > HEARD) & ~taken, [False]))
    edges = np.flatnonzero(np.diff(loud.astype(np.int8))).tolist()
    swells: list[Onset] = []
    faint: np.ndarray | None = None
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        mean = float(audible[first:end].mean())
        if taken[first] or end - first < LEAST_FRAMES or mean < LEAST_MEAN or (first and taken[first - 1]):
            continue
        faint = stands_out(observed, audible) if faint is None else faint
        begin = _first_of_run((audible > BEGINS) & ~taken, first, farthest=FARTHEST_FRAMES, longest_gap=0)
        begin = _first_of_run(faint & ~taken, begin, farthest=FARTHEST_FAINT_FRAMES, longest_gap=LONGEST_GAP_FRAMES)
        taken[begin : find_ends(audible, [first])[0]] = True
        seconds = begin * HOP_SECONDS
        swells.append(
            Onset(frame=begin, seconds=seconds, rise_seconds=math.inf, heard_seconds=seconds, probability=mean)
        )
    return swells


def stands_out(observed: Observation, audible: np.ndarray) -> np.ndarray:
    """Whether any band of a frame is three deviations over its median where nothing is heard, shape (frames,).

    A deviation is from the median to the 84th percentile, as it is of a normal distribution: what is not heard may
    hold the faint part of a swell, which those hardly feel. Nothing stands out where there is hardly any noise alone
    to compare with.
    """
    unheard = maximum_filter1d(audible, UNHEARD_FRAMES) < UNHEARD
    above = np.zeros(len(observed), bool)
    if np.count_nonzero(unheard) < LEAST_UNHEARD_FRAMES:
        return above
    frames = np.arange(len(observed))
    # Band by band, so that an hour's copies are never all there at once.
    for band, floor in enumerate(observed.long_floor.powers.T):
        ratio = observed.long[:, band] / np.interp(frames, observed.long_floor.frames, floor)
        smooth = uniform_filter1d(ratio, SMOOTHED_FRAMES)
        median, upper = np.percentile(smooth[unheard], (50, 84))
        above |= smooth > median + DEVIATIONS * (upper - median)
    return above


def _taken(audible: np.ndarray, onset_frames: list[int]) -> np.ndarray:
    """Which frames belong to the sounds that begin at `onset_frames`, shape (frames,)."""
    taken = np.zeros(len(audible), bool)
    for first, end in zip(onset_frames, find_ends(audible, onset_frames), strict=True):
        taken[max(first - BEFORE_SOUND, 0) : end + AFTER_SOUND] = True
    return taken


def _first_of_run(active: np.ndarray, frame: int, *, farthest: int, longest_gap: int) -> int:
    """First active frame of the run that leads to `frame`, across gaps of `longest_gap` frames; itself if none."""
    before = np.flatnonzero(active[max(frame - farthest, 0) : frame][::-1])
    distances = before[np.cumprod(np.diff(before, prepend=-1) <= longest_gap + 1, dtype=bool)] + 1
    return frame - int(distances.max(initial=0))
