"""What goes into a report, and what is left out because it is too large."""

import base64
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from local.execution.contents import Contents, contents_of
from local.execution.fitting import embedded
from local.execution.media_types import media_type
from local.execution.reader import ExecutionReader, NotRead, StoredFile
from validate.object_key import SUPPORTED_EXTENSIONS

ARN = "arn:aws:states:eu-west-1:123456789012:execution:m:e1"


class WrittenReader(ExecutionReader):
    """Reads a document and files that are written out."""

    def __init__(self, document: dict[str, Any], files: dict[str, bytes], logs: list[dict[str, Any]]) -> None:
        super().__init__(lambda service: pytest.fail(f"{service} is asked"))
        self._document, self._files, self._logs = document, files, logs
        self.asked: list[str] = []

    def document(self, arn: str) -> dict[str, Any]:
        return self._document

    def logs(self, arn: str, event_id: int | None = None) -> list[dict[str, Any]]:
        return self._logs

    def read(self, stored: StoredFile, most: int) -> tuple[int, bytes | None]:
        self.asked.append(stored.key)
        if stored.key not in self._files:
            raise NotRead("NoSuchKey: The specified key does not exist.")
        data = self._files[stored.key]
        return len(data), data if len(data) <= most else None


def _execution(**more: Any) -> dict[str, Any]:
    fields = dict.fromkeys(("arn", "name", "machine", "status", "startedAt", "stoppedAt", "error", "cause"), "x")
    return {**fields, "input": {}, "output": {}, **more}


def _document(**more: Any) -> dict[str, Any]:
    empty = {"execution": _execution(), "definition": {"StartAt": "A", "States": {}}, "visits": [], "events": []}
    return {**empty, "mapRuns": [], "recording": None, "notRead": [], **more}


def _recording(one_shots: int = 0, sizes: Mapping[int, int] = MappingProxyType({}), **more: Any) -> dict[str, Any]:
    shots = [
        {"index": number, "key": f"p/{number}.wav", "sizeBytes": sizes.get(number, 1)}
        for number in range(1, one_shots + 1)
    ]
    files = {"waveform": "p/waveform.json", "overview": "p/o.png", "spectrogram": "p/s.png", "original": None}
    source = {"bucket": "b", "key": "u/a.m4a", "name": "a.m4a", "versionId": "v", "isThere": True}
    manifest = {"files": files, "oneShots": shots}
    return {"id": "r1", "source": source, "record": {}, "oneShots": shots, "manifest": manifest, **more}


def _contents(
    document: dict[str, Any], files: dict[str, bytes] | None = None, logs: list[dict[str, Any]] | None = None
) -> Contents:
    pictures = {
        "p/waveform.json": b'{"version": 2, "length": 1, "channels": 1, "data": [0, 0]}',
        "p/o.png": b"o",
        "p/s.png": b"s",
    }
    return contents_of(WrittenReader(document, {**pictures, **(files or {})}, logs or []), ARN)


def _told(contents: Contents) -> dict[str, tuple[int | None, str]]:
    return {each.what: (each.size, each.why) for each in contents.left_out}


def test_given_small_files_when_gathered_then_all_are_data_urls_by_their_names() -> None:
    contents = _contents(
        _document(recording=_recording(2)), {"u/a.m4a": b"sound", "p/1.wav": b"one", "p/2.wav": b"two"}
    )

    assert list(contents.files) == [
        "waveform.json", "overview.png", "spectrogram.png", "source", "one-shots/1", "one-shots/2",
    ]  # fmt: skip
    assert contents.files["source"] == f"data:audio/mp4;base64,{base64.b64encode(b'sound').decode()}"
    assert contents.files["one-shots/2"].startswith("data:audio/wav;base64,")
    assert contents.files["overview.png"].startswith("data:image/png;base64,")
    assert contents.left_out == []


def test_given_a_source_of_more_than_two_megabytes_when_gathered_then_it_is_left_out_with_its_size() -> None:
    contents = _contents(_document(recording=_recording()), {"u/a.m4a": bytes(2_000_001)})

    assert "source" not in contents.files
    assert _told(contents) == {"The recording itself": (2_000_001, "there is room for 2 MB")}


