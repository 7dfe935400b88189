"""Recordings with known truth: sounds laid out in time, in a room, in noise. The same recipe gives the same scene.

**Signal to noise ratio** is that of the median sound: the RMS of its loudest 50 ms over the RMS of all the noise (hum
included; nothing of it is under 30 Hz), both broadband and as they are in the mix. A sound `spread_db` / 2 under the
median is by that much nearer to the noise.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.signal import fftconvolve

from bench import noise
from bench.audibility import audible_bounds, body_start, octave_powers, whole_bounds
from bench.sound_library import library

RATE = 44100
LOUDEST_WINDOW = round(0.05 * RATE)
LOUDEST_CRACKLE = 0.2
LEAD_IN_SECONDS = (0.6, 1.5)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that a scene depends on. Seconds, dB, Hz; `gaps` are from the whole end of a sound to the next start."""

    name: str
    side: str
    seed: int
    snr_db: float
    noise: str
    codec: str
    channels: int = 1
    seconds: float = 30.0
    gaps: tuple[float, float] = (0.12, 3.0)
    most_sounds: int | None = None
    spread_db: float = 12.0
    thumps: int = 0
    rt60_seconds: float | None = None
    overlap_share: float = 0.0
    crackle_per_second: float = 0.0
    drift_db: float = 0.0
    hum_db: float | None = None
    dc: float = 0.0
    clip_db: float = 0.0
    peak_dbfs: tuple[float, float] = (-9.0, -1.5)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """One sound of the truth, in seconds. `onset` and `offset` are scored; see `audibility` for the two definitions.

    `body` is where it first comes within 20 dB of its peak.
    """

    name: str
    level_db: float
    onset: float
    offset: float
    body: float
    whole_onset: float
    whole_offset: float


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is in a scene: its sounds in order of onset, and its thumps as (start, end), in seconds."""

    seconds: float
    sounds: list[Sound]
    thumps: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A sound in the mix: `samples`, shape (channels, n), from sample `start` on; `powers` are its octave bands'."""

    name: str
    level_db: float
    start: int
    samples: np.ndarray
    powers: np.ndarray
    whole: tuple[int, int]


def build(recipe: Recipe, sounds: dict[str, np.ndarray] | None = None) -> tuple[np.ndarray, Truth]:
    """Return the scene, float32 of shape (channels, n) at 44.1 kHz within -1..1, and its truth.

    It is made of `sounds` by name, shape (n,) each; of the library of the recipe's side by default.
    """
    sounds = library(recipe.side) if sounds is None else sounds
    rng = np.random.default_rng(recipe.seed)
    length = round(recipe.seconds * RATE)
    background = _background(rng, recipe, length)
    placed, thumps = _lay_out(rng, recipe, sounds, length)
    truth = Truth(
        seconds=recipe.seconds,
        sounds=_truth_of(placed, octave_powers(background).mean(axis=1, keepdims=True)),
        thumps=[(start / RATE, (start + len(samples)) / RATE) for start, samples in thumps],
    )
    mix = background
    for each in placed:
        end = min(each.start + each.samples.shape[1], length)
        mix[:, each.start : end] += each.samples[:, : end - each.start]
    for start, samples in thumps:
        mix[:, start : start + len(samples)] += samples[: length - start]
    return _record(rng, recipe, mix), truth


def _background(rng: np.random.Generator, recipe: Recipe, length: int) -> np.ndarray:
    """All the noise, shape (channels, length), at its level under sounds whose median's loudest 50 ms has RMS 1."""
    make = noise.KINDS[recipe.noise]
    channels = [make(rng, length) for _ in range(recipe.channels)]
    if recipe.hum_db is not None:
        mains = noise.hum(rng, length) * 10 ** (recipe.hum_db / 20)
        channels = [channel + mains for channel in channels]
    background = np.stack(channels)
    if recipe.drift_db:
        background *= noise.drift(rng, length, depth_db=recipe.drift_db)
    background *= 10 ** (-recipe.snr_db / 20) / np.sqrt(np.mean(background**2))
    if recipe.crackle_per_second:
        # Twenty times the noise's RMS is, over 5 ms, some 10 dB above it; but no click comes near the sounds.
        loudest = min(20 * 10 ** (-recipe.snr_db / 20), LOUDEST_CRACKLE)
        background += loudest * noise.crackle(rng, length, per_second=recipe.crackle_per_second)
    return background


def _lay_out(
    rng: np.random.Generator, recipe: Recipe, sounds: dict[str, np.ndarray], length: int
) -> tuple[list[_Placed], list[tuple[int, np.ndarray]]]:
    """Sounds one after the other until the scene is full, with thumps in gaps made for them."""
    placed: list[_Placed] = []
    thumps: list[tuple[int, np.ndarray]] = []
    room = _room(rng, recipe)
    names = _draw_names(rng, recipe, sounds)
    thump_after = set(rng.choice(np.arange(1, 8), recipe.thumps, replace=False)) if recipe.thumps else set()
    position = round(rng.uniform(*LEAD_IN_SECONDS) * RATE)
    for count, name in enumerate(names, start=1):
        sound = _prepare(rng, recipe, name, sounds[name], room, start=position)
        if position + sound.whole[1] > length - round(0.3 * RATE):
            break
        placed.append(sound)
        position = _next_position(rng, recipe, sound)
        if count in thump_after and position + RATE < length:
            knock = noise.thump(rng) * 10 ** (rng.uniform(-6, 6) / 20)
            start = max(position, sound.start + sound.whole[1] + round(0.15 * RATE))
            thumps.append((start, knock))
            position = start + len(knock) + round(rng.uniform(0.15, 0.8) * RATE)
    return placed, thumps


