"""AWS clients that talk to the engine, with credentials that open nothing elsewhere."""

from collections.abc import Mapping
from typing import Any

from botocore.config import Config

from local.sessions import CREDENTIALS, own_session

# the engine is on this machine: whatever proxy the user has, it is not on the way
_NO_PROXY = Config(proxies={})


def make_client(
    service: str, *, region: str, port: int, config: Config, credentials: Mapping[str, str] | None = None
) -> Any:
    """Return a boto3 client of the server on this machine's `port`; without credentials, the engine's user's."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    keys = [(credentials or CREDENTIALS).get(name) for name in names]
    session = own_session(*keys, region_name=region)
    return session.client(service, endpoint_url=f"http://127.0.0.1:{port}", config=config.merge(_NO_PROXY))
