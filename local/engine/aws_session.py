"""moto's AWS sessions, without anything of the user's.

moto makes sessions of its own to list regions, one of them while it is imported; a profile that is set and
doesn't exist stops it. So this module comes before every import of moto's.
"""

from typing import Any

import boto3

from local.sessions import own_core_session, own_session

_boto3: Any = boto3
_boto3_session = boto3.Session

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
