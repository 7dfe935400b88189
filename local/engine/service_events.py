"""What services send to EventBridge's default bus."""

import uuid
from datetime import UTC, datetime
from typing import Any


def service_event(
    detail_type: str, *, source: str, account: str, region: str, resource: str, detail: dict[str, Any]
) -> dict[str, Any]:
    """Return an event of now as EventBridge has it, about one resource, with an id of its own."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [resource],
        "detail": detail,
    }
