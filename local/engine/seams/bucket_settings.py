"""A bucket's settings in a template.

moto: CloudFormation drops everything but encryption and tags, so that a bucket is never versioned and never
tells EventBridge of its objects.
Here: VersioningConfiguration and EventBridgeConfiguration are applied. What only protects or tidies up
(lifecycle, public access block, ownership) is not: nothing here would heed it.
Upstream: no issue found.
"""

from typing import Any

from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition

from local.engine.seams.patching import original, replace

_create = original(FakeBucket, "create_from_cloudformation_json")


def install() -> None:
    """Apply them."""
    replace(FakeBucket, "create_from_cloudformation_json", classmethod(_create_whole))


def _create_whole(
    cls: Any,
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    *arguments: Any,
    **named: Any,
) -> Any:
    bucket = _create(cls, resource_name, cloudformation_json, account_id, region_name, *arguments, **named)
    backend = s3_backends[account_id][get_partition(region_name)]
    properties = cloudformation_json.get("Properties", {})
    if versioning := properties.get("VersioningConfiguration"):
        backend.put_bucket_versioning(bucket.name, versioning["Status"])
    event_bridge = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration")
    if event_bridge is not None and str(event_bridge.get("EventBridgeEnabled", True)).lower() == "true":
        bucket.set_notification_configuration({"EventBridgeConfiguration": {}})
    return bucket
