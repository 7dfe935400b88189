"""A thousand recordings through ReprocessRecordings on the embedded engine, and the same run again.

Some twenty minutes on two busy cores.

    python -m bench.reprocess_thousand [--objects 1000] [--concurrency 10]

Nine in ten are beeps of 200 ms, the others no audio. Prints what was counted, how long it took, and the most memory
that the engine's process held, and the engine with all its functions and containers. Linux only: /proc is read.
"""

import argparse
import io
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import soundfile

from bench.methods import ROOT
from local.engine import Engine
from local.engine.process import resident_megabytes

_PREFIX = "public/unprocessed/bench/"
_RATE = 44_100
_SAMPLE_SECONDS = 0.25


class MemoryPeak:
    """The most memory in MiB that this process held, and it with all its descendants."""

    def __init__(self) -> None:
        self.engine = self.tree = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            own = resident_megabytes(os.getpid()) or 0.0
            others = sum(resident_megabytes(pid) or 0.0 for pid in _descendants(os.getpid()))
            self.engine, self.tree = max(self.engine, own), max(self.tree, own + others)


def _descendants(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = [int(child) for child in children.read_text(encoding="ascii").split()]
        except OSError:  # the thread has ended meanwhile
            continue
        for child in found:
            yield child
            yield from _descendants(child)


def _beep(number: int) -> bytes:
    seconds = np.arange(int(0.2 * _RATE)) / _RATE
    tone = 0.5 * np.sin(2 * np.pi * (300 + number) * seconds) * np.exp(-seconds * 18)
    written = io.BytesIO()
    soundfile.write(written, tone.astype(np.float32), _RATE, format="WAV", subtype="PCM_16")
    return written.getvalue()


def _upload_unnoticed(engine: Engine, count: int) -> None:
    """Upload as one did before there was a stack: no execution is started."""
    rule = engine.resources["ProcessRecordingRecordingUploaded"].rsplit("/", 1)[-1]
    events, s3, bucket = engine.client("events"), engine.client("s3"), engine.outputs["RecordingsBucketName"]
    events.disable_rule(Name=rule)
    for number in range(count):
        body = b"This is no recording." if number % 10 == 9 else _beep(number)
        s3.put_object(Bucket=bucket, Key=f"{_PREFIX}{number:04}.wav", Body=body, Metadata={"features": "cut-only"})
    events.enable_rule(Name=rule)


def _run(engine: Engine, title: str, concurrency: int) -> dict[str, Any]:
    request = {"source": "prefix", "prefix": _PREFIX, "dryRun": False, "maxConcurrency": concurrency}
    name, begun = uuid.uuid4().hex, time.perf_counter()
    with MemoryPeak() as peak:
        arn = engine.client("stepfunctions").start_execution(
            stateMachineArn=engine.outputs["ReprocessRecordingsArn"], name=name, input=json.dumps(request)
        )["executionArn"]
        status = engine.wait(arn).status
    seconds = time.perf_counter() - begun
    stored = engine.client("s3").get_object(
        Bucket=engine.outputs["RecordingsBucketName"], Key=f"reports/reprocess/{name}/report.json"
    )
    counts: dict[str, Any] = json.loads(stored["Body"].read())["counts"]
    print(f"{title}: {status} in {seconds:.1f} s; {', '.join(f'{k} {v}' for k, v in counts.items() if v)}")
    print(f"  at most {peak.engine:.0f} MiB in the engine's process, {peak.tree:.0f} MiB with its children", flush=True)
    return counts


def main() -> None:
    """Run it twice and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--concurrency", type=int, default=10)
    asked = parser.parse_args()
    with Engine.deploy(ROOT / "template.yaml") as engine:
        _upload_unnoticed(engine, asked.objects)
        print(
            f"{asked.objects} objects, {asked.concurrency} at a time; {resident_megabytes(os.getpid()):.0f} MiB before"
        )
        first = _run(engine, "first run", asked.concurrency)
        again = _run(engine, "second run", asked.concurrency)
        finished = first["processed"] + first["rejected"]
        twice = again["started"]
        print(f"{finished} of {asked.objects} done by the first run, {twice} started again by the second")
        left = engine.tasks.running()
    raise SystemExit(0 if finished == asked.objects and not twice and not left else 1)


if __name__ == "__main__":
    main()
