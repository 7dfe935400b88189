"""Time one command as a process: `python -m bench.stopwatch COMMAND...` prints JSON: seconds, peak memory, exit code.

A process of its own because Linux counts the memory of whoever starts a process towards the peak of the one started:
this one is small, the benchmark is not. Where the system can, the command is pinned to one CPU.
"""

import json
import os
import subprocess
import sys
import time


def run_pinned(command: list[str]) -> dict[str, float]:
    """Run `command`, output thrown away, and return {"seconds", "peakMb", "exitCode"}."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    kibibytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {"seconds": seconds, "peakMb": kibibytes / 1024, "exitCode": os.waitstatus_to_exitcode(status)}


if __name__ == "__main__":
    print(json.dumps(run_pinned(sys.argv[1:])))
