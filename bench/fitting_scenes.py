"""Scenes to fit the network on, as it sees them: `python -m bench.fitting_scenes`, after `bench.fitting_sounds`.

Everything here is of the tuning side or of further sounds; nothing of the reporting side. Per scene one file in
`.fitting-data/`: features, float16 of shape (frames, 99), and for each frame how near an onset is and whether a
sound is heard.

- the bench's sets again, of the further sounds, with seeds of their own;
- `held`: scenes with sounds of up to 20 s among the others, so that what lasts is not taken for the room;
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

from bench import scene_cache, sets
from bench.fitting_sounds import fitting_library
from bench.methods import find_our_package
from bench.scenes import Recipe, Truth

FOLDER = scene_cache.CACHE.parent / ".fitting-data"
SIDE = "fitting"
COUNTS = dict.fromkeys(sets.CORE, 100) | {
    "wide": 60,
    "sparse": 24,
    "dense": 60,
    "reverb": 50,
    "overlap": 80,
    "empty": 30,
    "held": 90,
}
FRAMES_A_SECOND = 100
# An onset's peak lies this far after the first that is heard of the sound, and fades out over this many frames.
ONSET_LATE_FRAMES, ONSET_SPREAD_FRAMES = 0.8, 3.5
SHORTEST_CROP_SECONDS = 0.15


def main() -> None:
    """Make all of them anew, two at a time."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
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
    if side != "tuning":
        path.unlink()


def recipe_of(side: str, set_name: str, index: int) -> Recipe:
    """Return the recipe of scene `index` of a set of the bench, or of the held sounds."""
    if set_name != "held":
        return sets.recipe(set_name, side, index)
    like = ("60 dB", "40 dB", "25 dB", "15 dB", "reverb", "overlap", "wide")[index % 7]
    rng = np.random.default_rng([index, 99])
    return replace(sets.recipe(like, side, 1000 + index), name=f"held-{index}", seconds=float(rng.uniform(15, 50)))


def sounds_of(set_name: str, index: int) -> dict[str, np.ndarray]:
    """Return the sounds that a scene is made of: all short ones, or the held ones with a third as many short ones."""
    short = fitting_library()
    if set_name != "held":
        return short
    held = fitting_library(held=True)
    some = np.random.default_rng([index, 100]).choice(sorted(short), len(held) // 3, replace=False)
    return held | {str(name): short[str(name)] for name in some}


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
