"""What an execution's input says of the upload that it is about. Anybody can start an execution with any input."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class UploadedObject:
    """The object that an event of S3 tells of. `version` is None where the event names none."""

    bucket: str
    key: str
    version: str | None


def uploaded_object(given: Any) -> UploadedObject | None:
    """Return the object that an input tells of as S3's events do, None for any other input."""
    detail = _member(given, "detail")
    bucket, stored = _member(_member(detail, "bucket"), "name"), _member(detail, "object")
    key, version = _member(stored, "key"), _member(stored, "version-id")
    if not (isinstance(bucket, str) and isinstance(key, str)):
        return None
    return UploadedObject(bucket, key, version if isinstance(version, str) else None)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
