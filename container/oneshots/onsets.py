"""Where sounds begin.

Three steps, as is usual for onset detection (Bello et al., "A Tutorial on Onset Detection in Music Signals", 2005):

1. `novelty` says frame by frame how much more there is than just before, on three scales of time. The finest is the
   spectral flux of Böck and Widmer ("Maximum filter vibrato suppression for onset detection", DAFx 2013), of band
   levels over the noise.
2. `candidates` takes every peak of it, and every rise out of the floor: nearly all onsets, and ten times as much else.
3. `features` describes each candidate in decibels (how steep, how far over what was before, in which bands, what
   comes after) and `probability` weighs that with boosted trees (Friedman, "Greedy function approximation", 2001).

The trees are data, `onset_trees.json`, fitted by `bench/fit_onsets.py` on the bench's tuning scenes.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from oneshots.noise_floor import NoiseFloor

PROBABLE, CERTAIN = 0.5, 0.97
CLOSEST_FRAMES, SOON_FRAMES, LATER_FRAMES = 14, 60, 100
BACK_FRAMES = 8
LEAST_RISE_DB = 1.5
RISE_SHARE = 0.2
LEVEL_BANDS = {"all": 0, "over_300_hz": 2, "over_1100_hz": 6}
_PAST, _FUTURE = 60, 120
_NEAR = 20
_START_FRAMES = 1000
_ATTACK = 7
_BLOCK_FRAMES = 12000
_BLOCK_CANDIDATES = 2000
_SILENT = 1e-14


@dataclass(frozen=True, kw_only=True)
class Onset:
    """A sound begins about frame `frame`, with the probability `probability`, 0..1."""

    frame: int
    probability: float


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What is known of each frame, shape (frames,) each.

    `levels`: dB of all bands and of the upper ones, the floor added; `low` the same of the lowest band. `excess`: dB
    of the mean of the bands' powers over their floors. `loudness`: mean of the bands' dB over their floors.
    `novelties`: mean rise in dB, on scales of 15, 40 and 100 ms.
    """

    levels: dict[str, np.ndarray]
    low: np.ndarray
    excess: np.ndarray
    loudness: np.ndarray
    novelties: tuple[np.ndarray, np.ndarray, np.ndarray]


def find_onsets(bands: np.ndarray, floor: NoiseFloor) -> list[Onset]:
    """Find the onsets in `bands`, powers of shape (frames, bands) as `spectrum.band_powers` gives them, in order."""
    padded, shifted = _after_noise(bands, floor)
    known = curves(padded, shifted)
    frames = candidates(known)
    found = pick(frames, probability(features(padded, shifted, known, frames)))
    begins = [max(begin_of_rise(known.loudness, onset.frame) - _PAST, 0) for onset in found]
    return [replace(onset, frame=frame) for onset, frame in zip(found, begins, strict=True)]


def describe(bands: np.ndarray, floor: NoiseFloor) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the candidates' frames, shape (n,), and their features by name, shape (n,) each: what the trees learn."""
    padded, shifted = _after_noise(bands, floor)
    known = curves(padded, shifted)
    frames = candidates(known)
    return np.maximum(frames - _PAST, 0), features(padded, shifted, known, frames)


def _after_noise(bands: np.ndarray, floor: NoiseFloor) -> tuple[np.ndarray, NoiseFloor]:
    """Put 300 ms of a recording's own noise before it, so that a sound right at its start has a rise too."""
    padded = np.concatenate((_noise_of_the_start(bands, floor), bands)).astype(np.float32)
    return padded, NoiseFloor(frames=floor.frames + _PAST, powers=floor.powers)


def _noise_of_the_start(bands: np.ndarray, floor: NoiseFloor) -> np.ndarray:
    """Take the quietest 300 ms of the first 5 s, shape (60, bands); the floor if the recording is hardly longer.

    Real noise has ups and downs; after an even floor its first moment would look like a sound.
    """
    loudness = _decibels(bands[:_START_FRAMES] / floor.at(np.arange(min(len(bands), _START_FRAMES)))).mean(axis=1)
    if len(loudness) < 2 * _PAST:
        lowest = np.minimum(floor.at(np.zeros(1)), bands[:1].max() + _SILENT)
        return np.repeat(lowest, _PAST, axis=0)
    stretches = np.lib.stride_tricks.sliding_window_view(loudness, _PAST)
    first = int(stretches.mean(axis=1).argmin())
    return bands[first : first + _PAST][::-1]


