"""PersistResult as the state machine calls it."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from persist import app
from persist.manifest import MAX_MANIFEST_BYTES
from persist.records import MAX_ITEM_BYTES
from shared.clients import dynamodb_resource
from shared.errors import AwsCallFailed, ClaimLost, InvalidUpload, ResultInvalid, ResultMissing
from tests.unit.tasks.conftest import BUCKET, EXECUTION, RECORDING_ID

PREFIX = f"public/processed/demo/{RECORDING_ID}/"
EVENT = {"recordingId": RECORDING_ID, "executionArn": EXECUTION, "bucket": BUCKET, "outputPrefix": PREFIX}
OTHER_EXECUTION = EXECUTION.replace(":first", ":second")

type Persist = Callable[..., dict[str, Any]]


SCHEMA = Path(__file__).parents[3] / "container" / "oneshots" / "manifest.schema.json"


def one_shot(index: int, **changes: Any) -> dict[str, Any]:
    return {
        "index": index,
        "startSeconds": index + 0.1,
        "endSeconds": index + 0.6,
        "durationSeconds": 0.5,
        "key": f"{PREFIX}naïve take-{index}.wav",
        "format": "wav",
        "sampleRate": 44100,
        "channels": 1,
        "sizeBytes": 44144,
        "confidence": 0.93,
        "loudness": {"lufs": -18.0, "truePeakDbtp": -1.25, "gainDb": 5},
        "descriptors": {
            "peakDbfs": -3.5,
            "rmsDbfs": -21.25,
            "dynamicRangeDb": 31.5,
            "noiseFloorDbfs": -58.25,
            "signalToNoiseDb": 47.0,
            "attackSeconds": 1e-3,
            "attackLog10": -3.0,
            "zeroCrossingRateHz": 880.5,
            "spectralCentroidHz": 1200.125,
            "spectralBandwidthHz": 900.0,
            "spectralRolloffHz": 2400.0,
            "spectralFlatness": 0.01,
            "brightness": 0.3,
            "pitchHz": 440.1,
            "midiNote": 69,
            "noteName": "A4",
            "cents": None,
            "pitchedness": 0.9,
            "onsetCount": 1,
            "singleEvent": True,
            "singleEventConfidence": 0.95,
            "loopable": False,
            "loopableConfidence": 0.99,
            "kind": "tonal",
            "kindConfidence": 0.875,
        },
    } | changes


def manifest(shots: int = 2, **changes: Any) -> dict[str, Any]:
    return {
        "manifestVersion": 1,
        "recordingId": RECORDING_ID,
        "engine": {"name": "oneshots", "version": "0.1.0"},
        "settings": {
            "processingEnabled": True,
            "autoDetectThreshold": True,
            "silenceThresholdDbfs": None,
            "effectiveThresholdDbfs": -41.5,
            "minSilenceMs": None,
            "preserveOriginal": False,
            "outputFormat": "wav",
            "normalizeAudio": True,
            "targetLoudnessLufs": -18.0,
            "normalizeMode": "each",
            "features": "all",
            "processingVersion": None,
            "uiVersion": None,
        },
        "outcome": "completed",
        "reason": None,
        "source": {
            "name": "naïve take.m4a",
            "bucket": BUCKET,
            "key": "public/unprocessed/demo/naïve take.m4a",
            "versionId": "v1",
            "container": "m4a",
            "codec": "aac",
            "sampleRate": 44100,
            "channels": 1,
            "bitRate": 64000,
            "bitDepth": None,
            "sizeBytes": 250000,
            "durationSeconds": 31.04,
        },
        "durationSeconds": 31.04,
        "sampleRate": 44100,
        "channels": 1,
        "loudness": {
            "integratedLufs": -23.4,
            "loudnessRangeLu": None,
            "truePeakDbtp": -2.5,
            "samplePeakDbfs": -3.0,
            "noiseFloorDbfs": -61.0,
        },
        "descriptors": {
            "tempoBpm": 120.0,
            "tempoConfidence": 0.5,
            "key": "A minor",
            "keyConfidence": 0.25,
            "clippingShare": 0.0,
        },
        "warnings": [{"code": "TRUNCATED", "message": "the file ends early"}],
        "files": {
            "waveform": f"{PREFIX}waveform.json",
            "overview": f"{PREFIX}overview.png",
            "spectrogram": f"{PREFIX}spectrogram.png",
            "original": None,
        },
        "oneShots": [one_shot(index) for index in range(1, shots + 1)],
    } | changes


def _decimals(measurements: dict[str, Any]) -> dict[str, Any]:
    return {name: Decimal(str(value)) if isinstance(value, float) else value for name, value in measurements.items()}


@pytest.fixture
def claim(table: Any) -> Callable[..., None]:
    """Claim the recording as ClaimRecording does."""

    def put(execution_arn: str = EXECUTION, status: str = "PROCESSING", **attributes: Any) -> None:
        item = {
            "id": RECORDING_ID,
            "item": "RECORDING",
            "name": "naïve take.m4a",
            "user_id": "demo",
            "recorded_at": "2026-11-22T20:00:00Z",
            "execution_arn": execution_arn,
            "processing_status": status,
            "processing_started_at": "2026-11-22T20:00:01Z",
            "processing_completed_at": None,
            "processing_error": None,
            "lease_expires_at": 1795400000,
        } | attributes
        table.put_item(Item=item)

    return put


@pytest.fixture
def items(table: Any) -> Callable[[], dict[str, dict[str, Any]]]:
    """Return what the table holds of the recording, by sort key."""

    def scan() -> dict[str, dict[str, Any]]:
        page = table.scan(ConsistentRead=True)
        assert "LastEvaluatedKey" not in page
        return {item["item"]: item for item in page["Items"]}

    return scan


@pytest.fixture
def persist(s3: Any, table: Any, lambda_context: Any) -> Persist:
    """Put the manifest, unless there is none, and run the task."""

    def run(content: object, execution_arn: str = EXECUTION) -> dict[str, Any]:
        if content is not None:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}manifest.json", Body=body)
        return app.handler(EVENT | {"executionArn": execution_arn}, lambda_context)

    return run


def test_given_the_manifests_of_these_tests_when_checked_then_they_are_what_the_container_writes() -> None:
    jsonschema.validate(manifest(), json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_given_fields_of_a_later_engine_when_persisted_then_they_are_tolerated(persist: Persist, claim: Any) -> None:
    claim()
    later = manifest(addedLater={"x": 1}, oneShots=[one_shot(1, addedLater=True)])
    assert persist(later)["oneShotCount"] == 1


def test_given_a_manifest_when_persisted_then_the_contract_is_returned(persist: Persist, claim: Any) -> None:
    claim()
    assert persist(manifest()) == {
        "recordingId": RECORDING_ID,
        "outcome": "completed",
        "oneShotCount": 2,
        "manifestKey": f"{PREFIX}manifest.json",
        "durationSeconds": 31.04,
    }


def test_given_a_manifest_when_persisted_then_the_recording_is_completed_with_its_facts(
    persist: Persist, claim: Any, items: Any
) -> None:
    claim()
    persist(manifest())
    recording = items()["RECORDING"]
    assert recording.pop("processing_completed_at") >= recording["processing_started_at"]
    assert recording == {
        "id": RECORDING_ID,
        "item": "RECORDING",
        "name": "naïve take.m4a",
        "user_id": "demo",
        "recorded_at": "2026-11-22T20:00:00Z",
        "execution_arn": EXECUTION,
        "processing_status": "COMPLETED",
        "processing_started_at": "2026-11-22T20:00:01Z",
        "processing_error": None,
        "output_prefix": PREFIX,
        "manifest_key": f"{PREFIX}manifest.json",
        "duration_seconds": Decimal("31.04"),
        "sample_rate": 44100,
        "channels": 1,
        "loudness": _decimals(manifest()["loudness"]),
        "descriptors": _decimals(manifest()["descriptors"]),
        "warnings": [{"code": "TRUNCATED", "message": "the file ends early"}],
        "one_shot_count": 2,
    }


def test_given_a_manifest_when_persisted_then_each_one_shot_is_an_item(
    persist: Persist, claim: Any, items: Any
) -> None:
    claim()
    persist(manifest())
    assert items()["ONESHOT#00002"] == {
        "id": RECORDING_ID,
        "item": "ONESHOT#00002",
        "user_id": "demo",
        "index": 2,
        "name": "naïve take-2.wav",
        "file": {"bucket": BUCKET, "key": f"{PREFIX}naïve take-2.wav", "region": "eu-west-1"},
        "format": "wav",
        "start_seconds": Decimal("2.1"),
        "end_seconds": Decimal("2.6"),
        "duration_seconds": Decimal("0.5"),
        "loudness": {"lufs": Decimal("-18.0"), "truePeakDbtp": Decimal("-1.25"), "gainDb": 5},
        "descriptors": _decimals(one_shot(2)["descriptors"]),
        "confidence": Decimal("0.93"),
    }


@pytest.mark.parametrize("shots", [0, 1, 98, 99, 100, 1000])
def test_given_any_number_of_one_shots_when_persisted_then_all_are_there(
    shots: int, persist: Persist, claim: Any, items: Any
) -> None:
    claim()
    assert persist(manifest(shots))["oneShotCount"] == shots
    stored = items()
    expected = {f"ONESHOT#{index:05d}" for index in range(1, shots + 1)}
    assert stored.keys() == expected | {"RECORDING"}
    assert stored["RECORDING"]["one_shot_count"] == shots


def test_given_the_task_run_twice_when_persisted_again_then_the_items_are_the_same(
    persist: Persist, claim: Any, items: Any
) -> None:
    claim()
    first_answer = persist(manifest())
    first = items()
    assert persist(manifest()) == first_answer
    assert items() == first


def test_given_more_one_shots_of_an_earlier_attempt_when_persisted_then_the_surplus_is_deleted(
    persist: Persist, claim: Any, items: Any
) -> None:
    claim()
    persist(manifest(150))
    claim(OTHER_EXECUTION)
    persist(manifest(3), OTHER_EXECUTION)
    assert items().keys() == {"RECORDING", "ONESHOT#00001", "ONESHOT#00002", "ONESHOT#00003"}


def test_given_a_rejected_recording_when_persisted_then_the_reason_is_raised_and_nothing_written(
    persist: Persist, claim: Any, items: Any
) -> None:
    claim()
    before = items()
    rejected = {
        "manifestVersion": 1,
        "recordingId": RECORDING_ID,
        "outcome": "rejected",
        "reason": {"code": "NO_AUDIO_TRACK", "message": "file 'x.mp4': no audio\ntrack"},
    }
    with pytest.raises(InvalidUpload) as refusal:
        persist(rejected)
    assert str(refusal.value) == "NO_AUDIO_TRACK: file 'x.mp4': no audio\ufffdtrack"
    assert items() == before


def test_given_no_manifest_when_persisted_then_the_result_is_missing(persist: Persist, claim: Any) -> None:
    claim()
    with pytest.raises(ResultMissing, match=r"manifest\.json is not there"):
        persist(None)


def test_given_no_bucket_when_persisted_then_it_is_a_failed_call_and_not_a_missing_result(
    table: Any, lambda_context: Any
) -> None:
    with pytest.raises(AwsCallFailed, match="NoSuchBucket"):
        app.handler(EVENT | {"bucket": "elsewhere"}, lambda_context)


@pytest.mark.parametrize(
    ("execution_arn", "status"),
    [
        (OTHER_EXECUTION, "PROCESSING"),
        (OTHER_EXECUTION, "COMPLETED"),
        (EXECUTION, "FAILED"),
        (EXECUTION, "PENDING"),
    ],
)
def test_given_a_recording_that_is_not_ours_when_persisted_then_the_claim_is_lost_and_nothing_written(
    execution_arn: str, status: str, persist: Persist, claim: Any, items: Any
) -> None:
    claim(execution_arn, status)
    before = items()
    with pytest.raises(ClaimLost, match=f"is {status}, held by {execution_arn}"):
        persist(manifest())
    assert items() == before


def test_given_a_recording_that_was_never_claimed_when_persisted_then_the_claim_is_lost(
    persist: Persist, items: Any
) -> None:
    with pytest.raises(ClaimLost, match="not recorded"):
        persist(manifest())
    assert items() == {}


@pytest.fixture
def before(table: Any) -> Iterator[Callable[..., None]]:
    """Do something before the task's first call of an operation of DynamoDB."""
    calls = table.meta.client.meta.events
    registered: list[tuple[str, Callable[..., None]]] = []

    def arrange(operation: str, action: Callable[[], object]) -> None:
        actions = [action]

        def act(**_: Any) -> None:
            if actions:
                actions.pop()()

        registered.append((f"before-call.dynamodb.{operation}", act))
        calls.register(*registered[-1])

    yield arrange
    for event, act in registered:
        calls.unregister(event, act)


