"""Faults that were asked for (local.engine.faults), in the place of a service's answer.

moto: knows mocked responses from a file, which replace every call of a test case; nothing happens in between.
Here: an attempt at a Task runs into the fault that is its turn. What a service does before it fails is done: a
function's process is really killed, a container really started and interrupted, a lost answer comes after the work.
Upstream: none; moto means it so.
"""

import base64
import json
import math
import time
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
    state_task_service_ecs,
    state_task_service_events,
    state_task_service_lambda,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService

from local.engine.faults import OF_CONTAINERS, OF_FUNCTIONS, Fault, Kind
from local.engine.seams import host
from local.engine.seams.failures import task_failure
from local.engine.seams.patching import replace

_SERVICES: tuple[Any, ...] = (
    state_task_service_aws_sdk.StateTaskServiceAwsSdk,
    state_task_service_dynamodb.StateTaskServiceDynamoDB,
    state_task_service_ecs.StateTaskServiceEcs,
    state_task_service_events.StateTaskServiceEvents,
    state_task_service_lambda.StateTaskServiceLambda,
    state_task_service_sfn.StateTaskServiceSfn,
    state_task_service_sns.StateTaskServiceSns,
    state_task_service_sqs.StateTaskServiceSqs,
)
_POLL_SECONDS = 0.01
# What RunTask answers when Fargate has no room.
_NO_CAPACITY = {
    "Failures": [
        {"Reason": "Capacity is unavailable at this time. Please try again later or in a different availability zone"}
    ],
    "Tasks": [],
}
# Errors of Lambda's own API; any other comes from the function, with its description as JSON.
_NOT_THE_FUNCTIONS = ("Lambda.", "States.")

Call = Callable[..., None]


def install() -> None:
    """Stand between the states and the services."""
    for service in _SERVICES:
        replace(service, "_eval_service_task", _with_fault(service._eval_service_task))


def of_attempt(state: Any, env: Any) -> Fault | None:
    """Count an attempt at a state; returns what it runs into."""
    if not isinstance(state, StateTaskService):
        return None
    execution = env.states.context_object.context_object_data["Execution"]
    return host.current().faults.next(execution["Id"], state.name, execution["Input"])


def seconds_until_timeout(fault: Fault | None, seconds: float) -> float:
    """Return how long an attempt may take: what outlasts it is not waited for longer than the time scale says."""
    outlasts = fault and (fault.kind is Kind.HANG or (fault.kind is Kind.SLOW and fault.number >= seconds))
    return seconds * host.current().time_scale if outlasts else seconds


def _with_fault(call: Call) -> Call:
    def eval_service_task(
        self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        fault: Fault | None = getattr(env, "fault", None)
        if fault and fault.kind is Kind.SLOW:
            _sleep(env, fault.number * host.current().time_scale)
        if fault:
            _before_the_call(self, env, fault, normalised_parameters)
        call(self, env, resource_runtime_part, normalised_parameters, state_credentials)
        if fault:
            _after_the_call(self, env, fault, normalised_parameters)

    return eval_service_task


def _before_the_call(state: Any, env: Any, fault: Fault, parameters: dict[str, Any]) -> None:
    """Keep the call from being made, or have it carry the fault along."""
    if fault.kind is Kind.ERROR:
        raise _failure(state, env, fault.error, _cause(state, fault))
    if fault.kind is Kind.NO_CAPACITY:
        raise _failure(state, env, "AmazonECS.Unknown", json.dumps(_NO_CAPACITY))
    if fault.kind is Kind.HANG and not _is(state, "ecs"):
        _sleep(env, math.inf)
        # Nobody waits any more: what the attempt comes to is dropped, and the call must not be made now.
        raise _failure(state, env, "States.Timeout", _cause(state, fault))
    if fault.kind in OF_FUNCTIONS and _is(state, "lambda"):
        parameters["ClientContext"] = to_client_context(fault)


def _after_the_call(state: Any, env: Any, fault: Fault, parameters: dict[str, Any]) -> None:
    if fault.kind is Kind.LOST:
        raise _failure(state, env, fault.error, _cause(state, fault))
    if fault.kind is Kind.SPOT and not _is_on_spot(parameters):
        return
    if fault.kind in OF_CONTAINERS and _is(state, "ecs"):
        for task in env.stack[-1]["tasks"]:
            host.current().tasks.afflict(task["taskArn"], fault)


def _is_on_spot(parameters: dict[str, Any]) -> bool:
    strategy = parameters.get("capacityProviderStrategy", [])
    return any(each.get("capacityProvider") == "FARGATE_SPOT" for each in strategy)


def to_client_context(fault: Fault) -> str:
    """Write a fault so that it travels with a call of Lambda."""
    return base64.b64encode(json.dumps({"fault": [fault.kind, fault.number]}).encode()).decode()


def from_client_context(text: str | None) -> Fault | None:
    """Read the fault that travelled with a call of Lambda."""
    try:
        kind, number = json.loads(base64.b64decode(text or ""))["fault"]
        return Fault(state="", kind=Kind(kind), number=number)
    except (ValueError, KeyError, TypeError):
        return None


def _is(state: Any, service: str) -> bool:
    return bool(state.resource.service_name == service)


def _cause(state: Any, fault: Fault) -> str:
    if _is(state, "lambda") and not fault.error.startswith(_NOT_THE_FUNCTIONS):
        return json.dumps({"errorMessage": fault.message, "errorType": fault.error})
    return fault.message


def _failure(state: Any, env: Any, error: str, cause: str) -> FailureEventException:
    return FailureEventException(task_failure(state, env, CustomErrorName(error), cause))


def _sleep(env: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while env.is_running() and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, _POLL_SECONDS))
