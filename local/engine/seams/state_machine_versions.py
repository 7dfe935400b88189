"""Versions and aliases of state machines.

moto: CloudFormation makes neither, and GetAtt tells no revision; StartExecution knows no alias, and what a version
starts is not found again; ListStateMachineVersions is missing.
Here: both are made; an alias starts the version that its routing gives, by its weights, with that version's definition
and role; executions, and the events that tell of them, name the version and the alias that they were started by. A
deployment preference shifts no traffic: there is nothing to shift it from.
Upstream: no issue found.
"""

import copy
import hashlib
import random
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ResourceNotFound, StateMachineDoesNotExist
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from local.engine.seams.patching import add, original, replace

_REVISION = "StateMachineRevisionId"
_PARTS_OF_AN_ARN = 7  # arn:aws:states:REGION:ACCOUNT:stateMachine:NAME; what comes after it qualifies
_has_attribute = original(StateMachine, "has_cfn_attr")
_attribute = StateMachine.get_cfn_attribute


def install() -> None:
    """Start what aliases and versions name."""
    replace(StateMachine, "has_cfn_attr", classmethod(_has_attribute_or_revision))
    replace(StateMachine, "get_cfn_attribute", _attribute_or_revision)
    replace(StepFunctionsParserBackend, "start_execution", _qualified(StepFunctionsParserBackend.start_execution))
    add(StepFunctionResponse, "list_state_machine_versions", _list_versions_response)


def started_by(execution: Any) -> dict[str, str]:
    """Return the version and the alias that an execution was started by, as the API names them."""
    started: dict[str, str] = getattr(execution.state_machine, "started_by", {})
    return started


def _has_attribute_or_revision(cls: Any, attribute: str) -> bool:
    return attribute == _REVISION or bool(_has_attribute(cls, attribute))


def _attribute_or_revision(self: Any, attribute: str) -> Any:
    if attribute == _REVISION:
        return hashlib.sha256(f"{self.definition}\n{self.roleArn}".encode()).hexdigest()[:32]
    return _attribute(self, attribute)


def _qualified(start: Any) -> Any:
    def start_execution(self: Any, state_machine_arn: str, *arguments: Any, **named: Any) -> Any:
        machine_arn, qualifier = _split(state_machine_arn)
        if qualifier:
            self = _BackendOfOneMachine(self, _as_qualified(self, machine_arn, qualifier))
        return start(self, state_machine_arn, *arguments, **named)

    return start_execution


class _BackendOfOneMachine:
    """moto's backend, for whom every state machine is this one."""

    def __init__(self, backend: Any, machine: Any) -> None:
        self._backend, self._machine = backend, machine

    def describe_state_machine(self, _arn: str) -> Any:
        return self._machine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


def _as_qualified(backend: Any, machine_arn: str, qualifier: str) -> Any:
    """Return a state machine as a version of it was, with the executions of all of them."""
    machine = backend.describe_state_machine(machine_arn)
    started_by = {}
    version_arn = f"{machine_arn}:{qualifier}"
    if not qualifier.isdecimal():
        started_by["stateMachineAliasArn"] = version_arn
        version_arn = _routed(backend, version_arn)
    version = backend.describe_state_machine(version_arn)
    as_it_was = copy.copy(machine)
    as_it_was.definition, as_it_was.roleArn = version.definition, version.roleArn
    as_it_was.started_by = {**started_by, "stateMachineVersionArn": version_arn}
    return as_it_was


def _routed(backend: Any, alias_arn: str) -> str:
    try:
        routes = backend.describe_state_machine_alias(alias_arn).routing_configuration
    except ResourceNotFound as error:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{alias_arn}'") from error
    (route,) = random.choices(routes, weights=[float(each["weight"]) for each in routes])  # noqa: S311 - a share
    return str(route["stateMachineVersionArn"])


def _split(arn: str) -> tuple[str, str]:
    parts = arn.split(":")
    return ":".join(parts[:_PARTS_OF_AN_ARN]), ":".join(parts[_PARTS_OF_AN_ARN:])


def _list_versions_response(self: Any) -> ActionResult:
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    newest_first = [machine.versions[number] for number in sorted(machine.versions, reverse=True)]
    listed = [{"stateMachineVersionArn": each.arn, "creationDate": each.creation_date} for each in newest_first]
    return ActionResult({"stateMachineVersions": listed})


class _Made(CloudFormationModel):
    """A resource that CloudFormation knows by its ARN."""

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, _attribute: str) -> str:
        return self.physical_resource_id


class _Version(_Made, CloudFormationModel):
    """AWS::StepFunctions::StateMachineVersion."""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::StepFunctions::StateMachineVersion"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        backend: Any = stepfunctions_parser_backends[account_id][region_name]
        machine = backend.describe_state_machine(properties["StateMachineArn"])
        machine.publish(properties.get("Description"))
        return cls(machine.latest_version.arn)


class _Alias(_Made, CloudFormationModel):
    """AWS::StepFunctions::StateMachineAlias."""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::StepFunctions::StateMachineAlias"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        backend: Any = stepfunctions_parser_backends[account_id][region_name]
        if preference := properties.get("DeploymentPreference"):
            routes = [{"stateMachineVersionArn": preference["StateMachineVersionArn"], "weight": 100}]
        else:
            routes = [
                {"stateMachineVersionArn": each["StateMachineVersionArn"], "weight": int(each["Weight"])}
                for each in properties["RoutingConfiguration"]
            ]
        name = properties.get("Name", resource_name)
        return cls(backend.create_state_machine_alias(name, routes, properties.get("Description")).arn)
