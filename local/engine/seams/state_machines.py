"""State machines made by CloudFormation.

moto: makes them in the backend that doesn't execute, whatever the configuration says, and drops their type.
Here: in the backend that does, with Standard or Express as the template says.
Upstream: no issue found.
"""

from typing import Any

from moto.core.config import default_user_config
from moto.stepfunctions import models
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from local.engine.seams.patching import original, replace

_create = original(models.StateMachine, "create_from_cloudformation_json")


def install() -> None:
    """Make machines that run."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    replace(models, "stepfunctions_backends", stepfunctions_parser_backends)
    replace(models.StateMachine, "create_from_cloudformation_json", classmethod(_create_typed))


def _create_typed(cls: Any, resource_name: str, cloudformation_json: Any, *arguments: Any, **named: Any) -> Any:
    machine = _create(cls, resource_name, cloudformation_json, *arguments, **named)
    machine.sm_type = cloudformation_json["Properties"].get("StateMachineType", "STANDARD")
    return machine
