"""Every branch of ProcessRecording, reached with real files on the embedded engine."""

import json
import os
import signal
from collections import Counter
from typing import Any

import pytest

from tests.recordings import (
    beeps,
    corrupt_inside,
    encode_recording,
    video_without_audio,
    wav_recording,
)
from tests.workflow.process_recording.stack import Stack, Upload

HAPPY_PATH = [
    "IdentifyRecording",
    "ValidateUpload",
    "ClaimRecording",
    "ExtractMetadata",
    "ChooseTaskSize",
    "ProcessAudio",
    "PersistResult",
    "AnnounceResult",
    "ProcessedOrRejected",
    "Processed",
]


def names(result: Any) -> list[str]:
    return [visit.name for visit in result.states]


def error_of(stack: Stack, upload: Upload) -> dict[str, Any]:
    record = stack.record(upload)
    assert record is not None
    assert record["processing_status"] == "FAILED"
    assert record["processing_completed_at"] >= record["processing_started_at"]
    return record["processing_error"]


class TestProcessed:
    def test_given_a_recording_when_uploaded_then_its_one_shots_are_cut_and_recorded(self, stack: Stack) -> None:
        upload, result = stack.process("public/unprocessed/demo/three beeps.wav", wav_recording(beeps(3)))

        assert (result.status, result.end_state) == ("SUCCEEDED", "Processed")
        assert names(result) == HAPPY_PATH
        record, manifest, outputs = stack.record(upload), stack.manifest(upload), stack.outputs(upload)
        assert record is not None
        assert (record["processing_status"], record["processing_error"]) == ("COMPLETED", None)
        assert (record["user_id"], record["name"], record["one_shot_count"]) == ("demo", "three beeps.wav", 3)
        assert "lease_expires_at" not in record
        assert record["file"] == {"bucket": stack.bucket, "key": upload.key, "region": stack.engine.region}
        assert [shot["index"] for shot in stack.one_shots(upload)] == [1, 2, 3]
        assert [shot["file"]["key"] for shot in stack.one_shots(upload)] == [s["key"] for s in manifest["oneShots"]]
        beside = {"manifest.json", "waveform.json", "overview.png", "spectrogram.png"}
        assert beside | {s["key"].rpartition("/")[2] for s in manifest["oneShots"]} == set(outputs)
        assert all(size > 0 for size in outputs.values())
        assert stack.is_still_there(upload)

    @pytest.mark.parametrize("extension", ["m4a", "mp3", "flac", "webm", "ogg", "opus", "aiff", "aac", "3gp"])
    def test_given_a_format_when_uploaded_then_it_is_processed(self, stack: Stack, extension: str) -> None:
        upload, result = stack.process(
            f"public/unprocessed/demo/beeps.{extension}", encode_recording(beeps(2), extension)
        )

        assert (result.status, result.end_state) == ("SUCCEEDED", "Processed"), result.output
        assert len(stack.one_shots(upload)) == 2

    @pytest.mark.parametrize(
        "name", ["a+b 100%.wav", "naïve take.wav", "日本.wav", "100%25.wav", "it's (1) & [2] #3 = $4, ok!.wav"]
    )
    def test_given_a_legal_name_when_uploaded_then_it_goes_through_verbatim(self, stack: Stack, name: str) -> None:
        upload, result = stack.process(f"public/unprocessed/demo/{name}", wav_recording(beeps(1)))

        assert result.end_state == "Processed", result.output
        record = stack.record(upload)
        assert record is not None
        assert (record["name"], record["file"]["key"]) == (name, f"public/unprocessed/demo/{name}")
        assert f"{name.removesuffix('.wav')}-001.wav" in stack.outputs(upload)

    def test_given_the_prefix_without_public_when_uploaded_then_it_is_processed(self, stack: Stack) -> None:
        _, result = stack.process("unprocessed/demo/beep.wav", wav_recording(beeps(1)))

        assert result.end_state == "Processed"

    def test_given_settings_when_uploaded_then_they_are_obeyed_and_recorded(self, stack: Stack) -> None:
        body = wav_recording(beeps(2))
        upload, _ = stack.process(
            "public/unprocessed/demo/settings.wav",
            body,
            **{"output-format": "flac", "preserve-original": "true", "target-loudness": "-14.5"},
        )

        record = stack.record(upload)
        assert record is not None
        assert record["processing_params"] == {
            "output-format": "flac",
            "preserve-original": True,
            "target-loudness": pytest.approx(-14.5),
        }
        outputs = stack.outputs(upload)
        assert {"settings-001.flac", "settings-002.flac", "settings-original.wav"} <= set(outputs)
        assert outputs["settings-original.wav"] == len(body)

    def test_given_silence_when_uploaded_then_it_is_completed_without_one_shots(self, stack: Stack) -> None:
        upload, result = stack.process("public/unprocessed/demo/silence.wav", wav_recording(beeps(0)))

        assert result.end_state == "Processed"
        assert stack.one_shots(upload) == []

    def test_given_a_result_when_announced_then_the_bus_carries_it_once(self, stack: Stack) -> None:
        upload, _ = stack.process("public/unprocessed/demo/announced.wav", wav_recording(beeps(1)))

        (event,) = stack.announcements(upload)
        assert (event["source"], event["detail-type"]) == ("little-bit-audio", "Recording Processed")
        assert event["detail"]["oneShotCount"] == 1
        assert event["detail"]["manifestKey"] == f"public/processed/demo/{upload.recording_id}/manifest.json"


