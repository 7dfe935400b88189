"""The policies of a deployed template: of its roles, buckets, queues, topics and functions."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from local.engine.permissions.statements import Policies, RolePolicies, Statement, StatementId

TRUST, RESOURCE = "trust", "resource"
# Policies of resources, by their type: which property names what they are for.
RESOURCE_POLICIES = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::SNS::TopicPolicy": "Topics",
}
# Every type whose properties are read.
WITH_POLICIES = {
    *RESOURCE_POLICIES,
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
}


@dataclass(frozen=True)
class Deployed:
    """A resource of the stack: every reference in `properties` is resolved; those of other types aren't read."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    physical_id: str


def policies_of(
    resources: Iterable[Deployed], *, account: str, region: str, policy_elsewhere: Callable[[str], str | None]
) -> Policies:
    """Return the policies that a stack's resources make up.

    `policy_elsewhere` tells the policy, as JSON, that a resource which isn't the template's was given by its API.
    """

    def elsewhere(arn: str) -> list[Statement]:
        return statements(arn, RESOURCE, json.loads(policy_elsewhere(arn) or '{"Statement": []}'))

    return _Reading(list(resources), account, region).policies(elsewhere)


class _Reading:
    def __init__(self, resources: list[Deployed], account: str, region: str) -> None:
        self._resources = resources
        self._account = account
        self._region = region

    def policies(self, elsewhere: Callable[[str], Iterable[Statement]]) -> Policies:
        roles = [self._role(each) for each in self._of("AWS::IAM::Role")]
        return Policies(roles, self._resource_policies(), elsewhere)

    def _of(self, *types: str) -> Iterator[Deployed]:
        return (each for each in self._resources if each.type in types)

    def _role(self, role: Deployed) -> RolePolicies:
        trust = statements(role.logical_id, TRUST, role.properties["AssumeRolePolicyDocument"])
        identity: list[Statement] = []
        for policy in role.properties.get("Policies", []):
            identity += statements(role.logical_id, policy["PolicyName"], policy["PolicyDocument"])
        for policy_resource in self._of("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            attached = role.properties.get("ManagedPolicyArns", [])
            if (
                role.physical_id in policy_resource.properties.get("Roles", [])
                or policy_resource.physical_id in attached
            ):
                document = policy_resource.properties["PolicyDocument"]
                identity += statements(role.logical_id, policy_resource.logical_id, document)
        for arn in role.properties.get("ManagedPolicyArns", []):
            identity += _managed_by_aws(role.logical_id, arn)
        return RolePolicies(
            logical_id=role.logical_id,
            arn=f"arn:aws:iam::{self._account}:role/{role.physical_id}",
            trust=tuple(trust),
            identity=tuple(identity),
        )

    def _resource_policies(self) -> dict[str, list[Statement]]:
        found: dict[str, list[Statement]] = {}
        for policy in self._of(*RESOURCE_POLICIES):
            named = policy.properties[RESOURCE_POLICIES[policy.type]]
            for physical_id in [named] if isinstance(named, str) else named:
                said = statements(policy.logical_id, RESOURCE, policy.properties["PolicyDocument"])
                found.setdefault(self._arn(policy.type, physical_id), []).extend(said)
        for permission in self._of("AWS::Lambda::Permission"):
            arn = self._function_arn(permission.properties["FunctionName"])
            found.setdefault(arn, []).append(self._permission(permission, arn))
        return found

    def _arn(self, policy_type: str, physical_id: str) -> str:
        if policy_type == "AWS::S3::BucketPolicy":
            return f"arn:aws:s3:::{physical_id}"
        if policy_type == "AWS::SQS::QueuePolicy":  # a queue's physical id is its URL
            return f"arn:aws:sqs:{self._region}:{self._account}:{physical_id.rsplit('/', 1)[-1]}"
        return physical_id

    def _function_arn(self, name: str) -> str:
        arn = name if name.startswith("arn:") else f"arn:aws:lambda:{self._region}:{self._account}:function:{name}"
        return ":".join(arn.split(":")[:7])

    def _permission(self, permission: Deployed, function_arn: str) -> Statement:
        given = permission.properties
        conditions = {"ArnLike": {"aws:SourceArn": given["SourceArn"]}} if "SourceArn" in given else {}
        if "SourceAccount" in given:
            conditions["StringEquals"] = {"aws:SourceAccount": given["SourceAccount"]}
        body = {
            "Effect": "Allow",
            "Principal": {"Service": given["Principal"]},
            "Action": given["Action"],
            "Resource": [function_arn, f"{function_arn}:*"],
            **({"Condition": conditions} if conditions else {}),
        }
        return Statement(StatementId(permission.logical_id, RESOURCE, "#1"), body)


def statements(holder: str, policy: str, document: Mapping[str, Any]) -> list[Statement]:
    """Return a policy's statements, each with its name."""
    listed = document["Statement"]
    return [
        Statement(StatementId(holder, policy, str(body.get("Sid") or f"#{position}")), body)
        for position, body in enumerate([listed] if isinstance(listed, Mapping) else listed, start=1)
    ]


@cache
def _documents_of_aws() -> dict[str, Any]:
    documents: dict[str, Any] = json.loads(aws_managed_policies_data)
    return documents


def _managed_by_aws(holder: str, arn: str) -> list[Statement]:
    # what a policy of another account's or of this one's says isn't in the template
    found = _documents_of_aws().get(arn.rsplit("/", 1)[-1])
    return statements(holder, arn, found["Document"]) if found else []
