"""Casing and values of service integrations.

moto: parameters go to boto3, and results to the state machine, in whatever case they come: `Cluster` never
becomes `cluster`, `taskArn` never `TaskArn`, and datetimes stay datetimes that break DescribeExecution.
Here: converted by botocore's model of the operation, as Step Functions converts. Times are ISO 8601 text;
in the description of a task they are epoch milliseconds.
Upstream: https://github.com/getmoto/moto/issues/10076
"""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.response import StreamingBody
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)

from local.engine.seams.patching import replace
from local.sessions import own_core_session

_EPOCH_MILLISECONDS_OF = {"ecs"}


def install() -> None:
    """Convert on the way in and on the way out."""
    replace(StateTaskService, "_normalise_parameters", _normalise_parameters)
    replace(StateTaskService, "_normalise_response", _normalise_response)


def _normalise_parameters(
    self: Any,
    parameters: dict[str, Any],
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    operation = _operation(
        self._get_boto_service_name(boto_service_name), self._get_boto_service_action(service_action_name)
    )
    if operation and operation.input_shape:
        converted = request_value(parameters, operation.input_shape)
        parameters.clear()
        parameters.update(converted)


def _normalise_response(
    self: Any,
    response: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    if not isinstance(response, dict):
        return
    service = self._get_boto_service_name(boto_service_name)
    operation = _operation(service, self._get_boto_service_action(service_action_name))
    shape = operation.output_shape if operation else None
    converted = response_value(response, shape, epoch_times=service in _EPOCH_MILLISECONDS_OF)
    response.clear()
    response.update(converted)


def request_value(value: Any, shape: Shape) -> Any:
    """Return a parameter as boto3 wants it."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = {_upper_first(name): name for name in shape.members}
        return {
            name: request_value(member, shape.members[name]) if name in shape.members else member
            for name, member in ((members.get(_upper_first(given), given), each) for given, each in value.items())
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [request_value(member, shape.member) for member in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: request_value(member, shape.value) for name, member in value.items()}
    if shape.type_name == "string" and not isinstance(value, str):
        return json.dumps(value, separators=(",", ":"))
    if shape.type_name == "blob" and not isinstance(value, bytes):
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        return text.encode()
    return value


def response_value(value: Any, shape: Shape | None, *, epoch_times: bool) -> Any:
    """Return a result as Step Functions shows it: members in PascalCase, everything JSON."""
    if isinstance(value, dict):
        if isinstance(shape, MapShape):
            return {
                name: response_value(member, shape.value, epoch_times=epoch_times) for name, member in value.items()
            }
        members = shape.members if isinstance(shape, StructureShape) else {}
        return {
            _upper_first(name) if name in members else name: response_value(
                member, members.get(name), epoch_times=epoch_times
            )
            for name, member in value.items()
        }
    if isinstance(value, list):
        inner = shape.member if isinstance(shape, ListShape) else None
        return [response_value(member, inner, epoch_times=epoch_times) for member in value]
    return _json_value(value, epoch_times=epoch_times)


def _json_value(value: Any, *, epoch_times: bool) -> Any:
    if isinstance(value, datetime):
        if epoch_times:
            return int(value.timestamp() * 1000)
        return iso_milliseconds(value)
    if isinstance(value, StreamingBody):
        return value.read().decode("utf-8", "replace")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def iso_milliseconds(moment: datetime) -> str:
    """Return a time as AWS writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _upper_first(name: str) -> str:
    return name[:1].upper() + name[1:]


@cache
def _service(name: str) -> ServiceModel:
    return own_core_session().get_service_model(name)


@cache
def _operation(service: str, action: str) -> OperationModel | None:
    model = _service(service)
    for name in model.operation_names:
        if xform_name(name) == action:
            return model.operation_model(name)
    return None