class TestRejectedByValidation:
    @pytest.mark.parametrize(
        ("name", "body", "code"),
        [
            ("notes.m4a", b"Dear diary, this is no recording at all.\n" * 50, "NOT_AUDIO"),
            ("empty.wav", b"", "EMPTY_FILE"),
            ("recording.exe", b"MZ", "UNSUPPORTED_EXTENSION"),
        ],
    )
    def test_given_what_is_no_recording_when_uploaded_then_it_is_rejected_and_kept(
        self, stack: Stack, name: str, body: bytes, code: str
    ) -> None:
        upload, result = stack.process(f"public/unprocessed/demo/{name}", body)

        assert (result.status, result.end_state) == ("SUCCEEDED", "Rejected")
        assert names(result)[-5:] == [
            "ExplainRejection",
            "RecordRejection",
            "AnnounceResult",
            "ProcessedOrRejected",
            "Rejected",
        ]
        error = error_of(stack, upload)
        assert (error["category"], error["code"], error["retryable"]) == ("UPLOAD", code, False)
        assert name in error["message"]
        assert stack.is_still_there(upload)
        assert stack.outputs(upload) == {}

    @pytest.mark.parametrize(
        "key",
        [
            "public/unprocessed/u/../x.wav",
            "public/unprocessed/u/%2e%2e/x.wav",
            "public/unprocessed/u/%252e%252e%252fx.wav",
            "public/unprocessed/u/..\\x.wav",
            "public/unprocessed/u/deeper/x.wav",
            "public/unprocessed/no user!/x.wav",
            "public/unprocessed/x.wav",
            "public/unprocessed/u/．．／x.wav",
        ],
    )
    def test_given_a_key_outside_the_grammar_when_uploaded_then_it_is_rejected(self, stack: Stack, key: str) -> None:
        upload, result = stack.process(key, wav_recording(beeps(1)))

        assert result.end_state == "Rejected"
        assert error_of(stack, upload)["code"] in {"INVALID_KEY", "INVALID_USER"}

    def test_given_a_parameter_out_of_range_when_uploaded_then_the_rejection_names_it(self, stack: Stack) -> None:
        upload, result = stack.process(
            "public/unprocessed/demo/loud.wav", wav_recording(beeps(1)), **{"silence-threshold": "-10"}
        )

        assert result.end_state == "Rejected"
        error = error_of(stack, upload)
        assert error["code"] == "INVALID_PARAMETER"
        assert all(part in error["message"] for part in ("silence-threshold", "-10", "-50", "-20"))

    def test_given_a_rejection_when_announced_then_the_bus_carries_the_reason(self, stack: Stack) -> None:
        upload, _ = stack.process("public/unprocessed/demo/void.wav", b"")

        (event,) = stack.announcements(upload)
        assert event["detail-type"] == "Recording Rejected"
        assert event["detail"]["error"]["code"] == "EMPTY_FILE"


