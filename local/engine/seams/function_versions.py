"""Versions and aliases of functions, made by CloudFormation.

moto: makes versions that tell neither their ARN (Ref) nor their number (GetAtt), and no aliases.
Here: they tell both, and aliases are made.
Upstream: no issue found.
"""

from typing import Any

from moto.awslambda.models import LambdaVersion, lambda_backends
from moto.core.common_models import CloudFormationModel

from local.engine.seams.patching import add, replace


def install() -> None:
    """Make both."""
    replace(LambdaVersion, "create_from_cloudformation_json", classmethod(_create_version))
    add(LambdaVersion, "get_cfn_attribute", _attribute)


def _create_version(
    cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> Any:
    properties = cloudformation_json["Properties"]
    backend: Any = lambda_backends[account_id][region_name]
    function = backend.publish_version(properties["FunctionName"], properties.get("Description", ""))
    version = cls({"Version": function.version})
    version.physical_resource_id = function.function_arn
    return version


def _attribute(self: Any, name: str) -> str:
    return str(self.version) if name == "Version" else str(self.physical_resource_id)


class _FunctionAlias(CloudFormationModel):
    """AWS::Lambda::Alias."""

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::Alias"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "AliasArn"

    def get_cfn_attribute(self, _attribute: str) -> str:
        return self.physical_resource_id

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        backend: Any = lambda_backends[account_id][region_name]
        alias = backend.create_alias(
            properties["Name"],
            properties["FunctionName"],
            str(properties["FunctionVersion"]),
            properties.get("Description", ""),
            properties.get("RoutingConfig", ""),
        )
        return cls(alias.arn)
