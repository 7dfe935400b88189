"""What is wrong with a recording's sound, as its maker would want to know: it is clipped, it is very noisy."""

from collections.abc import Sequence

import numpy as np

from oneshots.blocks import blocks
from oneshots.decode import RecordingWarning, Source
from oneshots.samples import Samples

# Flat tops: so many samples in a row that differ by less than this share of the peak, entered by a far larger step. The
# top of a loud slow wave is as flat, but its way there is flat too.
_LEAST_RUN = 3
_FLAT_SHARE = 1e-4
_STEP_SHARE = 2e-3
_NEAR_PEAK_SHARE = 0.7
_FULL_SCALE = 1.0
# Three samples of a parabola that round to the same value are left by a step that rounds to three units at most.
_STEP_UNITS = 3.5
# Many a file of more bits was made from 16.
_FINEST_UNIT = 2.0**-15
# The unit of A-law and mu-law grows with the level; this is the largest.
_COMPANDED_UNIT = 2.0**-5
_COMPANDED = ("pcm_alaw", "pcm_mulaw")
# Where noise rides on a slow wave a few samples are the same by chance; a ceiling is passed by none around them.
_AROUND_SAMPLES = 32
# What a listener notices, and more than comes by chance in so much sound.
_CLIPPED_SECONDS = 0.001
_CLIPPED_SHARE = 1e-4

_VERY_NOISY_DB = 15.0


def quantisation_unit(source: Source) -> float:
    """Return the step between neighbouring values of `source`'s samples near its peaks, as far as it is known."""
    if source.codec in _COMPANDED:
        return _COMPANDED_UNIT
    if source.bit_depth is None or source.is_float:
        return _FINEST_UNIT
    return max(2.0 ** (1 - source.bit_depth), _FINEST_UNIT)


def clipped_samples(samples: Samples, *, dc_offset: np.ndarray, quantisation_unit: float = _FINEST_UNIT) -> int:
    """Count the samples of `samples`, shape (channels, n), that are clipped, in blocks.

    `dc_offset`, shape (channels,), is the mean of each channel, `quantisation_unit` as `quantisation_unit` gives it.

    That is runs of three and more at the same extreme value, as converters and gain controls leave them at any level,
    and what a lossy coder makes of them: values over full scale, which no converter gives.
    """
    offset = dc_offset.astype(np.float32)[:, None]
    peak = max((_peak(block, offset) for block in blocks(samples)), default=0.0)
    least_step = max(_STEP_SHARE * peak, _STEP_UNITS * quantisation_unit)
    return sum(
        _clipped_in(block, offset, peak=peak, least_step=least_step)
        for block in blocks(samples)
        if _peak(block, offset) >= _NEAR_PEAK_SHARE * peak or _peak(block) > _FULL_SCALE
    )


def clipping_warnings(clipped_seconds: float, *, channel_seconds: float) -> list[RecordingWarning]:
    """Warn when so much is clipped that it is heard, and that chance does not explain it.

    Both are of all channels together: `channel_seconds` is the recording's length times its channels.
    """
    if clipped_seconds < max(_CLIPPED_SECONDS, _CLIPPED_SHARE * channel_seconds):
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


def _peak(block: np.ndarray, offset: np.ndarray | float = 0.0) -> float:
    """Return the largest distance from `offset`, without a copy of the block."""
    above = block.max(axis=1, keepdims=True) - offset
    below = offset - block.min(axis=1, keepdims=True)
    return float(max(above.max(), below.max()))


def _clipped_in(block: np.ndarray, offset: np.ndarray, *, peak: float, least_step: float) -> int:
    flat = sum(_flat_tops(*each, peak=peak, least_step=least_step) for each in zip(block, block - offset, strict=True))
    return flat + int(np.count_nonzero(np.abs(block) > _FULL_SCALE))


def _flat_tops(channel: np.ndarray, centred: np.ndarray, *, peak: float, least_step: float) -> int:
    """Count the samples within full scale in flat tops of `channel`, shape (n,); `centred` is it without its DC."""
    steps = np.abs(np.diff(channel))
    # Digital silence is as flat, and far from the mean where the recording has a DC.
    is_high = (np.abs(centred) >= _NEAR_PEAK_SHARE * peak) & (np.abs(channel) <= _FULL_SCALE) & (channel != 0)
    is_flat = (steps <= _FLAT_SHARE * peak) & is_high[1:] & is_high[:-1]
    if not is_flat.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_flat, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    # A run from sample `start` to `end`: its entering step is around[start], its leaving one around[end + 1]. What is
    # beyond the block is not known and proves nothing.
    around = np.concatenate(([0.0], steps, [0.0]))
    is_entered = np.maximum(around[starts], around[ends + 1]) >= least_step
    lengths = ends - starts + 1
    is_run = is_entered & (lengths >= _LEAST_RUN)
    starts, ends, lengths = starts[is_run], ends[is_run], lengths[is_run]
    is_top = _is_extreme(centred, starts, _FLAT_SHARE * peak) & _is_extreme(centred, ends, _FLAT_SHARE * peak)
    return int(lengths[is_top].sum())


def _is_extreme(centred: np.ndarray, places: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether nothing around each of `places` in `centred`, shape (n,), is further out on the same side."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(centred, _AROUND_SAMPLES), 2 * _AROUND_SAMPLES + 1)
    values = centred[places]
    outward = (windows[places] * np.sign(values)[:, None]).max(axis=1, initial=0.0)
    return np.asarray(outward <= np.abs(values) + tolerance)
