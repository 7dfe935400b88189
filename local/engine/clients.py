"""AWS clients that talk to the engine, with credentials that open nothing."""

from typing import Any

from boto3.session import Session
from botocore.config import Config

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


def make_client(service: str, *, region: str, port: int, config: Config) -> Any:
    """Return a boto3 client of the server on this machine's `port`."""
    session = Session(*CREDENTIALS.values(), region_name=region)
    return session.client(service, endpoint_url=f"http://127.0.0.1:{port}", config=config)
