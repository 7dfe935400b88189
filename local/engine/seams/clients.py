"""The interpreter's own AWS clients.

moto: `boto_client_for` builds a client for every single call (50 ms and more, and boto3's default session
is not thread-safe) against `http://localhost:$MOTO_PORT`, read from the environment.
Here: one client per service and region, made under a lock, against the engine's port at the time of the
call.
Upstream: no issue; it is how the module came over from LocalStack.
"""

import threading
from typing import Any

from botocore.config import Config
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
    state_task_service_ecs,
    state_task_service_events,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
    state_task_service_unsupported,
)
from moto.stepfunctions.parser.asl.utils import boto_client

from local.engine.clients import make_client
from local.engine.seams import host
from local.engine.seams.patching import replace

_CALLERS = (
    boto_client,
    lambda_eval_utils,
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
    state_task_service_ecs,
    state_task_service_events,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
    state_task_service_unsupported,
)
_CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1, "mode": "standard"},  # the state machine's Retry does that
    connect_timeout=60,
    read_timeout=86_400,
    max_pool_connections=64,
)
_lock = threading.Lock()
_clients: dict[tuple[int, str, str], Any] = {}


def install() -> None:
    """Give the interpreter these clients."""
    for module in _CALLERS:
        replace(module, "boto_client_for", client_for)


def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    """Return the client of the engine that runs now; moto's `state_credentials` don't matter to moto."""
    port = host.current().port
    with _lock:
        key = (port, service, region)
        if key not in _clients:
            _clients[key] = make_client(service, region=region, port=port, config=_CONFIG)
        return _clients[key]
