"""Reads an execution, and the recording that it is about, through the AWS API."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local.execution.fitting import shown_size
from local.execution.history import Visit, moment, parsed, visits_of
from local.execution.items import as_json, items_of, record_and_one_shots
from local.execution.logs import LogReader
from local.execution.manifest import parse_manifest
from local.execution.refusals import code, http_status, is_of_nobody, reason
from local.execution.uploaded import is_text, member, uploaded_object

# of 12 or 13 letters and digits is what CloudFormation puts after a logical id
_GENERATED_NAME = re.compile(r"(?P<stem>.+-(?P<logical_id>[A-Za-z0-9]+)-[A-Z0-9]{12,13})(?P<label>/.+)?")
SOURCE = "source"
_FILES = {"waveform.json": "waveform", "overview.png": "overview", "spectrogram.png": "spectrogram"}
_LARGEST_MANIFEST = 64_000_000  # bytes; of a hundred hours of sounds it has less
_ONE_SHOT = re.compile(r"one-shots/(?P<index>[0-9]{1,6})")
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")  # botocore asks for no other
_EXPRESS = ":express:"
# of an object: no such key, version or bucket, a delete marker, a version that can't be one
_NOT_THERE = {400, 404, 405}
_KEY_REFUSED = {"KmsAccessDeniedException", "KmsInvalidStateException", "KmsThrottlingException"}

Client = Callable[[str], Any]


class NotRead(Exception):  # noqa: N818 - it says what became of the reading
    """Something could not be read; the text says what, and why."""


class NoSuchExecution(NotRead):
    """There is no execution of that ARN, or none whose history is kept."""


@dataclass(frozen=True)
class StoredFile:
    """An object of a recording. `version` is None for the newest."""

    bucket: str
    key: str
    version: str | None = None

    def request(self) -> dict[str, str]:
        """Return it as S3 is asked for it."""
        asked = {"Bucket": self.bucket, "Key": self.key}
        return asked | {"VersionId": self.version} if self.version else asked


class ExecutionReader:
    """Reads executions with clients that `client(service)` returns."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def document(self, arn: str, *, with_one_shots: bool = True) -> dict[str, Any]:
        """Return all that a page or a report shows of an execution but its logs and files.

        What can't be read, beside the execution itself, is told in `notRead`: a text for each, with the reason. Without
        the items of the one-shots, which of an hour's recording take seconds to read, `oneShots` is None.

        Raises:
            NoSuchExecution: there is none of that ARN, or it is one of an Express state machine.
            NotRead: it may not be read.
            ClientError: nobody calls, by credentials that are unknown or expired.

        """
        return _Reading(self._client, arn, with_one_shots).document()

    def one_shots(self, arn: str) -> list[dict[str, Any]]:
        """Return the items of a document's one-shots alone."""
        return _Reading(self._client, arn).one_shots()

    def logs(self, arn: str, event_id: int | None = None) -> list[dict[str, Any]]:
        """Return the lines that each attempt at a state wrote.

        With the event that entered a state, those of that visit: `[{eventId, lines: [{time, text}], note}]`, one for
        each attempt by the event that scheduled it; `note` says why there are no lines, or not all of them, None where
        there is nothing to say. Without it those of every visit with attempts: `[{eventId, attempts: [as above]}]`.
        """
        visits = visits_of(_Reading(self._client, arn).events())
        logs = LogReader(self._client, arn, visits)
        if event_id is not None:
            return [lines for visit in visits if visit.event_id == event_id for lines in logs.of(visit)]
        return logs.of_all(visits)

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

    def read(self, stored: StoredFile, most: int) -> tuple[int, bytes | None]:
        """Return how many bytes an object has, and the bytes if there are no more than `most`.

        Raises:
            NotRead: it is not there, or may not be read.

        """
        try:
            return _read(self._client("s3"), stored, most)
        except ClientError as error:
            raise NotRead(reason(error)) from error


