"""Finding the sounds of a recording: where each one starts and where it has died away.

Two ways. With a threshold given, a sound is what is louder than it: no judgement of ours. Without one, the engine
learns the room first: it follows the noise floor of each frequency band through the recording and looks for what
stands out of it, so that a quiet click over hum or hiss counts and a louder rumble that is always there does not.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from oneshots import spectrum
from oneshots.blocks import BLOCK_SAMPLES, bin_sums

FIXED_FRAME_MS = 5.0
DEFAULT_MIN_SILENCE_MS = 90.0
SHORTEST_SOUND_MS = 2.0

# The adaptive recipe, tuned on generated scenes at 60, 40, 25 and 15 dB signal to noise.
OPEN_DB = 11.0
CLOSE_DB = 4.0
FLOOR_PERCENTILE = 15.0
BASELINE_PERCENTILE = 30.0
FLOOR_DEPTH_DB = 75.0
FLOOR_RISE_DB = 8.0
VALLEY_DB = 24.0
REATTACK_DB = 15.0
TAIL_DB = 40.0
THUMP_DB = 12.0
LOW_BANDS = 2
SHORTEST_FRAMES = 2
HOLD_FRAMES = 10
ATTACK_FRAMES = 6
CLOSEST_FRAMES = 16


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
    """Find the stretches of `samples`, shape (channels, n), whose RMS over 5 ms is above `silence_threshold_dbfs`.

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
        segments=_tidy(segments, rate),
        noise_floor_dbfs=noise_floor_dbfs(level),
        threshold_dbfs=silence_threshold_dbfs,
    )


def segment_adaptively(
    samples: np.ndarray, rate: int, *, min_silence_ms: float | None = None, dc_offset: np.ndarray | None = None
) -> Segmentation:
    """Find the sounds that stand out of the recording's own noise; none in silence or in noise alone.

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
    runs = [trim_tail(run, bands) for run in runs if is_sound(run, bands)]
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
    return Segmentation(segments=_tidy(segments, rate), noise_floor_dbfs=floor_dbfs, threshold_dbfs=threshold)


def rms_dbfs(samples: np.ndarray, rate: int, *, frame_ms: float, dc_offset: np.ndarray | None = None) -> np.ndarray:
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
    """Return the level under which the quietest 15% of the frames lie; None when that is digital silence."""
    if not len(level_dbfs):
        return None
    floor = float(np.percentile(level_dbfs, 15))
    return floor if floor > -120 else None


def stand_out_db(bands: np.ndarray) -> np.ndarray:
    """How far each frame stands out of the noise around it, in dB, shape (frames,); noise itself lies around 0.

    `bands`, shape (frames, bands), are powers. Each band is divided by its own noise floor first, so hum, rumble and
    hiss weigh what they hide and no more; then the bands' mean is taken.
    """
    least = _least_floor(bands)
    ratio = np.zeros(len(bands), np.float32)
    # Band by band, so that an hour's floors are never all there at once.
    for band in bands.T:
        ratio += band / band_floor(band, least=least)
    excess = 10 * np.log10(np.maximum(ratio / bands.shape[1], 1e-6))
    return excess - _sliding_percentile(excess, BASELINE_PERCENTILE)


def band_floor(band: np.ndarray, *, least: float) -> np.ndarray:
    """Follow the noise floor of one band's powers, shape (frames,), by a low percentile over 5 s.

    Where sound fills all of 5 s the floor would climb into it, so it stays within 8 dB of the whole recording's. It
    never sinks under `least`.
    """
    overall = max(float(np.percentile(band, FLOOR_PERCENTILE)), least)
    return np.clip(_sliding_percentile(band, FLOOR_PERCENTILE), least, overall * 10 ** (FLOOR_RISE_DB / 10))


def _least_floor(bands: np.ndarray) -> float:
    """Return the power below which a band is silent: what a coder leaves of silence is no noise to learn from.

    That is 75 dB below the loud parts, or -110 dBFS.
    """
    loud = float(np.percentile(bands.sum(axis=1), 99)) / bands.shape[1]
    return max(loud * 10 ** (-FLOOR_DEPTH_DB / 10), 1e-11)


def find_runs(excess: np.ndarray) -> list[_Run]:
    """Find the runs of frames above the closing threshold that somewhere pass the opening one (hysteresis)."""
    return [run for run in _runs(excess > CLOSE_DB) if excess[run.start : run.end].max() > OPEN_DB]


def split_at_reattacks(run: _Run, excess: np.ndarray) -> list[_Run]:
    """Part a run where, after falling `VALLEY_DB` from its peak, the sound rises by `REATTACK_DB` within 30 ms.

    The fall is judged on the loudest of the 50 ms around, so the beats and cycles of a low tone are no valleys.
    """
    level = excess[run.start : run.end]
    held = _moving_maximum(level, HOLD_FRAMES)
    cuts: list[int] = []
    last_cut, peak = 0, held[0]
    for position in range(ATTACK_FRAMES, len(level)):
        peak = max(peak, held[position - ATTACK_FRAMES])
        before = held[max(position - ATTACK_FRAMES - HOLD_FRAMES // 2, 0)]
        far_enough = position - last_cut >= CLOSEST_FRAMES
        if far_enough and before <= peak - VALLEY_DB and level[position] >= before + REATTACK_DB:
            last_cut = _start_of_rise(level, position - ATTACK_FRAMES, position)
            cuts.append(last_cut)
            peak = level[position]
    edges = [run.start, *(run.start + cut for cut in cuts), run.end]
    return [_Run(start=a, end=b) for a, b in pairwise(edges) if b > a]


def _start_of_rise(level: np.ndarray, first: int, risen_at: int) -> int:
    """Find the last frame from `first` on that still lies within 3 dB of the lowest before the rise."""
    before = level[first:risen_at]
    return first + int(np.flatnonzero(before <= before.min() + 3.0)[-1])


def _moving_maximum(values: np.ndarray, width: int) -> np.ndarray:
    """Return the largest of the `width` values around each, same shape."""
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, width).max(axis=1)


def is_sound(run: _Run, bands: np.ndarray) -> bool:
    """Whether a run is a sound to keep: no mere thump of the phone's body (all under 250 Hz), no single-frame blip."""
    if run.end - run.start < SHORTEST_FRAMES:
        return False
    first, last = max(run.start - 40, 0), run.end + 40
    upper = bands[first:last, LOW_BANDS:]
    quiet = np.percentile(upper, FLOOR_PERCENTILE, axis=0)
    loudest = bands[run.start : run.end, LOW_BANDS:].max(axis=0)
    return bool(np.max(loudest / np.maximum(quiet, 1e-12)) > 10 ** (THUMP_DB / 10))


