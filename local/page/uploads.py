"""Uploads by the page: into the bucket, where the rule finds them, as those of the app."""

from dataclasses import dataclass
from typing import IO, Any

from botocore.exceptions import ClientError

from local.engine import Engine
from local.execution.reader import StoredFile
from local.page.executions import ExecutionList

LARGEST_UPLOAD = 1024**3  # bytes; the engine keeps objects in memory
_UPLOADS = "public/unprocessed"
_LONGEST_KEY, _LONGEST_METADATA = 1024, 2048  # bytes, as S3 has it
_BEGIN_SECONDS = 10.0


class UploadError(ValueError):
    """An upload that can't be made; its text says what is wrong with it and what is allowed."""


@dataclass(frozen=True)
class Upload:
    """An object that was put into the bucket. `execution` is the ARN of what it started; None for nothing so far."""

    key: str
    version: str | None
    execution: str | None


class Uploader:
    """Puts recordings into an engine's bucket."""

    def __init__(self, engine: Engine, executions: ExecutionList) -> None:
        self._s3 = engine.client("s3")
        self._bucket = engine.outputs["RecordingsBucketName"]
        self._executions = executions

    def upload(self, body: IO[bytes], *, user: str, name: str, settings: dict[str, str]) -> Upload:
        """Put a recording where the app puts it, its settings as metadata.

        Raises:
            UploadError: the name makes no key, a setting can't be metadata, or S3 refuses it.

        """
        if not name:
            raise UploadError("The file has no name.")
        key = f"{_UPLOADS}/{user}/{name}"
        _check(key, settings)
        try:
            answer = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, Metadata=settings)
        except ClientError as error:
            raise UploadError(f"S3 does not take the key {key!r}: {error}") from error
        return self._uploaded(key, answer)

    def upload_again(self, source: StoredFile) -> Upload:
        """Put an object's own bytes over it, as a new version with its settings.

        Raises:
            UploadError: it is not there any more.

        """
        try:
            head = self._s3.head_object(**source.request())
        except ClientError as error:
            raise UploadError(f"{source.key} is not in the bucket any more.") from error
        answer = self._s3.copy_object(
            Bucket=source.bucket,
            Key=source.key,
            CopySource=source.request(),
            MetadataDirective="REPLACE",
            Metadata=head["Metadata"],
            ContentType=head["ContentType"],
            # of an object that came in parts moto copies the parts' checksum as the whole object's
            ChecksumAlgorithm="CRC32",
        )
        return self._uploaded(source.key, answer)

    def _uploaded(self, key: str, answer: dict[str, Any]) -> Upload:
        version = answer.get("VersionId")
        return Upload(key, version, self._executions.wait_for_upload(key, version, _BEGIN_SECONDS))


def _check(key: str, settings: dict[str, str]) -> None:
    length = len(key.encode())
    if length > _LONGEST_KEY:
        raise UploadError(f"The key would have {length} bytes; S3 takes {_LONGEST_KEY} of UTF-8.")
    for name, value in settings.items():
        if not (value.isascii() and value.isprintable()):
            raise UploadError(f"{name} is {value!r}; S3 takes printable ASCII as metadata.")
    size = sum(len(name) + len(value) for name, value in settings.items())
    if size > _LONGEST_METADATA:
        raise UploadError(f"The settings have {size} bytes; S3 takes {_LONGEST_METADATA} of metadata.")
