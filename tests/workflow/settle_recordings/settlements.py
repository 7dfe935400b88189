"""SettleRecordings as the tests see it: started by events, by the schedule, or by hand."""

import json
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from local.engine import ExecutionResult
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack, Upload

LEASE_SECONDS = 21_600


class Settlements:
    """What settles the recordings of a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._engine = stack.engine
        self._sfn = stack.engine.client("stepfunctions")
        self._dynamodb = stack.engine.client("dynamodb")

    def sweep(self) -> ExecutionResult:
        """Have the schedule fire, and wait for the sweep."""
        fired = self._engine.fire_schedule("SettleRecordingsSweep")
        return self._wait(self._engine.wait_for_execution(lambda event: event.get("id") == fired["id"], WAIT_SECONDS))

    def deliver(self, event: dict[str, Any], *, times: int = 1) -> list[ExecutionResult]:
        """Deliver an event, so often, side by side."""
        started = [self._start(self._engine.outputs["SettleRecordingsArn"], event) for _ in range(times)]
        return [self._wait(arn) for arn in started]

    def settle_read_leases(self, leases: list[dict[str, Any]]) -> ExecutionResult:
        """Run a sweep from where a page with these leases has been read."""

        def skip_the_reading(states: dict[str, Any]) -> None:
            states["BeginSweep"]["Next"] = "SettleLapsedLeases"

        return self._run_changed(skip_the_reading, {"leases": leases})

    def deliver_with_an_answer_lost(self, event: dict[str, Any]) -> ExecutionResult:
        """Deliver the end of an execution, and have the record's update made twice."""

        def write_twice(states: dict[str, Any]) -> None:
            states["Retried"] = dict(states["SettleRecording"])
            # a state keeps its input when its answer is lost
            states["SettleRecording"] |= {"Next": "Retried", "Output": "{% $states.input %}"}

        return self._run_changed(write_twice, event)

    def _run_changed(self, change: Callable[[dict[str, Any]], None], event: dict[str, Any]) -> ExecutionResult:
        machine = self._sfn.describe_state_machine(stateMachineArn=self._engine.outputs["SettleRecordingsArn"])
        definition = json.loads(machine["definition"])
        change(definition["States"])
        changed = self._sfn.create_state_machine(
            name=f"changed-{uuid.uuid4().hex}", definition=json.dumps(definition), roleArn=machine["roleArn"]
        )
        return self._wait(self._start(changed["stateMachineArn"], event))

    def fail_to_start(self, upload: Upload) -> str:
        """Start ProcessRecording with an event of the upload that lacks what its first state reads; its ARN."""
        event = {"detail": {"bucket": {"name": upload.bucket}, "object": object_of(upload)}}
        return self._start(self._engine.outputs["ProcessRecordingAliasArn"], event)

    def time_out(self, execution_arn: str) -> None:
        """Have an execution's time be up."""
        execution = self._engine._step_functions().describe_execution(execution_arn)
        execution.exec_worker.env.set_timed_out()

    def write(self, *records: dict[str, Any]) -> None:
        """Put recording items."""
        for first in range(0, len(records), 25):
            requests = [{"PutRequest": {"Item": record}} for record in records[first : first + 25]]
            self._dynamodb.batch_write_item(RequestItems={self._stack.table: requests})

    def delete(self, upload: Upload) -> None:
        """Delete a recording item."""
        key = {"id": {"S": upload.recording_id}, "item": {"S": "RECORDING"}}
        self._dynamodb.delete_item(TableName=self._stack.table, Key=key)

    def _start(self, machine_arn: str, event: dict[str, Any]) -> str:
        return str(self._sfn.start_execution(stateMachineArn=machine_arn, input=json.dumps(event))["executionArn"])

    def _wait(self, execution_arn: str) -> ExecutionResult:
        return self._engine.wait(execution_arn, WAIT_SECONDS)


def object_of(upload: Upload) -> dict[str, Any]:
    return {"key": upload.key, "version-id": upload.version_id, "size": 1}


def upload_event(upload: Upload) -> dict[str, Any]:
    """The event that S3 sends of an upload, as far as it is read."""
    return {
        "region": "us-east-1",
        "time": "2026-01-02T03:04:05Z",
        "detail": {"bucket": {"name": upload.bucket}, "object": object_of(upload)},
    }


def status_event(execution_arn: str, status: str, given: str | None, **more: Any) -> dict[str, Any]:
    """The event that Step Functions sends when an execution comes to a status."""
    return {
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "region": "us-east-1",
        "time": "2026-01-02T04:04:05Z",
        "detail": {
            "executionArn": execution_arn,
            "status": status,
            "input": given,
            "inputDetails": {"included": given is not None},
            "error": None,
            "cause": None,
            **more,
        },
    }


def lease_of(upload: Upload, execution_arn: str) -> dict[str, Any]:
    """A lease as a page of the index tells it."""
    return {"id": {"S": upload.recording_id}, "execution_arn": {"S": execution_arn}}


def recording(upload: Upload, execution_arn: str, status: str, *, lapsed_for: float | None = None) -> dict[str, Any]:
    """A recording item as ClaimRecording writes it, its lease lapsed for so many seconds, or `status` at its end."""
    began = time.time() - LEASE_SECONDS - (lapsed_for or 0)
    item: dict[str, Any] = {
        "id": {"S": upload.recording_id},
        "item": {"S": "RECORDING"},
        "name": {"S": upload.key.rpartition("/")[2]},
        "user_id": {"S": "demo"},
        "file": {"M": {"bucket": {"S": upload.bucket}, "key": {"S": upload.key}, "region": {"S": "us-east-1"}}},
        "object_version": {"S": upload.version_id},
        "recorded_at": {"S": "2026-01-02T03:04:05Z"},
        "execution_arn": {"S": execution_arn},
        "processing_status": {"S": status},
        "processing_started_at": {"S": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(began))},
        "processing_completed_at": {"NULL": True},
        "processing_error": {"NULL": True},
        "processing_params": {"M": {}},
    }
    if lapsed_for is not None:
        item["lease_expires_at"] = {"N": str(int(began + LEASE_SECONDS))}
    return item


def until(look: Callable[[], Any], seconds: float = 10) -> Any:
    """Look until there is something to see, or the time is up; what was seen last."""
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def names(result: ExecutionResult) -> Iterable[str]:
    return [visit.name for visit in result.states]