def trim_tail(run: _Run, bands: np.ndarray) -> _Run:
    """End a run where it is for good 40 dB under its own peak, if it is not in the noise before."""
    power = bands[run.start : run.end].sum(axis=1)
    audible = np.flatnonzero(power > power.max() * 10 ** (-TAIL_DB / 10))
    return replace(run, end=run.start + int(audible[-1]) + 1)


def _runs(active: np.ndarray) -> list[_Run]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False])).astype(np.int8)))
    return [_Run(start=int(a), end=int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _merge(runs: list[_Run], *, min_gap: float) -> list[_Run]:
    """Join runs whose gap is shorter than `min_gap` frames."""
    merged: list[_Run] = []
    for run in runs:
        if merged and run.start - merged[-1].end < min_gap:
            merged[-1] = replace(merged[-1], end=run.end)
        else:
            merged.append(run)
    return merged


def _tidy(segments: list[Segment], rate: int) -> list[Segment]:
    """End each segment before the next one starts, and drop what is too short to be a sound (or to be encoded)."""
    ended = [replace(segment, end=min(segment.end, following.start)) for segment, following in pairwise(segments)]
    shortest = SHORTEST_SOUND_MS / 1000 * rate
    return [segment for segment in ended + segments[-1:] if segment.end - segment.start >= shortest]


def _sliding_percentile(values: np.ndarray, percentile: float) -> np.ndarray:
    """Percentile over the 5 s around each frame, shape (frames,), taken every 0.5 s and interpolated; float32."""
    count = len(values)
    step, half = round(500 / spectrum.HOP_MS), round(2500 / spectrum.HOP_MS)
    if count <= 2 * half:
        return np.full(count, np.percentile(values, percentile), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * half)[::step, ::2]
    found = np.percentile(windows, percentile, axis=1)
    return np.interp(np.arange(count), half + step * np.arange(len(found)), found).astype(np.float32)


def _confidence(margin_db: float) -> float:
    """0 at the threshold, 0.5 at 9 dB over it, towards 1 far above."""
    return float(1 - 2 ** (-max(margin_db, 0.0) / 9))