def test_given_one_shots_of_more_than_two_megabytes_when_gathered_then_as_many_as_fit_in_order() -> None:
    sizes = {1: 900_000, 2: 1_200_000, 3: 1_000_000, 4: 200_000}
    files = {"u/a.m4a": b"", **{f"p/{number}.wav": bytes(size) for number, size in sizes.items()}}

    contents = _contents(_document(recording=_recording(4, sizes)), files)

    assert [name for name in contents.files if name.startswith("one-shots")] == ["one-shots/1", "one-shots/3"]
    assert _told(contents) == {
        "The sound of 2 of 4 one-shots, number 2 the first": (1_400_000, "there is room for 2 MB of them")
    }


def test_given_a_one_shot_larger_than_its_manifest_says_when_gathered_then_it_does_not_get_in() -> None:
    contents = _contents(_document(recording=_recording(1)), {"u/a.m4a": b"", "p/1.wav": bytes(2_000_001)})

    assert "one-shots/1" not in contents.files
    assert _told(contents) == {"One-shot 1": (2_000_001, "there is room for 2 MB")}


def test_given_files_that_are_gone_when_gathered_then_it_is_said_of_each() -> None:
    contents = _contents(_document(recording=_recording(1)))

    assert _told(contents) == {
        "The recording itself": (None, "NoSuchKey: The specified key does not exist."),
        "One-shot 1": (None, "NoSuchKey: The specified key does not exist."),
    }


def test_given_a_waveform_that_is_none_when_gathered_then_it_is_left_out() -> None:
    contents = _contents(_document(recording=_recording()), {"u/a.m4a": b"", "p/waveform.json": b'{"length": 3}'})

    assert "waveform.json" not in contents.files
    assert _told(contents)["The waveform"][1].startswith("it is not understood")


@pytest.mark.parametrize("waveform", [b"[" * 100_000, b"[" * 9_998 + b"]" * 9_998, b"[]", b"3", b'{"length": null}'])
def test_given_a_waveform_of_another_shape_when_gathered_then_it_is_left_out_with_its_size(waveform: bytes) -> None:
    contents = _contents(_document(recording=_recording()), {"u/a.m4a": b"", "p/waveform.json": waveform})

    assert "waveform.json" not in contents.files
    size, why = _told(contents)["The waveform"]
    assert size == len(waveform)
    assert why.startswith("it is not understood: ")


def test_given_a_waveform_with_its_length_as_a_text_when_gathered_then_it_is_reduced_all_the_same() -> None:
    waveform = {"length": "120000", "channels": 1, "samples_per_pixel": 256, "data": [-1, 1] * 120_000}

    contents = _contents(
        _document(recording=_recording()), {"u/a.m4a": b"", "p/waveform.json": json.dumps(waveform).encode()}
    )

    assert _told(contents)["The waveform's single points"][1] == "60,000 stand for 120,000"


def test_given_a_waveform_of_an_hour_when_gathered_then_it_is_reduced() -> None:
    hour = {"version": 2, "channels": 2, "sample_rate": 44100, "samples_per_pixel": 256, "bits": 16, "length": 620_000}
    waveform = json.dumps({**hour, "data": [-30_000, 30_000] * 1_240_000}).encode()

    contents = _contents(_document(recording=_recording()), {"u/a.m4a": b"", "p/waveform.json": waveform})

    told = json.loads(base64.b64decode(contents.files["waveform.json"].partition(",")[2]))
    assert told["length"] == 56_364
    assert told["samples_per_pixel"] == 256 * 11
    assert set(told["data"]) == {-30_000, 30_000}
    assert _told(contents)["The waveform's single points"][1] == "56,364 stand for 620,000"


