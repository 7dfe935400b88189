"""The deployed stack as the tests see it: upload, wait, look at what there is."""

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.engine import Engine, ExecutionResult

WAIT_SECONDS = 120


@dataclass(frozen=True)
class Upload:
    """One object version in the recordings bucket."""

    bucket: str
    key: str
    version_id: str

    @property
    def recording_id(self) -> str:
        identity = f"{self.bucket}\n{self.key}\n{self.version_id}".encode()
        return hashlib.sha256(identity).hexdigest()[:32]


class Stack:
    """The real template on the embedded engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.bucket = engine.outputs["RecordingsBucketName"]
        self.table = engine.outputs["RecordingsTableName"]
        self.s3 = engine.client("s3")
        self._announcements = _queue_on_the_bus(engine)
        self._heard: list[dict[str, Any]] = []

    def upload(self, key: str, body: bytes, **metadata: str) -> Upload:
        answer = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, Metadata=metadata)
        return Upload(self.bucket, key, answer["VersionId"])

    def process(self, key: str, body: bytes, **metadata: str) -> tuple[Upload, ExecutionResult]:
        """Upload and wait for the execution that the upload starts."""
        upload = self.upload(key, body, **metadata)
        return upload, self.engine.wait(self.execution_of(upload), WAIT_SECONDS)

    def execution_of(self, upload: Upload) -> str:
        def is_about_the_upload(event: dict[str, Any]) -> bool:
            uploaded = event.get("detail", {}).get("object", {})
            return (uploaded.get("key"), uploaded.get("version-id")) == (upload.key, upload.version_id)

        return self.engine.wait_for_execution(is_about_the_upload, WAIT_SECONDS)

    def wait_until_settled(self, execution_arn: str) -> ExecutionResult:
        """Wait for the settlement that a bad end of an execution starts."""

        def is_about_the_execution(event: dict[str, Any]) -> bool:
            return event.get("source") == "aws.states" and event["detail"]["executionArn"] == execution_arn

        return self.engine.wait(self.engine.wait_for_execution(is_about_the_execution, WAIT_SECONDS), WAIT_SECONDS)

    def start_again(self, upload: Upload, *, times: int) -> list[str]:
        """Deliver the upload's very event again, as EventBridge may."""
        client = self.engine.client("stepfunctions")
        first = client.describe_execution(executionArn=self.execution_of(upload))
        return [
            client.start_execution(stateMachineArn=first["stateMachineAliasArn"], input=first["input"])["executionArn"]
            for _ in range(times)
        ]

    def record(self, upload: Upload) -> dict[str, Any] | None:
        items = [item for item in self._items(upload) if item["item"] == "RECORDING"]
        return items[0] if items else None

    def one_shots(self, upload: Upload) -> list[dict[str, Any]]:
        return [item for item in self._items(upload) if item["item"].startswith("ONESHOT#")]

    def outputs(self, upload: Upload) -> dict[str, int]:
        """The names and sizes of what lies under the recording's own prefix, whoever the user is."""
        return {name: size for name, size, _ in self._objects(upload)}

    def manifest(self, upload: Upload, user: str = "demo") -> dict[str, Any]:
        key = f"public/processed/{user}/{upload.recording_id}/manifest.json"
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def is_still_there(self, upload: Upload) -> bool:
        self.s3.head_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version_id)
        return True

    def wait_for_task(self, upload: Upload) -> int:
        """Wait until the recording's container runs; its process id."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if tasks := self._tasks_of(upload):
                return tasks[0].pid
            time.sleep(0.005)
        raise TimeoutError(f"No task runs for {upload}.")

    def contents(self, upload: Upload) -> dict[str, str]:
        """The names under the recording's prefix and the ETags of their contents."""
        return {name: etag for name, _, etag in self._objects(upload)}

    def is_ended(self, execution_arn: str) -> bool:
        return execution_arn not in self.engine.executions.running()

    def announcements(self, upload: Upload) -> list[dict[str, Any]]:
        """What the results' bus carried about a recording, from the first upload on."""
        sqs = self.engine.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self._announcements, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self._heard.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self._announcements, ReceiptHandle=message["ReceiptHandle"])
        return [event for event in self._heard if event["detail"]["recordingId"] == upload.recording_id]

    @contextmanager
    def killing_every_task_of(self, upload: Upload) -> Iterator[None]:
        """Kill -9 each of the recording's containers as soon as it runs."""
        done = threading.Event()

        def kill() -> None:
            while not done.wait(0.005):
                for task in self._tasks_of(upload):
                    with suppress(ProcessLookupError):
                        os.kill(task.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            yield
        finally:
            done.set()
            killer.join()

    def half_results(self, upload: Upload, execution_arn: str) -> list[str]:
        """Look again and again until the execution ends, as a reader would; tells what should not have been seen.

        That is a manifest from the killed task, and a recording that is COMPLETED without all its one-shots.
        """
        seen = []
        while not self.is_ended(execution_arn):
            names, record, shots = self.outputs(upload), self.record(upload), self.one_shots(upload)
            attempts = [v for v in self.engine.executions.visits(execution_arn) if v.name == "ProcessAudio"]
            if len(attempts) == 1 and "manifest.json" in names:
                seen.append("a manifest of the killed task")
            # The record was read before the one-shots, and these are written before it is COMPLETED.
            if record is None or record["processing_status"] != "COMPLETED":
                continue
            if len(shots) != record["one_shot_count"]:
                seen.append(f"COMPLETED with {len(shots)} of {record['one_shot_count']} one-shots")
        return seen

    def _tasks_of(self, upload: Upload) -> list[Any]:
        tasks = self.engine.tasks.running()
        return [task for task in tasks if task.environment["RECORDING_ID"] == upload.recording_id]

    def _objects(self, upload: Upload) -> list[tuple[str, int, str]]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="public/processed/")
        objects = [item for page in pages for item in page.get("Contents", [])]
        return [
            (item["Key"].rpartition("/")[2], item["Size"], item["ETag"])
            for item in objects
            if item["Key"].split("/")[3] == upload.recording_id
        ]

    def _items(self, upload: Upload) -> list[dict[str, Any]]:
        pages = (
            self.engine.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.table,
                ConsistentRead=True,
                KeyConditionExpression="id = :id",
                ExpressionAttributeValues={":id": {"S": upload.recording_id}},
            )
        )
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]


def _queue_on_the_bus(engine: Engine) -> str:
    """Subscribe a queue to everything that the results' bus carries; its URL."""
    sqs, events = engine.client("sqs"), engine.client("events")
    queue = sqs.create_queue(QueueName="announcements")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus = engine.outputs["ResultsEventBusName"]
    events.put_rule(Name="everything", EventBusName=bus, EventPattern=json.dumps({"source": ["little-bit-audio"]}))
    events.put_targets(Rule="everything", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    return str(queue)
