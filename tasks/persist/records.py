"""The items of the table, as docs/architecture.md describes them, made from a manifest."""

import json
import math
from decimal import Decimal
from typing import Any, NamedTuple

from persist.manifest import Manifest, OneShot
from shared.errors import ResultInvalid
from shared.quoting import printable

RECORDING_ITEM = "RECORDING"
ONE_SHOT_PREFIX = "ONESHOT#"

# DynamoDB takes 400 KB; what is larger than this is no description of a sound.
MAX_ITEM_BYTES = 32 * 1024
MAX_WARNINGS = 50
_MAX_WARNING_LENGTH = 300

# What DynamoDB's numbers can hold (Developer Guide, "Naming rules and data types").
_SMALLEST_NUMBER, _LARGEST_NUMBER = 1e-128, 1e125
_LARGEST_INTEGER = 10**37
# Of maps and lists in each other (Developer Guide, "Service, account, and table quotas").
_MOST_LEVELS = 32

type Item = dict[str, Any]


class OutputLocation(NamedTuple):
    """Whose recording it is and where its output lies."""

    recording_id: str
    user_id: str
    bucket: str
    region: str
    output_prefix: str
    manifest_key: str


def one_shot_items(manifest: Manifest, location: OutputLocation) -> list[Item]:
    """Return one item per one-shot, in the manifest's order.

    Raises:
        ResultInvalid: a one-shot is larger than an item may be, or holds a number the table cannot.

    """
    return [_one_shot_item(one_shot, location) for one_shot in manifest.one_shots]


def _one_shot_item(one_shot: OneShot, location: OutputLocation) -> Item:
    return _storable(
        {
            "id": location.recording_id,
            "item": f"{ONE_SHOT_PREFIX}{one_shot.index:05d}",
            "user_id": location.user_id,
            "index": one_shot.index,
            "name": one_shot.key.removeprefix(location.output_prefix),
            "file": {"bucket": location.bucket, "key": one_shot.key, "region": location.region},
            "format": one_shot.format,
            "start_seconds": one_shot.start_seconds,
            "end_seconds": one_shot.end_seconds,
            "duration_seconds": one_shot.duration_seconds,
            "loudness": one_shot.loudness,
            "descriptors": one_shot.descriptors,
            "confidence": one_shot.confidence,
        },
        what=f"one-shot {one_shot.index}",
    )


def completed_attributes(manifest: Manifest, location: OutputLocation) -> Item:
    """Return the attributes that a recording's item gains when it is COMPLETED.

    Raises:
        ResultInvalid: they are larger than an item may be, or hold a number the table cannot.

    """
    return _storable(
        {
            "output_prefix": location.output_prefix,
            "manifest_key": location.manifest_key,
            "duration_seconds": manifest.duration_seconds,
            "sample_rate": manifest.sample_rate,
            "channels": manifest.channels,
            "loudness": manifest.loudness,
            "descriptors": manifest.descriptors,
            "warnings": _warnings(manifest),
            "one_shot_count": len(manifest.one_shots),
        },
        what="the recording",
    )


def _warnings(manifest: Manifest) -> list[dict[str, str]]:
    """Return the first warnings, and one more that says how many are only in the manifest."""
    warnings = [
        {"code": warning.code, "message": printable(warning.message, max_length=_MAX_WARNING_LENGTH)}
        for warning in manifest.warnings[:MAX_WARNINGS]
    ]
    left_out = len(manifest.warnings) - len(warnings)
    if left_out:
        warnings.append({"code": "MORE_WARNINGS", "message": f"{left_out} more are in the manifest"})
    return warnings


def _storable(item: Item, *, what: str) -> Item:
    # First, since it is what refuses a depth that JSON cannot be made of either.
    stored: Item = _with_decimals(item, what, depth=0)
    size = len(json.dumps(item, ensure_ascii=False).encode("utf-8"))
    if size > MAX_ITEM_BYTES:
        raise ResultInvalid(f"{what} has {size} bytes of JSON; an item of the table has at most {MAX_ITEM_BYTES}")
    return stored


def _with_decimals(value: Any, what: str, *, depth: int) -> Any:
    """Return `value` with its floats as Decimals, which is how boto3 takes numbers."""
    if depth > _MOST_LEVELS:
        raise ResultInvalid(f"{what} is more than {_MOST_LEVELS} levels deep, which the table cannot hold")
    match value:
        case dict():
            return {_text(name, what): _with_decimals(each, what, depth=depth + 1) for name, each in value.items()}
        case list():
            return [_with_decimals(each, what, depth=depth + 1) for each in value]
        case str():
            return _text(value, what)
        case float():
            return _decimal(value, what)
        case int() if abs(value) > _LARGEST_INTEGER:
            raise ResultInvalid(f"{what} holds a number of more than 37 digits")
    return value


def _text(text: str, what: str) -> str:
    """Return `text`, which has to be Unicode: JSON may escape half a character, UTF-8 cannot hold it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ResultInvalid(f"{what} holds half a character (U+{ord(text[error.start]):04X})") from error
    return text


def _decimal(value: float, what: str) -> Decimal:
    if not math.isfinite(value) or abs(value) > _LARGEST_NUMBER:
        raise ResultInvalid(f"{what} holds the number {value}, which the table cannot")
    # The shortest text that reads back as the same float: 0.1 stays 0.1.
    return Decimal(repr(value)) if abs(value) > _SMALLEST_NUMBER else Decimal(0)
