"""ECS tasks, and `ecs:runTask.sync`.

moto: a task never runs; its states follow a timetable and its exit code is always 0; `.sync` succeeds
whatever the exit code is; the integration drops CapacityProviderStrategy (and with it RunTask fails); a
task has its first container alone; RunTask fails in a VPC without DNS host names; the integration leaves
the task running when the state times out or the execution is stopped; errors of the API are States.Runtime.
Here: RunTask starts processes (local.engine.tasks), DescribeTasks tells how they fare, StopTask ends them.
`.sync` fails with States.TaskFailed and the task's description as its Cause when the task failed, and stops
the task when nobody waits any more. Errors are named ECS.<code>.
Upstream: https://github.com/getmoto/moto/issues/6856 (transitions only)
"""

import json
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import Container, EC2ContainerServiceBackend, Task
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api import state_manager
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_ecs
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (
    StateTaskServiceEcs,
)

from local.engine.permissions.calls import Need
from local.engine.seams import acting, clients, host
from local.engine.seams.failures import task_failure
from local.engine.seams.patching import add, replace

_LOG = logging.getLogger(__name__)
_ADDED_PARAMETERS = {
    "CapacityProviderStrategy",
    "Count",
    "EnableECSManagedTags",
    "ReferenceId",
    "StartedBy",
    "Tags",
}
_run_task = EC2ContainerServiceBackend.run_task
_task_created = Task.__init__
_pattern = StateTaskServiceCallback._eval_integration_pattern
_never = {"progression": "manual", "times": 10**9}


def install() -> None:
    """Run tasks as processes, and have `.sync` look at how they ended."""
    replace(Task, "__init__", _create_task)
    # moto sets it only in a VPC with DNS host names, and reads it always
    add(NetworkInterface, "private_dns_name", "")
    replace(EC2ContainerServiceBackend, "run_task", _run)
    replace(EC2ContainerServiceBackend, "stop_task", _stop)
    replace(EC2ContainerServiceResponse, "stop_task", _stop_response)
    state_task_service_ecs._SUPPORTED_API_PARAM_BINDINGS["runtask"] |= _ADDED_PARAMETERS
    replace(StateTaskServiceEcs, "_eval_service_task", _submit)
    replace(StateTaskServiceEcs, "_build_sync_resolver", _sync_resolver)
    replace(StateTaskServiceEcs, "_eval_integration_pattern", _integration_pattern)
    replace(StateTaskServiceEcs, "_from_error", _from_error)


def _create_task(self: Any, *arguments: Any, **named: Any) -> None:
    state_manager.set_transition("ecs::task", _never)
    network = named.get("networking_configuration")
    if network and "awsvpcConfiguration" in network:
        network["awsvpcConfiguration"].setdefault("securityGroups", [])
    _task_created(self, *arguments, **named)
    definition = named["task_definition"]
    self.containers = [_container(definition, each) for each in definition.container_definitions]


def _container(task_definition: Any, definition: dict[str, Any]) -> Any:
    # moto's Container looks at the first definition of what it is given
    container: Any = Container
    return container(SimpleNamespace(arn=task_definition.arn, container_definitions=[definition]))


def _run(self: Any, cluster_str: str, task_definition_str: str, *arguments: Any, **named: Any) -> list[Any]:
    tasks: list[Any] = _run_task(self, cluster_str, task_definition_str, *arguments, **named)
    definition = self.describe_task_definition(task_definition_str)
    for task in tasks:
        task.cpu = task.overrides.get("cpu") or definition.cpu
        task.memory = task.overrides.get("memory") or definition.memory
        host.current().tasks.start(task, definition)
    return tasks


def _stop(self: Any, cluster_str: str, task_str: str, reason: str | None) -> Any:
    cluster = self._get_cluster(cluster_str)
    for arn, task in self.tasks.get(cluster.name, {}).items():
        if arn == task_str or arn.rsplit("/", 1)[-1] == task_str:
            host.current().tasks.stop(arn, reason=reason or "Task stopped by user", code="UserInitiated")
            return task
    raise InvalidParameterException("The referenced task was not found.")


def _stop_response(self: Any) -> ActionResult:
    task = self.ecs_backend.stop_task(
        self._get_param("cluster", "default"), self._get_param("task"), self._get_param("reason")
    )
    return ActionResult({"task": task})


def _submit(
    self: Any,
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    ecs = clients.client_for(resource_runtime_part.region, "ecs", state_credentials)
    response = ecs.run_task(**normalised_parameters)
    del response["ResponseMetadata"]
    if response.get("failures") or not response["tasks"]:
        raise _failure(self, env, CustomErrorName("AmazonECS.Unknown"), json.dumps(response["failures"]))
    env.stack.append(response)


def _sync_resolver(
    self: Any,
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> Callable[[], Any]:
    submitted = env.stack.pop()["Tasks"][0]
    ecs = clients.client_for(resource_runtime_part.region, "ecs", state_credentials)

    def resolve() -> Any:
        # moto sleeps half a second between two calls: the waiting is done here, and ends with the task
        while not host.current().tasks.wait(submitted["TaskArn"], 0.05):
            if not env.is_running():
                return None
        described = ecs.describe_tasks(cluster=submitted["ClusterArn"], tasks=[submitted["TaskArn"]])
        self._normalise_response(response=described, service_action_name="describe_tasks")
        task = described["Tasks"][0]
        if host.current().tasks.failed(submitted["TaskArn"]):
            cause = json.dumps(task, separators=(",", ":"))
            raise _failure(self, env, StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed), cause)
        return task

    return resolve


def _integration_pattern(self: Any, env: Any, *arguments: Any, **named: Any) -> None:
    submitted = env.stack[-1]
    try:
        _pattern(self, env, *arguments, **named)
    finally:
        if not env.is_running():
            for task in submitted.get("Tasks", []):
                _stop_unwanted(task)


def _stop_unwanted(task: dict[str, Any]) -> None:
    try:
        acting.check("StopTask", Need("ecs:StopTask", task["TaskArn"], {"ecs:cluster": task["ClusterArn"]}))
    except ClientError as error:
        # as on AWS, it then runs on
        _LOG.warning("%s", error)
        return
    host.current().tasks.stop(task["TaskArn"], reason="The state that started it waits no longer", code="UserInitiated")


def _from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
    if isinstance(ex, ClientError):
        return task_failure(self, env, CustomErrorName(f"ECS.{ex.response['Error']['Code']}"), str(ex))
    event: FailureEvent = StateTaskServiceCallback._from_error(self, env=env, ex=ex)
    return event


def _failure(self: Any, env: Any, error: ErrorName, cause: str) -> FailureEventException:
    return FailureEventException(task_failure(self, env, error, cause))
