"""In whose name the interpreter acts, and for which state.

moto: nobody's; its calls are signed with made-up keys.
Here: an attempt at a state acts under its execution's role, and its calls say for which state they are made. What
Step Functions does by itself under the role, without a call that reaches the engine, is judged through `check`.
Only where permissions are enforced; else nobody is judged.
Upstream: none; moto's own IAM checks know keys of users alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.engine.permissions.calls import Need
from local.engine.permissions.permissions import DeniedError, Session
from local.engine.seams import host

_SERVICE = "states.amazonaws.com"


@dataclass(frozen=True)
class _Actor:
    role: str
    machine: str
    state: str


_actor: ContextVar[_Actor | None] = ContextVar("actor", default=None)


def install() -> None:
    """Nothing of moto's is replaced here: the other seams ask."""


@contextmanager
def as_state(env: Any, state: str) -> Iterator[None]:
    """Act for a state of an execution while the block lasts, in this thread."""
    machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
    token = _actor.set(_Actor(role=env.aws_execution_details.role_arn, machine=machine, state=state))
    try:
        yield
    finally:
        _actor.reset(token)


def place() -> str:
    """Return the state that is acted for; empty where none is."""
    actor = _actor.get()
    return actor.state if actor else ""


def session(state_credentials: Any = None) -> Session | None:
    """Return the session that calls are made with; None where nobody is judged.

    Args:
        state_credentials: moto's, with the role that the state acts under.

    Raises:
        ClientError: the role can't be taken on.

    """
    permissions, actor = host.current().permissions, _actor.get()
    if permissions is None or actor is None:
        return None
    role = state_credentials.role_arn if state_credentials else actor.role
    name = actor.machine.rsplit(":", 1)[-1]
    try:
        return permissions.take_on(role, service=_SERVICE, name=name, source=actor.machine, place=actor.state)
    except DeniedError as error:
        raise as_client_error(error, "AssumeRole") from error


def check(operation: str, *needs: Need) -> None:
    """Judge what Step Functions does by itself under the role.

    Raises:
        ClientError: it is denied, as the service would answer.

    """
    permissions, who = host.current().permissions, session()
    if permissions is None or who is None:
        return
    try:
        permissions.check(who.caller, needs, operation=operation, place=place())
    except DeniedError as error:
        raise as_client_error(error, operation) from error


def as_client_error(error: DeniedError, operation: str) -> ClientError:
    """Return a denial as botocore tells of it."""
    answer: Any = {
        "Error": {"Code": "AccessDeniedException", "Message": str(error)},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": ""},
    }
    return ClientError(answer, operation)
