"""What must hold for any input: one function for each place where a stranger's bytes or texts come in.

Each returns when a verdict was reached, a good one or one of the product's own errors for it, and raises anything else:
hypothesis and atheris feed them, and so does the corpus.
"""

import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from botocore.exceptions import ClientError

from fuzz.verdict import is_clean
from metadata.recording import RecordingEvent, describe_recording
from oneshots.decode import decode
from oneshots.rejection import Rejection
from persist.manifest import read_manifest
from persist.records import OutputLocation, completed_attributes, one_shot_items
from shared.errors import InvalidUpload, ResultInvalid, ResultMissing
from validate.magic_bytes import FIRST_BLOCK_BYTES, identify_format
from validate.object_key import SUPPORTED_EXTENSIONS, parse_upload_key
from validate.parameters import PARAMETERS, read_parameters

RECORDING_ID = "0123456789abcdef0123456789abcdef"
PREFIX = f"public/processed/user-1/{RECORDING_ID}/"
_LOCATION = OutputLocation(
    recording_id=RECORDING_ID, user_id="user-1", bucket="b", region="eu-west-1", output_prefix=PREFIX,
    manifest_key=f"{PREFIX}manifest.json",
)  # fmt: skip
SNIFFED = ("m4a", "mp4", "3gp", "wav", "mp3", "aac", "flac", "ogg", "opus", "webm", "aiff")
_MOST_MESSAGE = 2000
# A quarter of a minute is more than any of the seeds: what makes hours of it is stopped there.
_MOST_SECONDS = 15.0


class PropertyError(AssertionError):
    """A property does not hold; says which, and of what."""


def _holds(condition: bool, what: str) -> None:
    if not condition:
        raise PropertyError(what)


def _check_message(text: str) -> None:
    _holds(is_clean(text), f"a message that is not clean: {text!a:.300}")
    _holds(len(text) <= _MOST_MESSAGE, f"a message of {len(text)} characters")


def check_key(key: str) -> None:
    """Check ValidateUpload's grammar of keys."""
    try:
        parsed = parse_upload_key(key)
    except InvalidUpload as refusal:
        _check_message(refusal.message)
        return
    _holds(key.endswith(f"/{parsed.user_id}/{parsed.name}"), f"a key of other parts: {key!a}")
    _holds(parsed.extension in SUPPORTED_EXTENSIONS, f"extension {parsed.extension!a}")
    _holds("/" not in parsed.name and "\\" not in parsed.name, f"a path in {parsed.name!a}")
    # Joiners between letters are legal, and all that is.
    _holds(is_clean(parsed.name.replace("\u200c", "").replace("\u200d", "")), f"name {parsed.name!a}")


def check_parameters(metadata: Mapping[str, str]) -> None:
    """Check ValidateUpload's reading of an upload's metadata."""
    try:
        values = read_parameters(metadata)
    except InvalidUpload as refusal:
        _check_message(refusal.message)
        return
    _holds(set(values) <= set(PARAMETERS), f"names {set(values)!a}")
    for name, value in values.items():
        _holds(isinstance(value, bool | int | float) or is_clean(value), f"{name} is {value!a}")
        json.dumps(value, allow_nan=False)


def check_magic_bytes(content: bytes, extension: str) -> None:
    """Check ValidateUpload's look at the first bytes; `content` is a whole file."""
    try:
        found = identify_format(
            lambda offset, length: content[offset : offset + length],
            size_bytes=len(content),
            first_block=content[:FIRST_BLOCK_BYTES],
            name=f"take\x1b[2J.{extension}",
            extension=extension,
        )
    except InvalidUpload as refusal:
        _check_message(refusal.message)
        return
    _holds(found in SNIFFED, f"format {found!a}")


def check_metadata(content: bytes, audio_format: str) -> None:
    """Check ExtractMetadata on a whole file; `audio_format` is one of `SNIFFED`. What is empty never comes to it."""
    if not content:
        return
    event = RecordingEvent(
        recording_id=RECORDING_ID, execution_arn="arn", bucket="b", key="unprocessed/u/t\x1b[2J.wav", version_id="v",
        size_bytes=len(content), format=audio_format,
    )  # fmt: skip
    upload: Any = _Upload(content)
    try:
        facts = describe_recording(event, upload, max_duration_seconds=14_400)
    except InvalidUpload as refusal:
        _check_message(refusal.message)
        return
    json.dumps(facts.to_json(), allow_nan=False)
    for name, value in facts.tags.items():
        _holds(is_clean(name) and is_clean(value), f"tag {name!a}: {value!a}")
    _holds(facts.codec is None or is_clean(facts.codec), f"codec {facts.codec!a}")
    for number in (facts.sample_rate, facts.channels, facts.bit_rate, facts.bit_depth):
        _holds(number is None or number > 0, f"facts {facts!a:.300}")


class _Upload:
    """An upload whose bytes are at hand."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, offset: int, length: int) -> bytes:
        return self._content[offset : offset + length]


def check_decode(content: bytes) -> None:
    """Check the container's decoding of a whole file, and what it says of the file's promises."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        path.write_bytes(content)
        try:
            recording = decode(path, max_seconds=_MOST_SECONDS)
        except Rejection as rejection:
            _check_message(rejection.message)
            return
    samples = recording.samples[:, :]
    _holds(bool(np.isfinite(samples).all()), "samples that are no numbers")
    _holds(samples.shape[0] in (1, 2) and samples.shape[1] > 0, f"samples of shape {samples.shape}")
    _holds(8000 <= recording.sample_rate <= 96_000, f"a rate of {recording.sample_rate}")
    for warning in recording.warnings:
        _check_message(warning.message)


def check_manifest(content: bytes) -> None:
    """Check PersistResult's reading of a manifest, and the items that it makes of it."""
    s3 = _Store(content)
    try:
        manifest, _ = read_manifest(
            s3, bucket="b", key=_LOCATION.manifest_key, recording_id=RECORDING_ID, output_prefix=PREFIX
        )
        items = [completed_attributes(manifest, _LOCATION), *one_shot_items(manifest, _LOCATION)]
    except (ResultInvalid, ResultMissing) as error:
        _check_message(str(error))
        return
    for item in items:
        _check_storable(item)


def _check_storable(value: Any, depth: int = 0) -> None:
    """DynamoDB's own rules: UTF-8, at most 32 levels (Developer Guide, Service quotas)."""
    _holds(depth <= 32, f"{depth} levels")
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, dict):
        for name, each in value.items():
            name.encode()
            _check_storable(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check_storable(each, depth + 1)


class _Store:
    """An S3 with one object."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get_object(self, **_: str) -> dict[str, Any]:
        if not self._content:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self._content), "ContentLength": len(self._content)}
