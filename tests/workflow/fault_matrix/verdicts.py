"""Running the cells of the matrix on the deployed stack, side by side, and judging what came of each."""

import itertools
import json
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.engine import Engine, ExecutionResult, Pause
from tests.recordings import beeps, wav_recording
from tests.workflow.fault_matrix.cells import Cell
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack, Upload

ROOT = Path(__file__).parents[3]
DEFINITION = json.loads((ROOT / "statemachine" / "process_recording.asl.json").read_text())
# Backoffs of minutes pass in tenths of a second, and ProcessAudio's hour in four seconds.
TIME_SCALE = 0.001
AT_A_TIME = 8
_HAPPY_PATH = (
    "IdentifyRecording", "ValidateUpload", "ClaimRecording", "ExtractMetadata", "ChooseTaskSize", "ProcessAudio",
    "PersistResult", "AnnounceResult", "ProcessedOrRejected", "Processed",
)  # fmt: skip
_TAILS = {
    "Rejected": ("ExplainRejection", "RecordRejection", "AnnounceResult", "ProcessedOrRejected", "Rejected"),
    "Failed": ("ExplainFailure", "RecordFailure", "AnnounceFailure", "Failed"),
    "AlreadyProcessed": ("AlreadyProcessed",),
    "ExplainFailure": ("ExplainFailure",),
}
_SIZES = ["1024", "2048", "4096", "8192", "16384", "30720"]
# How a task is tried again, by what ended it: on demand, on the next size, or the same.
_ON_DEMAND = ("no capacity", "quota reached", "no resources", "Spot interruption")
_ON_THE_NEXT_SIZE = ("out of memory", "killed", "exit 137", "exit 0, no result")
_LONGEST_MESSAGE = 500
_STATUS = {
    "result": "COMPLETED",
    "rejection": "FAILED",
    "failure": "FAILED",
    "settled": "FAILED",
    "claim": "PROCESSING",
    "nothing": None,
}


@dataclass(frozen=True)
class Verdict:
    """What came of a cell; `problems` says what is not as it must be."""

    cell: Cell
    end: str | None
    leaves: str
    attempts: int
    pauses: list[Pause]
    problems: list[str]


def deploy() -> Engine:
    return Engine.deploy(ROOT / "template.yaml", time_scale=TIME_SCALE)


def run(stack: Stack, cells: Iterable[Cell]) -> list[Verdict]:
    """Upload one recording for each cell, a few at a time, and judge what becomes of it."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        ended = list(pool.map(lambda cell: _end_of(stack, cell), cells))
    return [judge(stack, *each) for each in ended]


def _end_of(stack: Stack, cell: Cell) -> tuple[Cell, Upload, ExecutionResult]:
    with uploaded(stack, cell) as upload:
        result = _wait(stack, stack.execution_of(upload))
        if result.status == "FAILED":
            stack.wait_until_settled(result.arn)
        return cell, upload, result


def _wait(stack: Stack, execution_arn: str) -> ExecutionResult:
    """Wait for an execution; one that goes round and round is stopped, and judged by that."""
    try:
        return stack.engine.wait(execution_arn, WAIT_SECONDS)
    except TimeoutError:
        stack.engine.client("stepfunctions").stop_execution(executionArn=execution_arn)
        return stack.engine.wait(execution_arn, WAIT_SECONDS)


@contextmanager
def uploaded(stack: Stack, cell: Cell) -> Iterator[Upload]:
    """Upload a recording, or what is none; what becomes of it runs into the cell's faults while the block lasts."""
    key = f"public/unprocessed/demo/{uuid.uuid4().hex}.wav"
    body = b"no recording" if cell.is_of_a_text_file else wav_recording(beeps(1))
    with stack.engine.inject(*cell.faults, when=lambda given: _key(given) == key):
        yield stack.upload(key, body, features="cut-only")


def _key(given: dict[str, Any]) -> str | None:
    uploaded = given.get("detail", {}).get("object", {})
    return uploaded.get("key") if isinstance(uploaded, dict) else None


