"""Executions as a page or a report shows them, read from the engine as they would be from an account."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine
from local.execution.reader import ExecutionReader, NoSuchExecution
from tests import running_engine
from tests.recordings import beeps, wav_recording
from tests.workflow.conftest import RunMachine, start_states
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
SOUND = wav_recording(beeps(2))


@pytest.fixture
def stack() -> Stack:
    return Stack(running_engine.engine_of("little-bit-audio", lambda: Engine.deploy(TEMPLATE, time_scale=0.02)))


def _document(engine: Engine, arn: str) -> dict[str, Any]:
    document = ExecutionReader(engine.client).document(arn)
    json.dumps(document)  # a page gets it as JSON
    return document


def _statuses(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(visit["state"], visit["status"]) for visit in document["visits"]]


def _visit(document: dict[str, Any], state: str) -> dict[str, Any]:
    return next(visit for visit in document["visits"] if visit["state"] == state)


def _texts(engine: Engine, arn: str, visit: dict[str, Any]) -> list[list[str]]:
    logs = ExecutionReader(engine.client).logs(arn, visit["eventId"])
    assert [each["eventId"] for each in logs] == [attempt["eventId"] for attempt in visit["attempts"]]
    return [[line["text"] for line in each["lines"]] for each in logs]


def _texts_with_report(engine: Engine, arn: str, visit: dict[str, Any]) -> list[list[str]]:
    """Return a visit's lines once the last attempt's REPORT is there: as Lambda's, it is written after the answer.

    A function's own last line may come after it: its output is read beside.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        texts = _texts(engine, arn, visit)
        if any(text.startswith("REPORT RequestId: ") for text in texts[-1]) and '"_aws"' in "".join(texts[-1]):
            return texts
        time.sleep(0.05)
    raise TimeoutError(f"{visit['state']} has no REPORT")


def test_given_a_processed_recording_when_read_then_states_record_manifest_files_and_logs(stack: Stack) -> None:
    upload, result = stack.process("public/unprocessed/demo/read me.wav", SOUND, **{"output-format": "flac"})

    document = _document(stack.engine, result.arn)

    assert document["notRead"] == []
    assert document["execution"]["status"] == "SUCCEEDED"
    assert document["execution"]["machine"] == "ProcessRecording"
    assert document["definition"]["StartAt"] == "IdentifyRecording"
    assert [state for state, _ in _statuses(document)] == [visit.name for visit in result.states]
    assert {status for _, status in _statuses(document)} == {"SUCCEEDED"}
    recording = document["recording"]
    assert (recording["id"], recording["record"]["processing_status"]) == (upload.recording_id, "COMPLETED")
    assert recording["source"]["name"] == "read me.wav"
    assert (recording["source"]["isThere"], recording["source"]["sizeBytes"]) == (True, len(SOUND))
    assert recording["source"]["settings"] == {"output-format": "flac"}
    assert len(recording["oneShots"]) == len(recording["manifest"]["oneShots"]) == 2
    reader = ExecutionReader(stack.engine.client)
    stored = reader.file(recording, "source")
    assert stored is not None
    assert reader.read(stored, len(SOUND)) == (len(SOUND), SOUND)
    assert reader.read(stored, len(SOUND) - 1) == (len(SOUND), None)
    (first,) = [shot for shot in recording["manifest"]["oneShots"] if shot["index"] == 1]
    one_shot = reader.file(recording, "one-shots/1")
    assert one_shot is not None
    assert (one_shot.key, reader.file(recording, "one-shots/3")) == (first["key"], None)
    assert reader.one_shots(result.arn) == recording["oneShots"]
    spared = reader.document(result.arn, with_one_shots=False)["recording"]
    assert spared == {**recording, "oneShots": None}


