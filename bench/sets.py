"""The named sets of scenes. Each exists twice, for tuning and for reporting: other seeds and other sounds."""

import hashlib
from dataclasses import replace

import numpy as np

from bench.noise import KINDS
from bench.scenes import Recipe

# Prime lengths against each other, so that noise, codec, channels and SNR meet in ever new ways.
_NOISES = tuple(KINDS)
_CODECS = ("aac96", "aac64", "mp3", "aac128", "opus", "wav", "aac128")

CORE = {"60 dB": 60.0, "40 dB": 40.0, "25 dB": 25.0, "15 dB": 15.0}
SPECIAL = ("wide", "sparse", "dense", "reverb", "overlap", "empty")
NAMES = (*CORE, *SPECIAL)
SCENES = dict.fromkeys(CORE, 15) | dict.fromkeys(SPECIAL, 10) | {"empty": 5}
QUICK_SCENES = dict.fromkeys(CORE, 2) | dict.fromkeys(SPECIAL, 1)


def recipes(name: str, side: str, *, quick: bool = False) -> list[Recipe]:
    """Return the recipes of the set `name` for `side`, tuning or reporting."""
    return [recipe(name, side, index) for index in range((QUICK_SCENES if quick else SCENES)[name])]


def seed_of(name: str, side: str, index: int) -> int:
    """Derive a scene's seed from what it is called, so that no two sides or sets share one."""
    return int.from_bytes(hashlib.sha256(f"{side}/{name}/{index}".encode()).digest()[:8])


def recipe(name: str, side: str, index: int) -> Recipe:
    """Return the recipe of scene `index` of the set `name`; beyond those of the set there are ever more."""
    seed = seed_of(name, side, index)
    turn = index + 2 * NAMES.index(name)
    basic = Recipe(
        name=f"{name.replace(' ', '')}-{index:02d}",
        side=side,
        seed=seed,
        snr_db=CORE.get(name, (60.0, 40.0, 25.0)[index % 3]),
        noise=_NOISES[turn % len(_NOISES)],
        codec=_CODECS[turn % len(_CODECS)],
        channels=2 if index % 3 == 2 else 1,
    )
    return _with_faults(_special(basic, name, index), np.random.default_rng([seed, 1]))


def _special(recipe: Recipe, name: str, index: int) -> Recipe:
    match name:
        case "wide":
            return replace(recipe, spread_db=25.0)
        case "sparse":
            snr = (60.0, 40.0, 25.0, 15.0)[index % 4]
            return replace(recipe, snr_db=snr, seconds=60.0, gaps=(8.0, 20.0), most_sounds=2 + index % 2)
        case "dense":
            return replace(recipe, gaps=(0.12, 0.2))
        case "reverb":
            return replace(recipe, rt60_seconds=(0.3, 0.6, 1.2, 2.0)[index % 4], gaps=(0.3, 3.0))
        case "overlap":
            return replace(recipe, overlap_share=0.6)
        case "empty":
            return replace(recipe, most_sounds=0, seconds=20.0, peak_dbfs=(-45.0, -20.0))
    return recipe


def _with_faults(recipe: Recipe, rng: np.random.Generator) -> Recipe:
    """Add what goes wrong on phones, each in a fifth or so of the scenes; thumps in half."""
    chance = rng.random(6)
    return replace(
        recipe,
        thumps=int(rng.integers(2, 5)) if chance[0] < 0.5 and recipe.most_sounds is None else 0,
        crackle_per_second=3.0 if chance[1] < 0.15 else 0.0,
        drift_db=4.0 if chance[2] < 0.3 else 0.0,
        hum_db=float(rng.uniform(-12, 0)) if chance[3] < 0.25 else None,
        dc=float(rng.uniform(-0.05, 0.05)) if chance[4] < 0.2 else 0.0,
        clip_db=6.0 if chance[5] < 0.15 and recipe.most_sounds != 0 else 0.0,
    )
