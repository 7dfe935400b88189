"""Fit the trees that tell onsets from all else (`oneshots.onsets`), on tuning scenes alone.

    python -m bench.fit_onsets              # cross-validate, say the scores, write the trees
    python -m bench.fit_onsets --dry-run    # write nothing

Besides the sets' own scenes there are further ones of other seeds, in which each sound is played up to half an octave
faster or slower: 46 sounds are few, and trees would learn them by heart. For the same reason the scores come from
cross-validation by sound: what is judged was never fitted on.

scikit-learn is needed for this alone (it comes with librosa).
"""

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import mir_eval
import numpy as np

from bench import scene_cache, sets
from bench.methods import PACKAGE, find_our_package
from bench.scenes import Recipe, Truth
from bench.sound_library import library

TREES = PACKAGE / "oneshots" / "onset_trees.json"
SIDE = "tuning"
FIRST_EXTRA, EXTRA = 20, 30
FARTHEST_OCTAVES = 0.5
NEAR_SECONDS, CLEAR_SECONDS = 0.045, 0.03
# A frame's window reaches some 6 ms ahead of its centre, so a candidate comes that much early.
LATE_SECONDS = 0.006
FOLDS = 4
TREE_COUNT, LEAVES, LEARNING_RATE, LEAST_A_LEAF = 150, 8, 0.07, 60
FEATURES = 40


@dataclass(frozen=True, kw_only=True)
class Example:
    """The candidates of one scene: seconds, shape (n,), their features by name, the truth, and the set's name."""

    set_name: str
    seconds: np.ndarray
    table: dict[str, np.ndarray]
    truth: Truth


def main() -> None:
    """Make the examples, cross-validate, fit on all and write the trees."""
    arguments = argparse.ArgumentParser(description="Fit the trees that tell onsets from all else.")
    arguments.add_argument("--dry-run", action="store_true", help="write nothing")
    dry_run = arguments.parse_args().dry_run
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        examples = list(pool.map(example, *zip(*tasks(), strict=True), chunksize=4))
    names = most_telling(examples, list(examples[0].table))
    probabilities = cross_validate(examples, names)
    for set_name in sets.NAMES:
        print(f"{set_name}: {pooled_f1(examples, probabilities, set_name)}")
    if not dry_run:
        TREES.write_text(as_json(fitted(examples, names), names))


def tasks() -> list[tuple[str, int, bool]]:
    """(set, index, whether its sounds are played faster or slower) of all scenes to fit on."""
    own = [(name, index, False) for name in sets.NAMES for index in range(sets.SCENES[name])]
    return own + [(name, FIRST_EXTRA + index, True) for name in sets.NAMES for index in range(EXTRA)]


def example(set_name: str, index: int, varied: bool) -> Example:
    """Make one scene if need be, and describe its candidates."""
    find_our_package()
    from oneshots import noise_floor, onsets, spectrum
    from oneshots.decode import decode

    recipe = sets.recipe(set_name, SIDE, index)
    sounds = partial(sounds_at_other_speeds, recipe) if varied else None
    path, truth = scene_cache.scene_file(recipe, varied=sounds)
    recording = decode(path)
    bands = spectrum.band_powers(recording.samples, recording.sample_rate)
    frames, table = onsets.describe(bands, noise_floor.follow(bands, spectrum.HOP_MS / 1000))
    seconds = frames * spectrum.HOP_MS / 1000 - LATE_SECONDS
    return Example(set_name=set_name, seconds=seconds, table=table, truth=truth)


def sounds_at_other_speeds(recipe: Recipe) -> dict[str, np.ndarray]:
    """Return the library's sounds, each faster or slower by chance, but always the same for `recipe`."""
    rng = np.random.default_rng([recipe.seed, 7])
    return {
        name: at_speed(sound, 2 ** rng.uniform(-FARTHEST_OCTAVES, FARTHEST_OCTAVES))
        for name, sound in library(SIDE).items()
    }


def at_speed(sound: np.ndarray, speed: float) -> np.ndarray:
    """Return `sound`, shape (n,), played `speed` times as fast."""
    positions = np.arange(int(len(sound) / speed)) * speed
    return np.interp(positions, np.arange(len(sound)), sound)


def labels(one: Example) -> tuple[np.ndarray, np.ndarray]:
    """Whether each candidate is an onset, and its weight, shape (n,) each; those 30 ms off or more say little."""
    onsets_seconds = np.array([sound.onset for sound in one.truth.sounds])
    if not len(onsets_seconds):
        return np.zeros(len(one.seconds)), np.ones(len(one.seconds))
    distance = np.abs(one.seconds[:, None] - onsets_seconds).min(axis=1)
    unclear = (distance > CLEAR_SECONDS) & (distance <= 0.05)
    return (distance <= NEAR_SECONDS).astype(float), np.where(unclear, 0.3, 1.0)