def curves(bands: np.ndarray, floor: NoiseFloor) -> Curves:
    """Take all curves of `bands`, powers of shape (frames, bands), a minute at a time."""
    margin = 2 * _NEAR
    parts: list[np.ndarray] = []
    for first in range(0, len(bands), _BLOCK_FRAMES):
        start, end = max(first - margin, 0), min(first + _BLOCK_FRAMES + margin, len(bands))
        rows = _curves_of_block(bands[start:end], floor.at(np.arange(start, end)))
        parts.append(rows[:, first - start :][:, : min(_BLOCK_FRAMES, len(bands) - first)])
    rows = np.concatenate(parts, axis=1)
    count = len(LEVEL_BANDS)
    low, excess, loudness, *novelties = rows[count:]
    return Curves(
        levels=dict(zip(LEVEL_BANDS, rows[:count], strict=True)),
        low=low,
        excess=excess,
        loudness=loudness,
        novelties=(novelties[0], novelties[1], novelties[2]),
    )


def _curves_of_block(bands: np.ndarray, floor: np.ndarray) -> np.ndarray:
    filled = bands + floor
    ratio = bands / floor
    return np.stack(
        [
            *(_decibels(filled[:, lowest:].sum(axis=1)) for lowest in LEVEL_BANDS.values()),
            _decibels(filled[:, 0]),
            _decibels(ratio.mean(axis=1)),
            np.clip(_decibels(ratio), -3, 60).mean(axis=1),
            flux(_decibels(filled)),
            rise(bands, floor, 8),
            rise(bands, floor, 20),
        ]
    )


def flux(levels: np.ndarray) -> np.ndarray:
    """Mean rise of `levels`, dB of shape (frames, bands), over three frames; shape (frames,).

    A band counts as risen only over the loudest of its neighbourhood before, so a tone that slides is nothing new.
    """
    rises = np.zeros(len(levels), levels.dtype)
    if len(levels) > 3:
        before = maximum_filter1d(levels, 3, axis=1)
        masking = np.maximum(np.maximum(before[:-3], before[1:-2]), levels[:-3])
        rises[2:-1] = np.maximum(levels[3:] - masking, 0).mean(axis=1)
    return rises


def rise(bands: np.ndarray, floor: np.ndarray, width: int) -> np.ndarray:
    """Rise from the mean of the `width` frames before each frame to that from it on, in dB, shape (frames,).

    Half is the mean over bands, half that of the four that rise most: a pure tone is in few of them.
    """
    ahead = _mean_ahead(bands, width)
    behind = np.concatenate((np.repeat(bands[:1], width, axis=0), ahead))[: len(bands)]
    rises = np.maximum(_decibels(ahead + floor) - _decibels(behind + floor), 0)
    return np.asarray((rises.mean(axis=1) + np.sort(rises, axis=1)[:, -4:].mean(axis=1)) / 2)


def candidates(known: Curves) -> np.ndarray:
    """Frames at which a sound might begin, in order, shape (n,): peaks of the novelties, and rises out of the floor.

    Of those within three frames of each other the one of the finer scale is kept.
    """
    excess = uniform_filter1d(known.excess, 3)
    fine, middle, coarse = known.novelties
    groups = [_peaks(fine, 3, 1.5), _peaks(middle, 6, 1.5), _peaks(coarse, 12, 1.2)]
    groups += [np.flatnonzero((excess[1:] > limit) & (excess[:-1] <= limit)) for limit in (3.0, 6.0)]
    taken = np.zeros(len(excess) + 4, bool)
    kept: list[int] = []
    for number, group in enumerate(groups):
        for frame in group:
            if number == 0 or not taken[frame]:
                kept.append(int(frame))
                taken[max(frame - 3, 0) : frame + 4] = True
    return np.array(sorted(frame for frame in kept if frame >= _PAST - 4), int)


