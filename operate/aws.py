"""AWS, or the local engine in its place."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from operate.errors import NotDone

LOCAL_STACK = "local"
_LOCAL_REGION = "us-east-1"


class Outputs(dict[str, str]):
    """A stack's outputs by name. One that is not there raises NotDone, which tells the stack's status."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        super().__init__({each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])})
        self._stack, self._status = described["StackName"], described["StackStatus"]

    def __missing__(self, name: str) -> str:
        raise NotDone(f"The stack {self._stack} has no output {name}: it is {self._status}.")


class Aws:
    """Clients of AWS as this machine is configured for it, or of the local engine at an endpoint.

    Attributes:
        is_local: whether it is the engine.

    """

    def __init__(self, endpoint: str | None = None) -> None:
        self.is_local = endpoint is not None
        self._session, self._more = boto3.Session(), {}
        if endpoint:
            self._session = boto3.Session("local", "local", region_name=_LOCAL_REGION)
            # Where nothing listens, trying again only takes time.
            config = Config(proxies={}, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
            self._more = {"endpoint_url": endpoint, "config": config}

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of a service; without a region that of the configuration."""
        return self._session.client(service, region_name=region, **self._more)

    def outputs(self, stack: str) -> Outputs:
        """Return a stack's outputs by name."""
        (described,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return Outputs(described)
