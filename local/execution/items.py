"""A recording's items in its table."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.execution.history import moment

RECORD = "RECORDING"  # the sort key of the recording's own item; every other is a one-shot's


def items_of(dynamodb: Any, table: str, recording_id: str, *, only_record: bool = False) -> list[dict[str, Any]]:
    """Return a recording's items as JSON values, or with `only_record` its own item alone.

    Raises:
        ClientError: the table is not there, or may not be read.

    """
    asked: dict[str, Any] = {
        "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": {":id": {"S": recording_id}},
    }
    if only_record:
        asked["KeyConditionExpression"] += " AND #item = :item"
        asked["ExpressionAttributeValues"][":item"] = {"S": RECORD}
        asked["ExpressionAttributeNames"] = {"#item": "item"}
    deserialize = TypeDeserializer().deserialize
    pages = dynamodb.get_paginator("query").paginate(TableName=table, **asked)
    return [
        {name: as_json(deserialize(value)) for name, value in item.items()} for page in pages for item in page["Items"]
    ]


def record_and_one_shots(items: list[dict[str, Any]]) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return a recording's own item, None where there is none, and those of its one-shots."""
    record = next((item for item in items if item["item"] == RECORD), None)
    return record, [item for item in items if item["item"] != RECORD]


def as_json(value: Any) -> Any:
    """Return what AWS's clients give as a JSON value: times as text, numbers of DynamoDB as numbers, sets as lists."""
    match value:
        case datetime():
            return moment(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {name: as_json(member) for name, member in value.items() if name != "ResponseMetadata"}
        case list() | set():
            return [as_json(member) for member in value]
        case _:
            return value
