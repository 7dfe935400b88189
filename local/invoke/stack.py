"""The deployed stack that a function is invoked in: that of `make up`, or one of the call's own."""

import base64
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from local.engine import Engine
from local.engine.child_environment import ChildEnvironment
from local.invoke.build import PROJECT
from local.invoke.emulator import BuiltFunction
from local.invoke.errors import InvokeError
from local.invoke.log import Log
from operate.aws import LOCAL_STACK, Aws

_REGION = "us-east-1"
UPLOAD_RULE = "ProcessRecordingRecordingUploaded"


class Stack:
    """A stack on an engine, through its endpoint alone: the engine may be another process's."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._aws = Aws(endpoint)
        outputs = self._aws.outputs(LOCAL_STACK)
        self.bucket = outputs["RecordingsBucketName"]
        self.table = outputs["RecordingsTableName"]
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return a client of the engine."""
        return self._clients.setdefault(service, self._aws.client(service))

    def physical_id(self, logical_id: str) -> str:
        """Return what a resource is called in the stack."""
        described = self.client("cloudformation").describe_stack_resource(
            StackName=LOCAL_STACK, LogicalResourceId=logical_id
        )
        return str(described["StackResourceDetail"]["PhysicalResourceId"])

    def function(self, logical_id: str, built: Path) -> BuiltFunction:
        """Return a function as it is deployed here, with its code from a build."""
        deployed = self.client("lambda").get_function_configuration(FunctionName=self.physical_id(logical_id))
        variables = deployed.get("Environment", {}).get("Variables", {})
        own = {name: str(value) for name, value in variables.items()}  # moto keeps numbers
        return BuiltFunction(
            name=deployed["FunctionName"],
            code=built / logical_id,
            handler=deployed["Handler"],
            environment=ChildEnvironment(_REGION, self.endpoint).around(own),
            timeout=deployed["Timeout"],
            memory=deployed["MemorySize"],
        )

    def invoke(self, logical_id: str, event: bytes, log: Log) -> bytes:
        """Have the engine run the function, from its source: what it returns, or Lambda's JSON of its error."""
        answer = self.client("lambda").invoke(FunctionName=self.physical_id(logical_id), Payload=event, LogType="Tail")
        log.write(base64.b64decode(answer.get("LogResult", "")) + b"\n")
        payload: bytes = answer["Payload"].read()
        return payload

    def start_nothing_on_uploads(self) -> None:
        """Disable the rule that starts the workflow."""
        self.client("events").disable_rule(Name=self.physical_id(UPLOAD_RULE))


@contextlib.contextmanager
def stack_in(endpoint: str | None, port: int, *, with_workflow: bool) -> Iterator[tuple[Stack, str]]:
    """Give a stack while the block lasts, and say which one it is.

    Args:
        endpoint: an engine's; it must answer.
        port: without an endpoint, where `make up` listens if it runs; else an engine is started for the block.
        with_workflow: whether uploads are to start the workflow in an engine of the block's own.

    Raises:
        InvokeError: the endpoint doesn't answer, or what answers has no such stack.
        EngineError: an engine can't be started.

    """
    running = _running(endpoint or f"http://127.0.0.1:{port}")
    if running:
        yield running, f"the engine at {running.endpoint}"
        return
    if endpoint:
        raise InvokeError(f"Nothing answers at {endpoint} (AWS_ENDPOINT_URL).")
    Engine.stop_on_signals()
    with Engine.deploy(PROJECT / "template.yaml") as engine:
        stack = Stack(engine.endpoint)
        if not with_workflow:
            stack.start_nothing_on_uploads()
        yield stack, "an engine of its own (`make up` doesn't run)"


def _running(endpoint: str) -> Stack | None:
    try:
        return Stack(endpoint)
    except EndpointConnectionError:
        return None
    except (BotoCoreError, ClientError, KeyError) as error:
        raise InvokeError(f"What answers at {endpoint} is not this project's engine: {error}") from error


def endpoint_of_environment() -> str | None:
    """Return the engine's address that AWS_ENDPOINT_URL names, as the AWS CLI reads it."""
    return os.environ.get("AWS_ENDPOINT_URL")
