"""Distributed Maps on the engine: children, failures, results, and executions that wait for others."""

import json
import uuid
from typing import Any

import pytest

from local.engine import Engine
from tests.workflow.conftest import ROLE, RunMachine, start_states


def a_map(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": next(iter(states)),
        "States": states,
    }
    return {"Type": "Map", "Label": "Each", "Items": "{% $states.input.items %}", "ItemProcessor": processor, **fields}


def fails_above(number: int) -> dict[str, Any]:
    rule = {"Condition": f"{{% $states.input > {number} %}}", "Next": "TooLarge"}
    return {
        "IsLarge": {"Type": "Choice", "Choices": [rule], "Default": "Kept"},
        "TooLarge": {"Type": "Fail", "Error": "TooLarge", "Cause": "{% $string($states.input) & ' is too large' %}"},
        "Kept": {"Type": "Succeed"},
    }


@pytest.fixture
def bucket(small: Engine) -> str:
    name = f"results-{uuid.uuid4().hex}"
    small.client("s3").create_bucket(Bucket=name)
    return name


def written(small: Engine, bucket: str, details: dict[str, Any]) -> dict[str, str]:
    """Return the contents of the result files by name."""
    s3 = small.client("s3")
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=details["ResultWriterDetails"]["Key"])["Body"].read())
    keys = [file["Key"] for files in manifest["ResultFiles"].values() for file in files]
    return {key.rsplit("/", 1)[-1]: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


class TestChildren:
    def test_given_variables_when_a_child_runs_then_it_has_its_item_and_an_execution_of_its_own_alone(
        self, run_states: RunMachine
    ) -> None:
        child = {
            "Look": {
                "Type": "Pass",
                "Output": {
                    "input": "{% $states.input %}",
                    "seesOuter": "{% $exists($outer) %}",
                    "execution": "{% $states.context.Execution.Id %}",
                    "given": "{% $states.context.Execution.Input %}",
                },
                "End": True,
            }
        }
        selector = {"item": "{% $states.context.Map.Item.Value %}", "outer": "{% $outer %}"}

        result = run_states(
            {
                "Keep": {"Type": "Pass", "Assign": {"outer": "kept"}, "Next": "Each"},
                "Each": a_map(child, ItemSelector=selector, End=True),
            },
            {"items": ["a", "b"]},
        )

        first, second = result.output
        assert first["input"] == first["given"] == {"item": "a", "outer": "kept"}
        assert second["input"]["item"] == "b"
        assert (first["seesOuter"], second["seesOuter"]) == (False, False)
        assert len({first["execution"], second["execution"], result.arn}) == 3
        assert "/Each:" in first["execution"]

    def test_given_more_items_than_calls_can_be_nested_when_one_worker_runs_them_then_all_are_run(
        self, run_states: RunMachine
    ) -> None:
        result = run_states(
            {"Each": a_map({"Kept": {"Type": "Succeed"}}, MaxConcurrency=1, End=True)}, {"items": [0] * 1100}
        )

        assert (result.status, len(result.output)) == ("SUCCEEDED", 1100)


class TestToleratedFailures:
    @pytest.mark.parametrize(
        ("tolerated", "status"),
        [
            ({}, "FAILED"),
            ({"ToleratedFailurePercentage": 40}, "SUCCEEDED"),
            ({"ToleratedFailurePercentage": "{% 39.9 %}"}, "FAILED"),
            ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
            ({"ToleratedFailureCount": 1}, "FAILED"),
            ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 100}, "FAILED"),
        ],
    )
    def test_given_two_failures_of_five_when_run_then_what_is_tolerated_decides(
        self, run_states: RunMachine, tolerated: dict[str, Any], status: str
    ) -> None:
        result = run_states({"Each": a_map(fails_above(3), End=True, **tolerated)}, {"items": [1, 2, 3, 4, 5]})

        assert result.status == status
        if status == "SUCCEEDED":
            assert result.output == [1, 2, 3]
        else:
            assert result.error == "States.ExceedToleratedFailureThreshold"


