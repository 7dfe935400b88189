"""Scenes to fit the network on, as it sees them: `python -m bench.fitting_scenes`, after `bench.fitting_sounds`.

Everything here is of the tuning side or of further sounds; nothing of the reporting side. Per scene one file in
`.fitting-data/`: features, float16 of shape (frames, 99), and for each frame how near an onset is and whether a
sound is heard.

- the bench's sets again, of the further sounds, with seeds of their own;
- `held`: scenes with sounds of up to 20 s among the others, so that what lasts is not taken for the room;
- `swells`: scenes with sounds that fade in for up to 1.6 s among the others;
- `steady`: tones and chords that stand still, waver or swing, from a recording's first sample to its last or nearly so;
  `inside`: pieces from within the held sounds. In all of these the sound itself is the floor;
- `noise`: noise of all kinds, with hum and drift, for one to twelve seconds: nothing to find;
- `crop`: from each scene a piece with one sound or a few and little around them, as people trim their recordings; one
  in ten begins within a sound. Its noise floor is what is left in the piece;
- the tuning side's own scenes, to judge on what was fitted without them, or to fit on as well.
"""

import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench import noise, scene_cache, sets
from bench.collect_sounds import prepare_samples
from bench.fitting_sounds import fitting_library
from bench.methods import find_our_package
from bench.scenes import Recipe, Truth

FOLDER = scene_cache.CACHE.parent / ".fitting-data"
SIDE = "fitting"
# As many of each set as there were time to fit on.
COUNTS = dict.fromkeys(sets.CORE, 42) | dict.fromkeys(("wide", "dense", "reverb", "overlap"), 42)
COUNTS |= {"sparse": 24, "empty": 30, "held": 82, "swells": 130}
STEADY, NOISES, INSIDE_A_SCENE = 190, 60, 2
RATE = noise.RATE
FRAMES_A_SECOND = 100
# An onset's peak lies this far after the first that is heard of the sound, and fades out over this many frames.
ONSET_LATE_FRAMES, ONSET_SPREAD_FRAMES = 0.8, 3.5
SHORTEST_CROP_SECONDS = 0.15


