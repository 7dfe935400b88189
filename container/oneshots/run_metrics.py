"""What one run of the task measured, for CloudWatch: metrics in the embedded metric format, one JSON line each.

The lines go to standard output, by ECS' awslogs driver to CloudWatch Logs, and that makes metrics of them.
Reference: CloudWatch User Guide, "Specification: Embedded metric format".
"""

import json
import re
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SERVICE = "process"
_ON_DEMAND = "FARGATE"
_STATUS_FILE = Path("/proc/self/status")


class RunMetrics:
    """The metrics of one run. Clocks start when it is made.

    Of its environment it knows `METRICS_NAMESPACE`, `CAPACITY_PROVIDER`, and for the reader of the log `RECORDING_ID`,
    `EXECUTION_ARN` and `MEMORY_LIMIT_MB`.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._namespace = environment.get("METRICS_NAMESPACE") or "LittleBitAudio"
        self._is_on_demand = environment.get("CAPACITY_PROVIDER") == _ON_DEMAND
        self._identity = {
            "service": SERVICE,
            "recordingId": environment.get("RECORDING_ID"),
            "executionArn": environment.get("EXECUTION_ARN"),
            "capacityProvider": environment.get("CAPACITY_PROVIDER"),
            "memoryLimitMb": environment.get("MEMORY_LIMIT_MB"),
        }
        self.began_at = time.time()
        self._began = time.monotonic()

    def began(self) -> None:
        """Count the task, as a task that is killed tells nothing more; the average of OnDemandTasks is their share."""
        self._write({"TasksStarted": (1, "Count"), "OnDemandTasks": (int(self._is_on_demand), "Count")})

    def ended(self, document: Mapping[str, Any]) -> None:
        """Tell what a manifest took: seconds, memory, and of one that is `completed` the audio and its one-shots."""
        seconds = max(time.monotonic() - self._began, 0.001)
        metrics: dict[str, tuple[float, str]] = {
            "ProcessingSeconds": (seconds, "Seconds"),
            "PeakMemory": (_peak_memory_mb(), "Megabytes"),
        }
        size_bytes, audio_seconds = document["source"]["sizeBytes"], document["durationSeconds"]
        if size_bytes is not None:
            metrics["UploadSize"] = (size_bytes, "Bytes")
        if audio_seconds is not None:
            metrics |= {
                "AudioSeconds": (audio_seconds, "Seconds"),
                "RealtimeRatio": (audio_seconds / seconds, "None"),
                "OneShots": (len(document["oneShots"]), "Count"),
            }
        self._write(metrics, outcome=document["outcome"], cpuSeconds=_cpu_seconds())

    def failed(self) -> None:
        """Count a run that leaves no manifest."""
        metrics = {"TasksFailed": (1, "Count"), "PeakMemory": (_peak_memory_mb(), "Megabytes")}
        self._write(metrics, outcome="failed", cpuSeconds=_cpu_seconds())

    def _write(self, metrics: Mapping[str, tuple[float, str]], **properties: object) -> None:
        line = {
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": self._namespace,
                        "Dimensions": [["service"]],
                        "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
                    }
                ],
            },
            **self._identity,
            **properties,
            **{name: value if isinstance(value, int) else round(value, 3) for name, (value, _) in metrics.items()},
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def _peak_memory_mb() -> float:
    # What Linux' getrusage tells begins with the memory of whoever started the process.
    status = _STATUS_FILE.read_text(encoding="ascii", errors="replace") if _STATUS_FILE.exists() else ""
    if peak := re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE):
        return int(peak[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return round(used.ru_utime + used.ru_stime, 3)
