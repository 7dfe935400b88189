"""AWS sessions that know nothing of the user's: no profile, no ~/.aws, malformed or not.

moto makes sessions of its own to list regions, one of them while it is imported; a profile that is set and
doesn't exist stops it. So moto gets these sessions too, and this module comes before every import of moto's.
"""

import os
from typing import Any

import boto3
from botocore.session import Session as BotocoreSession

_NOTHING_OF_THE_USERS: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
_boto3: Any = boto3
_boto3_session = boto3.Session


def own_core_session() -> Any:
    """Return a botocore session without the user's configuration."""
    core: Any = BotocoreSession
    return core(session_vars=_NOTHING_OF_THE_USERS)


def own_session(*arguments: Any, **named: Any) -> Any:
    """Return a boto3 session without the user's configuration."""
    return _boto3_session(*arguments, botocore_session=own_core_session(), **named)


_boto3.Session = own_session
try:
    import moto.core.base_backend
    import moto.core.utils
    import moto.ec2.models.availability_zones_and_regions
finally:
    _boto3.Session = _boto3_session

_importers: tuple[Any, ...] = (
    moto.core.base_backend,
    moto.ec2.models.availability_zones_and_regions,
)
for _importer in _importers:
    _importer.Session = own_session
_utils: Any = moto.core.utils
_utils.Session = own_core_session