def test_given_an_execution_when_its_logs_are_read_then_each_attempt_has_its_own_lines(stack: Stack) -> None:
    with stack.engine.inject("ProcessAudio=exit:137x1", "PersistResult=Lambda.TooManyRequestsExceptionx1"):
        _, result = stack.process("public/unprocessed/demo/retried.wav", SOUND)

    document = _document(stack.engine, result.arn)

    persist = _visit(document, "PersistResult")
    assert [(each["status"], each["error"]) for each in persist["attempts"]] == [
        ("FAILED", "Lambda.TooManyRequestsException"),
        ("SUCCEEDED", None),
    ]
    assert persist["attempts"][1]["waitSeconds"] > 0
    refused, done = _texts_with_report(stack.engine, result.arn, persist)
    assert refused == []
    assert done[0].startswith("START RequestId: ")
    assert any('"message":"task done"' in text for text in done)
    killed, processed = [each for each in document["visits"] if each["state"] == "ProcessAudio"]
    assert (killed["status"], processed["status"]) == ("CAUGHT", "SUCCEEDED")
    assert killed["error"] == "States.TaskFailed"
    ((*_, last),) = _texts(stack.engine, result.arn, processed)
    assert result.arn in last
    everything = ExecutionReader(stack.engine.client).logs(result.arn)
    assert [each["eventId"] for each in everything] == [v["eventId"] for v in document["visits"] if v["attempts"]]


def test_given_a_function_that_times_out_when_its_logs_are_read_then_each_attempt_has_its_request(stack: Stack) -> None:
    with stack.engine.inject("ExtractMetadata=timeoutx2"):
        _, result = stack.process("public/unprocessed/demo/slow.wav", SOUND)

    visit = _visit(_document(stack.engine, result.arn), "ExtractMetadata")

    assert [each["status"] for each in visit["attempts"]] == ["FAILED", "FAILED", "SUCCEEDED"]
    requests = [{_request(text) for text in lines} - {None} for lines in _texts(stack.engine, result.arn, visit)]
    assert [len(each) for each in requests] == [1, 1, 1]
    assert len(set.union(*requests)) == 3


def _request(text: str) -> str | None:
    return text.partition("RequestId: ")[2].split()[0] if "RequestId: " in text else None


def test_given_a_rejected_upload_when_read_then_the_error_is_caught_and_there_is_no_manifest(stack: Stack) -> None:
    _, result = stack.process("public/unprocessed/demo/no audio.wav", b"no audio at all" * 100)

    document = _document(stack.engine, result.arn)

    validate = _visit(document, "ValidateUpload")
    assert (validate["status"], validate["error"]) == ("CAUGHT", "InvalidUpload")
    assert document["visits"][-1]["state"] == "Rejected"
    assert document["recording"]["record"]["processing_error"]["code"] == "NOT_AUDIO"
    assert document["recording"]["manifest"] is None
    assert document["notRead"] == []


def test_given_a_failed_execution_when_read_then_the_fail_state_says_why(stack: Stack) -> None:
    with stack.engine.inject("PersistResult=Lambda.UnknownErrorx*"):
        _, result = stack.process("public/unprocessed/demo/failed.wav", SOUND)

    document = _document(stack.engine, result.arn)

    assert document["execution"]["status"] == "FAILED"
    assert (document["visits"][-1]["state"], document["visits"][-1]["status"]) == ("Failed", "FAILED")
    assert document["visits"][-1]["error"] == document["execution"]["error"] == "Lambda.UnknownError"
    assert _visit(document, "PersistResult")["status"] == "CAUGHT"
    assert document["recording"]["record"]["processing_status"] == "FAILED"


def test_given_a_running_execution_when_read_then_what_runs_is_told_with_its_lines_so_far(stack: Stack) -> None:
    with stack.engine.inject("ProcessAudio=hangx1"):
        upload = stack.upload("public/unprocessed/demo/running.wav", SOUND)
        arn = stack.execution_of(upload)
        stack.wait_for_task(upload)

        document = _document(stack.engine, arn)
        logs = ExecutionReader(stack.engine.client).logs(arn, document["visits"][-1]["eventId"])

        stack.engine.client("stepfunctions").stop_execution(executionArn=arn, error="Enough", cause="It hangs.")
        stack.engine.wait(arn, WAIT_SECONDS)
    assert (document["execution"]["status"], document["execution"]["stoppedAt"]) == ("RUNNING", None)
    running = document["visits"][-1]
    assert (running["state"], running["status"], running["leftAt"]) == ("ProcessAudio", "RUNNING", None)
    assert [each["status"] for each in running["attempts"]] == ["RUNNING"]
    assert len(logs) == 1
    stopped = _document(stack.engine, arn)
    assert stopped["visits"][-1]["status"] == stopped["execution"]["status"] == "ABORTED"
    assert stopped["execution"]["error"] == "Enough"