def matrix(examples: list[Example], names: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, shape (n, names), labels and weights, shape (n,), of all candidates."""
    values = np.concatenate([np.stack([one.table[name] for name in names], axis=1) for one in examples])
    pairs = [labels(one) for one in examples]
    return values, np.concatenate([label for label, _ in pairs]), np.concatenate([weight for _, weight in pairs])


def model() -> Any:
    """Return unfitted trees: few leaves, many candidates in each, so that single sounds are not learnt."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=TREE_COUNT,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_A_LEAF,
        l2_regularization=5,
        early_stopping=False,
        random_state=0,
    )


def fitted(examples: list[Example], names: list[str]) -> Any:
    """Fit on all examples."""
    values, label, weight = matrix(examples, names)
    return model().fit(values, label, sample_weight=weight)


def most_telling(examples: list[Example], names: list[str]) -> list[str]:
    """Choose the features by which trees on all of them gain most."""
    gains = np.zeros(len(names))
    for nodes in _nodes(fitted(examples, names)):
        inner = nodes[nodes["is_leaf"] == 0]
        np.add.at(gains, inner["feature_idx"], inner["gain"])
    return [names[index] for index in np.argsort(-gains)[:FEATURES]]


def cross_validate(examples: list[Example], names: list[str]) -> list[np.ndarray]:
    """Probabilities of each example's candidates, from trees that saw neither their sound nor (for noise) scene."""
    values, label, weight = matrix(examples, names)
    folds = np.concatenate([_folds(number, one) for number, one in enumerate(examples)])
    probabilities = np.empty(len(values))
    for fold in range(FOLDS):
        held = folds == fold
        trees = model().fit(values[~held], label[~held], sample_weight=weight[~held])
        probabilities[held] = trees.predict_proba(values[held])[:, 1]
    return np.split(probabilities, np.cumsum([len(one.seconds) for one in examples])[:-1])


def _folds(number: int, one: Example) -> np.ndarray:
    folds = np.full(len(one.seconds), number % FOLDS)
    for sound in one.truth.sounds:
        inside = (one.seconds > sound.onset - 0.05) & (one.seconds < sound.whole_offset + 0.1)
        folds[inside] = _fold_of_sounds()[sound.name]
    return folds


@cache
def _fold_of_sounds() -> dict[str, int]:
    names = sorted(library(SIDE))
    return dict(zip(names, (np.random.default_rng(1).permutation(len(names)) % FOLDS).tolist(), strict=True))


def pooled_f1(examples: list[Example], probabilities: list[np.ndarray], set_name: str) -> str:
    """Onset F-measure over the scenes of `set_name`, or how much was found in scenes without a sound."""
    find_our_package()
    from oneshots import onsets, spectrum

    hits = true = found = 0
    for one, some in zip(examples, probabilities, strict=True):
        if one.set_name != set_name:
            continue
        frames = np.round((one.seconds + LATE_SECONDS) * 1000 / spectrum.HOP_MS).astype(int)
        estimated = np.array([each.frame for each in onsets.pick(frames, some)]) * spectrum.HOP_MS / 1000 - LATE_SECONDS
        reference = np.array([sound.onset for sound in one.truth.sounds])
        true, found = true + len(reference), found + len(estimated)
        if len(reference) and len(estimated):
            hits += len(mir_eval.util.match_events(reference, np.sort(estimated), 0.05))
    return f"F1 {2 * hits / (true + found):.3f} of {true} sounds" if true else f"{found} found, none there"


def as_json(trees: Any, names: list[str]) -> str:
    """Write the trees as `oneshots.onsets` reads them, a line each; thresholds to a thousandth."""
    tables = [_as_table(nodes) for nodes in _nodes(trees)]
    head = {
        "features": names,
        "baseline": round(float(np.ravel(trees._baseline_prediction)[0]), 4),
        "depth": int(max(nodes["depth"].max() for nodes in _nodes(trees))),
    }
    lines = ",\n".join("  " + json.dumps(table, separators=(",", ":")) for table in tables)
    return json.dumps(head, indent=1)[:-2] + ',\n "trees": [\n' + lines + "\n ]\n}\n"


def _nodes(trees: Any) -> list[np.ndarray]:
    return [predictor.nodes for (predictor,) in trees._predictors]


def _as_table(nodes: np.ndarray) -> dict[str, list[float]]:
    """List a tree's nodes: a leaf leads to itself and has the value, all others have none."""
    own, leaf = np.arange(len(nodes)), nodes["is_leaf"] == 1
    return {
        "feature": np.where(leaf, 0, nodes["feature_idx"]).tolist(),
        "threshold": np.where(leaf, 0.0, np.round(nodes["num_threshold"], 3)).tolist(),
        "left": np.where(leaf, own, nodes["left"]).tolist(),
        "right": np.where(leaf, own, nodes["right"]).tolist(),
        "value": np.where(leaf, np.round(nodes["value"], 4), 0.0).tolist(),
    }


if __name__ == "__main__":
    main()
