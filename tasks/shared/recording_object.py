"""One version of one uploaded object in S3, read in ranges."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from shared.errors import InvalidUpload, RefusalCode
from shared.quoting import quoted

# HEAD answers have no body, so botocore names the bare status. 405 is what a delete marker answers.
_GONE = frozenset({"404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})


class ObjectFacts(NamedTuple):
    """What S3 knows of the object: its size in bytes and its user metadata (names in lower case)."""

    size_bytes: int
    user_metadata: Mapping[str, str]


class RecordingObject:
    """The bytes of an upload, pinned to its version: a later upload under the same name is another object."""

    def __init__(self, s3: Any, *, bucket: str, key: str, version_id: str) -> None:
        self._s3 = s3
        self._key = key
        self._address = {"Bucket": bucket, "Key": key, "VersionId": version_id}

    def facts(self) -> ObjectFacts:
        """Ask S3 for size and user metadata.

        Raises:
            InvalidUpload: OBJECT_GONE, the object or this version of it was deleted.

        """
        answer = self._call(self._s3.head_object)
        return ObjectFacts(size_bytes=answer["ContentLength"], user_metadata=answer.get("Metadata", {}))

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes (>= 1) from `offset`, which must lie inside the object.

        Raises:
            InvalidUpload: OBJECT_GONE, the object or this version of it was deleted.

        """
        answer = self._call(self._s3.get_object, Range=f"bytes={offset}-{offset + length - 1}")
        with answer["Body"] as body:
            # A server that ignores the range would send everything: take no more than was asked for.
            content: bytes = body.read(length)
        return content

    def _call(self, operation: Any, **arguments: str) -> Any:
        try:
            return operation(**self._address, **arguments)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                raise
            raise InvalidUpload(
                RefusalCode.OBJECT_GONE,
                f"key {quoted(self._key)}, version {quoted(self._address['VersionId'])}, no longer exists; "
                "it must stay until it is processed",
            ) from error
