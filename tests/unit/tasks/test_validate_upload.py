"""ValidateUpload as the state machine calls it."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import AwsCallFailed, InvalidUpload
from tests.unit.tasks.conftest import BUCKET, RECORDING_ID
from tests.unit.tasks.recordings import id3_tag, recording
from validate import app

type Upload = Callable[..., dict[str, Any]]


def test_given_a_recording_when_validated_then_the_job_is_returned(upload: Upload, lambda_context: Any) -> None:
    event = upload(
        "public/unprocessed/demo/a+b 100%.m4a",
        recording("take.m4a"),
        {"silence-threshold": "-30", "preserve-original": "true", "mtime": "1732300000"},
    )
    assert app.handler(event, lambda_context) == {
        "recordingId": RECORDING_ID,
        "bucket": BUCKET,
        "key": "public/unprocessed/demo/a+b 100%.m4a",
        "versionId": event["versionId"],
        "userId": "demo",
        "name": "a+b 100%.m4a",
        "basename": "a+b 100%",
        "extension": "m4a",
        "sizeBytes": len(recording("take.m4a")),
        "format": "m4a",
        "params": {"silence-threshold": -30.0, "preserve-original": True},
        "outputPrefix": f"public/processed/demo/{RECORDING_ID}/",
    }


@pytest.mark.parametrize("name", ["naïve take.m4a", "日本.m4a", "100%25.m4a", "%20 +.m4a"])
def test_given_a_name_in_any_script_when_validated_then_that_very_object_is_read(
    name: str, upload: Upload, lambda_context: Any
) -> None:
    job = app.handler(upload(f"unprocessed/demo/{name}", recording("take.m4a")), lambda_context)
    assert job["name"] == name


@pytest.mark.parametrize("announced", [None, 0, 1, 10**12])
def test_given_any_announced_size_when_validated_then_the_size_of_the_object_counts(
    announced: int | None, upload: Upload, lambda_context: Any
) -> None:
    event = upload("unprocessed/demo/take.wav", recording("take.wav"))
    job = app.handler(event | {"sizeBytes": announced}, lambda_context)
    assert job["sizeBytes"] == len(recording("take.wav"))


def test_given_a_later_upload_under_the_name_when_validated_then_the_version_of_the_event_is_read(
    upload: Upload, lambda_context: Any
) -> None:
    event = upload("unprocessed/demo/take.wav", recording("take.wav"))
    upload("unprocessed/demo/take.wav", b"a text now")
    assert app.handler(event, lambda_context)["format"] == "wav"


def test_given_an_empty_file_when_validated_then_it_is_refused_as_empty(upload: Upload, lambda_context: Any) -> None:
    with pytest.raises(InvalidUpload, match=r"^EMPTY_FILE: file 'take.wav' is empty.*1 to 104857600 bytes"):
        app.handler(upload("unprocessed/demo/take.wav", b""), lambda_context)


@pytest.mark.parametrize(("excess", "is_refused"), [(0, False), (1, True)])
def test_given_a_file_at_the_limit_when_validated_then_one_byte_more_is_too_large(
    excess: int, is_refused: bool, upload: Upload, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = recording("take.wav")
    limit = len(body) - excess
    monkeypatch.setattr(app, "ENVIRONMENT", app.ENVIRONMENT.model_copy(update={"max_upload_bytes": limit}))
    event = upload("unprocessed/demo/take.wav", body)
    if is_refused:
        with pytest.raises(InvalidUpload, match=f"^TOO_LARGE: .* has {len(body)} bytes; .* 1 to {limit} bytes"):
            app.handler(event, lambda_context)
    else:
        assert app.handler(event, lambda_context)["sizeBytes"] == limit


def test_given_a_text_file_named_m4a_when_validated_then_it_is_rejected_as_not_audio(
    upload: Upload, lambda_context: Any
) -> None:
    with pytest.raises(InvalidUpload, match=r"^NOT_AUDIO: "):
        app.handler(upload("unprocessed/demo/take.m4a", b"Dear diary"), lambda_context)


def test_given_a_refused_parameter_when_validated_then_parameter_value_and_range_are_said(
    upload: Upload, lambda_context: Any
) -> None:
    event = upload("unprocessed/demo/take.wav", recording("take.wav"), {"min-silence-duration": "100"})
    with pytest.raises(
        InvalidUpload, match=r"^INVALID_PARAMETER: parameter min-silence-duration is '100'; .* 500 to 2000"
    ):
        app.handler(event, lambda_context)


def test_given_a_cover_larger_than_the_first_block_when_validated_then_the_sound_behind_it_is_found(
    upload: Upload, lambda_context: Any
) -> None:
    event = upload("unprocessed/demo/take.mp3", id3_tag(300_000) + recording("untagged.mp3"))
    assert app.handler(event, lambda_context)["format"] == "mp3"


@pytest.mark.parametrize("what", ["object", "version", "marker"])
def test_given_an_object_deleted_meanwhile_when_validated_then_it_is_gone(
    what: str, upload: Upload, s3: Any, lambda_context: Any
) -> None:
    event = upload("unprocessed/demo/take.wav", recording("take.wav"))
    if what == "object":
        event["key"] = "unprocessed/demo/other.wav"
    elif what == "version":
        s3.delete_object(Bucket=BUCKET, Key=event["key"], VersionId=event["versionId"])
    else:
        event["versionId"] = s3.delete_object(Bucket=BUCKET, Key=event["key"])["VersionId"]
    with pytest.raises(InvalidUpload, match=r"^OBJECT_GONE: key 'unprocessed/demo/.*', version '.*', no longer exists"):
        app.handler(event, lambda_context)


def test_given_a_hidden_version_when_validated_then_it_is_still_read(
    upload: Upload, s3: Any, lambda_context: Any
) -> None:
    event = upload("unprocessed/demo/take.wav", recording("take.wav"))
    s3.delete_object(Bucket=BUCKET, Key=event["key"])
    assert app.handler(event, lambda_context)["format"] == "wav"


def test_given_a_refused_key_when_validated_then_s3_is_not_asked(lambda_context: Any, aws: None) -> None:
    event = {
        "recordingId": RECORDING_ID,
        "executionArn": "arn:x",
        "bucket": "no-such-bucket",
        "key": "public/unprocessed/u/%2e%2e/x.wav",
        "versionId": "v",
    }
    with pytest.raises(InvalidUpload, match=r"^INVALID_KEY: "):
        app.handler(event, lambda_context)


def test_given_s3_refusing_when_validated_then_it_is_a_failed_call_and_no_fault_of_the_user(
    upload: Upload, s3: Any, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = upload("unprocessed/demo/take.wav", recording("take.wav"))
    denied = s3.exceptions.ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

    def refuse(**_: str) -> None:
        raise denied

    monkeypatch.setattr(s3, "head_object", refuse)
    with pytest.raises(AwsCallFailed, match="HeadObject"):
        app.handler(event, lambda_context)
