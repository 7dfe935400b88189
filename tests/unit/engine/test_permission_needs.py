"""What requests of AWS's services need: actions, resources and condition keys."""

from typing import Any

import pytest

from local.engine.permissions.calls import Need
from local.engine.permissions.facts import TaskDefinition
from local.engine.permissions.needs import needs_of, state_machine_need
from local.engine.permissions.requests import AwsRequest

ACCOUNT, REGION = "123456789012", "eu-west-1"
OF_ACCOUNT = f"{REGION}:{ACCOUNT}"
ROLES = ("arn:aws:iam::123456789012:role/execution", "arn:aws:iam::123456789012:role/task")


class Facts:
    """A bucket whose tagged/ objects have tags, a table with the key `id`, a task definition with two roles."""

    def has_tags(self, bucket: str, key: str, version_id: str | None) -> bool:
        return key.startswith("tagged/")

    def task_definition(self, given: str) -> TaskDefinition:
        return TaskDefinition(f"arn:aws:ecs:{OF_ACCOUNT}:task-definition/pack:7", ROLES)

    def hash_key(self, table: str) -> str | None:
        return "id"

    def policy_of(self, arn: str) -> str | None:
        return None


def needed(service: str, operation: str, parameters: dict[str, Any]) -> list[Need]:
    model: Any = None
    request = AwsRequest(service, operation, REGION, parameters, model, "json")
    return needs_of(request, account=ACCOUNT, facts=Facts())


def short(needs: list[Need]) -> list[str]:
    return [f"{need.action} {need.resource.replace(OF_ACCOUNT, '')}" for need in needs]


B = {"Bucket": "b"}
K = {**B, "Key": "in/a+b 100%.wav"}
OBJECT = "arn:aws:s3:::b/in/a+b 100%.wav"


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("GetObject", K, [f"s3:GetObject {OBJECT}"]),
        ("GetObject", {**K, "VersionId": "v"}, [f"s3:GetObjectVersion {OBJECT}"]),
        ("HeadObject", K, [f"s3:GetObject {OBJECT}"]),
        ("HeadObject", {**K, "VersionId": "v"}, [f"s3:GetObjectVersion {OBJECT}"]),
        ("GetObjectTagging", {**K, "VersionId": "v"}, [f"s3:GetObjectVersionTagging {OBJECT}"]),
        ("PutObject", K, [f"s3:PutObject {OBJECT}"]),
        ("PutObject", {**K, "Tagging": "a=b"}, [f"s3:PutObject {OBJECT}", f"s3:PutObjectTagging {OBJECT}"]),
        ("PutObject", {**K, "ACL": "private"}, [f"s3:PutObject {OBJECT}", f"s3:PutObjectAcl {OBJECT}"]),
        ("CreateMultipartUpload", K, [f"s3:PutObject {OBJECT}"]),
        ("UploadPart", K, [f"s3:PutObject {OBJECT}"]),
        ("CompleteMultipartUpload", K, [f"s3:PutObject {OBJECT}"]),
        ("AbortMultipartUpload", K, [f"s3:AbortMultipartUpload {OBJECT}"]),
        ("ListParts", K, [f"s3:ListMultipartUploadParts {OBJECT}"]),
        ("DeleteObject", K, [f"s3:DeleteObject {OBJECT}"]),
        ("DeleteObject", {**K, "VersionId": "v"}, [f"s3:DeleteObjectVersion {OBJECT}"]),
        (
            "DeleteObjects",
            {**B, "Delete": {"Objects": [{"Key": "x"}, {"Key": "y", "VersionId": "v"}]}},
            ["s3:DeleteObject arn:aws:s3:::b/x", "s3:DeleteObjectVersion arn:aws:s3:::b/y"],
        ),
        ("ListObjectsV2", B, ["s3:ListBucket arn:aws:s3:::b"]),
        ("HeadBucket", B, ["s3:ListBucket arn:aws:s3:::b"]),
        ("ListObjectVersions", B, ["s3:ListBucketVersions arn:aws:s3:::b"]),
        ("ListBuckets", {}, ["s3:ListBuckets *"]),
        (
            "CopyObject",
            {**K, "CopySource": "other/na%C3%AFve%2B.wav?versionId=v"},
            ["s3:GetObjectVersion arn:aws:s3:::other/naïve+.wav", f"s3:PutObject {OBJECT}"],
        ),
        (
            "CopyObject",
            {**K, "CopySource": "other/tagged/x"},
            [
                "s3:GetObject arn:aws:s3:::other/tagged/x",
                f"s3:PutObject {OBJECT}",
                "s3:GetObjectTagging arn:aws:s3:::other/tagged/x",
                f"s3:PutObjectTagging {OBJECT}",
            ],
        ),
        (
            "CopyObject",
            {**K, "CopySource": "other/tagged/x", "TaggingDirective": "REPLACE"},
            ["s3:GetObject arn:aws:s3:::other/tagged/x", f"s3:PutObject {OBJECT}"],
        ),
        (
            "UploadPartCopy",
            {**K, "CopySource": "other/tagged/x"},
            ["s3:GetObject arn:aws:s3:::other/tagged/x", f"s3:PutObject {OBJECT}"],
        ),
    ],
)
def test_given_a_request_of_s3_then_it_needs_what_aws_documents(
    operation: str, parameters: dict[str, Any], expected: list[str]
) -> None:
    assert short(needed("s3", operation, parameters)) == expected


