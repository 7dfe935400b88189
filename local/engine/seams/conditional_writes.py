"""Writes to DynamoDB that are done whole or not at all, for writers and for readers.

moto: looks at the condition and writes in two steps, and several requests are served at once: of two updates on
the condition that there is no item yet, both may succeed. An update puts the key alone into the table and then
changes the item in place, attribute by attribute: who reads at that moment, or has read and not yet answered,
shows half of it.
Here: one write or read of an item after the other, and an update changes a new copy of the item, so that what was
read stays as it was. Reads of several items (BatchGetItem, TransactGetItems) take turns item by item.
Upstream: no issue found.
"""

import copy
import functools
import threading
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType

from local.engine.seams.patching import replace

_WRITES = ("put_item", "delete_item", "transact_write_items")
# BatchGetItem and TransactGetItems are made of get_item.
_READS = ("get_item", "query", "scan")
# a transaction's writes are the backend's own
_lock = threading.RLock()


def install() -> None:
    """Take turns."""
    for name in (*_WRITES, *_READS):
        replace(DynamoDBBackend, name, _in_turn(vars(DynamoDBBackend).get(name)))
    replace(DynamoDBBackend, "update_item", _in_turn(_on_a_copy(vars(DynamoDBBackend).get("update_item"))))


def _in_turn(call: Any) -> Any:
    @functools.wraps(call)
    def call_in_turn(*arguments: Any, **named: Any) -> Any:
        with _lock:
            return call(*arguments, **named)

    return call_in_turn


def _on_a_copy(update: Any) -> Any:
    @functools.wraps(update)
    def update_a_copy(backend: Any, table_name: str, key: dict[str, Any], *arguments: Any, **named: Any) -> Any:
        _renew(backend.get_table(table_name), key)
        return update(backend, table_name, key, *arguments, **named)

    return update_a_copy


def _renew(table: Any, key: dict[str, Any]) -> None:
    """Put a copy of an item into its place: whoever has read it keeps what was there."""
    if not all(name in key for name in table.table_key_attrs):
        return  # no key: the update itself says so
    hash_value = DynamoType(key[table.hash_key_attr])
    if not table.has_range_key:
        if hash_value in table.items:
            table.items[hash_value] = copy.deepcopy(table.items[hash_value])
        return
    range_value = DynamoType(key[table.range_key_attr])
    items = table.items.get(hash_value, {})
    if range_value in items:
        items[range_value] = copy.deepcopy(items[range_value])