def test_given_a_take_over_before_the_end_when_completing_then_the_recording_stays_the_others(
    persist: Persist, claim: Any, items: Any, before: Any
) -> None:
    claim()
    before("UpdateItem", lambda: claim(OTHER_EXECUTION))
    with pytest.raises(ClaimLost, match="taken over"):
        persist(manifest())
    recording = items()["RECORDING"]
    assert (recording["processing_status"], recording["execution_arn"]) == ("PROCESSING", OTHER_EXECUTION)
    assert "manifest_key" not in recording


def test_given_a_recording_that_failed_meanwhile_when_completing_then_the_claim_is_lost(
    persist: Persist, claim: Any, items: Any, before: Any
) -> None:
    claim()
    before("UpdateItem", lambda: claim(EXECUTION, "FAILED"))
    with pytest.raises(ClaimLost):
        persist(manifest())
    assert items()["RECORDING"]["processing_status"] == "FAILED"


def test_given_one_shots_written_when_a_reader_looks_then_the_recording_turns_completed_after_the_last(
    persist: Persist, claim: Any, items: Any, before: Any
) -> None:
    claim()
    seen: list[dict[str, Any]] = []
    before("UpdateItem", lambda: seen.append(items()))
    persist(manifest(60))
    assert len(seen[0]) == 61
    assert seen[0]["RECORDING"]["processing_status"] == "PROCESSING"
    assert items()["RECORDING"]["processing_status"] == "COMPLETED"


