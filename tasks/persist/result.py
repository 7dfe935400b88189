"""From a manifest in S3 to the items in the table."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from persist.manifest import Manifest, read_manifest
from persist.processing_trace import trace_processing
from persist.recordings_table import RecordingsTable
from persist.records import OutputLocation, completed_attributes, one_shot_items
from shared.errors import InvalidUpload
from shared.lambda_task import TaskEvent, WorkflowMessage
from shared.observability import logger
from shared.quoting import printable

_MAX_REASON_LENGTH = 500


class ResultEvent(TaskEvent):
    """What PersistResult is given. The output prefix is `public/processed/{userId}/{recordingId}/`."""

    bucket: str = Field(min_length=1)
    output_prefix: str = Field(pattern=r"^public/processed/[A-Za-z0-9_-]{1,64}/[0-9a-f]{32}/$")

    @model_validator(mode="after")
    def _check_prefix(self) -> "ResultEvent":
        if self.output_prefix.split("/")[3] != self.recording_id:
            raise ValueError(f"outputPrefix {self.output_prefix!r} is not that of recording {self.recording_id!r}")
        return self

    @property
    def user_id(self) -> str:
        """The user whom the recording belongs to."""
        return self.output_prefix.split("/")[2]


class PersistedResult(WorkflowMessage):
    """What PersistResult hands on, for the announcement."""

    recording_id: str
    outcome: Literal["completed"] = "completed"
    one_shot_count: int
    manifest_key: str
    duration_seconds: float


def persist_result(event: ResultEvent, *, s3: Any, table: RecordingsTable) -> PersistedResult:
    """Write the result of a processed recording. Done twice, it leaves the same items.

    Raises:
        InvalidUpload, ResultMissing, ResultInvalid, ClaimLost: as the handler documents.

    """
    manifest_key = f"{event.output_prefix}manifest.json"
    manifest, times = read_manifest(
        s3,
        bucket=event.bucket,
        key=manifest_key,
        recording_id=event.recording_id,
        output_prefix=event.output_prefix,
    )
    trace_processing(times, recording_id=event.recording_id)
    if manifest.reason is not None:
        message = printable(manifest.reason.message, max_length=_MAX_REASON_LENGTH)
        raise InvalidUpload(manifest.reason.code, message)
    duration_seconds = manifest.completed_duration()
    location = OutputLocation(
        recording_id=event.recording_id,
        user_id=event.user_id,
        bucket=event.bucket,
        region=table.region,
        output_prefix=event.output_prefix,
        manifest_key=manifest_key,
    )
    _write(manifest, location, table, execution_arn=event.execution_arn)
    return PersistedResult(
        recording_id=event.recording_id,
        one_shot_count=len(manifest.one_shots),
        manifest_key=manifest_key,
        duration_seconds=duration_seconds,
    )


def _write(manifest: Manifest, location: OutputLocation, table: RecordingsTable, *, execution_arn: str) -> None:
    # Everything is made before anything is written: a manifest that cannot be stored leaves no trace.
    items, attributes = one_shot_items(manifest, location), completed_attributes(manifest, location)
    claim = table.claim(location.recording_id, execution_arn=execution_arn)
    surplus_count = table.replace_one_shots(claim, items)
    logger.info("one-shots written", oneShotCount=len(items), surplusCount=surplus_count)
    completed_at = claim.completed_at or datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    table.complete(claim, attributes, completed_at=completed_at)
