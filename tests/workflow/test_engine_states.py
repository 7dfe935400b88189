"""States, variables, errors, events and what can be asked of executions, on the small project of tests/fixtures."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.engine import Engine, ExecutionResult
from tests.workflow.conftest import start_states

RunStates = Callable[..., ExecutionResult]


def _greet(engine: Engine, **fields: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": engine.outputs["GreetArn"], "Payload": {"do": "greet", "name": "x"}},
        **fields,
    }


def test_given_variables_when_assigned_in_every_kind_of_state_then_later_states_see_them(
    small: Engine, run_states: RunStates
) -> None:
    result = run_states(
        {
            "Pass": {"Type": "Pass", "Assign": {"a": "{% $states.input.n + 1 %}"}, "Next": "Wait"},
            "Wait": {"Type": "Wait", "Seconds": "{% $a %}", "Assign": {"b": "{% $a * 2 %}"}, "Next": "Choose"},
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $b = 5 %}", "Next": "Wait"}],
                "Assign": {"c": "{% $b & '!' %}"},
                "Default": "Task",
            },
            "Task": _greet(
                small,
                Assign={"d": "{% $states.result.Payload.greeting %}"},
                Output={"was": "{% $exists($d) %}"},
                Next="End",
            ),
            "End": {
                "Type": "Succeed",
                "Output": {"all": "{% [$a, $b, $c, $d] %}", "input": "{% $states.input %}"},
            },
        },
        {"n": 1},
    )

    assert result.output == {"all": [2, 4, "4!", "Hello, x!"], "input": {"was": False}}


def test_given_an_error_when_caught_then_its_assign_and_output_see_it(small: Engine, run_states: RunStates) -> None:
    task = _greet(small, Next="Never")
    task["Arguments"]["Payload"] = {"do": "raise", "message": 'odd: "quoted"'}
    task["Catch"] = [
        {
            "ErrorEquals": ["NotGreetable"],
            "Assign": {"why": "{% $parse($states.errorOutput.Cause).errorMessage %}"},
            "Output": {"error": "{% $states.errorOutput.Error %}", "from": "{% $states.context.State.Name %}"},
            "Next": "Tell",
        }
    ]

    result = run_states(
        {
            "Task": task,
            "Never": {"Type": "Fail"},
            "Tell": {"Type": "Succeed", "Output": "{% $merge([$states.input, {'why': $why}]) %}"},
        }
    )

    assert result.output == {"error": "NotGreetable", "from": "Task", "why": 'odd: "quoted"'}
    assert [(visit.name, visit.status) for visit in result.states] == [("Task", "CAUGHT"), ("Tell", "SUCCEEDED")]


@pytest.mark.parametrize(
    "fields",
    [
        {"Output": "{% $states.result.Payload.absent %}"},
        {"Assign": {"x": "{% $absent %}"}},
        {"TimeoutSeconds": "{% $absent %}"},
        {"Output": "{% $number('x') %}"},
    ],
)
def test_given_an_expression_that_fails_in_a_task_when_run_then_its_catch_takes_it(
    small: Engine, run_states: RunStates, fields: dict[str, Any]
) -> None:
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught", "Output": "{% $states.errorOutput %}"}]

    result = run_states(
        {
            "Task": _greet(small, **fields, Catch=catch, Next="Never"),
            "Never": {"Type": "Fail"},
            "Caught": {"Type": "Succeed"},
        }
    )

    assert result.end_state == "Caught"
    assert result.output["Error"] == "States.QueryEvaluationError"
    assert "JSONata expression" in result.output["Cause"]


@pytest.mark.parametrize("expression", ["{% $absent %}", "{% $states.result %}", "{% $states.input.a.b %}"])
def test_given_an_undefined_expression_in_a_pass_state_when_run_then_the_execution_fails(
    run_states: RunStates, expression: str
) -> None:
    result = run_states({"Pass": {"Type": "Pass", "Output": expression, "End": True}})

    assert (result.status, result.error) == ("FAILED", "States.QueryEvaluationError")
    assert "returned nothing (undefined)" in (result.cause or "")


def test_given_a_condition_that_is_no_boolean_when_run_then_the_execution_fails(run_states: RunStates) -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% 'yes' %}", "Next": "End"}], "Default": "End"}

    result = run_states({"Choose": choice, "End": {"Type": "Succeed"}})

    assert result.error == "States.QueryEvaluationError"


def test_given_a_conditional_write_that_loses_when_run_then_the_error_is_dynamodbs(
    small: Engine, run_states: RunStates
) -> None:
    table = f"t-{uuid.uuid4().hex}"
    small.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Arguments": {
            "TableName": table,
            "Item": {"id": {"S": "{% $states.input.id %}"}, "n": {"N": "{% $string(1 + 1) %}"}},
            "ConditionExpression": "attribute_not_exists(id)",
        },
        "End": True,
    }

    first, second = (run_states({"Put": put}, {"id": 'a"b'}) for _ in range(2))

    assert first.status == "SUCCEEDED"
    assert second.error == "DynamoDB.ConditionalCheckFailedException"
    stored = small.client("dynamodb").scan(TableName=table)["Items"]
    assert stored == [{"id": {"S": 'a"b'}, "n": {"N": "2"}}]


def test_given_put_events_when_run_then_the_bus_hears_and_failures_have_eventbridges_names(
    small: Engine, run_states: RunStates
) -> None:
    def put(bus: str, detail_type: str) -> dict[str, Any]:
        entry = {"Source": "boxes", "DetailType": detail_type, "Detail": {"n": "{% 1 %}"}, "EventBusName": bus}
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::events:putEvents",
            "Arguments": {"Entries": [entry]},
            "End": True,
        }

    assert run_states({"Put": put("default", "Packed")}).output["FailedEntryCount"] == 0
    assert run_states({"Put": put("default", "")}).error == "EventBridge.FailedEntry"
    assert run_states({"Put": put("nowhere", "Packed")}).error == "EventBridge.ResourceNotFoundException"


def test_given_a_retry_with_jitter_when_it_runs_out_then_each_attempt_was_made(
    small: Engine, run_states: RunStates
) -> None:
    task = _greet(small, End=True)
    task["Arguments"]["Payload"] = {"do": "raise"}
    task["Retry"] = [
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 2,
            "BackoffRate": 3,
            "MaxDelaySeconds": 5,
            "MaxAttempts": 3,
            "JitterStrategy": "FULL",
        }
    ]

    result = run_states({"Task": task})

    assert (result.status, result.states[0].attempts, result.states[0].status) == ("FAILED", 4, "FAILED")


def test_given_an_execution_with_a_timeout_when_it_takes_longer_then_it_times_out(small: Engine) -> None:
    task = _greet(small, End=True)
    task["Arguments"]["Payload"] = {"do": "sleep", "seconds": 1.8}

    result = small.wait(start_states(small, {"Task": task}, TimeoutSeconds=1), 10)

    described = small.client("stepfunctions").describe_execution(executionArn=result.arn)
    assert result.status == "TIMED_OUT"
    assert described["stopDate"] >= described["startDate"]


def test_given_an_execution_when_asked_for_then_everything_is_told_as_aws_tells_it(
    small: Engine, run_states: RunStates
) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    context = {"name": "{% $states.context.Execution.Name %}", "start": "{% $states.context.Execution.StartTime %}"}
    result = run_states({"Pass": {"Type": "Pass", "Output": context, "End": True}})

    sfn = small.client("stepfunctions")
    described = sfn.describe_execution(executionArn=result.arn)
    listed = sfn.list_executions(stateMachineArn=described["stateMachineArn"])["executions"]
    history = sfn.get_execution_history(executionArn=result.arn)["events"]
    assert uuid.UUID(described["name"])
    assert result.output["name"] == described["name"]
    assert began <= datetime.fromisoformat(result.output["start"]) <= datetime.now(UTC)
    assert result.output["start"].endswith("Z")
    assert [(each["executionArn"], each["status"]) for each in listed] == [(result.arn, "SUCCEEDED")]
    assert described["stopDate"] >= described["startDate"]
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in history] == [1, 2, 3, 4]
    assert all(isinstance(event["timestamp"], datetime) for event in history)
    first = sfn.get_execution_history(executionArn=result.arn, maxResults=3)
    rest = sfn.get_execution_history(executionArn=result.arn, maxResults=3, nextToken=first["nextToken"])
    assert first["events"] + rest["events"] == history


def test_given_states_when_they_go_by_then_whoever_watches_hears_of_each(small: Engine, run_states: RunStates) -> None:
    heard: list[tuple[str, str, str]] = []
    small.watch_states(lambda arn, visit: heard.append((arn, visit.name, visit.status)))

    result = run_states({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}})

    mine = [(name, status) for arn, name, status in heard if arn == result.arn]
    assert mine == [("A", "RUNNING"), ("A", "SUCCEEDED"), ("B", "RUNNING"), ("B", "SUCCEEDED")]


def test_given_a_task_when_its_work_begins_then_whoever_watches_hears_of_it(
    small: Engine, run_states: RunStates
) -> None:
    heard: list[tuple[str, str, int]] = []
    small.watch_states(lambda arn, visit: heard.append((arn, visit.status, visit.attempts)))

    result = run_states({"Task": _greet(small, End=True)})

    mine = [(status, attempts) for arn, status, attempts in heard if arn == result.arn]
    assert mine == [("RUNNING", 1), ("RUNNING", 1), ("SUCCEEDED", 1)]


def test_given_an_observer_that_asks_for_the_history_when_states_go_by_then_it_gets_it(
    small: Engine, run_states: RunStates
) -> None:
    seen: list[int] = []
    sfn = small.client("stepfunctions")
    small.watch_states(lambda arn, _: seen.append(len(sfn.get_execution_history(executionArn=arn)["events"])))

    run_states({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}})

    assert len(seen) == 4
    assert seen == sorted(seen)
    assert seen[-1] == 6


def test_given_a_target_that_can_not_be_started_when_an_event_comes_then_it_goes_to_the_dead_letters(
    small: Engine,
) -> None:
    source = f"s-{uuid.uuid4().hex}"
    missing = small.outputs["HandleArn"] + "-gone"
    queue = small.resources["FailedStarts"]
    queue_arn = small.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    events = small.client("events")
    events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(
        Rule=source,
        Targets=[
            {"Id": "x", "Arn": missing, "RoleArn": "arn:aws:iam::1:role/r", "DeadLetterConfig": {"Arn": queue_arn}}
        ],
    )

    events.put_events(Entries=[{"Source": source, "DetailType": "T", "Detail": json.dumps({"k": "v"})}])

    message = small.client("sqs").receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"][0]
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["detail"] == {"k": "v"}
    assert attributes["TARGET_ARN"] == missing
    assert attributes["ERROR_CODE"] == "StateMachineDoesNotExist"
    assert attributes["RULE_ARN"].endswith(source)


def test_given_a_disabled_rule_when_an_object_arrives_then_nothing_starts(small: Engine) -> None:
    rule = next(name for name in small.client("events").list_rules()["Rules"] if "Handle" in name["Name"])["Name"]
    small.client("events").disable_rule(Name=rule)
    try:
        before = len(small.executions.started())
        # Its rules are evaluated before the answer comes.
        small.client("s3").put_object(Bucket=small.outputs["InboxName"], Key="in/quiet", Body=b"x")
        assert len(small.executions.started()) == before
    finally:
        small.client("events").enable_rule(Name=rule)
