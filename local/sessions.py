"""AWS sessions that know nothing of the user's: no profile, no ~/.aws, malformed or not."""

import os
from typing import Any

import boto3
from botocore.session import Session as BotocoreSession

# of the local engine; they open nothing elsewhere
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
_NOTHING_OF_THE_USERS: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
# as it is now: while moto is imported, another one stands in its place
_boto3_session: Any = boto3.Session


def own_core_session() -> Any:
    """Return a botocore session without the user's configuration."""
    core: Any = BotocoreSession
    return core(session_vars=_NOTHING_OF_THE_USERS)


def own_session(*arguments: Any, **named: Any) -> Any:
    """Return a boto3 session without the user's configuration."""
    return _boto3_session(*arguments, botocore_session=own_core_session(), **named)
