"""What is wrong with a recording's sound, as its maker would want to know: it is clipped, it is very noisy."""

from collections.abc import Sequence

import numpy as np

from oneshots.blocks import blocks
from oneshots.decode import RecordingWarning
from oneshots.samples import Samples

# Flat tops: so many samples in a row that differ by less than this share of the peak, entered by a far larger step. The
# top of a loud slow wave is as flat, but its way there is flat too.
_LEAST_RUN = 3
_FLAT_SHARE = 1e-4
_STEP_SHARE = 2e-3
_NEAR_PEAK_SHARE = 0.7
_FULL_SCALE = 1.0
_CLIPPED_SECONDS = 0.001

_VERY_NOISY_DB = 15.0


def clipped_samples(samples: Samples, *, peak_dbfs: float | None) -> int:
    """Count the samples of `samples`, shape (channels, n), that are clipped, in blocks.

    `peak_dbfs` is its sample peak, None for silence.

    That is runs of three and more at the same extreme value, as converters and gain controls leave them at any level,
    and what a lossy coder makes of them: values over full scale, which no converter gives.
    """
    if peak_dbfs is None:
        return 0
    peak = 10 ** (peak_dbfs / 20)
    return sum(_clipped_in(block, peak) for block in blocks(samples) if np.abs(block).max() >= _NEAR_PEAK_SHARE * peak)


def clipping_warnings(clipped_seconds: float) -> list[RecordingWarning]:
    """Warn when so much is clipped that it is heard; `clipped_seconds` is of all channels together."""
    if clipped_seconds < _CLIPPED_SECONDS:
        return []
    text = f"the recording was too loud for the microphone: {1000 * clipped_seconds:.0f} ms of it are clipped"
    return [RecordingWarning(code="CLIPPED", message=text)]


def noise_warnings(signal_to_noise_db: Sequence[float]) -> list[RecordingWarning]:
    """Warn when half of the sounds stand out of the noise by under 15 dB, at their loudest."""
    if not signal_to_noise_db:
        return []
    typical = float(np.median(signal_to_noise_db))
    if typical >= _VERY_NOISY_DB:
        return []
    text = f"the recording is very noisy: its sounds are only about {max(typical, 0):.0f} dB louder than the noise"
    return [RecordingWarning(code="VERY_NOISY", message=text)]


def _clipped_in(block: np.ndarray, peak: float) -> int:
    return sum(_flat_tops(channel, peak) for channel in block) + int(np.count_nonzero(np.abs(block) > _FULL_SCALE))


def _flat_tops(channel: np.ndarray, peak: float) -> int:
    """Count the samples within full scale in flat tops of `channel`, shape (n,)."""
    size = np.abs(channel)
    steps = np.abs(np.diff(channel))
    is_high = (size >= _NEAR_PEAK_SHARE * peak) & (size <= _FULL_SCALE)
    is_flat = (steps <= _FLAT_SHARE * peak) & is_high[1:] & is_high[:-1]
    if not is_flat.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_flat, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    around = np.concatenate(([np.inf], steps, [np.inf]))
    # A run from sample `start` to `end`: its entering step is around[start], its leaving one around[end + 1].
    is_entered = np.maximum(around[starts], around[ends + 1]) >= _STEP_SHARE * peak
    lengths = ends - starts + 1
    return int(lengths[is_entered & (lengths >= _LEAST_RUN)].sum())
