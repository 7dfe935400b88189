"""Finding the sounds of a recording: where each one starts and where it has died away.

Two ways. With a threshold given, a sound is what is louder than it: no judgement of ours. Without one, the engine
learns the room first: it follows the noise floor of each frequency band through the recording and looks for what
stands out of it, so that a quiet click over hum or hiss counts and a louder rumble that is always there does not.
"""

from dataclasses import dataclass, replace

import numpy as np

from oneshots import spectrum
from oneshots.blocks import BLOCK_SAMPLES, bin_sums

FIXED_FRAME_MS = 5.0
DEFAULT_MIN_SILENCE_MS = 90.0


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One sound: samples `start` (first) to `end` (exclusive). `confidence`, 0..1, says how far it stands out."""

    start: int
    end: int
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """The sounds in order, not overlapping; the noise floor and the effective threshold in dBFS, None for silence."""

    segments: list[Segment]
    noise_floor_dbfs: float | None
    threshold_dbfs: float | None


@dataclass(frozen=True, kw_only=True)
class _Run:
    """Frames `start` to `end` (exclusive)."""

    start: int
    end: int


def segment_by_threshold(
    samples: np.ndarray,
    rate: int,
    *,
    silence_threshold_dbfs: float,
    min_silence_ms: float | None = None,
    dc_offset: np.ndarray | None = None,
) -> Segmentation:
    """The stretches of `samples`, shape (channels, n), whose RMS over 5 ms is above `silence_threshold_dbfs`.

    A quieter stretch parts two sounds when it lasts `min_silence_ms` (90 ms by default) or longer.
    """
    level = rms_dbfs(samples, rate, frame_ms=FIXED_FRAME_MS, dc_offset=dc_offset)
    frame_samples = FIXED_FRAME_MS / 1000 * rate
    shortest = DEFAULT_MIN_SILENCE_MS if min_silence_ms is None else min_silence_ms
    runs = _merge(_runs(level > silence_threshold_dbfs), min_gap=shortest / FIXED_FRAME_MS)
    segments = [
        Segment(
            start=round(run.start * frame_samples),
            end=min(round(run.end * frame_samples), samples.shape[1]),
            confidence=_confidence(float(level[run.start : run.end].max()) - silence_threshold_dbfs),
        )
        for run in runs
    ]
    return Segmentation(
        segments=segments,
        noise_floor_dbfs=noise_floor_dbfs(level),
        threshold_dbfs=silence_threshold_dbfs,
    )


def segment_adaptively(
    samples: np.ndarray, rate: int, *, min_silence_ms: float | None = None, dc_offset: np.ndarray | None = None
) -> Segmentation:
    """The sounds that stand out of the recording's own noise; none in silence or in noise alone.

    `samples` has shape (channels, n). `min_silence_ms` given, gaps under it never part two sounds (and a new attack
    inside a sound does not either); otherwise the engine parts at gaps of 90 ms and at clear re-attacks.
    """
    level = rms_dbfs(samples, rate, frame_ms=FIXED_FRAME_MS, dc_offset=dc_offset)
    floor_dbfs = noise_floor_dbfs(level)
    bands = spectrum.band_powers(samples, rate)
    excess = stand_out_db(bands)
    runs = find_runs(excess)
    if min_silence_ms is None:
        runs = _merge(runs, min_gap=DEFAULT_MIN_SILENCE_MS / spectrum.HOP_MS)
        runs = [part for run in runs for part in split_at_reattacks(run, excess)]
    else:
        runs = _merge(runs, min_gap=min_silence_ms / spectrum.HOP_MS)
    runs = [trim_tail(run, bands, excess) for run in runs if is_sound(run, bands, excess)]
    hop = spectrum.HOP_MS / 1000 * rate
    segments = [
        Segment(
            start=max(round(run.start * hop), 0),
            end=min(round(run.end * hop), samples.shape[1]),
            confidence=_confidence(float(excess[run.start : run.end].max()) - OPEN_DB),
        )
        for run in runs
    ]
    threshold = None if floor_dbfs is None else floor_dbfs + OPEN_DB
    return Segmentation(segments=_apart(segments), noise_floor_dbfs=floor_dbfs, threshold_dbfs=threshold)


def rms_dbfs(
    samples: np.ndarray, rate: int, *, frame_ms: float, dc_offset: np.ndarray | None = None
) -> np.ndarray:
    """Level of frames of `frame_ms`, shape (frames,), in dBFS (a full-scale square wave is 0); silence is -160.

    The channels' mean power counts, so sounds in opposite phase don't cancel. The last frame may be shorter.
    """
    frame_samples = frame_ms / 1000 * rate
    length = samples.shape[1]
    count = max(int(np.ceil(length / frame_samples - 1e-9)), 0)
    edges = np.minimum(np.round(np.arange(count + 1) * frame_samples).astype(int), length)
    power = np.empty(count)
    frames_a_block = max(int(BLOCK_SAMPLES / frame_samples), 1)
    for first in range(0, count, frames_a_block):
        inner = edges[first : first + frames_a_block + 1]
        block = samples[:, inner[0] : inner[-1]]
        if dc_offset is not None:
            block = block - dc_offset[:, None].astype(np.float32)
        squares = np.mean(np.square(block, dtype=np.float64), axis=0)
        power[first : first + len(inner) - 1] = bin_sums(squares, inner - inner[0]) / np.maximum(np.diff(inner), 1)
    return 10 * np.log10(np.maximum(power, 1e-16))


def noise_floor_dbfs(level_dbfs: np.ndarray) -> float | None:
    """The level under which the quietest 15% of the frames lie; None when that is digital silence."""
    if not len(level_dbfs):
        return None
    floor = float(np.percentile(level_dbfs, 15))
    return floor if floor > -120 else None
