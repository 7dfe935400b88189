"""The ARN of a log group in a template.

moto: `Fn::GetAtt: [Group, Arn]` is the group's ARN as the API tells it, `...:log-group:NAME`.
Here: it ends in `:*`, as CloudFormation's does, so that a policy that names it is about the group's streams.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html (Return values)
Upstream: no issue found.
"""

from typing import Any

from moto.logs.models import LogGroup

from local.engine.seams.patching import replace

_attribute = LogGroup.get_cfn_attribute


def install() -> None:
    """End ARNs like this."""
    replace(LogGroup, "get_cfn_attribute", _get_cfn_attribute)


def _get_cfn_attribute(self: Any, attribute: str) -> Any:
    value = _attribute(self, attribute)
    return f"{value}:*" if attribute == "Arn" and not str(value).endswith(":*") else value
