"""ReprocessRecordings as the tests see it: recordings that nobody noticed, runs over them, and their reports."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from local.engine import ExecutionResult, Fault
from local.engine.functions import FunctionResult
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack, Upload


@dataclass(frozen=True)
class Run:
    """A run that has ended. `started` and `statuses` are the inputs and ends of the executions that it started."""

    name: str
    result: ExecutionResult
    report: dict[str, Any] | None
    started: list[dict[str, Any]]
    statuses: list[str]
    most_at_once: int

    @property
    def counts(self) -> dict[str, int]:
        """What was counted, without the zeros."""
        return {name: count for name, count in (self.report or {})["counts"].items() if count}


class Reprocessing:
    """The deployed stack; as a context it hears of every invocation of a function."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.engine = stack.engine
        self._sfn = self.engine.client("stepfunctions")
        self._rule = self.engine.resources["ProcessRecordingRecordingUploaded"].rsplit("/", 1)[-1]
        self._invoke = self.engine.invoke_function
        self._hooks: list[Callable[[str, dict[str, Any]], str | None]] = []

    def __enter__(self) -> Self:
        self.engine.invoke_function = self._hooked_invoke  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.invoke_function = self._invoke  # type: ignore[method-assign]

    @contextmanager
    def unnoticed(self) -> Iterator[None]:
        """Upload in here as one did before there was a stack: nothing is started."""
        events = self.engine.client("events")
        events.disable_rule(Name=self._rule)
        try:
            yield
        finally:
            events.enable_rule(Name=self._rule)

    @contextmanager
    def invoking(self, hook: Callable[[str, dict[str, Any]], str | None]) -> Iterator[None]:
        """Have `hook(function, event)` called before each invocation; a message that it returns is its failure."""
        self._hooks.append(hook)
        try:
            yield
        finally:
            self._hooks.remove(hook)

    def run(self, request: dict[str, Any]) -> Run:
        name = uuid.uuid4().hex
        before = set(self._executions())
        arn = self._sfn.start_execution(
            stateMachineArn=self.engine.outputs["ReprocessRecordingsArn"], name=name, input=json.dumps(request)
        )["executionArn"]
        result = self.engine.wait(arn, WAIT_SECONDS)
        for started in self.engine.executions.running():  # what it stopped ends a moment after it
            self.engine.executions.wait_until_ended(started, WAIT_SECONDS)
        mine = [each for arn, each in self._executions().items() if arn not in before]
        return Run(
            name=name,
            result=result,
            report=self.report(name),
            started=[json.loads(each["input"]) for each in mine],
            statuses=[each["status"] for each in mine],
            most_at_once=_most_at_once(mine),
        )

    def report(self, name: str) -> dict[str, Any] | None:
        stored = self.objects(f"reports/reprocess/{name}/report.json")
        return json.loads(next(iter(stored.values()))) if stored else None

    def objects(self, prefix: str) -> dict[str, str]:
        pages = self.stack.s3.get_paginator("list_objects_v2").paginate(Bucket=self.stack.bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {
            key: self.stack.s3.get_object(Bucket=self.stack.bucket, Key=key)["Body"].read().decode() for key in keys
        }

    def status(self, upload: Upload) -> str | None:
        record = self.stack.record(upload)
        return record["processing_status"] if record else None

    def _executions(self) -> dict[str, dict[str, Any]]:
        pages = self._sfn.get_paginator("list_executions").paginate(
            stateMachineArn=self.engine.outputs["ProcessRecordingArn"]
        )
        listed = [each["executionArn"] for page in pages for each in page["executions"]]
        return {arn: self._sfn.describe_execution(executionArn=arn) for arn in listed}

    def _hooked_invoke(self, name: str, payload: bytes, fault: Fault | None = None) -> FunctionResult:
        for hook in list(self._hooks):
            if failure := hook(name, json.loads(payload)):
                told = {"errorType": "Boom", "errorMessage": failure}
                return FunctionResult(json.dumps(told).encode(), "Unhandled", "")
        return self._invoke(name, payload, fault)


def _most_at_once(executions: list[dict[str, Any]]) -> int:
    moments: list[tuple[datetime, int]] = []
    for each in executions:
        moments.append((each["startDate"], 1))
        with suppress(KeyError):
            moments.append((each["stopDate"], -1))
    running = most = 0
    for _, change in sorted(moments):  # an end comes before a beginning at the same millisecond
        running += change
        most = max(most, running)
    return most
