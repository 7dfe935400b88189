"""Many uploads at once, some of them into faults, some delivered twice: is anything lost, doubled or left behind?"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from local.engine import ExecutionResult
from tests.workflow.fault_matrix.cells import Cell, cells
from tests.workflow.fault_matrix.verdicts import judge, uploaded
from tests.workflow.process_recording.stack import Stack, Upload

SHARE_WITH_FAULTS, SHARE_TWICE, SHARE_OF_TEXT_FILES = 0.3, 0.1, 0.1
_WAIT_SECONDS = 900
_IDLE_SECONDS = 60
_HARMLESS = Cell(
    state="ProcessAudio", column="none", strikes="once", fault=None, end="Processed", leaves="result", attempts=1
)
_TEXT_FILE = Cell(
    state="RecordRejection", column="none", strikes="once", fault=None, end="Rejected", leaves="rejection",
    attempts=1, code="NOT_AUDIO",
)  # fmt: skip


@dataclass(frozen=True)
class Guest:
    """One upload of the crowd: what it runs into, and how often its event is delivered again."""

    cell: Cell
    again: int


@dataclass
class Account:
    """What came of the crowd; `problems` says what is not as it must be."""

    uploads: int = 0
    with_faults: int = 0
    delivered_again: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def invite(count: int, *, seed: int) -> list[Guest]:
    """Choose what happens to each of `count` uploads: shares as above, faults from the whole matrix."""
    chance = random.Random(seed)  # noqa: S311 - it chooses tests
    # What a fault leaves PROCESSING is settled by another state machine, which the matrix looks at.
    faults = [cell for cell in cells() if cell.leaves not in {"claim", "nothing"}]
    guests = []
    for number in range(count):
        share = number / count
        if share < SHARE_WITH_FAULTS:
            cell = chance.choice(faults)
        else:
            cell = _TEXT_FILE if chance.random() < SHARE_OF_TEXT_FILES else _HARMLESS
        again = chance.choice([1, 2]) if chance.random() < SHARE_TWICE else 0
        guests.append(Guest(cell, again))
    chance.shuffle(guests)
    return guests


def entertain(stack: Stack, guests: list[Guest]) -> Account:
    """Upload everything at once, deliver some events again, wait for all ends, and look at what there is."""
    account = Account(uploads=len(guests))
    account.with_faults = sum(guest.cell.fault is not None for guest in guests)
    account.delivered_again = sum(guest.again > 0 for guest in guests)
    with ExitStack() as faults:
        uploads = [faults.enter_context(uploaded(stack, guest.cell)) for guest in guests]
        executions = [
            [stack.execution_of(upload), *stack.start_again(upload, times=guest.again)]
            for guest, upload in zip(guests, uploads, strict=True)
        ]
        results = [[stack.engine.wait(arn, _WAIT_SECONDS) for arn in each] for each in executions]
        for result in (each for ended in results for each in ended if each.status == "FAILED"):
            stack.wait_until_settled(result.arn)
    if not stack.engine.tasks.wait_until_idle(_IDLE_SECONDS):
        account.problems.append("containers are still running")
    for guest, upload, ended in zip(guests, uploads, results, strict=True):
        account.ends.update(str(result.end_state) for result in ended)
        account.problems += [
            f"{upload.key}, {guest.cell.name}: {each}" for each in _problems(stack, guest, upload, ended)
        ]
        record = stack.record(upload)
        account.records[record["processing_status"] if record else "none"] += 1
    account.problems += _orphans(stack, uploads)
    return account


def _problems(stack: Stack, guest: Guest, upload: Upload, results: list[ExecutionResult]) -> Iterator[str]:
    """One execution ended as promised; what was delivered again found it done, or tried a failed one anew."""
    main = [result for result in results if result.end_state == guest.cell.end]
    others = [result for result in results if result.end_state != guest.cell.end]
    if not main:
        yield f"ended {[result.end_state for result in results]}, none {guest.cell.end}"
        return
    if guest.cell.end != "Failed" and len(main) > 1:
        yield f"{len(main)} executions ended {guest.cell.end}"
    yield from (f"ended {result.end_state}" for result in others if result.end_state != "AlreadyProcessed")
    if len(results) == 1:
        yield from judge(stack, guest.cell, upload, main[0]).problems


def _orphans(stack: Stack, uploads: list[Upload]) -> Iterator[str]:
    """Output that belongs to no recording, to a rejected one, or that its manifest does not name."""
    records = {upload.recording_id: stack.record(upload) for upload in uploads}
    for recording_id, names in _outputs(stack).items():
        record: dict[str, Any] | None = records.get(recording_id)
        if record is None:
            yield f"output of {recording_id}, which has no record: {sorted(names)}"
        elif not (record["processing_error"] or {"retryable": True})["retryable"]:
            yield f"output of {recording_id}, which was rejected: {sorted(names)}"


def _outputs(stack: Stack) -> dict[str, list[str]]:
    pages = stack.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.bucket, Prefix="public/processed/")
    found: dict[str, list[str]] = {}
    for item in (item for page in pages for item in page.get("Contents", [])):
        _, _, _, recording_id, name = item["Key"].split("/")
        found.setdefault(recording_id, []).append(name)
    return found
