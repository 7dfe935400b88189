"""ECS task definitions made by CloudFormation.

moto: keeps family, containers, volumes and memory, and nothing else; a container without Memory makes
RunTask a 500, where Fargate asks for the task's memory alone.
Here: cpu, network mode, compatibilities, roles and platform are kept; a container without memory has the
task's.
Upstream: no issue found.
"""

from typing import Any

from moto.ecs.models import TaskDefinition

from local.engine.seams.patching import original, replace

_create = original(TaskDefinition, "create_from_cloudformation_json")


def install() -> None:
    """Keep what the template says."""
    replace(TaskDefinition, "create_from_cloudformation_json", classmethod(_create_whole))


def _create_whole(cls: Any, resource_name: str, cloudformation_json: Any, *arguments: Any, **named: Any) -> Any:
    definition = _create(cls, resource_name, cloudformation_json, *arguments, **named)
    properties = cloudformation_json["Properties"]
    definition.cpu = properties.get("Cpu")
    definition.network_mode = properties.get("NetworkMode", definition.network_mode)
    definition.requires_compatibilities = properties.get("RequiresCompatibilities", [])
    if "FARGATE" in definition.requires_compatibilities:
        definition.compatibilities = ["EC2", "FARGATE"]
    for attribute, name in (("task_role_arn", "TaskRoleArn"), ("execution_role_arn", "ExecutionRoleArn")):
        if name in properties:
            setattr(definition, attribute, properties[name])
    for container in definition.container_definitions:
        if "memory" not in container and "memoryReservation" not in container:
            container["memory"] = int(definition.memory or 512)
    return definition
