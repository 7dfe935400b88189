"""Uploads made to hurt, on the real stack: each ends in one right record, and nothing it wrote comes out as it was."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fuzz.specials import HOSTILE_TEXT, specials
from fuzz.verdict import is_clean
from local.engine.logs import LogLine
from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import Stack, Upload

FAKE_LINE = '{"level":"ERROR","message":"FAKE"}'
RECORDING = wav_recording(beeps(1))
JOINERS = "\u200c\u200d"

NAMES = {
    "up": "../x.wav",
    "up, encoded": "%2e%2e%2fx.wav",
    "up, encoded twice": "%252e%252e%252fx.wav",
    "up, overlong": "%c0%ae%c0%ae%c0%afx.wav",
    "up, the Windows way": "..\\..\\x.wav",
    "a look-alike of a slash": "．．／x.wav",
    # Without the line feed, for which moto finds no route; it is in tests/unit/hostile.
    "a line of a log": f"x\r{FAKE_LINE}\r.wav",
    "a line of a log, by Unicode": f"x\u2028{FAKE_LINE}\x85.wav",
    "terminal escapes": "\x1b[2J\x1b]0;owned\x07\x9b31m.wav",
    "bidi": "\u202evaw.exe\u2066.wav",
    "encoded NUL": "x%00.wav",
    "encoded line": "x%0d%0afake.wav",
    "1,024 bytes of key": "é" * 499 + ".wav",
    "hidden letters": "pass\u200bword.wav",
}


@pytest.fixture
def lines(stack: Stack) -> Iterator[list[LogLine]]:
    """What functions and containers write from here on."""
    heard: list[LogLine] = []
    hear = heard.append
    stack.engine.watch_logs(hear)
    yield heard
    stack.engine.logs.observers.remove(hear)


def judged(stack: Stack, upload: Upload, lines: list[LogLine]) -> dict[str, Any]:
    """The upload's record, once it is known that nothing dirty went anywhere."""
    record = stack.record(upload)
    assert record is not None
    (event,) = stack.announcements(upload)
    for error in (record["processing_error"], event["detail"].get("error")):
        if error is not None:
            assert is_clean(error["message"].translate(dict.fromkeys(map(ord, JOINERS)))), error
            assert len(error["message"]) <= 500
    assert lines
    for line in lines:
        if line.text.startswith("{"):
            assert is_clean(line.text), line
            assert json.loads(line.text).get("message") != "FAKE"
        else:
            # Lambda's own: of each call, and a traceback of what a task raises, with \r where its lines end.
            assert is_clean(line.text.replace("\t", "").replace("\r", "")), line
    return record


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_given_a_hostile_name_when_uploaded_then_one_clean_rejection_is_recorded(
    stack: Stack, lines: list[LogLine], name: str
) -> None:
    upload, result = stack.process(f"public/unprocessed/demo/{name}", RECORDING)

    assert (result.status, result.end_state) == ("SUCCEEDED", "Rejected")
    record = judged(stack, upload, lines)
    assert record["processing_status"] == "FAILED"
    error = record["processing_error"]
    assert (error["category"], error["code"], error["retryable"]) == ("UPLOAD", "INVALID_KEY", False)
    # Who and what it is about stays verbatim: it is what finds the object again.
    assert record["file"]["key"] == upload.key
    assert stack.outputs(upload) == {}


@pytest.mark.parametrize(
    "name",
    ["link -> etc.wav", "~root.wav", "$(reboot).wav", "-rf.wav", "CON.wav", "é" * 125 + ".wav", "🥁👩‍👩‍👧.wav"],
)
def test_given_an_odd_but_legal_name_when_uploaded_then_it_is_processed_under_it(
    stack: Stack, lines: list[LogLine], name: str
) -> None:
    upload, result = stack.process(f"public/unprocessed/demo/{name}", RECORDING)

    assert result.end_state == "Processed", result.output
    record = stack.record(upload)
    assert record is not None
    assert (record["processing_status"], record["name"], record["one_shot_count"]) == ("COMPLETED", name, 1)


@pytest.mark.parametrize(
    "value",
    [
        "wav=1B[2J",
        "=?utf-8?q?wav=1B=5B2J=0D=0A{=22level=22:=22ERROR=22,=22message=22:=22FAKE=22}?=",
        "=?utf-8?b?4oCuZXhl?=",
        "=?a\\0b?q?wav?=",
        "=?undefined?q?wav?=",
        "x" * 1900,
    ],
    ids=["escape", "a line of a log, encoded", "bidi, encoded", "no charset", "a charset of none", "2 KB"],
)
def test_given_hostile_metadata_when_uploaded_then_the_rejection_names_it_cleanly(
    stack: Stack, lines: list[LogLine], value: str
) -> None:
    upload, result = stack.process("public/unprocessed/demo/x.wav", RECORDING, **{"output-format": value})

    assert result.end_state == "Rejected"
    error = judged(stack, upload, lines)["processing_error"]
    assert error["code"] == "INVALID_PARAMETER"
    assert error["message"].startswith("parameter output-format is '")


@pytest.mark.parametrize(
    "kind",
    [
        "mp3 with hostile tags",
        "m4a with a hostile title",
        "wav with hostile tags",
        "wav with a title that is no UTF-8",
        "flac with hostile comments",
        "flac with comments that are no UTF-8",
        "webm with a hostile title",
        "mp3 with a title of 1 MB",
    ],
)  # fmt: skip
def test_given_a_recording_with_hostile_tags_when_uploaded_then_it_is_processed_and_the_tags_are_made_clean(
    stack: Stack, lines: list[LogLine], kind: str
) -> None:
    (special,) = [each for each in specials() if each.name == kind]
    upload, result = stack.process(f"public/unprocessed/demo/tagged.{special.extension}", special.make())

    assert result.end_state == "Processed", result.output
    record = judged(stack, upload, lines)
    assert (record["processing_status"], record["processing_error"]) == ("COMPLETED", None)
    assert len(stack.one_shots(upload)) == record["one_shot_count"] == 2


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("a line of text", "NOT_AUDIO"),
        ("zip of a wav", "NOT_AUDIO"),
        ("playlist that opens other files", "NOT_AUDIO"),
        ("wav at 0 Hz", "CORRUPT"),
        ("opus of 10 hours in 1.8 MB", "TOO_LONG"),
    ],
)
def test_given_a_file_made_to_hurt_when_uploaded_then_one_clean_rejection_is_recorded(
    stack: Stack, lines: list[LogLine], kind: str, code: str
) -> None:
    (special,) = [each for each in specials() if each.name == kind]
    upload, result = stack.process(f"public/unprocessed/demo/hurts.{special.extension}", special.make())

    assert result.end_state == "Rejected", result.output
    assert judged(stack, upload, lines)["processing_error"]["code"] == code
    assert HOSTILE_TEXT[:4] not in json.dumps(stack.announcements(upload), ensure_ascii=False)
