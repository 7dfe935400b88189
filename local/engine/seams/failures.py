"""The failure of a service integration, as the interpreter hands it to Retry, Catch and the history."""

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent


def task_failure(state: Any, env: Any, error: ErrorName, cause: str) -> FailureEvent:
    """Return the TaskFailed event of a Task state."""
    details: Any = {
        "taskFailedEventDetails": {
            "resource": state._get_sfn_resource(),
            "resourceType": state._get_sfn_resource_type(),
            "error": error.error_name,
            "cause": cause,
        }
    }
    return FailureEvent(env=env, error_name=error, event_type=HistoryEventType.TaskFailed, event_details=details)
