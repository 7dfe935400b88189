"""From a recording in S3 to the facts its container states, or the reason why it is refused."""

from pydantic import Field, NonNegativeInt

from metadata.probe import ContainerFacts, probe
from metadata.s3_file import ReadBudgetExceededError, S3File
from shared.errors import InvalidUpload, RefusalCode
from shared.id3 import ID3_HEADER_BYTES, id3_tag_bytes
from shared.lambda_task import TaskEvent, WorkflowMessage
from shared.quoting import quoted
from shared.recording_object import RecordingObject

# What hours of audio take: 3 MB of tables in an m4a, or some thousand fragments, and an ordinary cover.
READ_BUDGET_BYTES = 8 * 1024 * 1024
# Once more, frugally, for a cover as large as an album and for what has too many fragments.
FRUGAL_READ_BUDGET_BYTES = 16 * 1024 * 1024

# As the container has them (container/oneshots/decode.py).
_MOST_CHANNELS = 64
_LEAST_RATE_HZ, _MOST_RATE_HZ = 1000, 768_000


class RecordingEvent(TaskEvent):
    """What ExtractMetadata is given: the job of ValidateUpload."""

    bucket: str = Field(min_length=1)
    key: str = Field(min_length=1)
    version_id: str = Field(min_length=1)
    size_bytes: int = Field(ge=1)
    format: str


class AudioFacts(WorkflowMessage):
    """What ExtractMetadata hands on; what the container does not say is None."""

    container: str
    codec: str | None
    sample_rate: int | None
    channels: int | None
    bit_rate: int | None
    bit_depth: int | None
    duration_seconds: float | None
    tags: dict[str, str]
    bytes_read: NonNegativeInt


def describe_recording(event: RecordingEvent, upload: RecordingObject, *, max_duration_seconds: float) -> AudioFacts:
    """Return the facts of a recording, at a cost of at most the two read budgets together.

    Raises:
        InvalidUpload: NO_AUDIO_TRACK, CORRUPT, TOO_LONG or OBJECT_GONE.

    """
    facts, bytes_read = _read_facts(event, upload)
    _check_plausible(facts, event)
    if facts.duration_is_stated and facts.duration_seconds and facts.duration_seconds > max_duration_seconds:
        raise InvalidUpload(
            RefusalCode.TOO_LONG,
            f"recording {quoted(_name(event))} lasts {facts.duration_seconds:.7g} seconds; "
            f"at most {max_duration_seconds:.7g} seconds are processed",
        )
    return AudioFacts(
        container=event.format,
        codec=facts.codec,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        bit_rate=facts.bit_rate,
        bit_depth=facts.bit_depth,
        duration_seconds=facts.duration_seconds,
        tags=facts.tags,
        bytes_read=bytes_read,
    )


def _check_plausible(facts: ContainerFacts, event: RecordingEvent) -> None:
    """Refuse what the container would: left to it, it got the largest task there is, chosen by what a header claims."""
    for value, unit, least, most in (
        (facts.channels, "channels", 1, _MOST_CHANNELS),
        (facts.sample_rate, "Hz", _LEAST_RATE_HZ, _MOST_RATE_HZ),
    ):
        if value is not None and not least <= value <= most:
            raise InvalidUpload(
                RefusalCode.CORRUPT,
                f"recording {quoted(_name(event))} claims {value} {unit}; {least} to {most} make sense",
            )


def _read_facts(event: RecordingEvent, upload: RecordingObject) -> tuple[ContainerFacts, int]:
    file = S3File(upload.read, size_bytes=event.size_bytes, budget_bytes=READ_BUDGET_BYTES)
    try:
        facts = probe(file, audio_format=event.format, name=_name(event))
    except ReadBudgetExceededError:
        facts, frugal_bytes = _read_facts_frugally(event, upload)
        return facts, file.bytes_fetched + frugal_bytes
    return facts, file.bytes_fetched


def _read_facts_frugally(event: RecordingEvent, upload: RecordingObject) -> tuple[ContainerFacts, int]:
    """Read the facts without what can be passed over: fragments (so no duration), ID3 tags (so no title)."""
    tag_bytes = id3_tag_bytes(upload.read(0, ID3_HEADER_BYTES))
    file = S3File(
        lambda offset, length: upload.read(tag_bytes + offset, length),
        size_bytes=max(0, event.size_bytes - tag_bytes),
        budget_bytes=FRUGAL_READ_BUDGET_BYTES,
    )
    try:
        facts = probe(file, audio_format=event.format, name=_name(event), walk_fragments=False)
    except ReadBudgetExceededError as error:
        raise InvalidUpload(
            RefusalCode.CORRUPT,
            f"recording {quoted(_name(event))} has no readable audio header within {FRUGAL_READ_BUDGET_BYTES} bytes",
        ) from error
    return facts, ID3_HEADER_BYTES + file.bytes_fetched


def _name(event: RecordingEvent) -> str:
    return event.key.rpartition("/")[2]