def test_given_a_deleted_source_when_read_then_it_is_not_there_and_the_rest_is(stack: Stack) -> None:
    upload, result = stack.process("public/unprocessed/demo/deleted.wav", SOUND)
    stack.s3.delete_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version_id)

    document = _document(stack.engine, result.arn)

    assert document["recording"]["source"]["isThere"] is False
    assert document["recording"]["source"]["sizeBytes"] is None
    assert document["recording"]["manifest"]["outcome"] == "completed"
    assert document["notRead"] == []


def test_given_a_reprocessing_with_a_distributed_map_when_read_then_its_run_is_an_attempt(stack: Stack) -> None:
    stack.process("public/unprocessed/demo/again/one.wav", SOUND)
    sfn = stack.engine.client("stepfunctions")
    started = sfn.start_execution(
        stateMachineArn=stack.engine.resources["ReprocessRecordings"],
        input=json.dumps({"prefix": "public/unprocessed/demo/again/", "dryRun": False}),
    )
    stack.engine.wait(started["executionArn"], WAIT_SECONDS)

    document = _document(stack.engine, started["executionArn"])

    (map_run,) = document["mapRuns"]
    (attempt,) = _visit(document, "ReprocessPrefix")["attempts"]
    assert (attempt["resource"], attempt["parameters"]["mapRunArn"]) == ("mapRun", map_run["mapRunArn"])
    assert attempt["status"] == "SUCCEEDED"
    assert map_run["itemCounts"]["succeeded"] == 1
    assert document["recording"] is None
    assert document["visits"][-1]["state"] == "Reprocessed"


def _call(small: Engine, **payload: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": small.resources["Greet"], "Payload": payload},
        "Catch": [{"ErrorEquals": ["NotGreetable"], "Next": "Caught"}],
        "End": True,
    }


