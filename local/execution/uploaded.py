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
    detail = member(given, "detail")
    bucket, stored = member(member(detail, "bucket"), "name"), member(detail, "object")
    key, version = member(stored, "key"), member(stored, "version-id")
    if not (is_text(bucket) and is_text(key)):
        return None
    return UploadedObject(bucket, key, version if is_text(version) else None)


def is_upload(given: Any) -> bool:
    """Whether an input tells of an upload."""
    return uploaded_object(given) is not None


def is_text(value: Any) -> bool:
    """Whether a value of a stranger's JSON is a text that says something."""
    return isinstance(value, str) and bool(value)


def member(value: Any, name: str) -> Any:
    """Return a member of a stranger's JSON, None where there is none of that name or no object to have it."""
    return value.get(name) if isinstance(value, dict) else None
