"""An execution's history as Step Functions writes it to CloudWatch Logs (level ALL, with execution data)."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_DETAILS = re.compile(r"[a-z]\w*EventDetails")


def execution_log(execution_arn: str, history: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a line for each event of `GetExecutionHistory`: numbers as text, the details under one name."""
    return [_line(execution_arn, event) for event in history]


def _line(execution_arn: str, event: Mapping[str, Any]) -> dict[str, Any]:
    details = [value for key, value in event.items() if _DETAILS.fullmatch(key)]
    line = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": details[0] if details else {},
        "previous_event_id": str(event.get("previousEventId", 0)),
        "event_timestamp": str(int(event["timestamp"].timestamp() * 1000)),
        "execution_arn": execution_arn,
        "redrive_count": "0",
    }
    plain: dict[str, Any] = json.loads(json.dumps(line, default=str))
    return plain