def judge(stack: Stack, cell: Cell, upload: Upload, result: ExecutionResult, *, failures: int = 1) -> Verdict:
    """Hold what became of an upload against what its cell promises; `failures` executions have failed on it, if any."""
    attempts = attempts_at(result, cell.state)
    pauses = stack.engine.executions.pauses(result.arn)
    problems = []
    if result.end_state != cell.end:
        problems.append(f"ended {result.end_state} ({result.error}: {result.cause}), not {cell.end}")
    if attempts != cell.attempts:
        problems.append(f"{attempts} attempts, not {cell.attempts}")
    problems += _problems_of_path(cell, result)
    problems += _problems_of_record(stack, cell, upload)
    problems += _problems_of_output(stack, cell, upload)
    problems += _problems_of_announcements(stack, cell, upload, failures)
    problems += _problems_of_retries(cell, result, [pause for pause in pauses if pause.state == cell.state])
    problems += _problems_of_waits(cell, pauses)
    problems += _problems_of_tasks(stack, cell, result)
    left = "as promised" if not problems else str((stack.record(upload) or {}).get("processing_status"))
    return Verdict(cell, result.end_state, left, attempts, pauses, problems)


def attempts_at(result: ExecutionResult, state: str) -> int:
    """How often the work of a state was tried in an execution, all visits together."""
    return sum(visit.attempts for visit in result.states if visit.name == state)


def _problems_of_path(cell: Cell, result: ExecutionResult) -> list[str]:
    """The states come in the order of the happy path, up to where the way leaves it for the end that is promised."""
    path = [visit.name for visit in result.states]
    # Between two tasks are reviews, waits and sizes: what they do is looked at by the waits and the tasks themselves.
    begins = path.index("ProcessAudio") if "ProcessAudio" in path else len(path)
    ends = max((place for place, name in enumerate(path) if name in ("ProcessAudio", "ReviewTaskFailure")), default=-1)
    walked = path[:begins] + (["ProcessAudio"] if ends >= begins else []) + path[ends + 1 :] if ends >= 0 else path
    expected = _expected_path(cell)
    return [] if walked == expected else [f"went {walked}, not {expected}"]


def _expected_path(cell: Cell) -> list[str]:
    if cell.end == "Processed":
        return list(_HAPPY_PATH)
    tail = list(_TAILS[cell.end])
    if cell.is_of_a_text_file:
        rejection = ["IdentifyRecording", "ValidateUpload", "ExplainRejection", "RecordRejection"]
        return rejection + (tail[2:] if cell.end == "Rejected" else _without_announcement(cell, tail))
    leading = "PersistResult" if cell.state in ("RecordFailure", "AnnounceFailure") else cell.state
    return [*_HAPPY_PATH[: _HAPPY_PATH.index(leading) + 1], *_without_announcement(cell, tail)]


def _without_announcement(cell: Cell, tail: list[str]) -> list[str]:
    """What RecordFailure could not write, or found written, is not announced."""
    is_recorded = cell.leaves == "failure" and not (cell.state == "RecordFailure" and cell.strikes == "for ever")
    return tail if is_recorded else [name for name in tail if name != "AnnounceFailure"]


def _problems_of_announcements(stack: Stack, cell: Cell, upload: Upload, failures: int) -> list[str]:
    """The bus carried what became of the recording once, or as often as its answer was lost.

    Of several executions that failed on a recording, each that held it tells of its own failure.
    """
    told = [(event["detail-type"], event["detail"]["status"]) for event in stack.announcements(upload)]
    expected, times = _announcement(cell), _announced_times(cell)
    most = times * failures if expected[0] == "Recording Failed" else times
    if set(told) <= {expected} and times <= len(told) <= most:
        return []
    return [f"announced {told}, not {expected} {times} to {most} times"]


def _announcement(cell: Cell) -> tuple[str, str]:
    if cell.end == "Processed" or cell.state == "AnnounceResult":
        return ("Recording Processed", "COMPLETED")
    return ("Recording Rejected" if cell.end == "Rejected" else "Recording Failed", "FAILED")


def _announced_times(cell: Cell) -> int:
    if cell.state.startswith("Announce"):
        return cell.attempts if cell.column == "answer lost" else int(cell.strikes == "once")
    if cell.end in ("Processed", "Rejected"):
        return 1
    is_told_of = cell.leaves == "settled" or "AnnounceFailure" in _expected_path(cell)
    return int(is_told_of)


def _problems_of_record(stack: Stack, cell: Cell, upload: Upload) -> list[str]:
    record = stack.record(upload)
    status = record["processing_status"] if record else None
    if status != _STATUS[cell.leaves]:
        return [f"the record is {status}, not {_STATUS[cell.leaves]}"]
    if record is None or cell.leaves in {"claim", "nothing"}:
        return []
    if ("settled_by" in record) != (cell.leaves == "settled"):
        return [f"the record was settled by {record.get('settled_by', 'its execution')}"]
    if "lease_expires_at" in record:
        return ["the record is settled and still has a lease"]
    error = record["processing_error"]
    if cell.leaves == "result":
        return [] if error is None else [f"COMPLETED with the error {error}"]
    return _problems_of_error(cell, error)


