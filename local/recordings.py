"""Recordings in the local stack: uploaded as the app uploads them, and what became of them.

This module knows the stack's outputs (RecordingsBucketName, RecordingsTableName) and the table's items; the
engine below knows nothing of either.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.engine import Engine, ExecutionResult
from local.execution.items import items_of, record_and_one_shots
from local.execution.uploaded import uploaded_object
from local.file_names import safe_name, safe_names

_UPLOADS = "public/unprocessed"
_BEGIN_SECONDS = 15.0


@dataclass(frozen=True)
class Upload:
    """An uploaded file. `version` is the object's version, which tells two uploads under one name apart."""

    file: Path
    key: str
    version: str | None


@dataclass(frozen=True)
class NotStarted:
    """An upload that started no execution: the rule doesn't match its key."""

    upload: Upload

    @property
    def reason(self) -> str:
        """Why, as a sentence."""
        return (
            f"No execution began: the upload rule takes keys under {_UPLOADS}/ and unprocessed/, "
            f"and the key is {self.upload.key!r}."
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it: as an Outcome, with `status` null."""
        return {
            "file": str(self.upload.file),
            "key": self.upload.key,
            "executionArn": None,
            "status": None,
            "endState": None,
            "error": "NotStarted",
            "cause": self.reason,
            "record": None,
            "oneShots": [],
            "states": [],
            "outputDir": None,
            "notFetched": [],
            "report": None,
        }


@dataclass(frozen=True)
class Outcome:
    """What became of an upload.

    `output` is the local folder of the results, None when there are none; `not_fetched` says which results
    could not be written there, and why; `report` is the execution's, None where it could not be written.
    """

    upload: Upload
    execution: ExecutionResult
    record: dict[str, Any] | None
    one_shots: list[dict[str, Any]]
    output: Path | None
    not_fetched: list[str] = field(default_factory=list)
    report: Path | None = None

    @property
    def processed(self) -> bool:
        """Whether the recording ended COMPLETED."""
        return bool(self.record) and self._status == "COMPLETED" and self.execution.status == "SUCCEEDED"

    @property
    def rejected(self) -> bool:
        """Whether the recording was refused as the user's fault."""
        error = (self.record or {}).get("processing_error") or {}
        return self.execution.status == "SUCCEEDED" and self._status == "FAILED" and error.get("category") == "UPLOAD"

    @property
    def rejection(self) -> str:
        """The rejection as `CODE: message`."""
        error = (self.record or {}).get("processing_error") or {}
        return f"{error.get('code')}: {error.get('message')}"

    @property
    def _status(self) -> str | None:
        return (self.record or {}).get("processing_status")

    def as_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        return {
            "file": str(self.upload.file),
            "key": self.upload.key,
            "executionArn": self.execution.arn,
            "status": self.execution.status,
            "endState": self.execution.end_state,
            "error": self.execution.error,
            "cause": self.execution.cause,
            "record": self.record,
            "oneShots": self.one_shots,
            "states": [
                {
                    "name": visit.name,
                    "status": visit.status,
                    "attempts": visit.attempts,
                    "seconds": visit.seconds,
                }
                for visit in self.execution.states
            ],
            "outputDir": str(self.output) if self.output else None,
            "notFetched": self.not_fetched,
            "report": str(self.report) if self.report else None,
        }


class Recordings:
    """Uploads to an engine's stack and reads what came out."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._bucket = engine.outputs["RecordingsBucketName"]
        self._table = engine.outputs["RecordingsTableName"]

    def upload(
        self, file: Path, *, user: str = "demo", key: str | None = None, metadata: dict[str, str] | None = None
    ) -> Upload:
        """Put a file where the app puts it: public/unprocessed/{user}/{name}, its settings as metadata."""
        key = key or f"{_UPLOADS}/{user}/{file.name}"
        with file.open("rb") as body:
            answer = self._engine.client("s3").put_object(
                Bucket=self._bucket, Key=key, Body=body, Metadata=metadata or {}
            )
        return Upload(file, key, answer.get("VersionId"))

    def executions_of(self, uploads: list[Upload], *, timeout: float = _BEGIN_SECONDS) -> list[str | None]:
        """Return the ARNs of the executions that uploads started; None for those that have not after `timeout`."""
        deadline = time.monotonic() + timeout
        return [self._execution_of(upload, max(0.0, deadline - time.monotonic())) for upload in uploads]

    def outcome(self, upload: Upload, execution_arn: str, output: Path) -> Outcome:
        """Wait for an execution to end and fetch its results to `output`/<recordingId>/."""
        execution = self._engine.wait(execution_arn)
        record, one_shots = self._items(execution_arn, execution)
        prefix = (record or {}).get("output_prefix")
        if record is None or not prefix:
            return Outcome(upload, execution, record, one_shots, None)
        folder = output / safe_name(str(record["id"]))
        return Outcome(upload, execution, record, one_shots, folder, self.fetch(prefix, folder))

    def fetch(self, prefix: str, folder: Path) -> list[str]:
        """Download what is under a prefix into a folder; returns what could not be written, and why."""
        s3 = self._engine.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        keys = [described["Key"] for page in pages for described in page.get("Contents", [])]
        names = safe_names([key.removeprefix(prefix) for key in keys])
        not_fetched = []
        for key, name in zip(keys, names, strict=True):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                s3.download_file(self._bucket, key, str(folder / name))
            except OSError as error:
                not_fetched.append(f"{folder / name}: {error.strerror or error}")
        return not_fetched

    def items(self, recording_id: str) -> list[dict[str, Any]]:
        """Return a recording's items, as JSON values."""
        return items_of(self._engine.client("dynamodb"), self._table, recording_id)

    def _items(
        self, execution_arn: str, execution: ExecutionResult
    ) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        recording_id = self._recording_id(execution_arn, execution)
        items = self.items(recording_id) if recording_id else []
        return record_and_one_shots(items)

    def _recording_id(self, execution_arn: str, execution: ExecutionResult) -> str | None:
        if isinstance(execution.output, dict) and isinstance(execution.output.get("recordingId"), str):
            return str(execution.output["recordingId"])
        pages = (
            self._engine.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self._table,
                FilterExpression="execution_arn = :arn",
                ExpressionAttributeValues={":arn": {"S": execution_arn}},
            )
        )
        return next((item["id"]["S"] for page in pages for item in page["Items"]), None)

    def _execution_of(self, upload: Upload, seconds: float) -> str | None:
        def of_this_upload(event: dict[str, Any]) -> bool:
            described = uploaded_object(event)
            return described is not None and (described.key, described.version) == (upload.key, upload.version)

        try:
            return self._engine.wait_for_execution(of_this_upload, seconds)
        except TimeoutError:
            return None
