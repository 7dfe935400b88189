"""The lines that CloudWatch makes the container's metrics of."""

import json

import pytest

from oneshots.run_metrics import RunMetrics

ENVIRONMENT = {
    "METRICS_NAMESPACE": "LittleBitAudio/dev",
    "CAPACITY_PROVIDER": "FARGATE_SPOT",
    "RECORDING_ID": "0123456789abcdef0123456789abcdef",
    "EXECUTION_ARN": "arn:execution",
    "MEMORY_LIMIT_MB": "921",
}
COMPLETED = {
    "outcome": "completed",
    "durationSeconds": 30.5,
    "source": {"sizeBytes": 1234},
    "oneShots": [{}, {}],
}
REJECTED = {"outcome": "rejected", "durationSeconds": None, "source": {"sizeBytes": None}, "oneShots": []}


@pytest.fixture
def lines(capsys):
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def declared(line):
    """The metrics of a line with their dimensions, as CloudWatch makes them: each must be there under its name."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "LittleBitAudio/dev"
    assert isinstance(line["_aws"]["Timestamp"], int)
    (dimensions,) = directive["Dimensions"]
    assert all(isinstance(line[name], str) for name in dimensions)
    assert all(isinstance(line[metric["Name"]], int | float) for metric in directive["Metrics"])
    return {metric["Name"] for metric in directive["Metrics"]}, {name: line[name] for name in dimensions}


def test_given_a_run_when_it_begins_then_it_is_counted_with_its_capacity_and_can_be_found(lines):
    RunMetrics(ENVIRONMENT).began()
    (line,) = lines()
    assert declared(line) == ({"TasksStarted", "OnDemandTasks"}, {"service": "process"})
    assert (line["TasksStarted"], line["OnDemandTasks"], line["capacityProvider"]) == (1, 0, "FARGATE_SPOT")
    assert (line["recordingId"], line["executionArn"]) == (ENVIRONMENT["RECORDING_ID"], "arn:execution")


@pytest.mark.parametrize(("provider", "on_demand"), [("FARGATE", 1), ("FARGATE_SPOT", 0), ("", 0), ("mine", 0)])
def test_given_a_capacity_when_counted_then_only_what_is_bought_on_demand_counts_as_such(lines, provider, on_demand):
    RunMetrics(ENVIRONMENT | {"CAPACITY_PROVIDER": provider}).began()
    assert lines()[0]["OnDemandTasks"] == on_demand


def test_given_a_completed_recording_when_it_ends_then_all_is_measured(lines):
    RunMetrics(ENVIRONMENT).ended(COMPLETED)
    (line,) = lines()
    names, dimensions = declared(line)
    assert dimensions == {"service": "process"}
    assert names == {
        "ProcessingSeconds", "PeakMemory", "UploadSize", "AudioSeconds", "RealtimeRatio", "OneShots",
    }  # fmt: skip
    assert (line["AudioSeconds"], line["UploadSize"], line["OneShots"]) == (30.5, 1234, 2)
    assert line["RealtimeRatio"] > 0
    assert line["PeakMemory"] > 10
    assert (line["outcome"], line["memoryLimitMb"]) == ("completed", "921")


def test_given_a_rejection_when_it_ends_then_it_has_no_audio_to_tell_of(lines):
    RunMetrics(ENVIRONMENT).ended(REJECTED)
    (line,) = lines()
    assert declared(line)[0] == {"ProcessingSeconds", "PeakMemory"}
    assert line["outcome"] == "rejected"


def test_given_a_failure_then_it_is_counted_with_its_memory(lines):
    RunMetrics(ENVIRONMENT).failed()
    (line,) = lines()
    assert declared(line) == ({"TasksFailed", "PeakMemory"}, {"service": "process"})
    assert line["outcome"] == "failed"