def _problems_of_error(cell: Cell, error: dict[str, Any]) -> list[str]:
    category, retryable = ("UPLOAD", False) if cell.leaves == "rejection" else ("SERVICE", True)
    problems = []
    if set(error) != {"category", "code", "message", "retryable"}:
        problems.append(f"the error has {sorted(error)}")
    if (error["category"], error["retryable"]) != (category, retryable):
        problems.append(f"the error is {error['category']}, retryable {error['retryable']}")
    if error["code"] != cell.code:
        problems.append(f"the code is {error['code']}, not {cell.code}")
    if not error["message"] or len(error["message"]) > _LONGEST_MESSAGE or not error["message"].isprintable():
        problems.append(f"the message is {error['message']!r}")
    return problems


def _problems_of_output(stack: Stack, cell: Cell, upload: Upload) -> list[str]:
    if cell.leaves != "result":
        return []
    names, shots = stack.outputs(upload), stack.one_shots(upload)
    expected = {"manifest.json", "waveform.json", *(shot["name"] for shot in shots)}
    if len(shots) != 1 or set(names) != expected:
        return [f"the result is {sorted(names)}, and {len(shots)} one-shots in the table"]
    return []


def _problems_of_retries(cell: Cell, result: ExecutionResult, pauses: list[Pause]) -> list[str]:
    """Each attempt but the last was retried as the definition says, after at most the time that it computes."""
    visit = next((visit for visit in result.states if visit.name == cell.state), None)
    if visit is None:
        return ["it was never tried"]
    if cell.column == "each other error":
        return [] if len(pauses) == cell.attempts - 1 else [f"{len(pauses)} retries"]
    retriers = DEFINITION["States"][cell.state]["Retry"]
    retrier = next((each for each in retriers if visit.error in each["ErrorEquals"]), None)
    if retrier is None:
        return [f"{visit.error} was retried"] if pauses else []
    problems = [f"{len(pauses)} retries"] if len(pauses) != visit.attempts - 1 else []
    if cell.strikes == "for ever" and visit.attempts != retrier["MaxAttempts"] + 1:
        problems.append(f"{visit.attempts} attempts; the definition says {retrier['MaxAttempts'] + 1}")
    for number, pause in enumerate(pauses):
        bound = min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** number, retrier["MaxDelaySeconds"])
        if not 0 <= pause.seconds <= bound:
            problems.append(f"retry {number + 1} after {pause.seconds} s, of {bound} s at most")
    return problems


def _problems_of_waits(cell: Cell, pauses: list[Pause]) -> list[str]:
    """Each wait for the next task lies between 0 and what doubles from one to the next."""
    first = 5 if cell.column in _ON_DEMAND else 10
    bounds = {
        "WaitForNextTask": (min(first * 2 ** min(number, 9), 80) for number in itertools.count()),
        "WaitForCapacity": (min(30 * 2 ** min(number, 9), 600) for number in itertools.count()),
    }
    waits = [(pause, next(bounds[pause.state])) for pause in pauses if pause.state in bounds]
    return [
        f"{pause.state} took {pause.seconds} s of {bound}" for pause, bound in waits if not 0 <= pause.seconds <= bound
    ]


def _problems_of_tasks(stack: Stack, cell: Cell, result: ExecutionResult) -> list[str]:
    """Tasks go from Spot to on demand when capacity is short, up a size when memory is, and stay as they are else."""
    if cell.state != "ProcessAudio":
        return []
    asked = _tasks_asked_for(stack, result.arn)
    expected = [("FARGATE_SPOT", _SIZES[0])] * len(asked)
    if cell.column in _ON_DEMAND:
        expected[1:] = [("FARGATE", _SIZES[0])] * (len(asked) - 1)
    if cell.column in _ON_THE_NEXT_SIZE:
        expected = [("FARGATE_SPOT", size) for size in _SIZES[: len(asked)]]
    return [] if asked == expected else [f"asked for {asked}, not {expected}"]


def _tasks_asked_for(stack: Stack, execution_arn: str) -> list[tuple[str, str]]:
    """The capacity provider and the memory of each attempt at ProcessAudio, from the execution's history."""
    pages = stack.engine.client("stepfunctions").get_paginator("get_execution_history")
    events = [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]
    scheduled = [event["taskScheduledEventDetails"] for event in events if event["type"] == "TaskScheduled"]
    asked = [json.loads(each["parameters"]) for each in scheduled if each["resourceType"] == "ecs"]
    return [(each["CapacityProviderStrategy"][0]["CapacityProvider"], each["Overrides"]["Memory"]) for each in asked]
