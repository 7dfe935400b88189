"""Run one command as a process of its own and print as JSON what it took and how it ended. Run by its path.

A small process that starts another: Linux counts the memory of whoever starts a process towards the other's peak. The
command gets its own process group, which is killed when it has had its time: of CPU, and by the clock, which is longer
since the machine may do other things too.
"""

import json
import os
import resource
import signal
import sys
import threading
import time


def run(command: list[str], *, stdout: str, stderr: str, wall_seconds: float) -> dict[str, float | int | bool]:
    """Run `command`, its output into files, and return exit code (negative: a signal), seconds of CPU and peak MB."""
    begun = time.perf_counter()
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    process = os.posix_spawn(
        command[0], command, os.environ, setpgroup=0,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, stdout, write, 0o600), (os.POSIX_SPAWN_OPEN, 2, stderr, write, 0o600)],
    )  # fmt: skip
    killed = threading.Event()

    def kill() -> None:
        killed.set()
        os.killpg(process, signal.SIGKILL)

    timer = threading.Timer(wall_seconds, kill)
    timer.start()
    _, status, usage = os.wait4(process, 0)
    timer.cancel()
    return {
        "exitCode": os.waitstatus_to_exitcode(status),
        "seconds": usage.ru_utime + usage.ru_stime,
        "wallSeconds": time.perf_counter() - begun,
        "peakMb": usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024),
        "timedOut": killed.is_set(),
    }


if __name__ == "__main__":
    out, err, cpu_limit, limit, *rest = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_limit), int(cpu_limit)))
    print(json.dumps(run(rest, stdout=out, stderr=err, wall_seconds=float(limit))))