def _room(rng: np.random.Generator, recipe: Recipe) -> np.ndarray | None:
    if recipe.rt60_seconds is None:
        return None
    return noise.room_response(rng, rt60_seconds=recipe.rt60_seconds, wet_db=rng.uniform(-12, -3))


def _draw_names(rng: np.random.Generator, recipe: Recipe, sounds: dict[str, np.ndarray]) -> list[str]:
    """More names than a scene holds, or as many as the recipe says; none twice before all were there."""
    names = np.array(sorted(sounds))
    drawn = np.concatenate([rng.permutation(names) for _ in range(4)])
    return [str(name) for name in (drawn if recipe.most_sounds is None else drawn[: recipe.most_sounds])]


def _prepare(
    rng: np.random.Generator, recipe: Recipe, name: str, dry: np.ndarray, room: np.ndarray | None, *, start: int
) -> _Placed:
    level_db = rng.uniform(-recipe.spread_db / 2, recipe.spread_db / 2)
    sound = dry * 10 ** (level_db / 20) / loudest_rms(dry)
    if room is not None:
        sound = fftconvolve(sound, room)
    pan = rng.uniform(0, np.pi / 2) if rng.random() > 0.25 else rng.choice([0, np.pi / 2])
    samples = (
        sound[None, :] if recipe.channels == 1 else np.outer(np.sqrt(2) * np.array([np.cos(pan), np.sin(pan)]), sound)
    )
    return _Placed(
        name=name,
        level_db=level_db,
        start=start,
        samples=samples,
        powers=octave_powers(samples),
        whole=whole_bounds(samples),
    )


def loudest_rms(sound: np.ndarray) -> float:
    """RMS of the loudest 50 ms of `sound`, shape (n,); of all of it, over 50 ms, when it is shorter."""
    energy = np.concatenate((np.zeros(LOUDEST_WINDOW), np.cumsum(sound**2)))
    return float(np.sqrt((energy[LOUDEST_WINDOW:] - energy[:-LOUDEST_WINDOW]).max() / LOUDEST_WINDOW))


def _next_position(rng: np.random.Generator, recipe: Recipe, sound: _Placed) -> int:
    if rng.random() < recipe.overlap_share:
        # Where the sound has fallen by 6 to 24 dB for good: hits in a ringing tail, chords, hands that don't wait.
        power = sound.powers.sum(axis=0)
        fallen = power.max() * 10 ** (-rng.uniform(6, 24) / 10)
        falls_at = int(np.flatnonzero(power > fallen)[-1])
        return sound.start + max(falls_at, round(0.12 * RATE))
    low, high = recipe.gaps
    return sound.start + sound.whole[1] + round(np.exp(rng.uniform(np.log(low), np.log(high))) * RATE)


def _truth_of(placed: list[_Placed], noise_powers: np.ndarray) -> list[Sound]:
    """Say of each sound when it is heard; what the noise or an earlier sound masks whole is no sound to find."""
    found: list[Sound] = []
    for index, sound in enumerate(placed):
        masker = np.repeat(noise_powers, sound.powers.shape[1], axis=1)
        for earlier in placed[:index]:
            _add_overlapping(masker, sound.start, earlier)
        heard = audible_bounds(sound.powers, masker, sound.whole)
        if heard is not None:
            found.append(_describe(sound, heard))
    return _end_at_the_next(found)


def _describe(sound: _Placed, heard: tuple[int, int]) -> Sound:
    def seconds(sample: int) -> float:
        return (sound.start + sample) / RATE

    return Sound(
        name=sound.name,
        level_db=round(sound.level_db, 2),
        onset=seconds(heard[0]),
        offset=seconds(heard[1]),
        body=seconds(body_start(sound.samples, heard[0])),
        whole_onset=seconds(sound.whole[0]),
        whole_offset=seconds(sound.whole[1]),
    )


def _add_overlapping(masker: np.ndarray, start: int, earlier: _Placed) -> None:
    """Add to `masker`, which begins at sample `start` of the scene, what still rings of `earlier`."""
    ringing = earlier.powers[:, start - earlier.start :][:, : masker.shape[1]]
    masker[:, : ringing.shape[1]] += ringing


def _end_at_the_next(sounds: list[Sound]) -> list[Sound]:
    """End each one where the next comes in, though its tail may ring on under it."""
    ordered = sorted(sounds, key=lambda sound: sound.onset)
    ended = [
        Sound(**{**vars(sound), "offset": min(sound.offset, following.onset)}) for sound, following in pairwise(ordered)
    ]
    return ended + ordered[-1:]


def _record(rng: np.random.Generator, recipe: Recipe, mix: np.ndarray) -> np.ndarray:
    """Bring the mix to a level as a phone does, float32 within -1..1."""
    peak_db = rng.uniform(*recipe.peak_dbfs) if not recipe.clip_db else recipe.clip_db
    scaled = mix * (10 ** (peak_db / 20) / np.abs(mix).max()) + recipe.dc
    return np.clip(scaled, -1, 1).astype(np.float32)
