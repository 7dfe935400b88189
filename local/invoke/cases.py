"""The events under events/, made to fit a running stack: what they name is put there first."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.invoke.build import PROJECT
from local.invoke.errors import InvokeError
from local.invoke.objects import content_for
from local.invoke.stack import Stack

EVENTS = PROJECT / "events"
# The task, as a folder under tasks/ and in the events' names, to the function's logical id.
FUNCTIONS = {"validate": "ValidateUpload", "metadata": "ExtractMetadata", "persist": "PersistResult"}
_PROCESSED_KEY = "public/unprocessed/demo/kitchen take.m4a"
_WORKFLOW_SECONDS = 180.0
_POLL_SECONDS = 0.2
_RECORDING = "RECORDING"

type Event = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A sample event of a task's. Its name is its file's; that of the plain case is the task's."""

    task: str
    name: str
    path: Path

    @property
    def function(self) -> str:
        """The logical id of the function that it is for."""
        return FUNCTIONS[self.task]

    @property
    def needs_result(self) -> bool:
        """Whether it is about a recording that was processed: the workflow has to run for it."""
        return self.name in {"persist", "persist-claim-lost"}

    def prepared(self, stack: Stack) -> Event:
        """Put into a stack what the event is about, and return the event as the state machine would send it there.

        Raises:
            InvokeError: the event is not readable, or the workflow doesn't come to an end.

        """
        event = self.template()
        return _PREPARATIONS[self.task](self, stack, event)

    def template(self) -> Event:
        """Return the event as it is in its file."""
        try:
            event: Event = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InvokeError(f"{self.path}: {error}") from error
        return event


def cases(task: str | None = None) -> list[Case]:
    """Return the sample events of a task, or of all, by name; the plain ones first."""
    tasks = [task] if task else list(FUNCTIONS)
    return [
        Case(each, path.stem, path)
        for each in tasks
        for path in sorted(EVENTS.glob(f"{each}*.json"), key=lambda path: path.stem)
    ]


def case_of(task: str, name: str | None = None) -> Case:
    """Return a task's sample event; without a name the plain one.

    Raises:
        InvokeError: there is no such task, or no such event; the text lists those that there are.

    """
    if task not in FUNCTIONS:
        raise InvokeError(f"There is no task {task!r}.\n{listing()}")
    wanted = (name or task).removesuffix(".json")
    for each in cases(task):
        if each.name == wanted:
            return each
    raise InvokeError(f"There is no event {wanted!r} for {task}.\n{listing()}")


def listing() -> str:
    """Return the commands for all sample events, a line each."""
    lines = ["There are:"]
    for each in cases():
        event = "" if each.name == each.task else f" EVENT={each.name}"
        lines.append(f"  make invoke TASK={each.task}{event}")
    return "\n".join(lines)


def recording_id(bucket: str, key: str, version: str) -> str:
    """Return the id of an upload, as IdentifyRecording computes it."""
    return hashlib.sha256(f"{bucket}\n{key}\n{version}".encode()).hexdigest()[:32]


def _prepare_upload(case: Case, stack: Stack, event: Event) -> Event:
    content = content_for(case.name)
    version = _upload(stack, event["key"], content)
    if case.name.endswith("-object-gone"):
        stack.client("s3").delete_object(Bucket=stack.bucket, Key=event["key"], VersionId=version)
    return event | {
        "recordingId": recording_id(stack.bucket, event["key"], version),
        "bucket": stack.bucket,
        "versionId": version,
        "sizeBytes": len(content),
    }


def _prepare_result(case: Case, stack: Stack, event: Event) -> Event:
    version = _upload(stack, _PROCESSED_KEY, content_for(case.name)) if case.needs_result else "none"
    identity = recording_id(stack.bucket, _PROCESSED_KEY, version)
    if case.needs_result:
        _wait_until_processed(stack, identity)
    holder = "of-another" if case.name.endswith("-claim-lost") else event["executionArn"]
    _take_back(stack, identity, holder)
    return event | {
        "recordingId": identity,
        "bucket": stack.bucket,
        "outputPrefix": f"public/processed/demo/{identity}/",
    }


def _upload(stack: Stack, key: str, content: bytes) -> str:
    answer = stack.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=content)
    return str(answer["VersionId"])


def _wait_until_processed(stack: Stack, identity: str) -> None:
    deadline = time.monotonic() + _WORKFLOW_SECONDS
    while (status := _status(stack, identity)) != "COMPLETED":
        if status == "FAILED":
            raise InvokeError("The workflow failed on the example recording: `make run` shows why.")
        if time.monotonic() > deadline:
            raise InvokeError(f"The workflow did not end in {_WORKFLOW_SECONDS:.0f} s on the example recording.")
        time.sleep(_POLL_SECONDS)


def _status(stack: Stack, identity: str) -> str | None:
    found = stack.client("dynamodb").get_item(
        TableName=stack.table, Key=_key(identity, _RECORDING), ConsistentRead=True
    )
    status: str | None = found.get("Item", {}).get("processing_status", {}).get("S")
    return status


def _take_back(stack: Stack, identity: str, holder: str) -> None:
    """Make a recording what it is before PersistResult: PROCESSING, held by an execution, without one-shots."""
    dynamodb = stack.client("dynamodb")
    pages = dynamodb.get_paginator("query").paginate(
        TableName=stack.table,
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": identity}},
        ProjectionExpression="#item",
        ExpressionAttributeNames={"#item": "item"},
    )
    for item in [item["item"]["S"] for page in pages for item in page["Items"]]:
        if item != _RECORDING:
            dynamodb.delete_item(TableName=stack.table, Key=_key(identity, item))
    dynamodb.update_item(
        TableName=stack.table,
        Key=_key(identity, _RECORDING),
        UpdateExpression="SET processing_status = :status, execution_arn = :holder REMOVE processing_completed_at",
        ExpressionAttributeValues={":status": {"S": "PROCESSING"}, ":holder": {"S": holder}},
    )


def _key(identity: str, item: str) -> dict[str, Any]:
    return {"id": {"S": identity}, "item": {"S": item}}


_PREPARATIONS: dict[str, Callable[[Case, Stack, Event], Event]] = {
    "validate": _prepare_upload,
    "metadata": _prepare_upload,
    "persist": _prepare_result,
}
