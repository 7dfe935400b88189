"""Fit the model that says what kind of sound a one-shot is (`oneshots.kind`), on the tuning side alone.

python -m bench.fit_kind              # fit, write kind_model.json, judge on the reporting side
python -m bench.fit_kind --dry-run    # judge the model that is there
"""

import argparse
import json
from collections import Counter

import numpy as np

from bench.labelled_sounds import RATE, Labelled, labelled_sounds
from bench.methods import find_our_package

REGULARISATION = 0.3


def main() -> None:
    """Fit on the tuning side and write the model, then judge it on the reporting side."""
    arguments = argparse.ArgumentParser(description="Fit the model that says what kind of sound a one-shot is.")
    arguments.add_argument("--dry-run", action="store_true", help="write nothing, judge the model that is there")
    find_our_package()
    if not arguments.parse_args().dry_run:
        fit()
    judge("reporting")


def fit() -> None:
    from sklearn.linear_model import LogisticRegression

    from oneshots import kind

    sounds = list(labelled_sounds("tuning"))
    table = np.array([inputs(sound) for sound in sounds])
    labels = [kind.KINDS.index(sound.kind) for sound in sounds]
    mean, scale = table.mean(axis=0), table.std(axis=0) + 1e-9
    model = LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=5000)
    model.fit((table - mean) / scale, labels)
    print(f"fitted on {len(sounds)} sounds, {dict(Counter(sound.kind for sound in sounds))}")
    numbers = {"mean": mean, "scale": scale, "weights": model.coef_, "bias": model.intercept_}
    document = {"kinds": kind.KINDS, "features": kind.FEATURES}
    document |= {name: np.round(value, 4).tolist() for name, value in numbers.items()}
    kind.MODEL_PATH.write_text(json.dumps(document, indent=1) + "\n")


def inputs(sound: Labelled) -> np.ndarray:
    from oneshots import kind
    from oneshots.descriptors import measure

    return kind.features(measure(sound.samples, RATE))


def judge(side: str) -> None:
    """Print who was taken for what, the accuracy, and how often the model is right when it is sure."""
    from oneshots.descriptors import describe_one_shot
    from oneshots.kind import KINDS

    counts: Counter[tuple[str, str]] = Counter()
    sure = Counter[bool]()
    wrong = []
    for sound in labelled_sounds(side):
        found = describe_one_shot(sound.samples[None], RATE)
        counts[sound.kind, found["kind"]] += 1
        if found["kindConfidence"] >= 0.8:
            sure[found["kind"] == sound.kind] += 1
        if found["kind"] != sound.kind:
            wrong.append(f"{sound.name} ({sound.kind}): {found['kind']} {found['kindConfidence']:.2f}")
    print(f"{side}: rows are what it is, columns what it was taken for")
    print(f"{'':>12}" + "".join(f"{name:>12}" for name in KINDS))
    for truth in KINDS:
        print(f"{truth:>12}" + "".join(f"{counts[truth, name]:>12}" for name in KINDS))
    rates = [counts[name, name] / max(sum(counts[name, each] for each in KINDS), 1) for name in KINDS]
    right = sum(counts[name, name] for name in KINDS)
    print(f"accuracy {right / counts.total():.3f}, mean of the kinds {np.mean(rates):.3f}")
    share, correct = sure.total() / counts.total(), sure[True] / sure.total()
    print(f"confidence 0.8 or more: {share:.0%} of the sounds, {correct:.1%} right")
    print("wrong:", "; ".join(wrong))


if __name__ == "__main__":
    main()
