"""Where sounds end: where the network no longer hears them, or the next one begins."""

from itertools import pairwise

import numpy as np

HEARD = 0.4
LONGEST_GAP_FRAMES = 6


def find_ends(audible: np.ndarray, onset_frames: list[int]) -> list[int]:
    """Frames (exclusive) at which the sounds that begin at `onset_frames`, in order, end.

    `audible` is the network's activation, shape (frames,). A sound ends with the last frame in which it is heard
    before 60 ms without it; by the next onset at the latest.
    """
    return [_end(audible, start, limit) for start, limit in pairwise([*onset_frames, len(audible)])]


def _end(audible: np.ndarray, start: int, limit: int) -> int:
    heard = np.flatnonzero(audible[start:limit] > HEARD)
    if not len(heard):
        return min(start + 1, limit)
    gaps = np.flatnonzero(np.diff(heard) > LONGEST_GAP_FRAMES)
    return start + int(heard[gaps[0]] if len(gaps) else heard[-1]) + 1
