"""Scenes as files, made once, with the truth beside them.

`.bench-cache/{fingerprint of code and sounds}/{side}/{name}-{recipe's hash}.m4a` and so on.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bench import audibility, codecs, noise, scenes, sets, sound_library
from bench.scenes import Recipe, Sound, Truth

CACHE = Path(__file__).parent.parent / ".bench-cache"
_MAKERS = (audibility, codecs, noise, scenes, sets, sound_library)


def scene_file(recipe: Recipe, *, varied: Callable[[], dict[str, np.ndarray]] | None = None) -> tuple[Path, Truth]:
    """Return the scene's file and its truth; made now unless it was made before by the same code.

    `varied` makes other sounds to build it from than the library's; such scenes are kept apart.
    """
    extension = codecs.CODECS[recipe.codec][0]
    content = hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]
    path = (
        CACHE / fingerprint() / (recipe.side + ("-varied" if varied else "")) / f"{recipe.name}-{content}.{extension}"
    )
    truth_path = path.with_suffix(".truth.json")
    if not truth_path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        samples, truth = scenes.build(recipe, varied() if varied else None)
        codecs.encode(path, samples, recipe.codec)
        # The truth comes last and at once: its presence says that the scene is whole.
        partial = truth_path.with_suffix(".partial")
        partial.write_text(json.dumps({"recipe": asdict(recipe), "truth": asdict(truth)}, indent=1))
        partial.replace(truth_path)
    return path, _read_truth(truth_path)


def forget_older_scenes() -> None:
    """Remove what other versions of the code made: it will not be asked for again."""
    for folder in CACHE.glob("*"):
        if folder.name != fingerprint():
            shutil.rmtree(folder)


def fingerprint() -> str:
    """Name the code and sounds that scenes come from: 12 hex digits."""
    digest = hashlib.sha256()
    for module in _MAKERS:
        digest.update(Path(str(module.__file__)).read_bytes())
    for path in sorted(sound_library.SOUNDS.glob("*/*.flac")):
        digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}".encode())
    return digest.hexdigest()[:12]


def _read_truth(path: Path) -> Truth:
    stored = json.loads(path.read_text())["truth"]
    return Truth(
        seconds=stored["seconds"],
        sounds=[Sound(**sound) for sound in stored["sounds"]],
        thumps=[(start, end) for start, end in stored["thumps"]],
    )