def features(bands: np.ndarray, floor: NoiseFloor, known: Curves, frames: np.ndarray) -> dict[str, np.ndarray]:
    """Describe the candidates at `frames`, shape (n,): features by name, shape (n,) each, nearly all in dB."""
    tables = []
    for first in range(0, max(len(frames), 1), _BLOCK_CANDIDATES):
        some = frames[first : first + _BLOCK_CANDIDATES]
        tables.append(_of_levels(known, some) | _of_novelties(known, some) | _of_bands(bands, floor, some))
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _of_levels(known: Curves, frames: np.ndarray) -> dict[str, np.ndarray]:
    """How far the attack (30 ms) rises over what was before, how loud it is, and what comes after."""
    found: dict[str, np.ndarray] = {}
    for name, level in known.levels.items():
        window = _around(level, frames, -_PAST, _FUTURE)
        peak = window[:, _PAST : _PAST + _ATTACK].max(axis=1)
        loudest = float(np.percentile(level, 99.5))
        found[f"{name}: over 15 ms before"] = peak - window[:, _PAST - 3]
        found[f"{name}: over the least of 40 ms"] = peak - window[:, _PAST - 8 : _PAST].min(axis=1)
        found[f"{name}: over the most of 40 ms"] = peak - window[:, _PAST - 8 : _PAST - 1].max(axis=1)
        found[f"{name}: over the most of 100 ms"] = peak - window[:, _PAST - 20 : _PAST - 1].max(axis=1)
        found[f"{name}: peak against the recording's"] = peak - loudest
        found[f"{name}: later peak against the recording's"] = window[:, _PAST:].max(axis=1) - loudest
        found[f"{name}: later peak"] = window[:, _PAST + _ATTACK :].max(axis=1) - peak
        found[f"{name}: mean of the first 30 ms"] = window[:, _PAST : _PAST + 6].mean(axis=1) - peak
        found[f"{name}: 100 to 200 ms later"] = window[:, _PAST + 20 : _PAST + 40].mean(axis=1) - peak
        found[f"{name}: mean rise of 40 ms"] = _mean_rise(window, 8)
        found[f"{name}: mean rise of 100 ms"] = _mean_rise(window, 20)
    loudness = _around(known.loudness, frames, -_PAST, _FUTURE)
    found["loudness: over the least of 40 ms"] = loudness[:, _PAST : _PAST + _ATTACK].max(axis=1) - loudness[
        :, _PAST - 8 : _PAST
    ].min(axis=1)
    found["loudness: mean rise of 40 ms"] = _mean_rise(loudness, 8)
    excess = _around(known.excess, frames, 0, _FUTURE)
    found["excess: peak"] = excess[:, :_ATTACK].max(axis=1)
    found["excess: later peak"] = excess.max(axis=1)
    found["excess: spread in the recording"] = np.full(
        len(frames), np.subtract(*np.percentile(known.excess[_PAST:], [90, 15])), np.float32
    )
    upper = known.levels["over_300_hz"]
    for name, end in (("attack", _ATTACK), ("first 100 ms", 20)):
        low = _around(known.low, frames, 0, end).max(axis=1)
        found[f"low share: {name}"] = low - _around(upper, frames, 0, end).max(axis=1)
    return found


def _of_novelties(known: Curves, frames: np.ndarray) -> dict[str, np.ndarray]:
    """How high the novelties peak, against the recording's usual and against the 240 ms around."""
    found: dict[str, np.ndarray] = {}
    for scale, novelty in zip(("15 ms", "40 ms", "100 ms"), known.novelties, strict=True):
        peak = _around(novelty, frames, -3, 4).max(axis=1)
        found[f"novelty {scale}"] = peak
        found[f"novelty {scale}: over the usual"] = peak - float(np.percentile(novelty[_PAST:], 90))
        found[f"novelty {scale}: against its neighbours"] = peak - _around(novelty, frames, -24, 25).max(axis=1)
    return found


