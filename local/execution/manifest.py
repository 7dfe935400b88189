"""The manifest of a recording, as far as page and report read it.

Its full description is container/oneshots/manifest.schema.json. Somebody may have put another object in its place: what
is not of this shape is shown as nothing, for half of it would be a page that breaks.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

# larger ones are no integers in a browser
_LARGEST_INTEGER = 2**53 - 1
_LONGEST_VALUE = 60

type _Key = Annotated[str, Field(min_length=1, max_length=1024)]
type _Described = dict[str, float | str | bool | None]


class _Part(BaseModel):
    """A part of the manifest. Fields that are not named here are shown as they are."""

    model_config = ConfigDict(alias_generator=to_camel, strict=True)


class _Message(_Part):
    code: str
    message: str


class _Settings(_Part):
    processing_enabled: bool


class _Source(_Part):
    container: str | None
    codec: str | None


class _Files(_Part):
    waveform: _Key | None
    overview: _Key | None
    spectrogram: _Key | None


class _Loudness(_Part):
    integrated_lufs: float | None


class _OneShotLoudness(_Part):
    gain_db: float


class _OneShot(_Part):
    index: int = Field(ge=1, le=_LARGEST_INTEGER)
    key: _Key
    format: str
    start_seconds: float = Field(ge=0)
    end_seconds: float = Field(ge=0)
    duration_seconds: float = Field(ge=0)
    size_bytes: int = Field(ge=0, le=_LARGEST_INTEGER)
    loudness: _OneShotLoudness
    descriptors: _Described | None


class _Manifest(_Part):
    recording_id: str
    settings: _Settings
    outcome: Literal["completed", "rejected"]
    reason: _Message | None
    source: _Source
    duration_seconds: Annotated[float, Field(ge=0)] | None
    loudness: _Loudness | None
    descriptors: _Described | None
    warnings: list[_Message]
    files: _Files
    one_shots: list[_OneShot]

    @model_validator(mode="after")
    def _check_duration(self) -> "_Manifest":
        if self.outcome == "completed" and self.duration_seconds is None:
            raise ValueError("durationSeconds must be there if the outcome is completed")
        return self


def parse_manifest(data: bytes) -> dict[str, Any]:
    """Return what a manifest holds.

    Raises:
        ValueError: it is no JSON, or not of the shape that is read; the text says where.

    """
    try:
        manifest: dict[str, Any] = from_json(data, allow_inf_nan=False)
        json.dumps(manifest, allow_nan=False)  # 1e999 is read as infinite, and a browser reads no such JSON
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from error
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        raise ValueError(f"is not as it should be: {_told(error)}") from error
    return manifest


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "the whole"
    if first["type"] == "missing":
        return f"{field} is not there"
    # after that comes the name of a class here
    return f"{field} is {_shortened(first['input'])}: {first['msg'].partition(' or instance of ')[0]}"


def _shortened(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} ..."
