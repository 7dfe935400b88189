"""Many uploads at once, some of them into faults, some delivered twice: is anything lost, doubled or left behind?"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.engine import ExecutionResult
from tests.workflow.fault_matrix.cells import Cell, cells
from tests.workflow.fault_matrix.verdicts import judge, uploaded
from tests.workflow.process_recording.stack import Stack, Upload

SHARE_WITH_FAULTS, SHARE_TWICE, SHARE_OF_TEXT_FILES = 0.3, 0.1, 0.1
_WAIT_SECONDS = 900
_IDLE_SECONDS = 60
_MANIFEST = "manifest.json"
_PROCESSED = "public/processed/"
_HARMLESS = Cell(
    state="ProcessAudio", column="none", strikes="once", fault=None, end="Processed", leaves="result", attempts=1
)
_TEXT_FILE = Cell(
    state="RecordRejection", column="none", strikes="once", fault=None, end="Rejected", leaves="rejection",
    attempts=1, code="NOT_AUDIO",
)  # fmt: skip

type Records = dict[str, dict[str, Any]]
"""The table's records by the recordings' ids."""


@dataclass(frozen=True)
class Guest:
    """One upload of the crowd: what it runs into, and how often its event is delivered again."""

    cell: Cell
    again: int


@dataclass
class Account:
    """What came of the crowd; `problems` says what is not as it must be.

    `unfinished` counts the recordings that failed by our fault and left output, which a replay replaces.
    """

    uploads: int = 0
    with_faults: int = 0
    delivered_again: int = 0
    unfinished: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def invite(count: int, *, seed: int) -> list[Guest]:
    """Choose what happens to each of `count` uploads: shares as above, faults from the whole matrix."""
    chance = random.Random(seed)  # noqa: S311 - it chooses tests
    # These faults pretend that another execution holds the recording; here none does, so no record would be right.
    faults = [cell for cell in cells() if cell.column != "held by another"]
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
    before = _records(stack)
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
    records = {recording_id: record for recording_id, record in _records(stack).items() if recording_id not in before}
    account.records.update(record["processing_status"] for record in records.values())
    account.problems += _problems_of_records(records, uploads)
    for guest, upload, ended in zip(guests, uploads, results, strict=True):
        account.ends.update(str(result.end_state) for result in ended)
        problems = _problems(stack, guest, upload, records.get(upload.recording_id), ended)
        account.problems += [f"{upload.key}, {guest.cell.name}: {each}" for each in problems]
    outputs = {each: names for each, names in _outputs(stack).items() if each not in before}
    account.unfinished = sum(_may_be_replayed(records[each]) for each in outputs if each in records)
    refused = {
        upload.recording_id for guest, upload in zip(guests, uploads, strict=True) if _pretends_rejection(guest.cell)
    }
    account.problems += _orphans(stack, records, outputs, refused)
    return account


def _problems_of_records(records: Records, uploads: list[Upload]) -> Iterator[str]:
    """Each upload has one record, which says how it ended, and nothing else has one."""
    if len(records) != len(uploads):
        yield f"{len(records)} records of {len(uploads)} uploads"
    for recording_id in sorted(records.keys() - {upload.recording_id for upload in uploads}):
        yield f"the record {recording_id} belongs to no upload"
    for recording_id, record in records.items():
        if record["processing_status"] not in {"COMPLETED", "FAILED"}:
            yield f"the record {recording_id} is {record['processing_status']}"


def _problems(
    stack: Stack, guest: Guest, upload: Upload, record: dict[str, Any] | None, results: list[ExecutionResult]
) -> Iterator[str]:
    """The execution that the record names ended as promised and left what was promised; the others left it alone.

    Of a recording that failed and may be replayed, another may have taken over; then it failed the same way.
    """
    main = next((result for result in results if record and result.arn == record["execution_arn"]), None)
    if main is None or main.end_state != guest.cell.end:
        yield f"ended {[(result.end_state, result.error) for result in results]}, and the record is {record}"
        return
    failures = max(sum(result.status == "FAILED" for result in results), 1)
    yield from judge(stack, guest.cell, upload, main, failures=failures).problems
    for result in results:
        failed_alike = (result.end_state, result.error) == (main.end_state, main.error)
        may_fail = guest.cell.leaves in {"failure", "settled"} and failed_alike
        if result is not main and result.end_state != "AlreadyProcessed" and not may_fail:
            yield f"delivered again, it ended {result.end_state} ({result.error}: {result.cause})"


def _orphans(stack: Stack, records: Records, outputs: dict[str, set[str]], refused: set[str]) -> Iterator[str]:
    """Output that belongs to no recording, to a rejected one, or that differs from what its manifest names.

    Only a rejection's manifest may be there, but for those in `refused`, whose container made a whole result.
    """
    for recording_id in outputs.keys() - records.keys():
        yield f"output of {recording_id}, which has no record: {sorted(outputs[recording_id])}"
    for recording_id, record in records.items():
        names = outputs.get(recording_id, set())
        if record["processing_status"] == "COMPLETED" or recording_id in refused:
            yield from _difference(recording_id, names, _named(stack, record, names))
        elif not _may_be_replayed(record) and names - {_MANIFEST}:
            yield f"output of {recording_id}, which was rejected: {sorted(names)}"


def _difference(recording_id: str, names: set[str], named: set[str]) -> Iterator[str]:
    if missing := named - names:
        yield f"{recording_id}: the manifest names {sorted(missing)}, which is not there"
    if orphans := names - named:
        yield f"{recording_id}: {sorted(orphans)} is there, and the manifest does not name it"


def _named(stack: Stack, record: dict[str, Any], names: set[str]) -> set[str]:
    """The files that a recording's manifest names, and the manifest itself."""
    if _MANIFEST not in names:
        return {_MANIFEST}
    key = f"{_PROCESSED}{record['user_id']}/{record['id']}/{_MANIFEST}"
    manifest = json.loads(stack.s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read())
    keys = [*manifest["files"].values(), *(shot["key"] for shot in manifest["oneShots"])]
    return {_MANIFEST, *(each.rpartition("/")[2] for each in keys if each)}


def _pretends_rejection(cell: Cell) -> bool:
    """Whether a recording is refused, by the fault alone, after its container has made the result."""
    return cell.state == "PersistResult" and cell.leaves == "rejection"


def _may_be_replayed(record: dict[str, Any]) -> bool:
    return record["processing_status"] == "FAILED" and bool(record["processing_error"]["retryable"])


def _records(stack: Stack) -> Records:
    pages = (
        stack.engine.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=stack.table,
            ConsistentRead=True,
            FilterExpression="#item = :item",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":item": {"S": "RECORDING"}},
        )
    )
    read = TypeDeserializer().deserialize
    found = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
    return {record["id"]: record for record in found}


def _outputs(stack: Stack) -> dict[str, set[str]]:
    """The names of what lies under each recording's prefix, by the recordings' ids."""
    pages = stack.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.bucket, Prefix=_PROCESSED)
    found: dict[str, set[str]] = {}
    for item in (item for page in pages for item in page.get("Contents", [])):
        _, _, _, recording_id, name = item["Key"].split("/")
        found.setdefault(recording_id, set()).add(name)
    return found
