"""Reads an execution, and the recording that it is about, through the AWS API."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from local.execution.history import Visit, moment, parsed, visits_of

_GENERATED_NAME = re.compile(r".+-(?P<logical_id>[A-Za-z0-9]+)-[A-Za-z0-9]{8,}")
_RECORDING = "RECORDING"
SOURCE = "source"
_FILES = {"waveform.json": "waveform", "overview.png": "overview", "spectrogram.png": "spectrogram"}
_ONE_SHOT = re.compile(r"one-shots/(?P<index>[0-9]{1,6})")

Client = Callable[[str], Any]


@dataclass(frozen=True)
class StoredFile:
    """An object of a recording. `version` is None for the newest."""

    bucket: str
    key: str
    version: str | None = None


class ExecutionReader:
    """Reads executions with clients that `client(service)` returns."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def document(self, arn: str) -> dict[str, Any]:
        """Return all that a page or a report shows of an execution but its logs and files."""
        execution = self._client("stepfunctions").describe_execution(executionArn=arn)
        events = self.events(arn)
        visits = visits_of(events)
        definition = self.definition(arn)
        return {
            "execution": summary(execution),
            "definition": definition,
            "visits": [visit.as_json() for visit in visits],
            "events": [_as_json(event) for event in events],
            "mapRuns": self._map_runs(arn) if any(visit.type == "Map" for visit in visits) else [],
            "recording": self._recording(execution, definition, visits),
        }

    def recording(self, arn: str) -> dict[str, Any] | None:
        """Return a document's recording alone."""
        execution = self._client("stepfunctions").describe_execution(executionArn=arn)
        return self._recording(execution, self.definition(arn), visits_of(self.events(arn)))

    def events(self, arn: str) -> list[dict[str, Any]]:
        """Return an execution's history."""
        pages = self._client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def definition(self, arn: str) -> dict[str, Any]:
        """Return the definition that an execution runs."""
        described = self._client("stepfunctions").describe_state_machine_for_execution(executionArn=arn)
        return json.loads(described["definition"])

    def file(self, recording: dict[str, Any] | None, name: str) -> StoredFile | None:
        """Return where a file of a document's recording lies, None where there is none of that name."""
        if recording is None:
            return None
        source = recording["source"]
        if name == SOURCE:
            return StoredFile(source["bucket"], source["key"], source["versionId"])
        manifest = recording["manifest"] or {}
        key = None
        if name in _FILES:
            key = manifest.get("files", {}).get(_FILES[name])
        elif found := _ONE_SHOT.fullmatch(name):
            shots = {shot["index"]: shot["key"] for shot in manifest.get("oneShots", [])}
            key = shots.get(int(found["index"]))
        return StoredFile(source["bucket"], key) if key else None

    def _map_runs(self, arn: str) -> list[dict[str, Any]]:
        sfn = self._client("stepfunctions")
        runs = [
            run for page in sfn.get_paginator("list_map_runs").paginate(executionArn=arn) for run in page["mapRuns"]
        ]
        return [_as_json(sfn.describe_map_run(mapRunArn=run["mapRunArn"])) for run in runs]

    def _recording(
        self, execution: dict[str, Any], definition: dict[str, Any], visits: list[Visit]
    ) -> dict[str, Any] | None:
        recording_id = next((v.assigned["recordingId"] for v in visits if v.assigned and "recordingId" in v.assigned), None)
        detail = _member(parsed(execution.get("input")), "detail")
        bucket, stored = _member(_member(detail, "bucket"), "name"), _member(detail, "object")
        key = _member(stored, "key")
        if not (isinstance(bucket, str) and isinstance(key, str) and isinstance(recording_id, str)):
            return None
        source = StoredFile(bucket, key, _member(stored, "version-id"))
        items = self._items(_table_of(definition), recording_id)
        record = next((item for item in items if item["item"] == _RECORDING), None)
        manifest_key = (record or {}).get("manifest_key")
        return {
            "id": recording_id,
            "source": self._source(source),
            "record": record,
            "oneShots": [item for item in items if item["item"] != _RECORDING],
            "manifest": self._json_object(bucket, manifest_key) if manifest_key else None,
        }

    def _source(self, source: StoredFile) -> dict[str, Any]:
        asked = {"Bucket": source.bucket, "Key": source.key}
        if source.version:
            asked["VersionId"] = source.version
        try:
            head = self._client("s3").head_object(**asked)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
                raise
            head = None
        return {
            "bucket": source.bucket,
            "key": source.key,
            "name": source.key.rpartition("/")[2],
            "versionId": source.version,
            "isThere": head is not None,
            "sizeBytes": head["ContentLength"] if head else None,
            "contentType": head.get("ContentType") if head else None,
            "settings": head["Metadata"] if head else {},
        }

    def _items(self, table: str | None, recording_id: str) -> list[dict[str, Any]]:
        if table is None:
            return []
        deserialize = TypeDeserializer().deserialize
        pages = (
            self._client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=table,
                KeyConditionExpression="id = :id",
                ExpressionAttributeValues={":id": {"S": recording_id}},
            )
        )
        return [
            {name: _as_json(deserialize(value)) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def _json_object(self, bucket: str, key: str) -> Any:
        try:
            return json.load(self._client("s3").get_object(Bucket=bucket, Key=key)["Body"])
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
                raise
            return None


def summary(execution: dict[str, Any]) -> dict[str, Any]:
    """Return a described execution as the page reads it."""
    machine = execution["stateMachineArn"].split(":")[6]
    return {
        "arn": execution["executionArn"],
        "name": execution["name"],
        "machine": machine_name(machine),
        "status": execution["status"],
        "startedAt": moment(execution["startDate"]),
        "stoppedAt": moment(execution.get("stopDate")),
        "input": parsed(execution.get("input")),
        "output": parsed(execution.get("output")),
        "error": execution.get("error"),
        "cause": execution.get("cause"),
    }


def machine_name(name: str) -> str:
    """Return the logical id in a state machine's name that CloudFormation generated, any other name as it is."""
    found = _GENERATED_NAME.fullmatch(name)
    return found["logical_id"] if found else name


def _table_of(definition: dict[str, Any]) -> str | None:
    """Return the table that a definition's own calls of DynamoDB name."""
    for state in _states_of(definition):
        if state.get("Type") == "Task" and ":dynamodb:" in str(state.get("Resource")):
            table = state.get("Arguments", {}).get("TableName")
            if isinstance(table, str):
                return table
    return None


def _states_of(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from definition.get("States", {}).values()


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _as_json(value: Any) -> Any:
    match value:
        case datetime():
            return moment(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {name: _as_json(member) for name, member in value.items() if name != "ResponseMetadata"}
        case list() | set():
            return [_as_json(member) for member in value]
        case _:
            return value
