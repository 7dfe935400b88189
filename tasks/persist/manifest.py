"""manifest.json, as far as the table needs it. Its full description is container/oneshots/manifest.schema.json."""

import json
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from shared.errors import ResultInvalid, ResultMissing
from shared.quoting import quoted

# As read and turned into items this takes 400 of the function's 512 MB: some 33,000 described one-shots.
MAX_MANIFEST_BYTES = 32 * 1024 * 1024
# Five digits number the one-shots of a recording in the table. MAX_MANIFEST_BYTES hold fewer.
MAX_ONE_SHOTS = 99_999

type Measurements = dict[str, Any]
type Seconds = Annotated[NonNegativeFloat, Field(allow_inf_nan=False)]


class _ManifestPart(BaseModel):
    """A part of the manifest; fields that are not named here are tolerated and left where they are."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Reason(_ManifestPart):
    """Why a recording was rejected by decoding it."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")
    message: str


class Warned(_ManifestPart):
    """Something the musician may want to know about a recording that was processed all the same."""

    code: str = Field(max_length=64)
    message: str


class OneShot(_ManifestPart):
    """One sound that was cut out. Times are seconds from the start of the recording."""

    index: int = Field(ge=1, le=MAX_ONE_SHOTS)
    start_seconds: Seconds
    end_seconds: Seconds
    duration_seconds: Seconds
    key: str = Field(max_length=1024)
    format: str = Field(max_length=16)
    confidence: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    loudness: Measurements | None = None
    descriptors: Measurements | None = None


class Manifest(_ManifestPart):
    """The result of a recording: `completed` with its one-shots, or `rejected` with a reason."""

    manifest_version: Literal[1]
    recording_id: str
    outcome: Literal["completed", "rejected"]
    reason: Reason | None = None
    duration_seconds: Seconds | None = None
    sample_rate: PositiveInt | None = None
    channels: PositiveInt | None = None
    loudness: Measurements | None = None
    descriptors: Measurements | None = None
    warnings: tuple[Warned, ...] = ()
    one_shots: tuple[OneShot, ...] = ()

    @model_validator(mode="after")
    def _check_outcome(self) -> "Manifest":
        if (self.outcome == "rejected") != (self.reason is not None):
            raise ValueError("reason must be there if the outcome is rejected, and only then")
        if self.outcome == "completed" and self.duration_seconds is None:
            raise ValueError("durationSeconds must be there if the outcome is completed")
        for field, values in (("index", [o.index for o in self.one_shots]), ("key", [o.key for o in self.one_shots])):
            if len(set(values)) < len(values):
                raise ValueError(f"two one-shots have the same {field}")
        return self

    def completed_duration(self) -> float:
        """Return the duration in seconds of a recording whose outcome is `completed`."""
        assert self.duration_seconds is not None  # noqa: S101 - the model has checked it
        return self.duration_seconds


class ProcessingTimes(NamedTuple):
    """When the task that wrote a manifest began and ended, in epoch seconds by its own clock."""

    began_at: float
    ended_at: float


def read_manifest(
    s3: Any, *, bucket: str, key: str, recording_id: str, output_prefix: str
) -> tuple[Manifest, ProcessingTimes | None]:
    """Return the manifest of a recording, checked, and the times of its making where they are told.

    Raises:
        ResultMissing: there is none.
        ResultInvalid: it is too large, no JSON, breaks its contract, or is about something else.

    """
    content, metadata = _read(s3, bucket, key)
    manifest = _parse(content, key)
    if manifest.recording_id != recording_id:
        raise ResultInvalid(f"{key}: recordingId is {quoted(manifest.recording_id)}, not {quoted(recording_id)}")
    for one_shot in manifest.one_shots:
        name = one_shot.key.removeprefix(output_prefix)
        if not one_shot.key.startswith(output_prefix) or name in {"", ".", ".."} or "/" in name:
            raise ResultInvalid(
                f"{key}: key {quoted(one_shot.key)} of one-shot {one_shot.index} "
                f"does not lie in {quoted(output_prefix)}"
            )
    return manifest, _times(metadata)


def _read(s3: Any, bucket: str, key: str) -> tuple[bytes, dict[str, str]]:
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchKey":
            raise
        raise ResultMissing(f"{key} is not there: the task ended without a result") from error
    with answer["Body"] as body:
        if answer["ContentLength"] > MAX_MANIFEST_BYTES:
            raise ResultInvalid(f"{key} has {answer['ContentLength']} bytes; at most {MAX_MANIFEST_BYTES} are read")
        content: bytes = body.read()
    return content, answer.get("Metadata", {})


def _times(metadata: dict[str, str]) -> ProcessingTimes | None:
    # Nothing but a trace hangs on them: what makes no sense is as good as absent.
    try:
        times = ProcessingTimes(float(metadata["began-at"]), float(metadata["ended-at"]))
    except (KeyError, ValueError):
        return None
    return times if 0 < times.began_at <= times.ended_at < float("inf") else None


def _parse(content: bytes, key: str) -> Manifest:
    try:
        return Manifest.model_validate(json.loads(content, parse_constant=_refuse_constant))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise ResultInvalid(f"{key}: {field} is {quoted(first['input'])}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise ResultInvalid(f"{key} is no JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
