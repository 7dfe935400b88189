"""`python -m local report`: the report of an execution of a real account, or of the engine of `make up`.

Everything is read: no call writes.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
from botocore.session import Session as CoreSession

from local.execution.contents import Contents, contents_of
from local.execution.reader import ExecutionReader, NotRead
from local.execution.refusals import reason
from local.execution.report import report_path, save_report
from local.sessions import CREDENTIALS, own_session

_PAGE_ENDINGS = {".html", ".htm"}


class NotReported(Exception):  # noqa: N818 - it says what became of the command
    """No report could be made; the text says why, and what to do."""


def client_of(region: str, profile: str | None, endpoint: str | None) -> Callable[[str], Any]:
    """Return a maker of clients: of a profile's account, or of the engine at an endpoint, which needs no profile.

    Raises:
        NotReported: there is no such profile, or the configuration can't be read.

    """
    # CloudWatch Logs answers but a few questions a second
    config = Config(connect_timeout=10, retries={"mode": "standard", "total_max_attempts": 8})
    if endpoint:
        # the engine is on this machine: whatever proxy there is, it is not on the way, and trying again only takes time
        config = Config(proxies={}, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    is_engine = endpoint and not profile
    session = own_session(*CREDENTIALS.values(), region_name=region) if is_engine else _session(region, profile)

    @cache
    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint, config=config)

    return client


def _session(region: str, profile: str | None) -> boto3.Session:
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        if session.get_credentials() is None:
            raise NotReported(f"There are no credentials: {_remedy(profile)}.")
    except ProfileNotFound as error:
        known = ", ".join(CoreSession().available_profiles) or "none"
        raise NotReported(f"There is no profile {error.kwargs['profile']!r}; there are: {known}.") from error
    except BotoCoreError as error:
        raise NotReported(f"There are no credentials: {error}") from error
    return session


def read(arn: str, client: Callable[[str], Any], profile: str | None) -> Contents:
    """Read what a report shows.

    Raises:
        NotReported: the execution is not there or may not be read, or AWS is not reached.

    """
    try:
        return contents_of(ExecutionReader(client), arn)
    except NotRead as error:
        raise NotReported(str(error)) from error
    except ClientError as error:
        raise NotReported(f"AWS does not take the credentials ({reason(error)}): {_remedy(profile)}.") from error
    except BotoCoreError as error:
        raise NotReported(f"AWS could not be asked: {error}") from error


def save(contents: Contents, output: Path) -> Path:
    """Write a report to a file, or into a folder by the recording's id; returns where it is.

    Raises:
        NotReported: it can't be written.

    """
    path = output if output.suffix.lower() in _PAGE_ENDINGS else report_path(contents, output)
    try:
        save_report(contents, path)
    except OSError as error:
        raise NotReported(f"{path} could not be written: {error.strerror or error}") from error
    return path


def _remedy(profile: str | None) -> str:
    if profile:
        return f"sign in, as by `aws sso login --profile {profile}`, or name another --profile"
    return "name a --profile, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
