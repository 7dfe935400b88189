"""The sample events under events/: each is one that its task takes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from metadata.recording import RecordingEvent
from persist.result import ResultEvent
from shared.errors import InvalidUpload
from validate.object_key import parse_upload_key
from validate.upload import UploadEvent

EVENTS = Path(__file__).parents[3] / "events"
MODELS = {"validate": UploadEvent, "metadata": RecordingEvent, "persist": ResultEvent}


def _events(task: str) -> list[str]:
    return sorted(path.name for path in EVENTS.glob(f"{task}*.json"))


def _event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def _recording_id(bucket: str, key: str, version_id: str) -> str:
    return hashlib.sha256(f"{bucket}\n{key}\n{version_id}".encode()).hexdigest()[:32]


@pytest.mark.parametrize("task", MODELS)
def test_given_a_task_when_its_events_are_looked_for_then_there_is_one_of_its_name(task: str) -> None:
    assert f"{task}.json" in _events(task)


@pytest.mark.parametrize("name", [name for task in MODELS for name in _events(task)])
def test_given_a_sample_event_when_parsed_then_it_keeps_the_contract(name: str) -> None:
    task = name.removesuffix(".json").split("-")[0]
    MODELS[task].model_validate(_event(name))


@pytest.mark.parametrize("name", [*_events("validate"), *_events("metadata")])
def test_given_a_sample_event_when_its_recording_id_is_computed_then_it_is_the_one_it_carries(name: str) -> None:
    event = _event(name)
    assert event["recordingId"] == _recording_id(event["bucket"], event["key"], event["versionId"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("validate-traversal.json", "INVALID_KEY"),
        ("validate-lookalike.json", "INVALID_KEY"),
        ("validate-unsupported.json", "UNSUPPORTED_EXTENSION"),
    ],
)
def test_given_a_sample_event_of_a_refusal_when_its_key_is_parsed_then_it_is_refused(name: str, code: str) -> None:
    with pytest.raises(InvalidUpload) as refusal:
        parse_upload_key(_event(name)["key"])
    assert refusal.value.code == code


def test_given_the_event_of_s3_when_compared_then_it_announces_the_upload_of_the_first_task() -> None:
    detail, first = _event("s3-object-created.json")["detail"], _event("validate.json")
    announced = (detail["bucket"]["name"], detail["object"]["key"], detail["object"]["version-id"])
    assert announced == (first["bucket"], first["key"], first["versionId"])
    assert detail["object"]["size"] == first["sizeBytes"]