def main() -> None:
    """Make all of them anew, two at a time."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    find_our_package()
    for index in range(STEADY):
        make_steady(index)
    for index in range(NOISES):
        make_noise(index)
    tasks = [(SIDE, name, index) for name, count in COUNTS.items() for index in range(count)]
    tasks += [("tuning", name, index) for name in sets.NAMES for index in range(sets.SCENES[name])]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for _ in pool.map(make, *zip(*tasks, strict=True)):
            pass
    print(f"{len(tasks)} scenes and their crops in {FOLDER}")


def make(side: str, set_name: str, index: int) -> None:
    """Make the scene, see it as the network does, and put it and a crop of it into the folder."""
    find_our_package()
    from oneshots import spectrum
    from oneshots.blocks import mean_per_channel
    from oneshots.decode import decode

    recipe = recipe_of(side, set_name, index)
    path, truth = scene_cache.scene_file(
        recipe, varied=None if side == "tuning" else lambda: sounds_of(set_name, index)
    )
    recording = decode(path)
    samples, rate = recording.samples, recording.sample_rate
    short = spectrum.band_powers(samples, rate)
    long = spectrum.long_band_powers(samples, rate, dc_offset=mean_per_channel(samples))
    name = f"{side}-{set_name.replace(' ', '')}-{index:03d}"
    bounds = np.array([(sound.onset, sound.offset) for sound in truth.sounds]).reshape(-1, 2)
    put(FOLDER / f"{name}.npz", short, long, bounds)
    if len(bounds):
        put_crop(FOLDER / f"{name}-crop.npz", short, long, truth, np.random.default_rng([recipe.seed, 8]))
    if set_name == "held":
        put_insides(name, short, long, bounds, np.random.default_rng([recipe.seed, 9]))
    if side != "tuning":
        # It is not needed again, and hundreds of them take gigabytes. Without its truth it would be made anew.
        path.with_suffix(".truth.json").unlink()
        path.unlink()


def put_insides(name: str, short: np.ndarray, long: np.ndarray, bounds: np.ndarray, rng: np.random.Generator) -> None:
    """Write pieces of 2.5 to 10 s from within sounds that last: each is one sound from its first frame to its last."""
    lasting = [(start + 0.4, end - 0.4) for start, end in bounds if end - start > 4]
    for number, (start, end) in enumerate(lasting[:INSIDE_A_SCENE]):
        seconds = min(rng.uniform(2.5, 10), end - start)
        begin = int(rng.uniform(start, end - seconds) * FRAMES_A_SECOND)
        last = begin + int(seconds * FRAMES_A_SECOND)
        path = FOLDER / f"{name}-inside{number}.npz"
        put(path, short[2 * begin : 2 * last], long[begin:last], np.array([(0, seconds)]))


def make_steady(index: int) -> None:
    """Make tones that last, with silence before and after them in some, and put them into the folder."""
    rng = np.random.default_rng([index, 101])
    length = round(rng.uniform(3, 12) * RATE)
    lead, trail = (round(rng.uniform(0.05, 1.5) * RATE) if rng.random() < 0.3 else 0 for _ in range(2))
    there = np.zeros(length)
    there[lead : length - trail] = 1
    if lead:
        there[lead : lead + 1000] *= np.linspace(0, 1, 1000)
    room = noise.KINDS[("pink", "brown", "hiss", "machine")[index % 4]](rng, length)
    samples = steady_tone(rng, length) * there + room * 10 ** (-rng.uniform(15, 85) / 20)
    put_samples(f"{SIDE}-steady-{index:03d}", samples, np.array([(lead / RATE, (length - trail) / RATE)]))


def steady_tone(rng: np.random.Generator, length: int) -> np.ndarray:
    """Play up to four notes with up to nine harmonics, wavering in pitch and swinging by up to 5 dB; RMS about 1."""
    time = np.arange(length) / RATE
    tone = np.zeros(length)
    base = np.exp(rng.uniform(np.log(70), np.log(3000)))
    for interval in rng.choice([1, 1.2, 1.26, 1.5, 1.78, 2, 2.5, 3], int(rng.integers(1, 5)), replace=False):
        vibrato = 1 + rng.choice([0, 0.004, 0.01]) * np.sin(2 * np.pi * rng.uniform(3, 7) * time)
        phase = 2 * np.pi * np.cumsum(base * interval * vibrato) / RATE
        for harmonic in range(1, int(rng.integers(1, 10)) + 1):
            if base * interval * harmonic < 18000:
                level = rng.uniform(0.2, 1) / harmonic ** rng.uniform(0.5, 2)
                tone += level * np.sin(harmonic * phase + rng.uniform(0, 6))
    swings_hz = np.exp(rng.uniform(np.log(0.15), np.log(8)))
    swing_db = rng.uniform(0, 5) * np.sin(2 * np.pi * swings_hz * time + rng.uniform(0, 6))
    return tone / np.sqrt(np.mean(tone**2)) * 10 ** (swing_db / 20)


def make_noise(index: int) -> None:
    """Make a room without a sound in it, and put it into the folder."""
    rng = np.random.default_rng([index, 102])
    length = round(rng.uniform(1, 12) * RATE)
    samples = noise.KINDS[tuple(noise.KINDS)[index % 5]](rng, length)
    if index % 3 == 0:
        samples += noise.hum(rng, length) * 10 ** (rng.uniform(-15, 12) / 20)
    if index % 4 == 0:
        samples *= noise.drift(rng, length, depth_db=rng.uniform(1, 5))
    put_samples(f"{SIDE}-noise-{index:03d}", samples, np.empty((0, 2)))


def put_samples(name: str, samples: np.ndarray, bounds: np.ndarray) -> None:
    """Write what the network sees of `samples`, shape (n,)."""
    from oneshots import spectrum

    scaled = (samples / np.abs(samples).max() / 4).astype(np.float32)[None]
    put(FOLDER / f"{name}.npz", spectrum.band_powers(scaled, RATE), spectrum.long_band_powers(scaled, RATE), bounds)


def recipe_of(side: str, set_name: str, index: int) -> Recipe:
    """Return the recipe of scene `index` of a set of the bench, or of the held or the swelling sounds."""
    if set_name == "swells":
        like = ("60 dB", "40 dB", "25 dB", "15 dB", "wide", "sparse", "25 dB", "15 dB", "overlap")[index % 9]
        return replace(sets.recipe(like, side, 2000 + index), name=f"swells-{index}")
    if set_name == "held":
        like = ("60 dB", "40 dB", "25 dB", "15 dB", "reverb", "overlap", "wide")[index % 7]
        seconds = float(np.random.default_rng([index, 99]).uniform(15, 50))
        return replace(sets.recipe(like, side, 1000 + index), name=f"held-{index}", seconds=seconds)
    return sets.recipe(set_name, side, index)


def sounds_of(set_name: str, index: int) -> dict[str, np.ndarray]:
    """Return the sounds that a scene is made of: all short ones, or held or swelling ones with some short ones."""
    short, rng = fitting_library(), np.random.default_rng([index, 100])
    if set_name == "held":
        held = fitting_library(held=True)
        return held | {str(name): short[str(name)] for name in rng.choice(sorted(short), len(held) // 3, replace=False)}
    if set_name == "swells":
        return swelling(rng) | {str(name): short[str(name)] for name in rng.choice(sorted(short), 40, replace=False)}
    return short


def swelling(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Fade in 32 sounds over 0.15 to 1.6 s, at most 80% of each, and let most of them decay less."""
    sounds = fitting_library() | fitting_library(held=True)
    long = sorted(name for name, sound in sounds.items() if len(sound) > 0.8 * RATE)
    found = {}
    for name in rng.choice(long, 32, replace=False).tolist():
        sound = sounds[name][: 4 * RATE].copy()
        time = np.arange(len(sound)) / RATE
        if rng.random() < 0.75:
            sound *= np.exp(time * rng.uniform(0, 1.5))
        seconds = min(float(np.exp(rng.uniform(np.log(0.15), np.log(1.6)))), 0.8 * time[-1])
        sound *= np.minimum(time / seconds, 1) ** rng.uniform(0.8, 3)
        sound *= np.minimum((time[-1] - time) / min(0.09, time[-1] / 4), 1)
        found[f"swell_{name}"] = prepare_samples(sound)
    return found


