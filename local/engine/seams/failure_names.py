"""Names of errors.

moto: a Fail state whose Error begins with `States.` ends as States.Runtime; errors that the API of
EventBridge answers are States.Runtime too; a failed entry of PutEvents puts a dict where the Cause, a text,
belongs; a call of DynamoDB that times out fails with DynamoDB.AmazonDynamoDBException.
Here: a Fail state may name any error, as on AWS; EventBridge's errors are EventBridge.<code>; a Cause is
text; what is no answer of DynamoDB's is named as with every other service.
Upstream: no issue found.
"""

import json
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_events
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_events import (
    StateTaskServiceEvents,
)
from moto.stepfunctions.parser.asl.component.state.fail import state_fail

from local.engine.seams.failures import task_failure
from local.engine.seams.patching import replace

_events_error = StateTaskServiceEvents._from_error
_table_error = StateTaskServiceDynamoDB._from_error


def install() -> None:
    """Let names through."""
    replace(state_fail, "CustomErrorName", _any_error_name)
    replace(StateTaskServiceEvents, "_from_error", _from_events_error)
    replace(StateTaskServiceDynamoDB, "_from_error", _from_table_error)
    replace(state_task_service_events.SfnFailedEntryCountException, "__init__", _init_failed_entry)


def _any_error_name(error_name: str | None) -> ErrorName:
    return ErrorName(error_name=error_name)


def _init_failed_entry(self: Any, cause: dict[str, Any] | None) -> None:
    RuntimeError.__init__(self, json.dumps(cause))
    self.cause = json.dumps(cause, separators=(",", ":"))


def _from_events_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
    if not isinstance(ex, ClientError):
        event: FailureEvent = _events_error(self, env=env, ex=ex)
        return event
    code = ex.response["Error"]["Code"]
    return task_failure(self, env, ErrorName(error_name=f"EventBridge.{code}"), str(ex))


def _from_table_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
    if isinstance(ex, ClientError):
        answered: FailureEvent = _table_error(self, env=env, ex=ex)
        return answered
    event: FailureEvent = StateTaskService._from_error(self, env=env, ex=ex)
    return event
