"""The AWS clients: made on first use, kept for the life of the process so that a warm function reuses them.

Credentials, region and endpoint are boto3's own business (role, AWS_REGION, AWS_ENDPOINT_URL).
"""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# Single calls are repeated here; everything above a call is repeated by the state machine.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=3,
    read_timeout=15,
)


@cache
def _session() -> boto3.Session:
    return boto3.Session()


@cache
def s3_client() -> Any:
    """Return the process's S3 client."""
    return _session().client("s3", config=_CONFIG)


@cache
def dynamodb_resource() -> Any:
    """Return the process's DynamoDB resource, which takes and gives plain Python values (numbers as Decimal)."""
    return _session().resource("dynamodb", config=_CONFIG)


def forget_clients() -> None:
    """Drop the session and its clients, so that the next call sees changed credentials or endpoints."""
    for made in (_session, s3_client, dynamodb_resource):
        made.cache_clear()
