"""Finding the sounds of a recording: where each one starts and where it has died away.

Two ways. With a threshold given, a sound is what is louder than it: no judgement of ours. Without one, the engine
learns the room first: it follows the noise floor of each frequency band through the recording (`observation`); a small
network says frame by frame whether something new begins over it and over what still rings, and whether anything is
heard (`network`); from that come where each sound begins (`onsets`, `attack`, `swells`) and has died away (`ends`).
"""

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from oneshots import network, observation, spectrum
from oneshots.attack import first_sample
from oneshots.blocks import BLOCK_SAMPLES, bin_sums
from oneshots.ends import find_ends
from oneshots.onsets import Onset, find_onsets
from oneshots.samples import Samples
from oneshots.swells import find_swells

FIXED_FRAME_MS = 5.0
LEVEL_FRAME_SECONDS = FIXED_FRAME_MS / 1000
DEFAULT_MIN_SILENCE_MS = 90.0
SHORTEST_SOUND_MS = 2.0

# With a threshold, RMS over 5 ms is taken every millisecond: to a millisecond is how well silences are measured.
HOP_MS = 1.0
# What is shorter shows no room to tell a sound from.
SHORTEST_RECORDING_MS = 20.0
SILENT_DBFS = -120.0
# Encoders start and stop with less than this; what is left of a sound in it is of no use to anybody.
EDGE_SECONDS = 0.03
# The window of a frame reaches 6 ms to either side, and the first that is heard of an attack is softer than its noise.
LEAD_MS = 5.0
# What swells was there before it could be told from the noise.
SWELL_SECONDS, SWELL_LEAD_MS = 0.03, 20.0
FARTHEST_LEAD_SECONDS = 0.042


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One sound: samples `start` (first) to `end` (exclusive).

    `confidence`, 0..1, is the probability of its onset; with a threshold it says how far over that the sound comes.
    """

    start: int
    end: int
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """The sounds in order, not overlapping; the noise floor in dBFS, None for silence; the threshold, if there is one.

    `level_dbfs` is the recording's level every `LEVEL_FRAME_SECONDS`, shape (frames,), as `rms_dbfs` gives it.
    """

    segments: list[Segment]
    noise_floor_dbfs: float | None
    threshold_dbfs: float | None
    level_dbfs: np.ndarray = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """Frames `start` to `end` (exclusive)."""

    start: int
    end: int


def segment_by_threshold(
    samples: Samples,
    rate: int,
    *,
    silence_threshold_dbfs: float,
    min_silence_ms: float | None = None,
    dc_offset: np.ndarray | None = None,
) -> Segmentation:
    """Find the stretches of `samples`, shape (channels, n), whose RMS over 5 ms is above `silence_threshold_dbfs`.

    A quieter stretch parts two sounds when it lasts `min_silence_ms` (90 ms by default) or longer, to a millisecond.
    """
    sliding = sliding_rms_dbfs(samples, rate, dc_offset=dc_offset)
    shortest = DEFAULT_MIN_SILENCE_MS if min_silence_ms is None else min_silence_ms
    # The first window over the threshold may have the sound in its last millisecond only, the last one in its first.
    within = round(FIXED_FRAME_MS / HOP_MS) - 1
    runs = _merge(_runs(sliding > silence_threshold_dbfs), min_gap=shortest / HOP_MS - within)
    hop_samples = HOP_MS / 1000 * rate
    segments = [
        Segment(
            start=round(run.start * hop_samples),
            end=min(round((run.end + within) * hop_samples), samples.shape[1]),
            confidence=_confidence(float(sliding[run.start : run.end].max()) - silence_threshold_dbfs),
        )
        for run in runs
    ]
    level = rms_dbfs(samples, rate, frame_ms=FIXED_FRAME_MS, dc_offset=dc_offset)
    return Segmentation(
        segments=_tidy(segments, rate),
        noise_floor_dbfs=noise_floor_dbfs(level),
        threshold_dbfs=silence_threshold_dbfs,
        level_dbfs=level,
    )


def segment_adaptively(
    samples: Samples, rate: int, *, min_silence_ms: float | None = None, dc_offset: np.ndarray | None = None
) -> Segmentation:
    """Find the sounds that stand out of the recording's own noise; none in silence or in noise alone.

    `samples` has shape (channels, n). `min_silence_ms` given, gaps under it never part two sounds (and a new attack
    inside a sound does not either); otherwise each onset begins a sound.
    """
    level = rms_dbfs(samples, rate, frame_ms=FIXED_FRAME_MS, dc_offset=dc_offset)
    found = _find_segments(samples, rate, level, dc_offset=dc_offset)
    segments = _without_scraps(_tidy(found, rate), rate, length=samples.shape[1])
    if min_silence_ms is not None:
        segments = _join(segments, min_gap=min_silence_ms / 1000 * rate)
    return Segmentation(
        segments=segments, noise_floor_dbfs=noise_floor_dbfs(level), threshold_dbfs=None, level_dbfs=level
    )


def _find_segments(
    samples: Samples, rate: int, level_dbfs: np.ndarray, *, dc_offset: np.ndarray | None
) -> list[Segment]:
    """Find where sounds begin, then where each ends; nothing in digital silence or in next to no recording."""
    if samples.shape[1] < SHORTEST_RECORDING_MS / 1000 * rate or level_dbfs.max() < SILENT_DBFS:
        return []
    observed = observation.observe(
        spectrum.band_powers(samples, rate), spectrum.long_band_powers(samples, rate, dc_offset=dc_offset)
    )
    heard = network.activations(observed)
    attacks = find_onsets(observed, heard)
    found = sorted(attacks + find_swells(observed, heard, attacks), key=lambda onset: onset.frame)
    ends = find_ends(heard.audible, [onset.frame for onset in found])
    return [
        Segment(
            start=min(_start(samples, rate, onset, dc_offset=dc_offset), samples.shape[1]),
            end=min(round(end * observation.HOP_SECONDS * rate), samples.shape[1]),
            confidence=onset.probability,
        )
        for onset, end in zip(found, ends, strict=True)
    ]


def _start(samples: Samples, rate: int, onset: Onset, *, dc_offset: np.ndarray | None) -> int:
    """First sample of the sound: to a millisecond where that can be told, else early enough to hold all of it.

    Early is 5 ms before its foot (20 before a swell's) and before it was faintly heard, but not much before its peak.
    """
    if math.isfinite(onset.rise_seconds):
        exact = first_sample(samples, rate, near=round(onset.seconds * rate), dc_offset=dc_offset)
        if exact is not None:
            return exact
    lead_ms = SWELL_LEAD_MS if onset.rise_seconds >= SWELL_SECONDS else LEAD_MS
    early = min(onset.seconds - lead_ms / 1000, onset.heard_seconds - LEAD_MS / 1000)
    earliest = min(onset.frame * observation.HOP_SECONDS - FARTHEST_LEAD_SECONDS, onset.seconds)
    return max(round(max(early, earliest) * rate), 0)


def rms_dbfs(samples: Samples, rate: int, *, frame_ms: float, dc_offset: np.ndarray | None = None) -> np.ndarray:
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
        squares = np.square(block)
        squares = squares[0] if len(squares) == 1 else squares.mean(axis=0)
        power[first : first + len(inner) - 1] = bin_sums(squares, inner - inner[0]) / np.maximum(np.diff(inner), 1)
    return 10 * np.log10(np.maximum(power, 1e-16))


def sliding_rms_dbfs(samples: Samples, rate: int, *, dc_offset: np.ndarray | None = None) -> np.ndarray:
    """Level of the 5 ms from each millisecond on, shape (windows,), in dBFS, as `rms_dbfs` measures it.

    What is missing of the last windows counts as silence.
    """
    width = round(FIXED_FRAME_MS / HOP_MS)
    power = 10 ** (rms_dbfs(samples, rate, frame_ms=HOP_MS, dc_offset=dc_offset) / 10)
    total = np.concatenate(([0.0], np.cumsum(np.concatenate((power, np.zeros(width - 1))))))
    return np.asarray(10 * np.log10(np.maximum((total[width:] - total[:-width]) / width, 1e-16)))


def noise_floor_dbfs(level_dbfs: np.ndarray) -> float | None:
    """Return the level under which the quietest 15% of the frames lie; None when that is digital silence."""
    if not len(level_dbfs):
        return None
    floor = float(np.percentile(level_dbfs, 15))
    return floor if floor > -120 else None


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


def _join(segments: list[Segment], *, min_gap: float) -> list[Segment]:
    """Join segments whose gap is shorter than `min_gap` samples; the surest one's confidence counts."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and segment.start - joined[-1].end < min_gap:
            confidence = max(joined[-1].confidence, segment.confidence)
            joined[-1] = replace(joined[-1], end=segment.end, confidence=confidence)
        else:
            joined.append(segment)
    return joined


def _tidy(segments: list[Segment], rate: int) -> list[Segment]:
    """End each segment before the next one starts, and drop what is too short to be a sound (or to be encoded)."""
    ended = [replace(segment, end=min(segment.end, following.start)) for segment, following in pairwise(segments)]
    shortest = SHORTEST_SOUND_MS / 1000 * rate
    return [segment for segment in ended + segments[-1:] if segment.end - segment.start >= shortest]


def _without_scraps(segments: list[Segment], rate: int, *, length: int) -> list[Segment]:
    """Leave out what ends within the recording's first 30 ms or begins within its last."""
    edge = round(EDGE_SECONDS * rate)
    return [segment for segment in segments if segment.end > edge and segment.start < length - edge]


def _confidence(margin_db: float) -> float:
    """0 at the threshold, 0.5 at 9 dB over it, towards 1 far above."""
    return float(1 - 2 ** (-max(margin_db, 0.0) / 9))