def test_given_an_inline_map_that_fails_and_is_retried_when_read_then_items_and_attempts_are_told_apart(
    small: Engine, run_states: RunMachine
) -> None:
    inner = {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input = 2 %}", "Next": "Broken"}],
            "Default": "Fine",
        },
        "Broken": {**_call(small, do="raise", message="two"), "Catch": []},
        "Fine": {"Type": "Pass", "End": True},
    }
    states = {
        "Each": {
            "Type": "Map",
            "Items": [1, 2],
            "MaxConcurrency": 1,
            "ItemProcessor": {"StartAt": "Which", "States": inner},
            "Retry": [{"ErrorEquals": ["NotGreetable"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
            "End": True,
        },
        "Caught": {"Type": "Succeed"},
    }
    result = run_states(states)

    document = _document(small, result.arn)

    each = _visit(document, "Each")
    assert (each["status"], each["error"]) == ("CAUGHT", "NotGreetable")
    assert [attempt["status"] for attempt in each["attempts"]] == ["FAILED", "FAILED"]
    assert [visit["input"] for visit in document["visits"] if visit["state"] == "Which"] == [1, 2, 1, 2]
    assert {visit["status"] for visit in document["visits"] if visit["state"] == "Broken"} == {"FAILED"}
    assert {visit["status"] for visit in document["visits"] if visit["state"] == "Fine"} == {"SUCCEEDED"}
    assert all(visit["leftAt"] for visit in document["visits"])


def test_given_branches_that_call_one_function_at_once_when_read_then_the_request_ids_tell_their_lines_apart(
    small: Engine, run_states: RunMachine
) -> None:
    def branch(name: str) -> dict[str, Any]:
        message = f"{{% '{name} in ' & $states.context.Execution.Id %}}"
        caught = {"Type": "Succeed"}
        return {"StartAt": name, "States": {name: _call(small, do="raise", message=message), "Caught": caught}}

    result = run_states({"Both": {"Type": "Parallel", "Branches": [branch("Ada"), branch("Grace")], "End": True}})

    document = _document(small, result.arn)

    assert _visit(document, "Both")["status"] == "SUCCEEDED"
    for name, other in (("Ada", "Grace"), ("Grace", "Ada")):
        visit = _visit(document, name)
        assert (visit["status"], visit["error"]) == ("CAUGHT", "NotGreetable")
        (lines,) = _texts(small, result.arn, visit)
        assert lines[0].startswith("START RequestId: ")
        assert "greet is asked to raise" in lines
        assert any(f"{name} in {result.arn}" in text for text in lines)
        assert not any(f"{other} in " in text for text in lines)


def test_given_a_branch_that_fails_when_read_then_the_parallel_has_its_error_and_the_other_branch_was_aborted(
    small: Engine, run_states: RunMachine
) -> None:
    broken = {"Broken": {**_call(small, do="raise", message="no"), "Catch": []}}
    waiting = {"Waiting": {"Type": "Wait", "Seconds": 3000, "End": True}}
    parallel = {
        "Type": "Parallel",
        "Branches": [{"StartAt": "Broken", "States": broken}, {"StartAt": "Waiting", "States": waiting}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": True,
    }
    result = run_states({"Both": parallel, "Caught": {"Type": "Succeed"}})

    document = _document(small, result.arn)

    told = {visit["state"]: (visit["status"], visit["error"]) for visit in document["visits"]}
    assert told == {
        "Both": ("CAUGHT", "NotGreetable"),
        "Broken": ("FAILED", "NotGreetable"),
        "Waiting": ("ABORTED", None),
        "Caught": ("SUCCEEDED", None),
    }


def test_given_branches_at_once_without_request_ids_when_read_then_it_is_said_that_nothing_tells_them_apart(
    small: Engine, run_states: RunMachine
) -> None:
    branches = [
        {
            "StartAt": name,
            "States": {name: _call(small, do="{% 'greet for ' & $states.context.Execution.Id %}", name=name)},
        }
        for name in ("Ada", "Grace", "Hedy", "Mary")
    ]
    for each in branches:
        each["States"]["Caught"] = {"Type": "Succeed"}
    result = run_states({"All": {"Type": "Parallel", "Branches": branches, "End": True}})

    logs = ExecutionReader(small.client).logs(result.arn)

    attempts = [attempt for visit in logs for attempt in visit["attempts"] if attempt["lines"]]
    assert len(attempts) == 4
    several = [each for each in attempts if sum("START RequestId" in line["text"] for line in each["lines"]) > 1]
    assert {each["note"] for each in several} <= {
        "Lines of other attempts at the same function, at the same time, may be among these."
    }


def test_given_an_evaluation_that_fails_when_read_then_its_error_is_the_states(
    small: Engine, run_states: RunMachine
) -> None:
    result = run_states({"Bad": {"Type": "Pass", "Output": "{% $nowhere.to.be.found & $error('no') %}", "End": True}})

    (visit,) = _document(small, result.arn)["visits"]

    assert (visit["status"], visit["error"]) == ("FAILED", "States.QueryEvaluationError")


def test_given_an_execution_that_times_out_when_read_then_its_state_did(small: Engine) -> None:
    arn = start_states(small, {"Long": {"Type": "Wait", "Seconds": 3000, "End": True}}, TimeoutSeconds=1)
    small.wait(arn, 30)

    document = _document(small, arn)

    assert document["execution"]["status"] == "TIMED_OUT"
    assert _statuses(document) == [("Long", "TIMED_OUT")]
    assert document["recording"] is None


def test_given_a_history_of_many_pages_when_read_then_every_event_is_there(
    small: Engine, run_states: RunMachine
) -> None:
    states: dict[str, Any] = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(600)}
    states["S600"] = {"Type": "Succeed"}
    result = run_states(states)

    document = _document(small, result.arn)

    assert [event["id"] for event in document["events"]] == list(range(1, 2 * 601 + 3))
    assert len(document["visits"]) == 601


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("arn:aws:states:us-east-1:123456789012:execution:nowhere:nothing", "There is no execution arn:aws:states:"),
        ("arn:aws:states:us-east-1:123456789012:express:m:n:o", "an Express state machine"),
    ],
)
def test_given_no_such_execution_when_read_then_it_says_so(small: Engine, arn: str, says: str) -> None:
    with pytest.raises(NoSuchExecution, match=says):
        ExecutionReader(small.client).document(arn)
