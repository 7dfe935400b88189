"""What one process may use: memory, time, disk. Whoever made the recording must not decide that.

Running out is never the recording's fault as far as anyone can tell here, so it is no rejection: the process ends with
an exit code of its own (`docs/hostile-input.md`), in one line, and takes its temporary files with it.
"""

import errno
import os
import re
import resource
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

# 124 is what timeout(1) ends with; 137 is what ends a process that the kernel kills for memory.
OUT_OF_TIME, OUT_OF_MEMORY = 124, 137

# Under the 3600 seconds of ProcessAudio's TimeoutSeconds, of which finding capacity and pulling the image are a part.
DEFAULT_SECONDS = 2700.0
# The libraries alone take some 200 MB.
LEAST_MEMORY_MB = 256
# What is left to everything else on the disk.
RESERVED_BYTES = 64 << 20
# How long the unwinding may take before the process is ended as it is.
_GRACE_SECONDS = 15.0

_CGROUP_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_STATUS_FILE = Path("/proc/self/status")


class LimitError(ValueError):
    """A limit's setting makes no sense; the message names the variable, its value and what is allowed."""


class DiskFullError(OSError):
    """There is no room in the folder for temporary files. Not the recording's fault."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of one process; `memory_bytes` is None where nothing tells what there is."""

    memory_bytes: int | None
    seconds: float


def read_limits(environment: Mapping[str, str], *, most_memory_bytes: int | None = None) -> Limits:
    """Read `MEMORY_LIMIT_MB` and `TIME_LIMIT_SECONDS`; without the first, memory is the cgroup's or the machine's.

    `most_memory_bytes` caps what is found, not what is set. Raises `LimitError`.
    """
    found = _memory_bytes(environment.get("MEMORY_LIMIT_MB", ""))
    if found is None:
        available = [each for each in (_available_memory(), most_memory_bytes) if each is not None]
        found = min(available, default=None)
    return Limits(memory_bytes=found, seconds=_seconds(environment.get("TIME_LIMIT_SECONDS", "")))


def _memory_bytes(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) < LEAST_MEMORY_MB:
        raise LimitError(f"MEMORY_LIMIT_MB is {text!a:.80}; it must be a whole number of MB from {LEAST_MEMORY_MB}")
    return int(text) << 20


def _seconds(text: str) -> float:
    if not text:
        return DEFAULT_SECONDS
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,3})?", text, re.ASCII) or float(text) <= 0:
        raise LimitError(f"TIME_LIMIT_SECONDS is {text!a:.80}; it must be a number of seconds above 0")
    return float(text)


def _available_memory() -> int | None:
    """Return nine tenths of the cgroup's limit (v2, v1) or of the machine's memory, whichever is less, in bytes.

    The tenth is for what no allocation asks for: libraries, files just read. All of it, and the kernel would be first.
    """
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")] if "SC_PHYS_PAGES" in os.sysconf_names else []
    for file in _CGROUP_FILES:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            found.append(int(text))
    return min(found) * 9 // 10 if found else None


@contextmanager
def enforced(
    limits: Limits, *, say: Callable[[str], None], folder: Path | None = None, grace_seconds: float = _GRACE_SECONDS
) -> Iterator[None]:
    """Hold the process to `limits` for as long as the block lasts; to be entered in the main thread.

    Without memory an allocation raises MemoryError. When the time is up `say` is told and SystemExit unwinds with
    `OUT_OF_TIME`; a process that does not unwind, since it hangs in foreign code, is ended as it is after
    `grace_seconds`, without `folder`.
    """
    message = f"not done within {limits.seconds:g} seconds (TIME_LIMIT_SECONDS)"

    def unwind(signal_number: int, frame: FrameType | None) -> NoReturn:
        say(message)
        raise SystemExit(OUT_OF_TIME)

    def end() -> NoReturn:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(OUT_OF_TIME)

    last_resort = threading.Timer(limits.seconds + grace_seconds, end)
    last_resort.daemon = True
    handler = signal.signal(signal.SIGALRM, unwind)
    # Before memory is limited: a thread that is refused its memory while it begins is waited for for ever.
    last_resort.start()
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    try:
        with _no_core_dump(), _memory_limited(limits.memory_bytes):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        last_resort.cancel()
        last_resort.join()
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def _no_core_dump() -> Iterator[None]:
    # A core would hold the user's recording, and fill the disk.
    with _soft_limit(resource.RLIMIT_CORE, 0):
        yield


@contextmanager
def _memory_limited(memory_bytes: int | None) -> Iterator[None]:
    # RLIMIT_DATA, not RLIMIT_AS: mapped libraries and address space that is only reserved are no memory.
    if memory_bytes is None:
        yield
        return
    with _soft_limit(resource.RLIMIT_DATA, memory_bytes):
        yield


@contextmanager
def _soft_limit(kind: int, wanted: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(kind)
    tighter = [each for each in (wanted, soft, hard) if each != resource.RLIM_INFINITY]
    resource.setrlimit(kind, (min(tighter), hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


def is_memory_short() -> bool:
    """Whether the process has used up half of the memory it may: then a refused allocation may be our own want.

    With more left, what was refused is larger than half of all: a size that a damaged file claims.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit == resource.RLIM_INFINITY or not _STATUS_FILE.exists():
        return False
    used = re.search(r"^VmData:\s+(\d+) kB", _STATUS_FILE.read_text(encoding="ascii"), re.MULTILINE)
    return used is not None and int(used[1]) << 10 > limit // 2


def free_bytes(place: int | Path) -> int:
    """Return how many bytes may still be written to the file system of `place`, an open file or a path."""
    file_system = os.statvfs(place)
    return file_system.f_bavail * file_system.f_frsize


def check_room(folder: Path, needed_bytes: int) -> None:
    """Raise `DiskFullError` unless `folder` has room for `needed_bytes` and some to spare."""
    free = free_bytes(folder)
    if free < needed_bytes + RESERVED_BYTES:
        raise DiskFullError(
            errno.ENOSPC,
            f"no room for {needed_bytes >> 20} MB in {folder}: {free >> 20} MB are free, "
            f"of which {RESERVED_BYTES >> 20} MB stay free",
        )
