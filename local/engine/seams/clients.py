"""The interpreter's own AWS clients.

moto: `boto_client_for` builds a client for every single call (50 ms and more, and boto3's default session
is not thread-safe) against `http://localhost:$MOTO_PORT`, read from the environment.
Here: one client per service, region and session, made under a lock, against the engine's port at the time of the
call. Where permissions are enforced, calls are signed with the credentials of the role that the state acts under, and
tell for which state they are made.
Upstream: no issue; it is how the module came over from LocalStack.
"""

import threading
from typing import Any
from urllib.parse import quote

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
from local.engine.permissions.permissions import Session
from local.engine.permissions.requests import PLACE_HEADER
from local.engine.seams import acting, host
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
_clients: dict[tuple[int, str, str, str], Any] = {}


def install() -> None:
    """Give the interpreter these clients."""
    for module in _CALLERS:
        replace(module, "boto_client_for", client_for)


def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    """Return a client for the state that is being attempted, with the role that it acts under."""
    return client_of(acting.session(state_credentials), region, service)


def client_of(session: Session | None, region: str, service: str) -> Any:
    """Return a client of the engine that runs now; without a session, with credentials that nobody judges."""
    port = host.current().port
    with _lock:
        key = (port, service, region, session.access_key if session else "")
        if key not in _clients:
            variables = session.as_variables() if session else None
            client = make_client(service, region=region, port=port, config=_CONFIG, credentials=variables)
            if session:
                client.meta.events.register("before-sign", _tell_place)
            _clients[key] = client
        return _clients[key]


def _tell_place(request: Any, **_: Any) -> None:
    request.headers[PLACE_HEADER] = quote(acting.place())
