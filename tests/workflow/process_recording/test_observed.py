"""What CloudWatch gets to see of real executions: metrics, correlated lines, what filters and queries find in them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bench.execution_log import execution_log
from local.engine.template import translate
from tests import cloudwatch, running_engine
from tests.cloudwatch import Line, Metric
from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.conftest import ENGINE, TEMPLATE, deploy
from tests.workflow.process_recording.stack import Stack, Upload
from tests.workflow.settle_recordings.settlements import Settlements, recording

FUNCTION_LOGS = ("ValidateUploadLogs", "ExtractMetadataLogs", "PersistResultLogs")
HOLDER = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:holder"


@dataclass(frozen=True)
class Observed:
    """What the log groups hold, by their logical ids, and the execution of a processed recording."""

    lines: dict[str, list[Line]]
    processed: Upload
    execution: str

    def all_lines(self) -> list[Line]:
        return [line for lines in self.lines.values() for line in lines]


@pytest.fixture(scope="module")
def observed() -> Observed:
    """A recording that is processed, one rejected, one without capacity, one failing, one whose lease ran out; once."""
    return _observe(Stack(running_engine.engine_of(ENGINE, deploy)))


def _observe(stack: Stack) -> Observed:
    processed, done = stack.process("public/unprocessed/demo/observed.wav", wav_recording(beeps(2)))
    _, rejected = stack.process("public/unprocessed/demo/observed-text.wav", b"this is no recording at all")
    waiting = _with_fault(stack, "ProcessAudio=no-capacityx2", "observed-waiting.wav")
    failed = _with_fault(stack, "ExtractMetadata=KeyError", "observed-failing.wav")
    # A function's own failure: an event that breaks the contract.
    function = stack.engine.resources["ValidateUpload"]
    stack.engine.client("lambda").invoke(FunctionName=function, Payload=b'{"recordingId": "?", "executionArn": "arn"}')
    settlements = Settlements(stack)
    lapsed = Upload(stack.bucket, "public/unprocessed/demo/observed-lapsed.wav", "v1")
    settlements.write(recording(lapsed, HOLDER, "PROCESSING", lapsed_for=60))
    sweep = settlements.sweep()
    lines = {group: _lines_of(stack, group) for group in (*FUNCTION_LOGS, "ProcessAudioLogs")}
    lines["ProcessRecordingLogs"] = [
        line for arn in (done.arn, rejected.arn, waiting, failed) for line in _history(stack, arn)
    ]
    lines["SettleRecordingsLogs"] = [
        *_history(stack, sweep.arn),
        *_history(stack, stack.wait_until_settled(failed).arn),
    ]
    return Observed(lines=lines, processed=processed, execution=done.arn)


def _with_fault(stack: Stack, fault: str, name: str) -> str:
    key = f"public/unprocessed/demo/{name}"
    with stack.engine.inject(fault, when=lambda given: given.get("detail", {}).get("object", {}).get("key") == key):
        _, result = stack.process(key, wav_recording(beeps(1)))
    return result.arn


def _lines_of(stack: Stack, group: str) -> list[Line]:
    pages = stack.engine.client("logs").get_paginator("filter_log_events")
    messages = [
        event["message"]
        for page in pages.paginate(logGroupName=stack.engine.resources[group])
        for event in page["events"]
    ]
    return [json.loads(message) for message in messages if message.startswith("{")]


def _history(stack: Stack, execution_arn: str) -> list[Line]:
    pages = stack.engine.client("stepfunctions").get_paginator("get_execution_history")
    events = [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]
    return execution_log(execution_arn, events)


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The template's resources as CloudFormation gets them, the engine's own gaps aside."""
    return dict(translate(TEMPLATE, {}, region="us-east-1", supported=lambda _: True).body["Resources"])


def _of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def _own_metrics(resources: dict[str, Any]) -> set[Metric]:
    (dashboard,) = _of_type(resources, "AWS::CloudWatch::Dashboard").values()
    watched = cloudwatch.of_dashboard(json.loads(dashboard["DashboardBody"]["Fn::Sub"]))
    watched |= {m for a in _of_type(resources, "AWS::CloudWatch::Alarm").values() for m in cloudwatch.of_alarm(a)}
    return {each for each in watched if each.namespace.startswith(cloudwatch.OWN)}


