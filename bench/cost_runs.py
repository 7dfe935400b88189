"""What one recording uses of AWS, counted while the real template processes it on the embedded engine.

    python -m bench.cost --measure

Counted: state transitions, requests to S3, objects made, write units of the table, bytes of logs, the functions' and
the container's seconds. The functions' are this machine's; the container's are CPU seconds, which load changes little.
"""

import json
import math
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from bench.execution_log import execution_log
from bench.methods import ROOT
from local.engine import Engine
from local.engine import server as engine_server

RUNS = Path(__file__).with_name("cost_runs.json")
LENGTHS = {"10 s": 10, "30 s": 30, "10 min": 600}
_FUNCTIONS = ("ValidateUpload", "ExtractMetadata", "PersistResult")
_GROUPS = (*(f"{function}Logs" for function in _FUNCTIONS), "ProcessAudioLogs")
_REPORT = re.compile(r"REPORT RequestId: \S+\tDuration: ([0-9.]+) ms\tMemory Size: ([0-9]+) MB")
_WAIT_SECONDS = 600
# CloudWatch Logs counts so many bytes for each event beside its text.
_LOG_EVENT_BYTES = 26
_KIB = 1024


@dataclass(frozen=True, kw_only=True)
class FunctionRun:
    """One invocation: seconds on this machine, and the memory that the template gives it."""

    name: str
    seconds: float
    memory_mb: int


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one recording used.

    `transitions` are the states entered, and one for the start. `cpu` and `memory_mb` are the task's size as the state
    machine chose it, `cpu_seconds` the container's, Python's start included. `objects` are those made in the bucket,
    the upload among them. `log_bytes` count what CloudWatch adds to each event.
    """

    length: str
    audio_seconds: float
    one_shots: int
    transitions: int
    functions: tuple[FunctionRun, ...]
    cpu: int
    memory_mb: int
    cpu_seconds: float
    peak_memory_mb: float
    s3_puts: int
    s3_gets: int
    objects: int
    write_units: int
    read_units: int
    events_sent: int
    log_bytes: int

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read a run from its JSON."""
        values = {each.name: document[each.name] for each in fields(cls)}
        return cls(**values | {"functions": tuple(FunctionRun(**each) for each in document["functions"])})


def stored_runs() -> list[Run]:
    """Return the runs as they were measured last."""
    return [Run.read(each) for each in json.loads(RUNS.read_text())["runs"]]


def measure() -> list[Run]:
    """Process a recording of each length, one after the other, and store what they used."""
    from bench.speed import recording_of

    with Engine.deploy(ROOT / "template.yaml", time_scale=0, warm=True) as engine:
        # The first one fills the functions' caches, as a function that is used is warm.
        _run(engine, "warm-up", recording_of(10))
        runs = [_run(engine, length, recording_of(seconds)) for length, seconds in LENGTHS.items()]
    document = {
        "recordings": "bench.speed.recording_of: m4a, AAC 96 kb/s, mono, 44.1 kHz",
        "runs": [asdict(r) for r in runs],
    }
    RUNS.write_text(json.dumps(document, indent=1) + "\n")
    return runs


