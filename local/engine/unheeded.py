"""Properties of resources that the engine deploys without heeding them.

For the resources that the engine itself runs, what is heeded is listed, so that whatever else a template
says of them shows up. For those that are moto's alone, what is known to be dropped is listed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_HEEDED = {
    "AWS::S3::Bucket": {
        "BucketEncryption", "BucketName", "NotificationConfiguration", "Tags", "VersioningConfiguration",
    },
    "AWS::StepFunctions::StateMachine": {
        "DefinitionString", "RoleArn", "StateMachineName", "StateMachineType", "Tags",
    },
    "AWS::Lambda::Function": {
        "Code", "Description", "Environment", "FunctionName", "Handler", "LoggingConfig", "MemorySize", "Role",
        "Runtime", "Tags", "Timeout",
    },
    "AWS::ECS::TaskDefinition": {
        "ContainerDefinitions", "Cpu", "ExecutionRoleArn", "Family", "Memory", "NetworkMode",
        "RequiresCompatibilities", "Tags", "TaskRoleArn",
    },
}  # fmt: skip
_HEEDED_OF_CONTAINERS = {
    "Command", "EntryPoint", "Environment", "Essential", "Image", "LogConfiguration", "Memory",
    "MemoryReservation", "Name", "StopTimeout",
}  # fmt: skip
_DROPPED = {
    "AWS::DynamoDB::Table": {
        "ContributorInsightsSpecification", "KinesisStreamSpecification", "PointInTimeRecoverySpecification",
        "ResourcePolicy", "TimeToLiveSpecification",
    },
}  # fmt: skip


def unheeded(resources: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Return what of `resources` has no effect, as `LogicalId.Property` with the resource's type."""
    for name, resource in resources.items():
        kind = str(resource["Type"])
        properties = resource.get("Properties", {})
        for path in _paths(kind, properties):
            yield f"{name}.{path}", kind


def _paths(kind: str, properties: Mapping[str, Any]) -> Iterable[str]:
    if kind in _HEEDED:
        yield from sorted(set(properties) - _HEEDED[kind])
    yield from sorted(set(properties) & _DROPPED.get(kind, set()))
    if kind == "AWS::S3::Bucket":
        yield from _other_parts(properties, "NotificationConfiguration", {"EventBridgeConfiguration"})
    if kind == "AWS::ECS::TaskDefinition":
        yield from _other_parts(properties, "ContainerDefinitions", _HEEDED_OF_CONTAINERS)
    if kind == "AWS::StepFunctions::StateMachineAlias":
        yield from _other_parts(properties, "DeploymentPreference", {"StateMachineVersionArn"})
    if kind == "AWS::Events::Rule" and "RetryPolicy" in _parts(properties.get("Targets")):
        yield "Targets.RetryPolicy"
    if str(properties.get("ScheduleExpression", "")).startswith("cron"):
        yield "ScheduleExpression"


def _other_parts(properties: Mapping[str, Any], name: str, heeded: set[str]) -> Iterable[str]:
    return [f"{name}.{part}" for part in sorted(_parts(properties.get(name)) - heeded)]


def _parts(value: Any) -> set[str]:
    """Return the names in an object, or in the objects of a list."""
    objects = value if isinstance(value, list) else [value]
    return {name for each in objects if isinstance(each, dict) for name in each}