class TestResults:
    @pytest.mark.parametrize(
        ("config", "text"),
        [
            ({"Transformation": "COMPACT", "OutputType": "JSON"}, "[[1,2],[3]]"),
            ({"Transformation": "FLATTEN", "OutputType": "JSON"}, "[1,2,3]"),
            ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "1\n2\n3"),
        ],
    )
    def test_given_a_writer_when_run_then_the_outputs_are_in_s3_as_it_says(
        self, small: Engine, run_states: RunMachine, bucket: str, config: dict[str, str], text: str
    ) -> None:
        writer = {
            "Resource": "arn:aws:states:::s3:putObject",
            "WriterConfig": config,
            "Arguments": {"Bucket": bucket, "Prefix": "{% $states.input.folder %}"},
        }

        result = run_states(
            {"Each": a_map({"Kept": {"Type": "Succeed"}}, ResultWriter=writer, End=True)},
            {"items": [[1, 2], [3]], "folder": "some/where"},
        )

        assert result.output["ResultWriterDetails"]["Key"].startswith("some/where/")
        assert written(small, bucket, result.output) == {"SUCCEEDED_0.json": text}

    def test_given_a_run_that_fails_when_it_has_a_writer_then_what_was_done_is_written_all_the_same(
        self, small: Engine, run_states: RunMachine, bucket: str
    ) -> None:
        writer = {
            "Resource": "arn:aws:states:::s3:putObject",
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
            "Arguments": {"Bucket": bucket},
        }

        result = run_states(
            {"Each": a_map(fails_above(1), MaxConcurrency=1, ResultWriter=writer, End=True)}, {"items": [1, 2, 3]}
        )

        assert result.error == "States.ExceedToleratedFailureThreshold"
        (manifest,) = (
            each["Key"]
            for each in small.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
            if each["Key"].endswith("manifest.json")
        )
        files = written(small, bucket, {"ResultWriterDetails": {"Key": manifest}})
        assert files["SUCCEEDED_0.json"] == "[1]"
        (failed,), (pending,) = json.loads(files["FAILED_0.json"]), json.loads(files["PENDING_0.json"])
        assert (failed["Status"], failed["Error"], failed["Cause"]) == ("FAILED", "TooLarge", "2 is too large")
        assert (pending["Status"], pending["Input"]) == ("PENDING", "3")


class TestNestedExecutions:
    def test_given_an_execution_that_is_waited_for_when_the_state_times_out_then_it_is_stopped(
        self, small: Engine, run_states: RunMachine
    ) -> None:
        sfn = small.client("stepfunctions")
        rest = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 36_000, "End": True}}}
        machine = sfn.create_state_machine(name=uuid.uuid4().hex, definition=json.dumps(rest), roleArn=ROLE)
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {"StateMachineArn": machine["stateMachineArn"], "Input": {}},
            "TimeoutSeconds": 1,
            "End": True,
        }

        result = run_states({"Run": state})

        (nested,) = sfn.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        assert small.executions.wait_until_ended(nested["executionArn"], 10)
        assert result.error == "States.Timeout"
        assert sfn.describe_execution(executionArn=nested["executionArn"])["status"] == "ABORTED"

    def test_given_an_execution_that_fails_when_waited_for_then_its_error_is_in_the_cause(self, small: Engine) -> None:
        sfn = small.client("stepfunctions")
        fail = {"StartAt": "Burn", "States": {"Burn": {"Type": "Fail", "Error": "Boom", "Cause": "it burns"}}}
        machine = sfn.create_state_machine(name=uuid.uuid4().hex, definition=json.dumps(fail), roleArn=ROLE)
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {"StateMachineArn": machine["stateMachineArn"], "Input": {}},
            "End": True,
        }

        result = small.wait(start_states(small, {"Run": state}), 30)

        cause = json.loads(result.cause or "")
        assert (result.error, cause["Status"], cause["Error"], cause["Cause"]) == (
            "States.TaskFailed",
            "FAILED",
            "Boom",
            "it burns",
        )
