"""The table of recordings, written to only by the execution that holds the recording.

The recording turns COMPLETED on the condition that the claim still stands; until then no reader trusts its one-shots,
and whoever took the recording over replaces them with its own.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import Attr, Key

from persist.records import ONE_SHOT_PREFIX, RECORDING_ITEM, Item
from shared.errors import ClaimLost
from shared.quoting import quoted


class Claim(NamedTuple):
    """A recording that this execution held when it was read.

    Attributes:
        completed_at: when this execution completed it, if it has done so before.
        one_shot_keys: the sort keys of the one-shots that are stored.

    """

    recording_id: str
    execution_arn: str
    completed_at: str | None
    one_shot_keys: frozenset[str]


class RecordingsTable:
    """The table of recordings and their one-shots, over a boto3 `Table`."""

    def __init__(self, table: Any) -> None:
        self._table = table

    @property
    def region(self) -> str:
        """The region of the table, which is that of the whole stack."""
        region: str = self._table.meta.client.meta.region_name
        return region

    def claim(self, recording_id: str, *, execution_arn: str) -> Claim:
        """Return the claim that this execution has on a recording.

        Raises:
            ClaimLost: another execution holds it, or it is not being processed.

        """
        stored = {item["item"]: item for item in self._stored_items(recording_id)}
        recording = stored.get(RECORDING_ITEM, {})
        status, holder = recording.get("processing_status"), recording.get("execution_arn")
        if holder != execution_arn or status not in {"PROCESSING", "COMPLETED"}:
            raise ClaimLost(
                f"recording {quoted(recording_id)} is {status or 'not recorded'}, held by {holder or 'none'}, "
                f"not by {execution_arn}"
            )
        return Claim(
            recording_id=recording_id,
            execution_arn=execution_arn,
            completed_at=recording.get("processing_completed_at") if status == "COMPLETED" else None,
            one_shot_keys=frozenset(key for key in stored if key.startswith(ONE_SHOT_PREFIX)),
        )

    def _stored_items(self, recording_id: str) -> Iterable[Item]:
        query: dict[str, Any] = {
            "ConsistentRead": True,
            "KeyConditionExpression": Key("id").eq(recording_id),
            "ProjectionExpression": "#item, execution_arn, processing_status, processing_completed_at",
            "ExpressionAttributeNames": {"#item": "item"},
        }
        while True:
            page = self._table.query(**query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def replace_one_shots(self, claim: Claim, items: list[Item]) -> int:
        """Write the one-shots, delete stored ones that are not among them, and return how many those were."""
        surplus = claim.one_shot_keys - {item["item"] for item in items}
        with self._table.batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)
            for key in sorted(surplus):
                batch.delete_item(Key={"id": claim.recording_id, "item": key})
        return len(surplus)

    def complete(self, claim: Claim, attributes: Item, *, completed_at: str) -> None:
        """Turn the recording COMPLETED.

        Raises:
            ClaimLost: another execution took the recording over.

        """
        changes = attributes | {
            "processing_status": "COMPLETED",
            "processing_completed_at": completed_at,
            "processing_error": None,
        }
        assignments = ", ".join(f"#{name} = :{name}" for name in changes)
        try:
            self._table.update_item(
                Key={"id": claim.recording_id, "item": RECORDING_ITEM},
                UpdateExpression=f"SET {assignments} REMOVE lease_expires_at",
                ConditionExpression=Attr("execution_arn").eq(claim.execution_arn)
                & Attr("processing_status").is_in(["PROCESSING", "COMPLETED"]),
                ExpressionAttributeNames={f"#{name}": name for name in changes},
                ExpressionAttributeValues={f":{name}": value for name, value in changes.items()},
            )
        except self._table.meta.client.exceptions.ConditionalCheckFailedException as error:
            raise ClaimLost(f"recording {quoted(claim.recording_id)} was taken over by another execution") from error
