"""The sounds that scenes are made of, in two libraries that share none: one to tune on, one to report on."""

from functools import cache
from pathlib import Path

import numpy as np
import soundfile

SOUNDS = Path(__file__).parent / "sounds"
SIDES = ("tuning", "reporting")


@cache
def library(side: str) -> dict[str, np.ndarray]:
    """Return the sounds of `side` by name: mono at 44.1 kHz, shape (n,), not to be changed."""
    sounds = {path.stem: soundfile.read(path)[0] for path in sorted((SOUNDS / side).glob("*.flac"))}
    for sound in sounds.values():
        sound.flags.writeable = False
    return sounds
