"""The corpus: mutated recordings and special files, the same for the same seed. Nothing of it is committed.

`python -m fuzz.corpus DIR --count 100 --seed 1` writes it to look at.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz.healthy import FORMATS, extension, recording
from fuzz.mutations import MUTATIONS
from fuzz.specials import specials

_LEAST_BYTES = 64


@dataclass(frozen=True)
class Case:
    """One hostile file: its format and what was done to it, its file name, and what makes its bytes."""

    audio_format: str
    kind: str
    name: str
    make: Callable[[], bytes]


def mutated(count: int, seed: int) -> Iterator[Case]:
    """Yield `count` mutated recordings, every format and every mutation in turn, once or twice over."""
    kinds = tuple(MUTATIONS)
    for index in range(count):
        audio_format = FORMATS[index % len(FORMATS)]
        kind = kinds[(index // len(FORMATS) + index) % len(kinds)]
        random = Random(f"{seed} {index}")  # noqa: S311 - a corpus that can be made again, no secret
        times = 1 if random.random() < 0.8 else 2
        yield Case(
            audio_format=audio_format,
            kind=kind,
            name=f"{index:05d}-{kind.replace(' ', '-')}.{extension(audio_format)}",
            make=_maker(audio_format, kind, random, times),
        )


def _maker(audio_format: str, kind: str, random: Random, times: int) -> Callable[[], bytes]:
    state = random.getstate()

    def make() -> bytes:
        random.setstate(state)
        content = recording(audio_format)
        for _ in range(times):
            # What little a cut has left cannot be cut again.
            if len(content) >= _LEAST_BYTES:
                content = MUTATIONS[kind](content, audio_format, random)
        return content

    return make


def special_cases() -> Iterator[Case]:
    """Yield the special files."""
    for special in specials():
        name = f"special {special.name}.{special.extension}".replace("/", "-")
        yield Case(audio_format="special", kind=special.name, name=name, make=special.make)


def main() -> None:
    """Write the corpus to a folder."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for case in (*mutated(arguments.count, arguments.seed), *special_cases()):
        (arguments.folder / case.name).write_bytes(case.make())


if __name__ == "__main__":
    main()
