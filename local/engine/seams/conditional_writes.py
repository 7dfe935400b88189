"""Conditional writes to DynamoDB.

moto: looks at the condition and writes in two steps, and several requests are served at once: of two updates on
the condition that there is no item yet, both may succeed.
Here: one write after the other.
Upstream: no issue found.
"""

import functools
import threading
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from local.engine.seams.patching import replace

_WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")
# a transaction's writes are the backend's own
_lock = threading.RLock()


def install() -> None:
    """Take turns."""
    for name in _WRITES:
        replace(DynamoDBBackend, name, _in_turn(vars(DynamoDBBackend).get(name)))


def _in_turn(write: Any) -> Any:
    @functools.wraps(write)
    def write_in_turn(*arguments: Any, **named: Any) -> Any:
        with _lock:
            return write(*arguments, **named)

    return write_in_turn
