"""`python -m bench.functions`: what each function weighs, as built, and how fast it starts and answers.

Cold is from a new process to its first answer, warm an answer after that, both under Lambda's runtime emulator against
the local engine, whose own time is in it. Both on this machine's processors, which are not Lambda's: at 512 MB Lambda
gives less than a third of one.
"""

import json
import os
import resource
import statistics
import tempfile
import time
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from bench.tables import table
from local.engine import Engine
from local.invoke.build import PROJECT, build, machine_architecture
from local.invoke.cases import Case, case_of, cases
from local.invoke.emulator import BuiltFunction, RuntimeEmulator, error_of, runtime_client
from local.invoke.errors import InvokeError
from local.invoke.stack import Stack

_ARCHITECTURES = ("arm64", "x86_64")
_RUNS = 5
_WARM_CALLS = 20
_MEGABYTE = 1e6
_PARTS_SHOWN = 6


@dataclass(frozen=True)
class Start:
    """Medians of cold processes. `seconds` to the first answer, `cpu_seconds` of it, `warm_ms` of a later answer."""

    seconds: float
    cpu_seconds: float
    warm_ms: float


class Nowhere:
    """Takes a function's log."""

    def write(self, content: bytes, /) -> None:
        """Drop it."""


def main() -> None:
    """Print the tables."""
    plain = [case_of(task) for task in dict.fromkeys(case.task for case in cases())]
    with tempfile.TemporaryDirectory(prefix="functions-") as made:
        built = {each: build(Path(made) / each, each) for each in _ARCHITECTURES}
        print(sizes(built, [case.function for case in plain]))
        print(parts(built[machine_architecture()], [case.function for case in plain]))
        print(f"{_RUNS} processes each; load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs.\n")
        print(starts(built[machine_architecture()], plain))


def sizes(built: dict[str, Path], functions: list[str]) -> str:
    """Return what each function weighs, zipped and not, for each architecture."""
    header = ["MB", *(f"{each}: {kind}" for each in built for kind in ("zip", "unzipped"))]
    rows = [
        [name, *(f"{weight:.1f}" for each in built.values() for weight in (zipped(each / name), weighed(each / name)))]
        for name in functions
    ]
    return table(header, rows)


def parts(built: Path, functions: list[str]) -> str:
    """Return the heaviest packages of each function, bytecode included."""
    rows = []
    for name in functions:
        weights = {part.name: weighed(part) for part in (built / name).iterdir()}
        heaviest = sorted(weights, key=lambda part: -weights[part])[:_PARTS_SHOWN]
        rows.append([name, ", ".join(f"{part} {weights[part]:.1f}" for part in heaviest)])
    return table(["MB unzipped", "heaviest parts"], rows)


def starts(built: Path, plain: list[Case]) -> str:
    """Return how fast each function starts and answers its plain event."""
    rows = []
    with Engine.deploy(PROJECT / "template.yaml") as engine, runtime_client() as client:
        stack = Stack(engine.endpoint)
        for case in plain:
            event = json.dumps(case.prepared(stack)).encode()
            start = _start(_traced(stack.function(case.function, built)), client, event)
            cold = f"{start.seconds:.2f} s ({start.cpu_seconds:.2f} s of CPU)"
            rows.append([case.function, cold, f"{start.warm_ms:.0f} ms"])
    return table(["", "cold: start to first answer", "warm"], rows)


def weighed(path: Path) -> float:
    """Return what a file or folder weighs, in MB of 10^6 bytes."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / _MEGABYTE


def zipped(folder: Path) -> float:
    """Return what a folder weighs as the zip that is deployed, in MB of 10^6 bytes."""
    with tempfile.TemporaryFile() as written:
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
        return written.tell() / _MEGABYTE


def _traced(function: BuiltFunction) -> BuiltFunction:
    """Return a function that loads its tracer, as it does on Lambda; nothing listens for what it sends."""
    daemon = {"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000", "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR"}
    return replace(function, environment={**function.environment, **daemon})


def _start(function: BuiltFunction, client: Path, event: bytes) -> Start:
    cold, cpu, warm = [], [], []
    for _ in range(_RUNS):
        before = _children_cpu_seconds()
        with RuntimeEmulator(function, client=client, log=Nowhere()) as emulated:
            cold.append(_seconds(emulated, event))
        cpu.append(_children_cpu_seconds() - before)
    with RuntimeEmulator(function, client=client, log=Nowhere()) as emulated:
        _seconds(emulated, event)
        warm = [_seconds(emulated, event) for _ in range(_WARM_CALLS)]
    return Start(statistics.median(cold), statistics.median(cpu), statistics.median(warm) * 1000)


def _seconds(emulated: RuntimeEmulator, event: bytes) -> float:
    started = time.perf_counter()
    answer = emulated.invoke(event)
    taken = time.perf_counter() - started
    if error := error_of(answer):
        raise InvokeError(f"{error['errorType']}: {error['errorMessage']}")
    return taken


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
