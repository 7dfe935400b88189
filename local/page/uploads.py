"""Uploads by the page: into the bucket, where the rule finds them, as those of the app."""

from dataclasses import dataclass
from typing import IO, Any

from botocore.exceptions import ClientError

from local.engine import Engine
from local.execution.reader import StoredFile

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

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bucket = engine.outputs["RecordingsBucketName"]

    def upload(self, body: IO[bytes], *, user: str, name: str, settings: dict[str, str]) -> Upload:
        """Put a recording where the app puts it, its settings as metadata.

        Raises:
            UploadError: the name makes no key, or a setting can't be metadata.

        """
        key = f"{_UPLOADS}/{user}/{name}"
        _check(key, settings)
        answer = self._engine.client("s3").put_object(Bucket=self._bucket, Key=key, Body=body, Metadata=settings)
        return self._uploaded(key, answer)

    def upload_again(self, source: StoredFile, settings: dict[str, str] | None = None) -> Upload:
        """Put an object's own bytes over it, as a new version; with its settings, or with others.

        Raises:
            UploadError: it is not there any more, or a setting can't be metadata.

        """
        s3 = self._engine.client("s3")
        try:
            head = s3.head_object(**source.request())
        except ClientError as error:
            raise UploadError(f"{source.key} is not in the bucket any more.") from error
        metadata = head["Metadata"] if settings is None else settings
        _check(source.key, metadata)
        answer = s3.copy_object(
            Bucket=source.bucket,
            Key=source.key,
            CopySource=source.request(),
            MetadataDirective="REPLACE",
            Metadata=metadata,
            ContentType=head["ContentType"],
        )
        return self._uploaded(source.key, answer)

    def _uploaded(self, key: str, answer: dict[str, Any]) -> Upload:
        version = answer.get("VersionId")

        def is_of_upload(event: dict[str, Any]) -> bool:
            stored = event.get("detail", {}).get("object", {})
            return (stored.get("key"), stored.get("version-id")) == (key, version)

        try:
            return Upload(key, version, self._engine.wait_for_execution(is_of_upload, _BEGIN_SECONDS))
        except TimeoutError:
            return Upload(key, version, None)


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