def test_given_inputs_that_are_too_many_when_gathered_then_long_values_are_cut_and_the_shape_stays() -> None:
    long = {"<": "&" * 150_000}
    visit = {
        "state": "A",
        "input": long,
        "output": long,
        "assigned": None,
        "error": None,
        "cause": None,
        "attempts": [],
    }
    events = [
        {"id": 1, "type": "PassStateEntered", "stateEnteredEventDetails": {"name": "A", "input": json.dumps(long)}}
    ]

    contents = _contents(_document(visits=[visit] * 10, events=events * 10))

    kept = contents.document
    assert len(embedded(kept)) < 4_000_000
    assert kept["visits"][0]["input"].endswith("... cut: 150,009 characters in all")
    assert kept["visits"][0]["state"] == "A"
    assert kept["events"][0]["stateEnteredEventDetails"]["name"] == "A"
    ((what, (size, why)),) = _told(contents).items()
    assert what == "Inputs, outputs and events in full"
    assert size is not None
    assert size > 20_000_000
    assert why.startswith("values of more than 8 KB are cut")


def test_given_a_history_of_the_longest_kind_when_gathered_then_its_middle_is_left_out() -> None:
    visit = {
        "state": "A" * 100,
        "input": "x" * 400,
        "output": None,
        "assigned": None,
        "error": None,
        "cause": None,
        "attempts": [],
    }
    events = [{"id": number, "type": "PassStateEntered", "text": "y" * 400} for number in range(25_000)]

    contents = _contents(_document(visits=[visit] * 8_000, events=events))

    assert len(embedded(contents.document)) < 4_000_000
    kept = [each["id"] for each in contents.document["events"]]
    assert kept[0] == 0
    assert kept[-1] == 24_999
    (what,) = _told(contents)
    assert what == "23,000 events in the middle, and the states they tell of"


def test_given_thousands_of_one_shots_when_gathered_then_the_first_are_described() -> None:
    recording = _recording(20_000)
    for shot in recording["oneShots"]:
        shot["descriptors"] = "d" * 900
    files = {"u/a.m4a": b"", **{f"p/{number}.wav": b"" for number in range(1, 20_001)}}

    contents = _contents(_document(recording=recording), files)

    assert len(embedded(contents.document)) < 8_100_000
    assert len(contents.document["recording"]["manifest"]["oneShots"]) == 2_000
    assert "18,000 of 20,000 one-shots" in _told(contents)


def test_given_long_logs_when_gathered_then_each_attempt_keeps_its_last_lines() -> None:
    def attempt(event_id: int, lines: int) -> dict[str, Any]:
        told = [{"time": "t", "text": f"{number} " + "x" * 1_000} for number in range(lines)]
        return {"eventId": event_id, "lines": told, "note": None}

    logs = [
        {"eventId": 2, "attempts": [attempt(3, 2_000), attempt(6, 10)]},
        {"eventId": 12, "attempts": [attempt(13, 2_000)]},
    ]

    contents = _contents(_document(), logs=logs)

    first, short, last = (each for attempts in contents.logs.values() for each in attempts)
    assert list(contents.logs) == ["2", "12"]
    assert len(short["lines"]) == 10
    assert 400 < len(first["lines"]) < 1_500
    assert first["lines"][-1]["text"].startswith("1999 ")
    assert last["lines"][-1]["text"].startswith("1999 ")
    assert len(embedded(contents.logs)) < 1_600_000
    assert list(_told(contents)) == ["The first lines of long logs"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a/b.WAV", "audio/wav"),
        ("a.svg", "application/octet-stream"),
        ("a.html", "application/octet-stream"),
        ("a.png.html", "application/octet-stream"),
        ("png", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_given_a_key_when_its_media_type_is_asked_for_then_nothing_that_a_browser_would_run(
    key: str, expected: str
) -> None:
    assert media_type(key) == expected


@pytest.mark.parametrize("extension", SUPPORTED_EXTENSIONS)
def test_given_an_upload_that_is_accepted_when_its_media_type_is_asked_for_then_audio(extension: str) -> None:
    assert media_type(f"a.{extension}").startswith("audio/")


def test_given_hostile_text_when_embedded_then_nothing_ends_the_element_and_it_reads_back_as_it_was() -> None:
    hostile = {"</script><!--": "<script>alert(1)</script>&amp;\u2028\u2029\ud800 \x00"}

    text = embedded(hostile)

    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text) == hostile
