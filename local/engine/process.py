"""Child processes: started in a session of their own, measured, and ended together with what they started."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_BYTES_PER_MEGABYTE = 1024 * 1024
_KILL_SECONDS = 5.0
# How long to wait for the rest of an ended process's output: a grandchild that left the session may hold the pipe.
PUMP_SECONDS = 2.0


def start(arguments: Sequence[str], *, directory: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a process with exactly this environment, its output and errors in one pipe, and no input.

    A session of its own keeps a terminal's ctrl-C from it: whoever started it ends it.
    """
    return subprocess.Popen(
        list(arguments),
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], *, grace_seconds: float) -> bool:
    """SIGTERM, then SIGKILL to the whole session after `grace_seconds`. Says whether it had to be killed."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        return True
    kill(process)
    return False


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL the process and what is left of its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    # one that hangs in the kernel is left to it
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_SECONDS)


def resident_megabytes(pid: int) -> float | None:
    """Return the resident set of a process in MiB (Linux; None where /proc says nothing)."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / _BYTES_PER_MEGABYTE


def container_exit_code(return_code: int) -> int:
    """Return what a container engine reports: 128 + n for a process ended by signal n."""
    return 128 - return_code if return_code < 0 else return_code
