"""What can be asked of executions, and what an execution tells its states.

moto: an execution started without a name is called `None`; an output that is a text is no JSON;
StopExecution drops error and cause and answers without a date; one that timed out has no stop date;
GetExecutionHistory knows neither order nor pages; the context object holds datetimes, and local offsets,
where AWS has text.
Here: as AWS answers. The engine hears of every event of a history and of every end.
Upstream: no issue found for these.
"""

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from local.engine.seams import host
from local.engine.seams.casing import iso_milliseconds
from local.engine.seams.patching import replace
from local.engine.seams.state_machine_versions import started_by

_STOP_SECONDS = 5.0
_start: Any = StepFunctionsParserBackend.start_execution
_environment: Any = ExecutionWorker._get_evaluation_environment
_add_event = EventManager.add_event
_terminated = BaseExecutionWorkerCommunication.terminated
_describe = StepFunctionResponse.describe_execution


def install() -> None:
    """Answer as AWS does."""
    replace(StepFunctionsParserBackend, "start_execution", _start_named)
    replace(ExecutionWorker, "_get_evaluation_environment", _environment_of_text)
    replace(EventManager, "add_event", _add_event_and_tell)
    replace(BaseExecutionWorkerCommunication, "terminated", _terminate_and_tell)
    replace(StepFunctionResponse, "stop_execution", _stop_response)
    replace(StepFunctionResponse, "describe_execution", _describe_response)
    replace(StepFunctionResponse, "get_execution_history", _history_response)


def _start_named(
    self: Any,
    state_machine_arn: str,
    name: str | None = None,
    execution_input: str | None = None,
    trace_header: str | None = None,
) -> Any:
    return _start(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, trace_header)


def _environment_of_text(self: Any) -> Any:
    env = _environment(self)
    execution = env.states.context_object.context_object_data["Execution"]
    if isinstance(execution["StartTime"], datetime):
        execution["StartTime"] = iso_milliseconds(execution["StartTime"])
    execution["RedriveCount"] = 0
    env.event_manager.execution_arn = execution["Id"]
    return env


def _add_event_and_tell(self: Any, *arguments: Any, **named: Any) -> int:
    event_id: int = _add_event(self, *arguments, **named)
    # told outside moto's lock: whoever hears of it may ask for the history
    if arn := getattr(self, "execution_arn", None):
        host.current().execution_event(arn, self._history_event_list[event_id - 1])
    return event_id


def _terminate_and_tell(self: Any) -> None:
    _terminated(self)
    host.current().execution_ended(self.execution.exec_arn)


def _stop_response(self: Any) -> ActionResult:
    arn = self._get_param("executionArn")
    execution: Execution = self.stepfunction_backend.describe_execution(arn)
    error, cause = self._get_param("error"), self._get_param("cause")
    if execution.status == "RUNNING":
        execution.error, execution.cause = error, cause
        execution.stop(stop_date=datetime.now(UTC), error=error, cause=cause)
    deadline = time.monotonic() + _STOP_SECONDS
    while execution.status == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.01)
    return ActionResult({"stopDate": execution.stop_date or datetime.now(UTC)})


def _describe_response(self: Any) -> ActionResult:
    described: ActionResult = _describe(self)
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    if isinstance(described.result, dict):
        described.result.update(started_by(execution))
        if execution.status == "TIMED_OUT":
            described.result["stopDate"] = execution.stop_date
        if execution.status == "SUCCEEDED":
            described.result["output"] = json.dumps(execution.output, separators=(",", ":"))
    return described


def _history_response(self: Any) -> ActionResult:
    history = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
    events = list(history["events"])
    if self._get_bool_param("reverseOrder", False):
        events.reverse()
    size = self._get_int_param("maxResults") or 1000
    first = int(self._get_param("nextToken") or 0)
    page: dict[str, Any] = {"events": events[first : first + size]}
    if first + size < len(events):
        page["nextToken"] = str(first + size)
    return ActionResult(page)
