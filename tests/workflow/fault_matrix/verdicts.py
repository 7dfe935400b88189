"""Running the cells of the matrix on the deployed stack, side by side, and judging what came of each."""

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
LONGEST_WAITS = {"WaitForNextTask": 120, "WaitForCapacity": 600}
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
        result = stack.engine.wait(stack.execution_of(upload), WAIT_SECONDS)
        if result.status == "FAILED":
            stack.wait_until_settled(result.arn)
        return cell, upload, result


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


def judge(stack: Stack, cell: Cell, upload: Upload, result: ExecutionResult) -> Verdict:
    """Hold what became of an upload against what its cell promises."""
    attempts = attempts_at(result, cell.state)
    pauses = stack.engine.executions.pauses(result.arn)
    problems = []
    if result.end_state != cell.end:
        problems.append(f"ended {result.end_state} ({result.error}: {result.cause}), not {cell.end}")
    if attempts != cell.attempts:
        problems.append(f"{attempts} attempts, not {cell.attempts}")
    problems += _problems_of_record(stack, cell, upload)
    problems += _problems_of_output(stack, cell, upload)
    problems += _problems_of_retries(cell, result, [pause for pause in pauses if pause.state == cell.state])
    problems += _problems_of_waits(pauses)
    return Verdict(cell, result.end_state, attempts, pauses, problems)


def attempts_at(result: ExecutionResult, state: str) -> int:
    """How often the work of a state was tried in an execution, all visits together."""
    return sum(visit.attempts for visit in result.states if visit.name == state)


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
    visit = next(visit for visit in result.states if visit.name == cell.state)
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


def _problems_of_waits(pauses: list[Pause]) -> list[str]:
    return [
        f"{pause.state} took {pause.seconds} s"
        for pause in pauses
        if pause.state in LONGEST_WAITS and not 0 <= pause.seconds <= LONGEST_WAITS[pause.state]
    ]
