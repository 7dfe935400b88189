"""From an upload to its job, or the reason why it is refused."""

from pydantic import Field, NonNegativeInt

from shared.errors import InvalidUpload, RefusalCode
from shared.lambda_task import TaskEvent, WorkflowMessage
from shared.quoting import quoted
from shared.recording_object import RecordingObject
from validate.magic_bytes import FIRST_BLOCK_BYTES, identify_format
from validate.object_key import parse_upload_key
from validate.parameters import ParameterValue, read_parameters


class UploadEvent(TaskEvent):
    """What ValidateUpload is given. The size S3 announced may be absent: S3 is asked again."""

    bucket: str = Field(min_length=1)
    key: str
    version_id: str = Field(min_length=1)
    size_bytes: NonNegativeInt | None = None


class Job(WorkflowMessage):
    """What ValidateUpload hands on: everything the later states need to know of the upload."""

    recording_id: str
    bucket: str
    key: str
    version_id: str
    user_id: str
    name: str
    basename: str
    extension: str
    size_bytes: int
    format: str
    params: dict[str, ParameterValue]
    output_prefix: str


def validate_upload(event: UploadEvent, upload: RecordingObject, *, max_upload_bytes: int) -> Job:
    """Return the job of an upload. What costs nothing is checked first, the content last.

    Raises:
        InvalidUpload: the upload is refused.

    """
    key = parse_upload_key(event.key)
    facts = upload.facts()
    _check_size(facts.size_bytes, name=key.name, max_upload_bytes=max_upload_bytes)
    params = read_parameters(facts.user_metadata)
    audio_format = identify_format(
        upload.read,
        size_bytes=facts.size_bytes,
        first_block=upload.read(0, FIRST_BLOCK_BYTES),
        name=key.name,
        extension=key.extension,
    )
    return Job(
        recording_id=event.recording_id,
        bucket=event.bucket,
        key=event.key,
        version_id=event.version_id,
        user_id=key.user_id,
        name=key.name,
        basename=key.basename,
        extension=key.extension,
        size_bytes=facts.size_bytes,
        format=audio_format,
        params=params,
        output_prefix=f"public/processed/{key.user_id}/{event.recording_id}/",
    )


def _check_size(size_bytes: int, *, name: str, max_upload_bytes: int) -> None:
    if size_bytes < 1:
        raise InvalidUpload(
            RefusalCode.EMPTY_FILE, f"file {quoted(name)} is empty; a recording has 1 to {max_upload_bytes} bytes"
        )
    if size_bytes > max_upload_bytes:
        raise InvalidUpload(
            RefusalCode.TOO_LARGE,
            f"file {quoted(name)} has {size_bytes} bytes; a recording has 1 to {max_upload_bytes} bytes",
        )
