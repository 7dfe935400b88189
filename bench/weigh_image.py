"""What each part of an image weighs, told from inside: `bench.image_sizes` has the image's own Python run this file.

Prints JSON: {part: [bytes, of which bytecode]}. A part is a Python package with what it installed, Python itself, our
own code, or what is left: Debian.
"""

import importlib.metadata
import json
import os
import sys
import sysconfig
from collections import defaultdict
from pathlib import Path

_NOT_OF_THE_IMAGE = {"/proc", "/sys", "/dev", "/tmp"}  # noqa: S108 - the volume
_PACKAGES = Path(sysconfig.get_path("purelib"))


def owners() -> dict[str, str]:
    """Return which distribution brought each entry of site-packages."""
    owner: dict[str, str] = {}
    for distribution in importlib.metadata.distributions(path=[str(_PACKAGES)]):
        for file in distribution.files or []:
            owner[file.parts[0]] = distribution.name
    return owner


def part_of(path: Path, owner: dict[str, str]) -> str:
    """Say which part a file belongs to."""
    if path.is_relative_to(_PACKAGES):
        entry = path.relative_to(_PACKAGES).parts
        name = entry[0] if entry[0] != "__pycache__" else f"{entry[1].split('.')[0]}.py"
        return owner.get(name, f"(in no wheel) {name}")
    if path.is_relative_to("/app"):
        return "oneshots (ours)"
    if path.is_relative_to("/usr/local") or path.is_relative_to(sys.prefix):
        return "Python"
    return "Debian"


def weigh() -> dict[str, list[int]]:
    """Weigh every file once, however many names it has."""
    owner, seen = owners(), set()
    weights: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for folder, folders, files in os.walk("/"):
        if folder in _NOT_OF_THE_IMAGE:
            folders.clear()
            continue
        for name in files:
            path = Path(folder, name)
            status = path.lstat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            weight = weights[part_of(path, owner)]
            weight[0] += status.st_size
            weight[1] += status.st_size if path.suffix == ".pyc" else 0
    return weights


if __name__ == "__main__":
    print(json.dumps(weigh()))
