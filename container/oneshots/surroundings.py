"""How loud the noise around each sound is."""

from collections.abc import Sequence

import numpy as np

from oneshots.segmentation import LEVEL_FRAME_SECONDS

_AROUND_SECONDS = 2.5
# What is left between sounds is noise if there is this much of it.
_LEAST_SECONDS = 0.1
# Close to a sound its own attack and tail are heard.
_MARGIN_SECONDS = 0.02
_SILENCE_DBFS = -120.0


def noise_floors_dbfs(level_dbfs: np.ndarray, spans: Sequence[tuple[float, float]]) -> list[float | None]:
    """Level of the noise around each of `spans` (seconds, start and end), in dBFS.

    `level_dbfs` is the recording's level every `LEVEL_FRAME_SECONDS`. The floor is the median of what lies between the
    sounds within 2.5 s on either side; None when sounds fill that, or when it is digital silence.
    """
    between = np.ones(len(level_dbfs), bool)
    for start, end in spans:
        between[_frames(start - _MARGIN_SECONDS, end + _MARGIN_SECONDS)] = False
    return [
        _floor(level_dbfs, between, _frames(start - _AROUND_SECONDS, end + _AROUND_SECONDS)) for start, end in spans
    ]


def _frames(start: float, end: float) -> slice:
    return slice(max(int(start / LEVEL_FRAME_SECONDS), 0), max(int(np.ceil(end / LEVEL_FRAME_SECONDS)), 0))


def _floor(level_dbfs: np.ndarray, between: np.ndarray, around: slice) -> float | None:
    levels = level_dbfs[around][between[around]]
    if len(levels) < _LEAST_SECONDS / LEVEL_FRAME_SECONDS:
        return None
    floor = float(np.median(levels))
    return floor if floor > _SILENCE_DBFS else None
