"""The Lambda handler of ExtractMetadata."""

from metadata.recording import AudioFacts, RecordingEvent, describe_recording
from shared.clients import s3_client
from shared.environment import ExtractMetadataEnvironment
from shared.lambda_task import lambda_task
from shared.recording_object import RecordingObject

ENVIRONMENT = ExtractMetadataEnvironment.read()


@lambda_task(RecordingEvent)
def handler(event: RecordingEvent) -> AudioFacts:
    """Return what the container of a recording says of itself, by ranged reads.

    Event: `{recordingId, executionArn, bucket, key, versionId, sizeBytes, format}`.
    Returns: `{container, codec, sampleRate, channels, bitRate, bitDepth, durationSeconds, tags, bytesRead}`,
    null where the container does not say.

    Raises:
        InvalidUpload: NO_AUDIO_TRACK, CORRUPT, TOO_LONG or OBJECT_GONE.

    """
    upload = RecordingObject(s3_client(), bucket=event.bucket, key=event.key, version_id=event.version_id)
    return describe_recording(event, upload, max_duration_seconds=ENVIRONMENT.max_duration_seconds)