TABLE = "arn:aws:dynamodb::table/t"
TASK = "arn:aws:ecs::task/c/1"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("dynamodb", "GetItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}, [f"dynamodb:GetItem {TABLE}"]),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, [f"dynamodb:Query {TABLE}/index/i"]),
        (
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"t": [], "u": []}},
            [f"dynamodb:BatchWriteItem {TABLE}", "dynamodb:BatchWriteItem arn:aws:dynamodb::table/u"],
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "t"}}]},
            [f"dynamodb:PutItem {TABLE}", f"dynamodb:ConditionCheckItem {TABLE}"],
        ),
        ("lambda", "Invoke", {"FunctionName": "f"}, ["lambda:InvokeFunction arn:aws:lambda::function:f"]),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f", "Qualifier": "live"},
            ["lambda:InvokeFunction arn:aws:lambda::function:f:live"],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": f"arn:aws:lambda:{OF_ACCOUNT}:function:f:live"},
            ["lambda:InvokeFunction arn:aws:lambda::function:f:live"],
        ),
        ("ecs", "StopTask", {"cluster": "c", "task": "1"}, [f"ecs:StopTask {TASK}"]),
        ("ecs", "DescribeTasks", {"cluster": "c", "tasks": ["1", "2"]},
         [f"ecs:DescribeTasks {TASK}", "ecs:DescribeTasks arn:aws:ecs::task/c/2"]),
        (
            "ecs",
            "RunTask",
            {"cluster": "c", "taskDefinition": "pack"},
            [
                "ecs:RunTask arn:aws:ecs::task-definition/pack:7",
                f"iam:PassRole {ROLES[0]}",
                f"iam:PassRole {ROLES[1]}",
            ],
        ),
        ("events", "PutEvents", {"Entries": [{"Source": "s"}]}, ["events:PutEvents arn:aws:events::event-bus/default"]),
        ("events", "PutRule", {"Name": "r"}, ["events:PutRule arn:aws:events::rule/r"]),
        ("events", "PutTargets", {"Rule": "r", "EventBusName": "b"}, ["events:PutTargets arn:aws:events::rule/b/r"]),
        ("states", "StartExecution", {"stateMachineArn": f"{MACHINE}:live"},
         ["states:StartExecution arn:aws:states::stateMachine:m"]),
        ("states", "DescribeExecution", {"executionArn": f"arn:aws:states:{OF_ACCOUNT}:execution:m:1"},
         ["states:DescribeExecution arn:aws:states::execution:m:1"]),
        ("sqs", "SendMessageBatch", {"QueueUrl": "http://127.0.0.1:1/123456789012/q"},
         ["sqs:SendMessage arn:aws:sqs::q"]),
        ("sns", "Publish", {"TopicArn": f"arn:aws:sns:{OF_ACCOUNT}:t"}, ["sns:Publish arn:aws:sns::t"]),
        ("kms", "ListKeys", {}, ["kms:ListKeys *"]),
    ],
)  # fmt: skip
def test_given_a_request_then_it_needs_what_aws_documents(
    service: str, operation: str, parameters: dict[str, Any], expected: list[str]
) -> None:
    assert short(needed(service, operation, parameters)) == expected


def test_given_a_task_that_is_run_then_its_needs_have_their_condition_keys() -> None:
    run, *passes, tag = needed(
        "ecs",
        "RunTask",
        {"cluster": "c", "taskDefinition": "pack:7", "tags": [{"key": "k", "value": "v"}],
         "overrides": {"taskRoleArn": "arn:aws:iam::123456789012:role/other"}},
    )  # fmt: skip

    assert run.context == {"ecs:cluster": f"arn:aws:ecs:{OF_ACCOUNT}:cluster/c"}
    assert [each.resource.rpartition("/")[2] for each in passes] == ["execution", "other", "task"]
    assert {each.context["iam:PassedToService"] for each in passes} == {"ecs-tasks.amazonaws.com"}
    assert (tag.action, tag.context) == ("ecs:TagResource", {"ecs:CreateAction": "RunTask", "aws:TagKeys": ["k"]})


def test_given_items_then_the_partition_keys_values_are_known() -> None:
    (need,) = needed("dynamodb", "PutItem", {"TableName": "t", "Item": {"id": {"S": "1"}, "x": {"N": "2"}}})

    assert need.context == {"dynamodb:LeadingKeys": ["1"]}


def test_given_a_listing_then_its_prefix_is_known() -> None:
    (need,) = needed("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "in/", "Delimiter": "/", "MaxKeys": 3})

    assert need.context == {"s3:prefix": "in/", "s3:delimiter": "/", "s3:max-keys": "3"}


def test_given_an_alias_of_a_state_machine_then_the_machine_is_what_is_authorized_and_the_alias_a_condition() -> None:
    need = state_machine_need("states:StartExecution", f"{MACHINE}:live")

    assert (need.resource, need.context) == (MACHINE, {"states:StateMachineQualifier": "live"})