def _run(engine: Engine, length: str, recording: Path) -> Run:
    bucket = engine.outputs["RecordingsBucketName"]
    key = f"public/unprocessed/cost/{length.replace(' ', '-')}.m4a"
    lines_before = {group: len(_lines(engine, group)) for group in _GROUPS}
    with _counting_requests(bucket) as requests:
        engine.client("s3").put_object(Bucket=bucket, Key=key, Body=recording.read_bytes())
        arn = engine.wait_for_execution(
            lambda event: event.get("detail", {}).get("object", {}).get("key") == key, _WAIT_SECONDS
        )
        result = engine.wait(arn, _WAIT_SECONDS)
    if result.end_state != "Processed":
        raise RuntimeError(f"{key} ended in {result.end_state}: {result.error} {result.cause}")
    history = _history(engine, arn)
    (task,) = (json.loads(e["stateExitedEventDetails"]["output"]) for e in history if _is_exit(e, "ProcessAudio"))
    measured = _last_line_of_the_container(engine, arn)
    lines = {group: _lines(engine, group)[lines_before[group] :] for group in _GROUPS}
    items = _items(engine, measured["recordingId"])
    logged = [json.dumps(line, separators=(",", ":")) for line in execution_log(arn, history)]
    return Run(
        length=length,
        audio_seconds=measured["AudioSeconds"],
        one_shots=measured["OneShots"],
        transitions=len(result.states) + 1,
        functions=tuple(_function_run(name, lines[f"{name}Logs"]) for name in _FUNCTIONS),
        cpu=int(task["taskSize"]["cpu"]),
        memory_mb=int(task["taskSize"]["memory"]),
        cpu_seconds=measured["cpuSeconds"],
        peak_memory_mb=measured["PeakMemory"],
        s3_puts=requests["PUT"] + requests["POST"],
        s3_gets=requests["GET"] + requests["HEAD"],
        objects=requests["PUT"],
        write_units=sum(_write_units(item) for item in items),
        read_units=math.ceil(sum(map(_item_bytes, items[:1])) / (4 * _KIB)),
        events_sent=1,
        log_bytes=sum(
            len(text.encode()) + _LOG_EVENT_BYTES for text in [*logged, *(t for g in _GROUPS for t in lines[g])]
        ),
    )


@contextmanager
def _counting_requests(bucket: str) -> Iterator[Counter[str]]:
    """Count the requests about the bucket's objects, by method, as the engine's server gets them."""
    counted: Counter[str] = Counter()
    handler: Any = engine_server._QuietHandler
    quiet = handler.log_request

    def count(self: Any, *_: Any) -> None:
        if self.path.startswith(f"/{bucket}/"):
            counted[self.command] += 1

    handler.log_request = count
    try:
        yield counted
    finally:
        handler.log_request = quiet


def _last_line_of_the_container(engine: Engine, arn: str) -> dict[str, Any]:
    """Wait for what the container measured: its output may come to the log after its end to the state machine."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        for line in map(json.loads, _lines(engine, "ProcessAudioLogs")):
            if line["executionArn"] == arn and "ProcessingSeconds" in line:
                found: dict[str, Any] = line
                return found
        time.sleep(0.1)
    raise TimeoutError(f"{arn}: the container told nothing of itself")


def _lines(engine: Engine, group: str) -> list[str]:
    pages = engine.client("logs").get_paginator("filter_log_events").paginate(logGroupName=engine.resources[group])
    return [event["message"] for page in pages for event in page["events"]]


def _history(engine: Engine, arn: str) -> list[dict[str, Any]]:
    pages = engine.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def _is_exit(event: Mapping[str, Any], state: str) -> bool:
    return bool(event.get("stateExitedEventDetails", {}).get("name") == state)


def _function_run(name: str, lines: list[str]) -> FunctionRun:
    (report,) = (found for line in lines if (found := _REPORT.match(line)))
    return FunctionRun(name=name, seconds=round(float(report[1]) / 1000, 4), memory_mb=int(report[2]))


def _items(engine: Engine, recording_id: str) -> list[dict[str, Any]]:
    """Return the recording first, then its one-shots."""
    query = {
        "TableName": engine.outputs["RecordingsTableName"],
        "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": {":id": {"S": recording_id}},
    }
    pages = engine.client("dynamodb").get_paginator("query").paginate(**query)
    items = [item for page in pages for item in page["Items"]]
    return sorted(items, key=lambda item: item["item"]["S"] != "RECORDING")


def _write_units(item: Mapping[str, Any]) -> int:
    """Return what writing an item takes: a one-shot once, in no index; the recording twice, each time in both.

    A status that changes is deleted from its index and put again. The claim is counted as large as the finished item.
    """
    units = math.ceil(_item_bytes(item) / _KIB)
    if item["item"]["S"] != "RECORDING":
        return units
    table, by_user, by_status_at_claim, by_status_at_end = 2, 2, 1, 2
    return units * (table + by_user + by_status_at_claim + by_status_at_end)


def _item_bytes(item: Mapping[str, Any]) -> int:
    """Return an item's size as DynamoDB counts it: names, values, three bytes a map or list, one for each member."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return math.ceil(len(content.strip("-0.").replace(".", "")) / 2) + 1
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_bytes(member) for name, member in content.items())
        case "L":
            return 3 + sum(1 + _value_bytes(member) for member in content)
    return 1
