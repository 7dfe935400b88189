"""The engine's temporary folder: one for each engine, named after its process.

An engine removes its own when it stops. One that was killed can't: the next one to start removes what
processes left behind that are no more.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

_PREFIX = "sam-engine-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-\w+")


def make_root() -> Path:
    """Make this engine's folder, after sweeping up those of dead ones."""
    _sweep()
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


def make_folder(root: Path, name: str) -> Path:
    """Make a folder in an engine's folder, for one function's process or one task."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=root))


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        named = _NAME.fullmatch(folder.name)
        if named and _is_ours(folder) and not _runs(int(named[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    try:
        return folder.lstat().st_uid == os.getuid() and folder.is_dir() and not folder.is_symlink()
    except FileNotFoundError:
        return False


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