class TestRejectedByContent:
    def test_given_a_video_without_audio_when_uploaded_then_metadata_rejects_it(self, stack: Stack) -> None:
        upload, result = stack.process("public/unprocessed/demo/silent film.mp4", video_without_audio())

        assert result.end_state == "Rejected"
        assert "ExtractMetadata" in names(result)
        assert "ProcessAudio" not in names(result)
        assert error_of(stack, upload)["code"] == "NO_AUDIO_TRACK"

    def test_given_content_that_only_decoding_finds_broken_when_uploaded_then_it_is_rejected(
        self, stack: Stack
    ) -> None:
        upload, result = stack.process("public/unprocessed/demo/broken.m4a", corrupt_inside())

        assert result.end_state == "Rejected"
        assert "PersistResult" in names(result)
        error = error_of(stack, upload)
        assert (error["code"], error["retryable"]) == ("CORRUPT", False)
        assert stack.manifest(upload)["outcome"] == "rejected"
        assert stack.is_still_there(upload)


class TestAlreadyProcessed:
    def test_given_an_upload_when_its_event_comes_five_times_then_it_is_processed_once(self, stack: Stack) -> None:
        upload = stack.upload("public/unprocessed/demo/five times.wav", wav_recording(beeps(2)))
        executions = [stack.execution_of(upload), *stack.start_again(upload, times=4)]

        results = [stack.engine.wait(arn, 120) for arn in executions]

        assert Counter(result.end_state for result in results) == {"Processed": 1, "AlreadyProcessed": 4}
        (winner,) = [result.arn for result in results if result.end_state == "Processed"]
        record = stack.record(upload)
        assert record is not None
        assert record["execution_arn"] == winner
        assert len(stack.one_shots(upload)) == 2

    def test_given_a_rejection_when_its_event_comes_again_then_it_is_neither_recorded_nor_announced_again(
        self, stack: Stack
    ) -> None:
        upload, _ = stack.process("public/unprocessed/demo/twice.wav", b"")
        before = stack.record(upload)

        again = [stack.engine.wait(arn, 60) for arn in stack.start_again(upload, times=3)]

        assert {result.end_state for result in again} == {"AlreadyProcessed"}
        assert stack.record(upload) == before
        assert len(stack.announcements(upload)) == 1

    def test_given_a_name_when_uploaded_again_then_it_is_a_second_recording(self, stack: Stack) -> None:
        key = "public/unprocessed/demo/same name.wav"
        first, _ = stack.process(key, wav_recording(beeps(1)))
        before = stack.contents(first)

        second, result = stack.process(key, wav_recording(beeps(3)))

        assert result.end_state == "Processed"
        assert first.recording_id != second.recording_id
        assert len(stack.one_shots(second)) == 3
        assert stack.contents(first) == before
        assert len(stack.one_shots(first)) == 1


