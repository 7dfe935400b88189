"""The event that S3 sends to EventBridge.

moto: its id and sequencer are constants, its time a number, the ETag's name `eTag`, and the reason the
notification's name; whatever goes wrong in delivery is swallowed. A multipart upload that is completed sends PutObject
too, before the object has its metadata.
Here: the event in AWS's shape, with the key verbatim; what goes wrong is logged. A multipart upload sends one event.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
Upstream: no issue found; https://github.com/getmoto/moto/pull/7435 meant to send one event.
"""

import time
import uuid
from typing import Any

from moto.s3 import notifications
from moto.s3.models import FakeDeleteMarker
from moto.s3.notifications import S3NotificationEvent

from local.engine.seams import event_targets
from local.engine.seams.patching import replace
from local.engine.service_events import service_event

_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}


def install() -> None:
    """Send AWS's event."""
    replace(notifications, "_send_event_bridge_message", _send)


def object_event(account_id: str, bucket: Any, event_name: str, key: Any) -> dict[str, Any]:
    """Return the EventBridge event of something that happened to an object."""
    described: dict[str, Any] = {"key": key.name}
    if not isinstance(key, FakeDeleteMarker):
        described |= {"size": key.size, "etag": key.etag.strip('"')}
    if bucket.is_versioned and key.version_id:
        described["version-id"] = key.version_id
    described["sequencer"] = f"{time.time_ns():018X}"
    name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
    return service_event(
        notifications._detail_type(event_name),
        source="aws.s3",
        account=account_id,
        region=bucket.region_name,
        resource=bucket.arn,
        detail={
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": described,
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": account_id,
            "source-ip-address": "127.0.0.1",
            "reason": _REASONS.get(name, name),
        },
    )


def _send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    if event_name == S3NotificationEvent.OBJECT_CREATED_PUT_EVENT and key.multipart:
        return
    event_targets.send_to_default_bus(account_id, bucket.region_name, object_event(account_id, bucket, event_name, key))
