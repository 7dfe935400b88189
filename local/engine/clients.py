"""AWS clients that talk to the engine, with credentials that open nothing."""

from typing import Any

from botocore.config import Config

from local.engine.aws_session import own_session

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
# the engine is on this machine: whatever proxy the user has, it is not on the way
_NO_PROXY = Config(proxies={})


def make_client(service: str, *, region: str, port: int, config: Config) -> Any:
    """Return a boto3 client of the server on this machine's `port`."""
    session = own_session(*CREDENTIALS.values(), region_name=region)
    return session.client(service, endpoint_url=f"http://127.0.0.1:{port}", config=config.merge(_NO_PROXY))