@dataclass
class _Reading:
    """One reading of one execution. `not_read` gathers what could not be read on the way."""

    client: Client
    arn: str
    with_one_shots: bool = True
    not_read: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        execution = self._execution()
        events = self.events()
        visits = visits_of(events)
        definition = self._definition()
        return {
            "execution": summary(execution),
            "definition": definition,
            "visits": [visit.as_json() for visit in visits],
            "events": [as_json(event) for event in events],
            "mapRuns": self._map_runs() if any(visit.type == "Map" for visit in visits) else [],
            "recording": self._recording(execution, definition, visits),
            "notRead": self.not_read,
            "readAt": moment(datetime.now(UTC)),
        }

    def one_shots(self) -> list[dict[str, Any]]:
        execution = self._execution()
        recording_id = _recording_id(execution, visits_of(self.events()))
        if uploaded_object(parsed(execution.get("input"))) is None or not recording_id:
            return []
        return record_and_one_shots(self._items(_table_of(self._definition()), recording_id))[1]

    def _execution(self) -> dict[str, Any]:
        if _EXPRESS in self.arn:
            raise NoSuchExecution(
                f"{self.arn} is an execution of an Express state machine: Step Functions keeps no history of it, "
                "its log group has what there is."
            )
        sfn = self.client("stepfunctions")
        try:
            try:
                return sfn.describe_execution(executionArn=self.arn)
            except ClientError as error:
                if code(error) not in _KEY_REFUSED:
                    raise
                self._note("The execution's input and output", error)
                return sfn.describe_execution(executionArn=self.arn, includedData="METADATA_ONLY")
        except ClientError as error:
            if is_of_nobody(error):
                raise
            if code(error) == "ExecutionDoesNotExist":
                raise NoSuchExecution(
                    f"There is no execution {self.arn}. Step Functions forgets an execution 90 days after its end; "
                    "the local engine one whose state machine is deleted."
                ) from error
            raise NotRead(f"The execution {self.arn} can't be read: {reason(error)}") from error

    def events(self) -> list[dict[str, Any]]:
        try:
            try:
                return self._history()
            except ClientError as error:
                if code(error) not in _KEY_REFUSED:
                    raise
                self._note("What the events of the history hold", error)
                return self._history(includeExecutionData=False)
        except ClientError as error:
            self._note("The history", error)
            return []

    def _history(self, **more: Any) -> list[dict[str, Any]]:
        pages = (
            self.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=self.arn, **more)
        )
        return [event for page in pages for event in page["events"]]

    def _definition(self) -> dict[str, Any]:
        try:
            described = self.client("stepfunctions").describe_state_machine_for_execution(executionArn=self.arn)
        except ClientError as error:
            self._note("The definition of the state machine", error)
            return _NO_DEFINITION
        definition = parsed(described.get("definition"))
        return definition if isinstance(definition, dict) else _NO_DEFINITION

    def _map_runs(self) -> list[dict[str, Any]]:
        sfn = self.client("stepfunctions")
        try:
            pages = sfn.get_paginator("list_map_runs").paginate(executionArn=self.arn)
            arns = [run["mapRunArn"] for page in pages for run in page["mapRuns"]]
            return [as_json(sfn.describe_map_run(mapRunArn=arn)) for arn in arns]
        except ClientError as error:
            self._note("The map runs", error)
            return []

    def _recording(
        self, execution: dict[str, Any], definition: dict[str, Any], visits: list[Visit]
    ) -> dict[str, Any] | None:
        recording_id = _recording_id(execution, visits)
        uploaded = uploaded_object(parsed(execution.get("input")))
        if uploaded is None or not recording_id:
            return None
        source = StoredFile(uploaded.bucket, uploaded.key, uploaded.version)
        if not _can_be_asked_for(source):
            self.not_read.append(
                "The recording was not looked for: "
                f"there can be no object {source.key!r}, version {source.version!r}, in a bucket {source.bucket!r}."
            )
            return None
        record, one_shots = record_and_one_shots(self._items(_table_of(definition), recording_id))
        manifest_key = member(record, "manifest_key")
        return {
            "id": recording_id,
            "source": self._source(source),
            "record": record,
            "oneShots": one_shots if self.with_one_shots else None,
            "manifest": self._manifest(StoredFile(source.bucket, manifest_key)) if is_text(manifest_key) else None,
        }

    def _source(self, source: StoredFile) -> dict[str, Any]:
        head: dict[str, Any] = {}
        is_there: bool | None = True
        try:
            head = self.client("s3").head_object(**source.request())
        except ClientError as error:
            is_there = False
            if http_status(error) not in _NOT_THERE:
                is_there = None
                self._note(f"The recording s3://{source.bucket}/{source.key}", error)
        return {
            "bucket": source.bucket,
            "key": source.key,
            "name": source.key.rpartition("/")[2],
            "versionId": source.version,
            "isThere": is_there,
            "sizeBytes": head.get("ContentLength"),
            "contentType": head.get("ContentType"),
            "settings": head.get("Metadata", {}),
        }

    def _items(self, table: str | None, recording_id: str) -> list[dict[str, Any]]:
        if table is None:
            self.not_read.append("The record was not looked for: no state of the definition names a table.")
            return []
        try:
            return items_of(self.client("dynamodb"), table, recording_id, only_record=not self.with_one_shots)
        except ClientError as error:
            self._note(f"The record in the table {table}", error)
            return []

    def _manifest(self, stored: StoredFile) -> dict[str, Any] | None:
        called = f"The manifest s3://{stored.bucket}/{stored.key}"
        try:
            size, data = _read(self.client("s3"), stored, _LARGEST_MANIFEST)
            if data is not None:
                return parse_manifest(data)
            most = shown_size(_LARGEST_MANIFEST)
            self.not_read.append(f"{called} is too large: it has {shown_size(size)}, read are at most {most}.")
        except ClientError as error:
            self._note(called, error)
        except ValueError as error:
            self.not_read.append(f"{called} {error}")
        return None

    def _note(self, what: str, error: ClientError) -> None:
        if is_of_nobody(error):
            raise error
        self.not_read.append(f"{what} could not be read: {reason(error)}")