def _of_bands(bands: np.ndarray, floor: NoiseFloor, frames: np.ndarray) -> dict[str, np.ndarray]:
    """In how many bands it rises, how far, and how much the spectrum resembles that of before."""
    inside = np.clip(frames[:, None] + np.arange(-_NEAR, _NEAR), 0, len(bands) - 1)
    powers = bands[inside] + floor.at(frames)[:, None, :]
    levels = _decibels(powers)
    after, before = levels[:, _NEAR : _NEAR + _ATTACK].max(axis=1), levels[:, _NEAR - 9 : _NEAR - 1].max(axis=1)
    rises = np.sort(after - before, axis=1)
    short = np.sort(_mean_band_rise(powers, 12), axis=1)
    long = np.sort(_mean_band_rise(powers, 20), axis=1)
    return {
        "bands: lowest two rise": (after - before)[:, :2].max(axis=1),
        "bands: three most": rises[:, -3:].mean(axis=1),
        "bands: quartile": rises[:, rises.shape[1] // 4],
        "bands: median": rises[:, rises.shape[1] // 2],
        "bands: share over 10 dB": (rises > 10).mean(axis=1),
        "bands: three most, means of 60 ms": short[:, -3:].mean(axis=1),
        "bands: five least, means of 60 ms": short[:, :5].mean(axis=1),
        "bands: most, means of 100 ms": long[:, -1],
        "bands: median, means of 100 ms": long[:, long.shape[1] // 2],
        "bands: likeness to before": _likeness(after, before),
    }


def probability(table: dict[str, np.ndarray]) -> np.ndarray:
    """Probability, shape (n,), that a candidate with the features `table` (as `features` gives them) is an onset."""
    trees = _trees()
    values = np.stack([table[name] for name in trees.features], axis=1)
    rows, columns = np.arange(len(values))[:, None], np.arange(len(trees.feature))[None, :]
    node = np.zeros((len(values), len(trees.feature)), int)
    for _ in range(trees.depth):
        below = values[rows, trees.feature[columns, node]] <= trees.threshold[columns, node]
        node = np.where(below, trees.left[columns, node], trees.right[columns, node])
    score = trees.baseline + trees.value[columns, node].sum(axis=1)
    return np.asarray(1 / (1 + np.exp(-score)))


def pick(frames: np.ndarray, probabilities: np.ndarray) -> list[Onset]:
    """Choose the probable onsets, the most probable first, none within 70 ms of another; return them in order.

    One that soon follows another must be next to certain: sounds that rattle, beat or bounce are one sound still.
    """
    kept: list[int] = []
    taken = np.zeros(int(frames.max(initial=0)) + CLOSEST_FRAMES + 1, bool)
    probable = np.flatnonzero(probabilities > PROBABLE)
    for index in probable[np.argsort(-probabilities[probable], kind="stable")]:
        frame = int(frames[index])
        if not taken[frame]:
            kept.append(int(index))
            taken[max(frame - CLOSEST_FRAMES + 1, 0) : frame + CLOSEST_FRAMES] = True
    picked: list[Onset] = []
    for index in sorted(kept):
        onset = Onset(frame=int(frames[index]), probability=float(probabilities[index]))
        if not picked or onset.probability >= probability_needed(onset.frame - picked[-1].frame):
            picked.append(onset)
    return picked


def probability_needed(gap_frames: int) -> float:
    """How probable an onset must be that comes `gap_frames` after another: 0.97 until 300 ms, 0.5 from 500 ms on."""
    return float(np.interp(gap_frames, (SOON_FRAMES, LATER_FRAMES), (CERTAIN, PROBABLE)))


def begin_of_rise(loudness: np.ndarray, frame: int) -> int:
    """Last frame before the attack about `frame` that is as quiet as before it: within a fifth of the whole rise."""
    first = max(frame - BACK_FRAMES, 0)
    attack = loudness[first : frame + _ATTACK]
    peak = int(attack.argmax())
    quietest = float(loudness[max(first - 4, 0) : frame + 1].min())
    quiet = quietest + max(LEAST_RISE_DB, RISE_SHARE * (float(attack[peak]) - quietest))
    before = np.flatnonzero(attack[: peak + 1] <= quiet)
    return first + int(before[-1]) if len(before) else first


@dataclass(frozen=True, kw_only=True)
class _Trees:
    """Boosted trees side by side, arrays of shape (trees, nodes); a leaf leads to itself and carries a value."""

    features: list[str]
    baseline: float
    depth: int
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray


@cache
def _trees() -> _Trees:
    stored = json.loads((Path(__file__).parent / "onset_trees.json").read_text())
    size = max(len(tree["value"]) for tree in stored["trees"])

    def table(key: str, kind: type) -> np.ndarray:
        return np.array([tree[key] + [0] * (size - len(tree[key])) for tree in stored["trees"]], kind)

    return _Trees(
        features=stored["features"],
        baseline=stored["baseline"],
        depth=stored["depth"],
        feature=table("feature", int),
        threshold=table("threshold", float),
        left=table("left", int),
        right=table("right", int),
        value=table("value", float),
    )


def _decibels(power: np.ndarray) -> np.ndarray:
    return np.asarray(10 * np.log10(np.maximum(power, np.float32(_SILENT))))


def _mean_ahead(values: np.ndarray, width: int) -> np.ndarray:
    """Mean of the `width` rows from each on (fewer at the end), same shape."""
    total = np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=float)))
    ends = np.minimum(np.arange(len(values)) + width, len(values))
    means = (total[ends] - total[:-1]) / (ends - np.arange(len(values)))[:, None]
    return np.asarray(np.maximum(means, 0).astype(np.float32))


def _peaks(values: np.ndarray, reach: int, least: float) -> np.ndarray:
    """Frames whose value is over `least` and the highest of `reach` frames either side."""
    return np.flatnonzero((values == maximum_filter1d(values, 2 * reach + 1)) & (values > least))


def _around(values: np.ndarray, frames: np.ndarray, first: int, last: int) -> np.ndarray:
    """Take `values` from `first` to `last` (exclusive) frames after each of `frames`; the ends go on as they are."""
    return values[np.clip(frames[:, None] + np.arange(first, last), 0, len(values) - 1)]


def _mean_rise(window: np.ndarray, width: int) -> np.ndarray:
    after, before = window[:, _PAST : _PAST + width], window[:, _PAST - width : _PAST]
    return np.asarray(after.mean(axis=1) - before.mean(axis=1))


def _mean_band_rise(powers: np.ndarray, width: int) -> np.ndarray:
    after, before = powers[:, _NEAR : _NEAR + width], powers[:, _NEAR - width : _NEAR]
    return _decibels(after.mean(axis=1)) - _decibels(before.mean(axis=1))


def _likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlation of the spectra `one` and `other`, dB of shape (n, bands); shape (n,)."""
    first, second = one - one.mean(axis=1, keepdims=True), other - other.mean(axis=1, keepdims=True)
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1) + 1e-9)
    return np.asarray((first * second).sum(axis=1) / scale)