def put(path: Path, short: np.ndarray, long: np.ndarray, bounds: np.ndarray) -> None:
    """Write what the network sees of band powers, and what it should say; `bounds`, shape (n, 2), in seconds."""
    from oneshots.observation import observe

    observed = observe(short, long)
    onset, audible = targets(len(observed), bounds)
    features = observed.features(0, len(observed)).astype(np.float16)
    np.savez(path, features=features, onset=onset, audible=audible)


def put_crop(path: Path, short: np.ndarray, long: np.ndarray, truth: Truth, rng: np.random.Generator) -> None:
    """Write a piece of the scene with one to four of its sounds."""
    bounds = np.array([(sound.onset, sound.offset) for sound in truth.sounds])
    first = int(rng.integers(len(bounds)))
    last = min(first + int(rng.choice([0, 0, 0, 1, 2, 3])), len(bounds) - 1)
    lead = max(rng.uniform(-0.3, 0.6), 0.0)
    if rng.random() < 0.1:
        lead = -rng.uniform(0, 0.5) * (bounds[first, 1] - bounds[first, 0])
    begin = int(max(bounds[first, 0] - lead, 0) * FRAMES_A_SECOND)
    end = min(int((bounds[last, 1] + rng.uniform(0.02, 0.8)) * FRAMES_A_SECOND), len(long) - 1)
    seconds = (end - begin) / FRAMES_A_SECOND
    if seconds < SHORTEST_CROP_SECONDS:
        return
    inside = bounds - begin / FRAMES_A_SECOND
    inside = inside[(inside[:, 1] > 0.03) & (inside[:, 0] < seconds - 0.02)]
    put(path, short[2 * begin : 2 * end], long[begin:end], np.clip(inside, 0, seconds))


def targets(frames: int, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How near an onset each frame is, 0..1, and whether a sound is heard in it; shape (frames,) each."""
    onset, audible = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    for start, end in bounds * FRAMES_A_SECOND:
        distance = np.abs(np.arange(frames) - start - ONSET_LATE_FRAMES)
        onset = np.maximum(onset, np.clip(1 - distance / ONSET_SPREAD_FRAMES, 0, 1))
        audible[int(np.ceil(start)) : max(round(end), int(start) + 1)] = 1
    return onset.astype(np.float32), audible


if __name__ == "__main__":
    main()
