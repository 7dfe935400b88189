"""What a document tells where not everything may be read."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from local.execution.reader import ExecutionReader, NoSuchExecution, NotRead, StoredFile, machine_name
from tests.unit.execution.answers import DENIED, Answers
from tests.unit.execution.histories import BEGAN, SUCCEEDED_AT_LAST, event

ARN = "arn:aws:states:eu-west-1:123456789012:execution:app-ProcessRecording-1A2B3C4D5E6F:e1"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:app-ProcessRecording-1A2B3C4D5E6F"
TABLE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::dynamodb:updateItem",
    "Arguments": {"TableName": "t"},
    "End": True,
}
UPLOAD = {
    "detail": {"bucket": {"name": "bucket"}, "object": {"key": "public/unprocessed/u/a b.wav", "version-id": "v1"}}
}
IDENTIFIED = [
    event(1, "ExecutionStarted", 0, input="{}"),
    event(2, "PassStateEntered", 0, name="Identify", input="{}"),
    event(3, "PassStateExited", 2, name="Identify", output="{}", assignedVariables={"recordingId": '"r1"'}),
]
HEAD = {"Bucket": "bucket", "Key": "public/unprocessed/u/a b.wav", "VersionId": "v1"}


@pytest.fixture
def answers() -> Answers:
    return Answers()


def _describe(answers: Answers, **more: Any) -> None:
    described = {"executionArn": ARN, "stateMachineArn": MACHINE, "name": "e1", "status": "RUNNING", "startDate": BEGAN}
    answers.give("stepfunctions", "describe_execution", described | {"input": json.dumps(UPLOAD)} | more)


def _history(answers: Answers, events: list[dict[str, Any]]) -> None:
    answers.give("stepfunctions", "get_execution_history", {"events": events})


def _definition(answers: Answers, states: dict[str, Any]) -> None:
    described = {
        "stateMachineArn": MACHINE,
        "name": "m",
        "roleArn": "arn:aws:iam::123456789012:role/r",
        "updateDate": BEGAN,
    }
    definition = {"StartAt": next(iter(states)), "States": states}
    answers.give(
        "stepfunctions", "describe_state_machine_for_execution", described | {"definition": json.dumps(definition)}
    )


def _document(answers: Answers) -> dict[str, Any]:
    document = ExecutionReader(answers.client).document(ARN)
    answers.all_were_asked_for()
    return document


def test_given_a_table_and_a_bucket_that_may_not_be_read_when_read_then_it_is_told_and_the_rest_is_there(
    answers: Answers,
) -> None:
    _describe(answers)
    _history(answers, IDENTIFIED)
    _definition(answers, {"Claim": TABLE})
    answers.refuse("dynamodb", "query", *DENIED)
    answers.refuse("s3", "head_object", "403", "Forbidden", 403)

    document = _document(answers)

    assert document["notRead"] == [
        "The record in the table t could not be read: AccessDeniedException: "
        "User: arn:aws:iam::123456789012:user/u is not authorized",
        "The recording s3://bucket/public/unprocessed/u/a b.wav could not be read: "
        "HeadObject was answered by 403 Forbidden",
    ]
    assert document["recording"]["id"] == "r1"
    assert document["recording"]["source"]["isThere"] is None
    assert (document["recording"]["record"], document["recording"]["oneShots"]) == (None, [])
    assert [visit["state"] for visit in document["visits"]] == ["Identify"]


def _recorded(answers: Answers) -> None:
    """Answer as an account with a recording does, until its manifest is asked for."""
    item = {"id": {"S": "r1"}, "item": {"S": "RECORDING"}, "manifest_key": {"S": "m.json"}, "n": {"N": "1.5"}}
    _describe(answers)
    _history(answers, IDENTIFIED)
    _definition(answers, {"Claim": TABLE})
    answers.give("dynamodb", "query", {"Items": [item]})
    answers.give("s3", "head_object", {"ContentLength": 3, "Metadata": {"a": "b"}}, HEAD)


def _with_manifest(answers: Answers, content: bytes, size: int | None = None) -> dict[str, Any]:
    _recorded(answers)
    size = len(content) if size is None else size
    answer = {"Body": StreamingBody(io.BytesIO(content), size), "ContentLength": size}
    answers.give("s3", "get_object", answer, {"Bucket": "bucket", "Key": "m.json"})
    return _document(answers)


def test_given_a_manifest_that_is_gone_when_read_then_it_is_told(answers: Answers) -> None:
    _recorded(answers)
    answers.refuse("s3", "get_object", "NoSuchKey", "The specified key does not exist.", 404)

    document = _document(answers)

    assert document["notRead"] == [
        "The manifest s3://bucket/m.json could not be read: NoSuchKey: The specified key does not exist."
    ]
    assert document["recording"]["record"]["n"] == 1.5
    assert document["recording"]["source"]["isThere"] is True


def test_given_a_manifest_that_is_one_when_read_then_it_is_shown_with_what_is_not_known_here(answers: Answers) -> None:
    manifest = _manifest(later={"a": [1]})

    document = _with_manifest(answers, json.dumps(manifest).encode())

    assert document["notRead"] == []
    assert document["recording"]["manifest"] == manifest


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html>", "is no JSON: expected value at line 1 column 1"),
        (b"[" * 100_000, "is no JSON: recursion limit exceeded at line 1 column 202"),
        (b'{"later": NaN}', "is no JSON: expected value at line 1 column 11"),
        (b'{"later": 1e999}', "is no JSON: Out of range float values are not JSON compliant: inf"),
        (b'{"files": "\\ud800"}', "is no JSON: unexpected end of hex escape at line 1 column 18"),
        (b"[]", "is not as it should be: the whole is []: Input should be a valid dictionary"),
    ],
)
def test_given_a_manifest_that_is_no_json_object_when_read_then_it_is_told(
    answers: Answers, content: bytes, says: str
) -> None:
    document = _with_manifest(answers, content)

    assert document["recording"]["manifest"] is None
    assert document["notRead"] == [f"The manifest s3://bucket/m.json {says}"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"files": []}, "files is []: Input should be a valid dictionary"),
        ({"files": {"waveform": 3}}, "files.waveform is 3: Input should be a valid string"),
        ({"oneShots": {}}, "oneShots is {}: Input should be a valid list"),
        ({"oneShots": [3]}, "oneShots.0 is 3: Input should be a valid dictionary"),
        ({"oneShots": [{"key": "k"}]}, "oneShots.0.index is not there"),
        ({"settings": None}, "settings is null: Input should be a valid dictionary"),
        ({"source": None}, "source is null: Input should be a valid dictionary"),
        ({"loudness": "loud"}, 'loudness is "loud": Input should be a valid dictionary'),
        ({"warnings": ["w"]}, 'warnings.0 is "w": Input should be a valid dictionary'),
        ({"durationSeconds": "3"}, 'durationSeconds is "3": Input should be a valid number'),
    ],
)
def test_given_a_manifest_of_another_shape_when_read_then_none_is_shown_and_it_is_told_where(
    answers: Answers, more: dict[str, Any], says: str
) -> None:
    document = _with_manifest(answers, json.dumps(_manifest(**more)).encode())

    assert document["recording"]["manifest"] is None
    assert document["notRead"] == [f"The manifest s3://bucket/m.json is not as it should be: {says}"]


@pytest.mark.parametrize("missing", ["index", "key", "sizeBytes", "loudness"])
def test_given_a_one_shot_without_what_is_read_of_it_when_read_then_no_manifest_is_shown(
    answers: Answers, missing: str
) -> None:
    (shot,) = _manifest()["oneShots"]
    shots = [shot, {name: value for name, value in shot.items() if name != missing}]

    document = _with_manifest(answers, json.dumps(_manifest(oneShots=shots)).encode())

    assert document["recording"]["manifest"] is None
    assert document["notRead"][0].endswith(f"is not as it should be: oneShots.1.{missing} is not there")


def test_given_a_completed_manifest_without_a_duration_when_read_then_none_is_shown(answers: Answers) -> None:
    document = _with_manifest(answers, json.dumps(_manifest(durationSeconds=None)).encode())

    assert document["recording"]["manifest"] is None
    assert document["notRead"][0].endswith("durationSeconds must be there if the outcome is completed")


def test_given_a_manifest_that_is_too_large_when_read_then_that_and_how_large_it_is(answers: Answers) -> None:
    document = _with_manifest(answers, b"{", 71_500_000)

    assert document["recording"]["manifest"] is None
    assert document["notRead"] == [
        "The manifest s3://bucket/m.json is too large: it has 71.5 MB, read are at most 64 MB."
    ]


def _manifest(**more: Any) -> dict[str, Any]:
    shot = {"index": 1, "key": "k", "format": "wav", "startSeconds": 0, "endSeconds": 1, "durationSeconds": 1.5}
    shot |= {"sizeBytes": 9, "loudness": {"gainDb": 0.0}, "descriptors": {"pitchHz": None, "kind": "tonal"}}
    return {
        "recordingId": "r1",
        "settings": {"processingEnabled": True},
        "outcome": "completed",
        "reason": None,
        "source": {"container": "wav", "codec": None},
        "durationSeconds": 3,
        "loudness": {"integratedLufs": None},
        "descriptors": None,
        "warnings": [],
        "files": {"waveform": "w", "overview": None, "spectrogram": None},
        "oneShots": [shot],
        **more,
    }


@pytest.mark.parametrize(
    ("bucket", "key", "version"),
    [("no bucket", "k", "v"), ("bucket\n", "k", "v"), ("bucket", "k\ud800", "v"), ("bucket", "k", "v\ud800")],
)
def test_given_an_input_that_names_no_object_of_s3_when_read_then_it_is_told_and_there_is_no_recording(
    answers: Answers, bucket: str, key: str, version: str
) -> None:
    named = {"detail": {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version}}}
    _describe(answers, input=json.dumps(named))
    _history(answers, IDENTIFIED)
    _definition(answers, {"Claim": TABLE})

    document = _document(answers)

    assert document["recording"] is None
    assert document["notRead"] == [
        "The recording was not looked for: "
        f"there can be no object {key!r}, version {version!r}, in a bucket {bucket!r}."
    ]


def test_given_neither_history_nor_definition_when_read_then_what_the_execution_says_of_itself_is_there(
    answers: Answers,
) -> None:
    _describe(answers, output='{"recordingId": "r2"}', status="SUCCEEDED", stopDate=BEGAN)
    answers.refuse("stepfunctions", "get_execution_history", *DENIED)
    answers.refuse("stepfunctions", "describe_state_machine_for_execution", *DENIED)
    answers.refuse("s3", "head_object", "404", "Not Found", 404)

    document = _document(answers)

    assert (document["visits"], document["events"], document["definition"]["States"]) == ([], [], {})
    assert [text.partition(" could")[0] for text in document["notRead"]] == [
        "The history",
        "The definition of the state machine",
        "The record was not looked for: no state of the definition names a table.",
    ]
    assert (document["recording"]["id"], document["recording"]["source"]["isThere"]) == ("r2", False)


def test_given_data_under_a_key_that_may_not_be_used_when_read_then_statuses_and_times_are_there(
    answers: Answers,
) -> None:
    answers.refuse("stepfunctions", "describe_execution", "KmsAccessDeniedException", "no key", 400)
    described = {"executionArn": ARN, "stateMachineArn": MACHINE, "name": "e1", "status": "RUNNING", "startDate": BEGAN}
    asked = {"executionArn": ARN, "includedData": "METADATA_ONLY"}
    answers.give("stepfunctions", "describe_execution", described, asked)
    answers.refuse("stepfunctions", "get_execution_history", "KmsAccessDeniedException", "no key", 400)
    _history(answers, IDENTIFIED[:2])
    _definition(answers, {"Claim": TABLE})

    document = _document(answers)

    assert document["execution"]["input"] is None
    assert [visit["status"] for visit in document["visits"]] == ["RUNNING"]
    assert document["notRead"] == [
        "The execution's input and output could not be read: KmsAccessDeniedException: no key",
        "What the events of the history hold could not be read: KmsAccessDeniedException: no key",
    ]


def test_given_a_history_of_two_pages_when_read_then_both_are_there(answers: Answers) -> None:
    _describe(answers, input="{}")
    answers.give("stepfunctions", "get_execution_history", {"events": SUCCEEDED_AT_LAST[:6], "nextToken": "more"})
    asked = {"executionArn": ARN, "nextToken": "more"}
    answers.give("stepfunctions", "get_execution_history", {"events": SUCCEEDED_AT_LAST[6:]}, asked)
    _definition(answers, {"Claim": TABLE})

    document = _document(answers)

    assert [each["id"] for each in document["events"]] == list(range(1, 14))
    assert document["events"][0]["timestamp"] == "2026-11-26T08:00:00.000Z"
    assert document["visits"][0]["status"] == "SUCCEEDED"


def test_given_a_table_named_in_a_map_when_read_then_it_is_found(answers: Answers) -> None:
    _describe(answers)
    _history(answers, IDENTIFIED)
    inner = {"StartAt": "Claim", "States": {"Claim": TABLE}}
    dynamic = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:dynamodb:query",
        "Arguments": "{% $x %}",
        "End": True,
    }
    _definition(answers, {"Query": dynamic, "Each": {"Type": "Map", "ItemProcessor": inner, "End": True}})
    asked = {"TableName": "t", "KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": "r1"}}}
    answers.give("dynamodb", "query", {"Items": []}, asked)
    answers.give("s3", "head_object", {"ContentLength": 3, "Metadata": {}}, HEAD)

    document = _document(answers)

    assert document["notRead"] == []


@pytest.mark.parametrize(
    ("code", "raised", "says"),
    [
        (
            "ExecutionDoesNotExist",
            NoSuchExecution,
            r"There is no execution arn:aws:states:.+:e1\. Step.+; the local engine one",
        ),
        ("AccessDeniedException", NotRead, "can't be read: AccessDeniedException: because"),
        ("ExpiredTokenException", ClientError, "because"),
        ("UnrecognizedClientException", ClientError, "because"),
    ],
)
def test_given_an_execution_that_is_not_described_when_read_then_it_says_why(
    answers: Answers, code: str, raised: type[Exception], says: str
) -> None:
    answers.refuse("stepfunctions", "describe_execution", code, "because", 400)

    with pytest.raises(raised, match=says):
        ExecutionReader(answers.client).document(ARN)


def test_given_credentials_that_expire_on_the_way_when_read_then_nothing_is_made_of_the_half(answers: Answers) -> None:
    _describe(answers)
    answers.refuse("stepfunctions", "get_execution_history", "ExpiredTokenException", "expired", 400)

    with pytest.raises(ClientError, match="expired"):
        ExecutionReader(answers.client).document(ARN)


def test_given_an_object_that_is_refused_when_read_then_it_says_why(answers: Answers) -> None:
    answers.refuse("s3", "get_object", "AccessDenied", "Access Denied", 403)

    with pytest.raises(NotRead, match="AccessDenied: Access Denied"):
        ExecutionReader(answers.client).read(StoredFile("bucket", "key"), 10)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("app-ProcessRecording-1A2B3C4D5E6F", "ProcessRecording"),
        ("app-Reprocess-1A2B3C4D5E6F/Prefix", "Reprocess/Prefix"),
        ("local-ProcessRecording-6NGAPPIA49V4", "ProcessRecording"),
        ("app-ProcessRecording-1A2B3C4D5E6FG", "ProcessRecording"),
        ("named-by-hand", "named-by-hand"),
        ("my-audio-pipeline1", "my-audio-pipeline1"),
        ("teamaudio-processor-production", "teamaudio-processor-production"),
        ("app-ProcessRecording-1A2B3C4D5E6", "app-ProcessRecording-1A2B3C4D5E6"),
        ("app-ProcessRecording-1A2B3C4D5E6FGH", "app-ProcessRecording-1A2B3C4D5E6FGH"),
    ],
)
def test_given_a_state_machines_name_when_shown_then_by_its_logical_id(name: str, shown: str) -> None:
    assert machine_name(name) == shown