_NO_DEFINITION: dict[str, Any] = {"StartAt": "", "States": {}}


def _read(s3: Any, stored: StoredFile, most: int) -> tuple[int, bytes | None]:
    answer = s3.get_object(**stored.request())
    with answer["Body"] as body:
        size = int(answer["ContentLength"])
        return size, body.read() if size <= most else None


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
    return found["logical_id"] + (found["label"] or "") if found else name


def _recording_id(execution: dict[str, Any], visits: list[Visit]) -> str | None:
    """Return the id that the execution gave its recording, in a variable or, where those are unknown, in its output."""
    assigned = (visit.assigned.get("recordingId") for visit in visits if visit.assigned)
    given = member(parsed(execution.get("output")), "recordingId")
    return next((each for each in (*assigned, given) if isinstance(each, str) and each), None)


def _table_of(definition: dict[str, Any]) -> str | None:
    """Return the table that a definition's own calls of DynamoDB name."""
    for state in _states_of(definition):
        if ":dynamodb:" in str(state.get("Resource")):
            table = member(state.get("Arguments", state.get("Parameters")), "TableName")
            if is_text(table):
                return str(table)
    return None


def _states_of(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in definition.get("States", {}).values():
        yield state
        for inner in (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", [])):
            yield from _states_of(inner or {})


def _can_be_asked_for(stored: StoredFile) -> bool:
    # JSON may hold half a surrogate pair, a request may not
    names = f"{stored.key}{stored.version or ''}"
    return _BUCKET.fullmatch(stored.bucket) is not None and names == names.encode("utf-8", "replace").decode()
