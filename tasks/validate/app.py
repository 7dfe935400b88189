"""The Lambda handler of ValidateUpload."""

from shared.clients import s3_client
from shared.environment import ValidateUploadEnvironment
from shared.lambda_task import lambda_task
from shared.recording_object import RecordingObject
from validate.upload import Job, UploadEvent, validate_upload

ENVIRONMENT = ValidateUploadEnvironment.read()


@lambda_task(UploadEvent)
def handler(event: UploadEvent) -> Job:
    """Return the job that an uploaded object stands for.

    Event: `{recordingId, executionArn, bucket, key, versionId, sizeBytes}`.
    Returns: `{recordingId, bucket, key, versionId, userId, name, basename, extension, sizeBytes, format,
    params, outputPrefix}`.

    Raises:
        InvalidUpload: the upload is refused; says which field, its value and the rule.

    """
    upload = RecordingObject(s3_client(), bucket=event.bucket, key=event.key, version_id=event.version_id)
    return validate_upload(event, upload, max_upload_bytes=ENVIRONMENT.max_upload_bytes)