class TestFailures:
    def test_given_a_container_when_killed_at_work_then_the_machine_retries_and_no_half_result_is_seen(
        self, stack: Stack
    ) -> None:
        upload = stack.upload("public/unprocessed/demo/killed once.wav", wav_recording(beeps(8)))
        execution = stack.execution_of(upload)
        os.kill(stack.wait_for_task(upload), signal.SIGKILL)

        half_results = stack.half_results(upload, execution)
        result = stack.engine.wait(execution, 120)

        assert result.end_state == "Processed"
        assert names(result).count("ProcessAudio") == 2
        assert "ReviewTaskFailure" in names(result)
        assert half_results == []
        assert len(stack.one_shots(upload)) == 8

    def test_given_a_container_that_always_dies_when_retries_are_used_up_then_the_failure_is_recorded_and_alarms(
        self, stack: Stack
    ) -> None:
        upload = stack.upload("public/unprocessed/demo/always killed.wav", wav_recording(beeps(8)))
        execution = stack.execution_of(upload)

        with stack.killing_every_task_of(upload):
            result = stack.engine.wait(execution, 120)

        assert (result.status, result.end_state) == ("FAILED", "Failed")
        # On each task size once.
        assert names(result).count("ProcessAudio") == 6
        assert names(result)[-4:] == ["ExplainFailure", "RecordFailure", "AnnounceFailure", "Failed"]
        error = error_of(stack, upload)
        assert (error["category"], error["code"], error["retryable"]) == ("SERVICE", "TaskFailed", True)
        assert "137" in error["message"]
        assert stack.outputs(upload) == {}
        (event,) = stack.announcements(upload)
        assert event["detail-type"] == "Recording Failed"

    def test_given_an_error_whose_text_is_hostile_when_recorded_then_its_message_is_one_bounded_line(
        self, stack: Stack
    ) -> None:
        key = "public/unprocessed/demo/hostile text.wav"
        text = (
            "\x1b[31mred\x1b[0m\r\n\x00INFO all is well \x9b\u2028\u202egnp.exe\u2066 arn:aws:iam::123456789012:role/x "
            + 900 * "a"
        )

        with stack.engine.inject(f"ValidateUpload=KeyError:{text}", when=lambda given: key in str(given)):
            upload, result = stack.process(key, wav_recording(beeps(1)))

        assert result.end_state == "Failed"
        message = error_of(stack, upload)["message"]
        assert message.isprintable()
        assert message.startswith("KeyError:  [31mred [0m INFO all is well  gnp.exe  (arn) aaa")
        assert len(message) == 500

    def test_given_a_record_that_waits_to_be_processed_when_its_first_task_fails_then_the_failure_is_recorded(
        self, stack: Stack
    ) -> None:
        upload = Upload(stack.bucket, "public/unprocessed/demo/pending.wav", "null")
        waiting = {"id": upload.recording_id, "item": "RECORDING", "processing_status": "PENDING"}
        stack.engine.client("dynamodb").put_item(
            TableName=stack.table, Item={name: {"S": value} for name, value in waiting.items()}
        )
        event: dict[str, Any] = {"region": "us-east-1", "time": "2026-01-02T03:04:05Z"}
        event["detail"] = {"bucket": {"name": upload.bucket}, "object": {"key": upload.key, "size": 1}}

        with stack.engine.inject("ValidateUpload=KeyError", when=lambda given: given == event):
            started = stack.engine.client("stepfunctions").start_execution(
                stateMachineArn=stack.engine.outputs["ProcessRecordingAliasArn"], input=json.dumps(event)
            )
            result = stack.engine.wait(started["executionArn"], 60)

        assert result.end_state == "Failed"
        assert error_of(stack, upload)["code"] == "KeyError"

    def test_given_a_second_upload_under_a_name_when_it_overtakes_the_first_then_each_keeps_its_own_record(
        self, stack: Stack
    ) -> None:
        key, body = "public/unprocessed/demo/overtaken.wav", wav_recording(beeps(1))

        def is_the_first(given: dict[str, Any]) -> bool:
            uploaded = given["detail"]["object"]
            return (uploaded["key"], uploaded["size"]) == (key, len(body))

        with stack.engine.inject("ValidateUpload=slow:100", when=is_the_first):
            uploads = [stack.upload(key, body), stack.upload(key, wav_recording(beeps(3)))]
            results = [stack.engine.wait(stack.execution_of(upload), 120) for upload in uploads]

        assert [result.end_state for result in results] == ["Processed", "Processed"]
        first, second = (stack.record(upload) for upload in uploads)
        assert first is not None
        assert second is not None
        assert first["processing_started_at"] > second["processing_started_at"]
        assert [len(stack.one_shots(upload)) for upload in uploads] == [1, 3]

    def test_given_a_retryable_failure_when_its_event_comes_again_then_it_is_processed(self, stack: Stack) -> None:
        upload = stack.upload("public/unprocessed/demo/replayed.wav", wav_recording(beeps(2)))
        with stack.killing_every_task_of(upload):
            stack.engine.wait(stack.execution_of(upload), 120)

        (again,) = stack.start_again(upload, times=1)

        assert stack.engine.wait(again, 120).end_state == "Processed"
        record = stack.record(upload)
        assert record is not None
        assert (record["processing_status"], record["processing_error"]) == ("COMPLETED", None)
