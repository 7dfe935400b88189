"""Told from inside the image, as JSON: what there is that should not be. The image's own Python runs this file."""

import importlib.metadata
import importlib.util
import json
import os
import stat
import sys
import sysconfig
from pathlib import Path

from packaging.requirements import Requirement

NOT_OF_THE_IMAGE = {"/proc", "/sys", "/dev"}
TOOLS = {"gcc", "cc", "c++", "g++", "cpp", "ld", "as", "make", "pip", "pip3", "uv", "git", "curl", "wget", "pydoc3"}
CACHES = ("/var/cache", "/var/lib/apt/lists", "/root/.cache")
PACKAGES = sysconfig.get_path("purelib")


def walk():
    for folder, folders, files in os.walk("/"):
        if folder in NOT_OF_THE_IMAGE:
            folders.clear()
            continue
        yield Path(folder), files


def look():
    folders = [folder for folder, _ in walk()]
    files = [(path, path.lstat()) for folder, names in walk() for path in (folder / name for name in names)]
    regular = [(path, status) for path, status in files if stat.S_ISREG(status.st_mode)]
    return {
        "setuid": [str(path) for path, status in regular if status.st_mode & (stat.S_ISUID | stat.S_ISGID)],
        "writable by all": [str(folder) for folder in folders if folder.stat().st_mode & stat.S_IWOTH],
        "not root's": [str(path) for path, status in files if status.st_uid],
        "tools": [str(path) for path, status in files if path.name in TOOLS and status.st_mode & 0o111],
        "tests": [str(f) for f in folders if f.name in {"test", "tests", "idle_test"} and "python3" in str(f)],
        "uncompiled": [str(path) for path, _ in regular if path.suffix == ".py" and lacks_bytecode(path)],
        "caches": [str(path) for path, _ in files if any(map(path.is_relative_to, CACHES))],
    }


def lacks_bytecode(path):
    ours = path.is_relative_to(PACKAGES) or path.is_relative_to("/app")
    return ours and not (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").exists()


def unmet():
    """What an installed package asks for and is not there."""
    installed = {d.name.lower().replace("_", "-") for d in importlib.metadata.distributions()}
    asked = [Requirement(text) for d in importlib.metadata.distributions() for text in d.requires or []]
    needed = {r.name.lower().replace("_", "-") for r in asked if not r.marker or r.marker.evaluate({"extra": ""})}
    return sorted(needed - installed)


print(
    json.dumps(
        {
            "found": look(),
            "unmet": unmet(),
            "distributions": {d.name.lower().replace("_", "-"): d.version for d in importlib.metadata.distributions()},
            "modules": sorted(name for name in ("ensurepip", "idlelib", "llvmlite") if importlib.util.find_spec(name)),
            "writable here": sorted(str(folder) for folder, _ in walk() if os.access(folder, os.W_OK)),
            "user": os.getuid(),
            "python": sys.version.split()[0],
        }
    )
)
