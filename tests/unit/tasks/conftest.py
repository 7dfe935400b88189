"""S3 and DynamoDB in the process (moto), the Lambda context, the log."""

import io
import json
import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

# The handlers read their environment when they are imported.
os.environ.setdefault("TABLE_NAME", "Recordings")

from shared.clients import dynamodb_resource, forget_clients, s3_client
from shared.observability import logger

BUCKET = "recordings"
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:ProcessRecording:first"
RECORDING_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def credentials() -> Iterator[None]:
    """Let boto3 find credentials that are none; the clients made with them serve all tests, as in a warm function."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_REGION", "eu-west-1")
        forget_clients()
        yield
    forget_clients()


@pytest.fixture
def aws(credentials: None) -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def s3(aws: None) -> Any:
    client = s3_client()
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def table(aws: None) -> Any:
    return dynamodb_resource().create_table(
        TableName=os.environ["TABLE_NAME"],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "item", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture
def upload(s3: Any) -> Callable[..., dict[str, Any]]:
    """Put an object and return the task event that stands for it."""

    def put(key: str, body: bytes, metadata: dict[str, str] | None = None) -> dict[str, Any]:
        answer = s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata or {})
        return {
            "recordingId": RECORDING_ID,
            "executionArn": EXECUTION,
            "bucket": BUCKET,
            "key": key,
            "versionId": answer["VersionId"],
            "sizeBytes": len(body),
        }

    return put


@pytest.fixture
def lambda_context() -> Any:
    return SimpleNamespace(
        function_name="Task",
        function_version="1",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:Task",
        aws_request_id="5c1f5b0e-7a0c-4a3c-9a0e-7d0c1b2a3f4d",
        get_remaining_time_in_millis=lambda: 30_000,
    )


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """Return the lines that the tasks have logged."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
