"""The event that Step Functions sends to EventBridge when an execution begins or ends.

moto: sends none.
Here: the event in AWS's shape, on the default bus, for standard executions; not for those that end because the
engine stops. Input and output are left out where AWS has no room for them.
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
Upstream: no issue found.
"""

import json
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from local.engine.seams import host
from local.engine.seams.patching import replace
from local.engine.seams.state_machine_versions import started_by
from local.engine.service_events import service_event

_ROOM = 248 * 1024  # bytes, for input and output as they are escaped in the event
_start = Execution.start
_reflect_status = BaseExecutionWorkerCommunication._reflect_execution_status


def install() -> None:
    """Send an event when an execution begins and when it ends."""
    replace(Execution, "start", _start_and_tell)
    replace(BaseExecutionWorkerCommunication, "_reflect_execution_status", _reflect_status_and_tell)


def _start_and_tell(self: Any) -> None:
    if not self.exec_worker:
        _tell(self, "RUNNING")
    _start(self)


def _reflect_status_and_tell(self: Any) -> None:
    _reflect_status(self)
    _tell(self.execution, self.execution.status)


def _tell(execution: Any, status: str) -> None:
    if execution.sm_type != "EXPRESS":
        host.current().send_event(status_event(execution, status))


def status_event(execution: Any, status: str) -> dict[str, Any]:
    """Return the EventBridge event of an execution that has just come to a status."""
    return service_event(
        "Step Functions Execution Status Change",
        source="aws.states",
        account=execution.account_id,
        region=execution.region_name,
        resource=execution.exec_arn,
        detail={
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine.arn,
            "name": execution.name,
            "status": status,
            "startDate": _milliseconds(execution.start_date),
            "stopDate": _milliseconds(execution.stop_date),
            **_payloads(execution, status),
            "error": execution.error,
            "cause": execution.cause,
            "stateMachineVersionArn": None,
            "stateMachineAliasArn": None,
            **started_by(execution),
        },
    )


def _payloads(execution: Any, status: str) -> dict[str, Any]:
    given = execution.execution_input
    output = json.dumps(execution.output, separators=(",", ":")) if status == "SUCCEEDED" else None
    output_fits = _escaped_size(output) <= _ROOM
    # the output comes first: an input beside which it finds no room is left out
    given_fits = _escaped_size(given) + (_escaped_size(output) if output_fits else 0) <= _ROOM
    return {
        "input": given if given_fits else None,
        "inputDetails": {"included": given_fits},
        "output": output if output_fits else None,
        "outputDetails": None if output is None else {"included": output_fits},
    }


def _escaped_size(text: str | None) -> int:
    return 0 if text is None else len(json.dumps(text, ensure_ascii=False).encode())


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