def test_given_real_executions_then_every_metric_of_ours_that_is_watched_is_told_by_them(
    observed: Observed, resources: dict[str, Any], stack: Stack
) -> None:
    told = {(name, dimensions) for _, name, dimensions in cloudwatch.embedded(observed.all_lines())}
    for group, properties in (
        (p["LogGroupName"]["Ref"], p) for p in _of_type(resources, "AWS::Logs::MetricFilter").values()
    ):
        for line in observed.lines[group]:
            if cloudwatch.matches(properties["FilterPattern"], line):
                (made,) = properties["MetricTransformations"]
                values = {d["Key"]: cloudwatch.flat(line)[d["Value"][2:]] for d in made.get("Dimensions", [])}
                told.add((made["MetricName"], tuple(sorted(values.items()))))
    # Each service counts its failures in the same line of code; here it is ValidateUpload that fails.
    failures = {("TasksFailed", (("service", service),)) for service in ("metadata", "persist", "process")}
    again = {("RecordingsEnded", (("outcome", "AlreadyProcessed"),))}

    assert {(each.name, each.dimensions) for each in _own_metrics(resources)} - failures - again <= told
    assert ("TasksFailed", (("service", "validate"),)) in told
    assert ("UploadsRefused", (("code", "NOT_AUDIO"),)) in told


def test_given_real_executions_then_what_they_tell_has_the_namespace_of_the_stack(
    observed: Observed, stack: Stack
) -> None:
    name = stack.engine.resources["Cluster"].rpartition("/")[2].partition("-Cluster")[0]

    assert {namespace for namespace, _, _ in cloudwatch.embedded(observed.all_lines())} == {f"LittleBitAudio/{name}"}


def test_given_a_processed_recording_then_every_line_about_it_carries_its_id_and_its_execution(
    observed: Observed,
) -> None:
    identity = (observed.processed.recording_id, observed.execution)
    for group in (*FUNCTION_LOGS, "ProcessAudioLogs"):
        lines = observed.lines[group]
        # Nobody's are what the runtime writes while a function starts.
        assert {line.get("executionArn") for line in lines if "_aws" in line or "message" in line} - {None}
        ours = [line for line in lines if line.get("executionArn") == observed.execution]
        assert ours
        assert {(line["recordingId"], line["executionArn"]) for line in ours} == {identity}
        assert [line for line in lines if line.get("recordingId") == identity[0] and line not in ours] == []


def test_given_the_container_then_it_is_told_the_capacity_that_it_runs_on(observed: Observed) -> None:
    started = [line for line in observed.lines["ProcessAudioLogs"] if "TasksStarted" in line]

    assert {(line["capacityProvider"], line["OnDemandTasks"]) for line in started} == {
        ("FARGATE_SPOT", 0),
        ("FARGATE", 1),
    }


@pytest.mark.parametrize(("name", "count"), [("RecordingsEnded", 3), ("CapacityWaits", 1), ("LapsedLeases", 1)])
def test_given_real_histories_then_a_metric_filter_finds_what_it_is_for(
    name: str, count: int, observed: Observed, resources: dict[str, Any]
) -> None:
    properties = resources[name]["Properties"]
    found = [
        line
        for line in observed.lines[properties["LogGroupName"]["Ref"]]
        if cloudwatch.matches(properties["FilterPattern"], line)
    ]

    assert len(found) == count


def _queries() -> list[str]:
    return re.findall(r"^  (\w+):\n    Type: AWS::Logs::QueryDefinition", TEMPLATE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", _queries())
def test_given_real_lines_then_a_saved_query_asks_for_fields_that_they_have(
    name: str, observed: Observed, resources: dict[str, Any]
) -> None:
    properties = resources[name]["Properties"]
    lines = [line for group in properties["LogGroupNames"] for line in observed.lines[group["Ref"]]]

    asked = cloudwatch.fields_of_query(properties["QueryString"])

    # An execution that fails names its error; so does the container's log, when it fails, an exception.
    known = {field for line in lines for field in cloudwatch.flat(line)} | {"exception"}
    assert asked
    assert asked <= known


def test_given_the_parameters_of_a_saved_query_then_real_lines_answer_to_them(
    observed: Observed, resources: dict[str, Any]
) -> None:
    def answers(query: str, is_found: Callable[[Line], bool]) -> set[str]:
        groups = resources[query]["Properties"]["LogGroupNames"]
        return {group["Ref"] for group in groups if any(is_found(line) for line in observed.lines[group["Ref"]])}

    by_id = answers("OneRecording", lambda line: observed.processed.recording_id in json.dumps(line))
    by_execution = answers(
        "OneExecution", lambda line: observed.execution in (line.get("executionArn"), line.get("execution_arn"))
    )

    assert by_id == {*FUNCTION_LOGS, "ProcessAudioLogs", "ProcessRecordingLogs"}
    assert by_execution == by_id
