"""Uploads the example recording to a stack, waits for what becomes of it, and looks at every part of the result.

What it made is taken away again. Exit codes: 0; 1 the recording was not processed as it should, or AWS refuses; 2 a
mistake in the command.
"""

import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError

from operate.aws import LOCAL_STACK, Aws
from operate.environments import ROOT
from operate.errors import NotDone
from operate.terminal import shown

EXAMPLE = ROOT / "examples" / "phone-recording.m4a"
_USER = "smoke-test"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0  # seconds between two looks
_LONGEST_WAIT = 900  # seconds: a task's start on Fargate takes a minute or two, and may be tried again
_RECORDING = "RECORDING"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Upload:
    """The example as it was uploaded."""

    key: str
    version: str
    recording_id: str


class SmokeTest:
    """One recording through a stack."""

    def __init__(self, aws: Aws, stack: str) -> None:
        outputs = aws.outputs(stack)
        self._bucket, self._table = outputs["RecordingsBucketName"], outputs["RecordingsTableName"]
        self._dead_letters = outputs["FailedStartsQueueUrl"]
        self._s3, self._dynamodb = aws.client("s3"), aws.client("dynamodb")

    def upload(self, file: Path = EXAMPLE) -> Upload:
        """Put a recording where the app puts it."""
        key = f"public/unprocessed/{_USER}/{uuid.uuid4().hex}{file.suffix}"
        version = self._s3.put_object(Bucket=self._bucket, Key=key, Body=file.read_bytes())["VersionId"]
        identity = f"{self._bucket}\n{key}\n{version}".encode()
        return Upload(key, version, hashlib.sha256(identity).hexdigest()[:32])

    def wait(self, upload: Upload, tell: Tell, seconds: float = _LONGEST_WAIT) -> dict[str, Any]:
        """Wait for the recording to be COMPLETED; returns its record.

        Raises:
            NotDone: it failed, or came to no end in so many seconds.

        """
        deadline, pause, told = time.monotonic() + seconds, _FIRST_PAUSE, None
        while time.monotonic() < deadline:
            record = next((item for item in self._items(upload) if item["item"] == _RECORDING), {})
            status = record.get("processing_status")
            if status and status != told:
                tell(f"  {status}")
                told = status
            if status == "COMPLETED":
                return record
            if status == "FAILED":
                error = record["processing_error"]
                raise NotDone(f"FAILED: {error['code']}: {error['message']}\n  {record.get('execution_arn', '')}")
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.5)
        if told:
            raise NotDone(f"{told} for {seconds:.0f} s; it is not waited for any longer.")
        raise NotDone(
            f"There is no record after {seconds:.0f} s: no execution began, or it failed before its first write. "
            f"What could not be started lies in {self._dead_letters} (docs/operate.md)."
        )

    def check(self, upload: Upload, record: dict[str, Any]) -> int:
        """Look at everything that the record promises; returns how many one-shots there are.

        Raises:
            NotDone: something of it is not there.

        """
        stored = {item["Key"] for item in self._objects(record["output_prefix"])}
        if record["manifest_key"] not in stored:
            raise NotDone(f"The record names {record['manifest_key']}, and there is no such object.")
        manifest = json.loads(self._s3.get_object(Bucket=self._bucket, Key=record["manifest_key"])["Body"].read())
        one_shots = [item for item in self._items(upload) if item["item"] != _RECORDING]
        promised = {
            "the record": int(record["one_shot_count"]),
            "the manifest": len(manifest["oneShots"]),
            "the table": len(one_shots),
        }
        if len(set(promised.values())) != 1 or not one_shots:
            raise NotDone(f"One-shots differ: {', '.join(f'{where} has {n}' for where, n in promised.items())}.")
        files = {each["file"]["key"] for each in one_shots} | {file for file in manifest["files"].values() if file}
        if missing := sorted(files - stored):
            raise NotDone(f"{len(missing)} objects are missing, the first is {missing[0]}.")
        return len(one_shots)

    def clean_up(self, upload: Upload) -> None:
        """Take away the upload, its results and its record, and every version of them."""
        prefixes = [upload.key, f"public/processed/{_USER}/{upload.recording_id}/"]
        objects = [each for prefix in prefixes for each in self._versions(prefix)]
        for first in range(0, len(objects), 1000):
            some = {"Objects": objects[first : first + 1000], "Quiet": True}
            self._s3.delete_objects(Bucket=self._bucket, Delete=some)
        for item in self._items(upload):
            key = {"id": {"S": item["id"]}, "item": {"S": item["item"]}}
            self._dynamodb.delete_item(TableName=self._table, Key=key)

    def _items(self, upload: Upload) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": upload.recording_id}},
        )
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]

    def _objects(self, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            yield from page.get("Contents", [])

    def _versions(self, prefix: str) -> Iterator[dict[str, str]]:
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix):
            for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield {"Key": each["Key"], "VersionId": each["VersionId"]}


def smoke(aws: Aws, stack: str, tell: Tell, *, keep: bool = False, seconds: float = _LONGEST_WAIT) -> None:
    """Run the example recording through a stack.

    Raises:
        NotDone: it was not processed as it should; what there is of it is left to be looked at.

    """
    test = SmokeTest(aws, stack)
    began = time.monotonic()
    upload = test.upload()
    tell(f"  uploaded {upload.key}")
    record = test.wait(upload, tell, seconds)
    count = test.check(upload, record)
    tell(f"  {count} one-shots, the manifest, the record: all there after {time.monotonic() - began:.0f} s")
    if keep:
        tell(f"  kept: recording {upload.recording_id}")
        return
    test.clean_up(upload)


@app.command()
def main(
    stack: Annotated[str | None, typer.Option(help="A stack on AWS.", metavar="NAME")] = None,
    port: Annotated[int, typer.Option(help="Without a stack: the local engine's port.", min=1, max=65535)] = 4566,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the recording and its results there.")] = False,
    seconds: Annotated[float, typer.Option(help="How long to wait.", min=1)] = _LONGEST_WAIT,
) -> None:
    """Upload the example recording to a stack on AWS, or to the local engine (`make up`), and check the result."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    endpoint = None if stack else os.environ.get("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    try:
        smoke(Aws(endpoint), stack or LOCAL_STACK, lambda line: typer.echo(shown(line)), keep=keep, seconds=seconds)
    except NotDone as error:
        for line in str(error).splitlines():
            typer.echo(shown(line), err=True)
        raise typer.Exit(1) from error
    except (BotoCoreError, ClientError) as error:
        typer.echo(shown(f"{type(error).__name__}: {error}"), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