def test_given_a_batch_that_dynamodb_takes_in_part_when_persisted_then_the_rest_is_sent_again(
    persist: Persist, claim: Any, items: Any, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim()
    client = table.meta.client
    write, calls = client.batch_write_item, []

    def take_half(RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        ((name, requests),) = RequestItems.items()
        calls.append(len(requests))
        half = max(1, len(requests) // 2)
        write(RequestItems={name: requests[:half]})
        return {"UnprocessedItems": {name: requests[half:]} if requests[half:] else {}}

    monkeypatch.setattr(dynamodb_resource().meta.client, "batch_write_item", take_half)
    persist(manifest(40))
    assert len(items()) == 41
    assert len(calls) > 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "manifest is"),
        (manifest(manifestVersion=2), "manifestVersion is '2'"),
        (manifest(recordingId="f" * 32), "recordingId is"),
        (manifest(outcome="maybe"), "outcome is 'maybe'"),
        (manifest(outcome="rejected"), "reason must be there"),
        (manifest(outcome="rejected", reason={"code": "not a code", "message": "x"}), "reason.code is"),
        (manifest(reason={"code": "CORRUPT", "message": "x"}), "reason must be there"),
        (manifest(durationSeconds=None), "durationSeconds must be there"),
        (manifest(durationSeconds=-1), "durationSeconds is '-1'"),
        (manifest(durationSeconds=float("nan")), "NaN is no number of JSON"),
        (json.dumps(manifest()).replace("31.04", "1e999").encode(), "durationSeconds is 'inf'"),
        (manifest(loudness={"integratedLufs": float("-inf")}), "-Infinity is no number of JSON"),
        (json.dumps(manifest()).replace("-23.4", "1e999").encode(), "the recording holds the number inf"),
        (manifest(descriptors={"x": 10**40}), "more than 37 digits"),
        (manifest(loudness={"x": json.loads("[" * 900 + "]" * 900)}), "the recording is more than 32 levels deep"),
        (manifest(oneShots=[one_shot(1, loudness={"x": "\ud800"})]), r"one-shot 1 holds half a character \(U\+D800\)"),
        (manifest(descriptors={"\udfff": 1}), r"the recording holds half a character \(U\+DFFF\)"),
        (manifest(oneShots=[one_shot(0)]), "oneShots.0.index is '0'"),
        (manifest(oneShots=[one_shot(100_000)]), "oneShots.0.index is '100000'"),
        (manifest(oneShots=[one_shot(1), one_shot(1, key=f"{PREFIX}b.wav")]), "the same index"),
        (manifest(oneShots=[one_shot(1), one_shot(2, key=one_shot(1)["key"])]), "the same key"),
        (manifest(oneShots=[one_shot(1, key="public/processed/demo/other/a.wav")]), "does not lie in"),
        (manifest(oneShots=[one_shot(1, key=f"{PREFIX}../a.wav")]), "does not lie in"),
        (manifest(oneShots=[one_shot(1, key=f"{PREFIX}..")]), "does not lie in"),
        (manifest(oneShots=[one_shot(1, key=PREFIX)]), "does not lie in"),
        (manifest(oneShots=[one_shot(1, confidence=1.5)]), "oneShots.0.confidence is '1.5'"),
        (manifest(oneShots=[{"index": 1}]), "oneShots.0.startSeconds is"),
        (manifest(oneShots=[one_shot(1, descriptors={"x": "y" * MAX_ITEM_BYTES})]), "one-shot 1 has .* bytes"),
        (manifest(descriptors={"x": "y" * MAX_ITEM_BYTES}), "the recording has .* bytes"),
        (b" " * (MAX_MANIFEST_BYTES + 1), f"at most {MAX_MANIFEST_BYTES} are read"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_given_a_manifest_that_breaks_its_contract_when_persisted_then_the_field_is_named_and_nothing_written(
    content: object, complaint: str, persist: Persist, claim: Any, items: Any
) -> None:
    claim()
    before = items()
    with pytest.raises(ResultInvalid, match=complaint):
        persist(content)
    assert items() == before


def test_given_numbers_at_the_edges_when_persisted_then_they_are_kept(persist: Persist, claim: Any, items: Any) -> None:
    claim()
    persist(manifest(descriptors={"tiny": 5e-324, "small": 1e-100, "third": 1 / 3, "list": [1.5, {"deep": 2.5}]}))
    assert items()["RECORDING"]["descriptors"] == {
        "tiny": 0,
        "small": Decimal("1e-100"),
        "third": Decimal("0.3333333333333333"),
        "list": [Decimal("1.5"), {"deep": Decimal("2.5")}],
    }


def test_given_hundreds_of_warnings_when_persisted_then_the_first_are_kept_and_the_rest_is_counted(
    persist: Persist, claim: Any, items: Any
) -> None:
    claim()
    warnings = [{"code": "CLIPPED", "message": f"one-shot {index}\x00" + "x" * 500} for index in range(120)]
    persist(manifest(warnings=warnings))
    kept = items()["RECORDING"]["warnings"]
    assert len(kept) == 51
    assert kept[-1] == {"code": "MORE_WARNINGS", "message": "70 more are in the manifest"}
    assert all(len(warning["message"]) <= 300 and warning["message"].isprintable() for warning in kept)


@pytest.mark.parametrize(
    "output_prefix",
    [
        "",
        f"public/processed/demo/{RECORDING_ID}",
        f"public/processed/demo/{'f' * 32}/",
        f"public/processed/../{RECORDING_ID}/",
        f"private/processed/demo/{RECORDING_ID}/",
    ],
)
def test_given_an_output_prefix_of_something_else_when_persisted_then_the_event_is_refused(
    output_prefix: str, lambda_context: Any, aws: None
) -> None:
    with pytest.raises(ValidationError, match="outputPrefix"):
        app.handler(EVENT | {"outputPrefix": output_prefix}, lambda_context)
