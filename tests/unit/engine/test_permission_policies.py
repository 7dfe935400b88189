"""The policies that a template deploys: whose they are, and how their statements are named."""

from typing import Any

import pytest

from local.engine.permissions.deployed import Deployed, policies_of
from local.engine.permissions.statements import Policies, StatementId

ACCOUNT, REGION = "123456789012", "eu-west-1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/stack-Role-X"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:stack-Queue-X"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:stack-Function-X"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str | None, action: str) -> dict[str, Any]:
    return {**({"Sid": sid} if sid else {}), "Effect": "Allow", "Action": action, "Resource": "*"}


def role(**properties: Any) -> Deployed:
    given = {"AssumeRolePolicyDocument": document(allow(None, "sts:AssumeRole")), **properties}
    return Deployed("Role", "AWS::IAM::Role", given, "stack-Role-X")


def read(*resources: Deployed, elsewhere: str | None = None) -> Policies:
    return policies_of(resources, account=ACCOUNT, region=REGION, policy_elsewhere=lambda arn: elsewhere)


def names(policies: Policies) -> list[str]:
    return [str(statement.id) for statement in policies.statements()]


def test_given_a_role_then_its_trust_and_all_its_policies_are_read() -> None:
    inline = [{"PolicyName": "inline", "PolicyDocument": document(allow("First", "s3:GetObject"), allow(None, "s3:*"))}]
    attached = {"PolicyName": "p", "Roles": ["stack-Role-X"], "PolicyDocument": document(allow("More", "sqs:*"))}
    of_others = {**attached, "Roles": ["another"]}

    policies = read(
        role(Policies=inline, ManagedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]),
        Deployed("Attached", "AWS::IAM::Policy", attached, "x"),
        Deployed("OfOthers", "AWS::IAM::Policy", of_others, "y"),
    )

    assert names(policies) == [
        "Role/trust/#1",
        "Role/inline/First",
        "Role/inline/#2",
        "Role/Attached/More",
        "Role/arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole/#1",
    ]
    assert [each.is_of_aws for each in policies.identity_of(ROLE_ARN)] == [False, False, False, True]
    assert policies.identity_of("arn:aws:iam::123456789012:role/unknown") == []


def test_given_a_managed_policy_of_the_template_then_the_roles_that_name_it_have_it() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/stack-Shared"
    shared = Deployed("Shared", "AWS::IAM::ManagedPolicy", {"PolicyDocument": document(allow("One", "s3:*"))}, arn)

    policies = read(role(ManagedPolicyArns=[arn]), shared)

    assert names(policies) == ["Role/trust/#1", "Role/Shared/One"]


def test_given_policies_of_resources_then_they_are_found_by_what_they_are_for() -> None:
    bucket_policy = {"Bucket": "stack-bucket-x", "PolicyDocument": document(allow("OfBucket", "s3:*"))}
    queue_policy = {"Queues": ["http://127.0.0.1:1/1/stack-Queue-X"], "PolicyDocument": document(allow("Q", "sqs:*"))}
    permission = {
        "FunctionName": "stack-Function-X",
        "Principal": "events.amazonaws.com",
        "Action": "lambda:InvokeFunction",
        "SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/r",
    }

    policies = read(
        Deployed("Bucket", "AWS::S3::Bucket", {}, "stack-bucket-x"),
        Deployed("BucketPolicy", "AWS::S3::BucketPolicy", bucket_policy, "BucketPolicy"),
        Deployed("Queue", "AWS::SQS::Queue", {}, "http://127.0.0.1:1/1/stack-Queue-X"),
        Deployed("QueuePolicy", "AWS::SQS::QueuePolicy", queue_policy, "QueuePolicy"),
        Deployed("Function", "AWS::Lambda::Function", {}, "stack-Function-X"),
        Deployed("Permission", "AWS::Lambda::Permission", permission, "x"),
    )

    assert names(policies) == ["BucketPolicy/resource/OfBucket", "QueuePolicy/resource/Q", "Permission/resource/#1"]
    for arn in ("arn:aws:s3:::stack-bucket-x", "arn:aws:s3:::stack-bucket-x/a/b:c"):
        assert [each.id.name for each in policies.of_resource(arn)] == ["OfBucket"]
    assert [each.id.name for each in policies.of_resource(QUEUE_ARN)] == ["Q"]
    for arn in (FUNCTION_ARN, f"{FUNCTION_ARN}:live"):
        (statement,) = policies.of_resource(arn)
        assert statement.body["Condition"] == {"ArnLike": {"aws:SourceArn": permission["SourceArn"]}}


def test_given_a_resource_that_is_not_the_template_s_then_its_own_policy_counts() -> None:
    policies = read(elsewhere='{"Statement": [{"Sid": "Own", "Effect": "Allow"}]}')

    assert [each.id.name for each in policies.of_resource(QUEUE_ARN)] == ["Own"]
    assert read().of_resource(QUEUE_ARN) == []


def test_given_a_statement_that_is_dropped_or_changed_then_it_is_so_while_the_block_lasts() -> None:
    policies = read(
        role(Policies=[{"PolicyName": "p", "PolicyDocument": document(allow("A", "s3:*"), allow("B", "x:*"))}])
    )
    first = StatementId("Role", "p", "A")

    with policies.without(first):
        assert [each.id.name for each in policies.identity_of(ROLE_ARN)] == ["B"]
    with policies.changed(first, allow("A", "sqs:*")):
        assert policies.identity_of(ROLE_ARN)[0].body["Action"] == "sqs:*"
    assert policies.identity_of(ROLE_ARN)[0].body["Action"] == "s3:*"
    with pytest.raises(KeyError, match="Role/p/C"), policies.without(StatementId("Role", "p", "C")):
        pass
