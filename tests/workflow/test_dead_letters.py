"""Starts that failed: looked at and delivered again with the command of operate/."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.engine import Engine
from operate.dead_letters import app
from tests import running_engine
from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack, Upload

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


@pytest.fixture
def stack() -> Iterator[Stack]:
    """Return the deployed stack, with empty dead-letter queues."""
    stack = Stack(running_engine.engine_of("little-bit-audio at once", lambda: Engine.deploy(TEMPLATE, time_scale=0)))
    yield stack
    for name in ("FailedStartsQueueUrl", "FailedSettlementsQueueUrl"):
        empty(stack, stack.engine.outputs[name])


def empty(stack: Stack, queue: str) -> None:
    sqs = stack.engine.client("sqs")
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


@contextmanager
def without_machine(stack: Stack, output: str) -> Iterator[None]:
    """Have a state machine not be there for a while; its alias comes back with it."""
    sfn = stack.engine.client("stepfunctions")
    machine = sfn.describe_state_machine(stateMachineArn=stack.engine.outputs[output])
    arn = machine["stateMachineArn"]
    aliases = [
        sfn.describe_state_machine_alias(stateMachineAliasArn=alias["stateMachineAliasArn"])
        for alias in sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]
    ]
    sfn.delete_state_machine(stateMachineArn=arn)
    yield
    sfn.create_state_machine(
        **{name: machine[name] for name in ("name", "definition", "roleArn")}, type=machine["type"], publish=True
    )
    for alias in aliases:
        routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
        sfn.create_state_machine_alias(name=alias["name"], routingConfiguration=routes)


def run(stack: Stack, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["--port", str(stack.engine.port), *arguments])
    return result.exit_code, result.output


def executions_named(stack: Stack, prefix: str) -> list[str]:
    return [arn for arn in stack.engine.executions.started() if arn.rpartition(":")[2].startswith(prefix)]


def send(stack: Stack, body: str, **attributes: str) -> None:
    stack.engine.client("sqs").send_message(
        QueueUrl=stack.engine.outputs["FailedStartsQueueUrl"],
        MessageBody=body,
        MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()},
    )


def test_given_uploads_that_could_not_start_when_delivered_again_then_they_are_processed_once(stack: Stack) -> None:
    with without_machine(stack, "ProcessRecordingArn"):
        upload = stack.upload("public/unprocessed/demo/a+b 100%25 naïve.wav", wav_recording(beeps(1)))
        hostile = stack.upload("public/unprocessed/demo/\x1b[31mred.wav", b"no recording")

    shown_code, shown = run(stack)
    shown_again = run(stack)
    code, said = run(stack, "--redrive")

    assert (shown_code, shown_again) == (0, (0, shown))
    assert "StateMachineDoesNotExist: " in shown
    assert f"s3://{stack.bucket}/{upload.key}  version {upload.version_id}" in shown
    assert f"�[31mred.wav  version {hostile.version_id}" in shown
    assert "\x1b" not in shown
    assert f"for {stack.engine.outputs['ProcessRecordingAliasArn']}" in shown
    assert "  2 messages\n" in shown
    assert (code, said.count("started: redrive-")) == (0, 2)
    assert stack.engine.wait(stack.execution_of(upload), WAIT_SECONDS).end_state == "Processed"
    assert stack.engine.wait(stack.execution_of(hostile), WAIT_SECONDS).end_state == "Rejected"
    assert given_to(stack, upload)["detail"]["object"]["key"] == upload.key
    assert run(stack)[1].count("  0 messages\n") == 2
    assert run(stack, "--redrive")[1].count("  0 messages\n") == 2
    assert len(executions_named(stack, "redrive-")) == 2


def given_to(stack: Stack, upload: Upload) -> dict[str, Any]:
    described = stack.engine.client("stepfunctions").describe_execution(executionArn=stack.execution_of(upload))
    given: dict[str, Any] = json.loads(described["input"])
    return given


def test_given_one_event_that_lies_there_twice_when_delivered_again_then_one_execution_starts(stack: Stack) -> None:
    event = json.dumps({"id": "11111111-2222-4333-8444-555555555555", "detail-type": "Other", "detail": {}})
    machine, target = (stack.engine.outputs[f"ProcessRecording{name}Arn"] for name in ("", "Alias"))
    for _ in range(2):
        send(stack, event, TARGET_ARN=target, ERROR_CODE="E", ERROR_MESSAGE="m")

    code, said = run(stack, "--redrive")
    stack.engine.wait(f"{machine.replace(':stateMachine:', ':execution:')}:redrive-{json.loads(event)['id']}", 30)
    send(stack, event, TARGET_ARN=target, ERROR_CODE="E", ERROR_MESSAGE="m")
    code_again, said_again = run(stack, "--redrive")

    assert (code, code_again) == (0, 0)
    assert said.count("  0 messages\n") == 1
    assert "was started before: redrive-11111111" in said_again
    assert len(executions_named(stack, "redrive-11111111")) == 1
    assert run(stack)[1].count("  0 messages\n") == 2


@pytest.mark.parametrize(
    ("body", "attributes", "why"),
    [
        ("no json", {"TARGET_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}, "its body is no JSON"),
        ("[]", {"TARGET_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}, "no event with an id"),
        ('{"id": "../x"}', {"TARGET_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}, "with an id"),
        ('{"id": "1"}', {"TARGET_ARN": "arn:aws:lambda:\x1b[1m"}, "its target is 'arn:aws:lambda:"),
        ('{"id": "1"}', {}, "which is no state machine"),
    ],
)
def test_given_a_message_that_is_not_understood_when_delivered_again_then_it_stays_and_is_said(
    stack: Stack, body: str, attributes: dict[str, str], why: str
) -> None:
    send(stack, body, **attributes)

    code, said = run(stack, "--redrive")

    assert code == 1
    assert "is not understood and stays: " in said
    assert why in said
    assert "\x1b" not in said
    assert "  1 message\n" in run(stack)[1]


def test_given_a_target_that_is_still_gone_when_delivered_again_then_the_event_stays(stack: Stack) -> None:
    with without_machine(stack, "SettleRecordingsArn"):
        fired = stack.engine.fire_schedule("SettleRecordingsSweep")
        code, said = run(stack, "--redrive")
    code_later, said_later = run(stack, "--redrive")

    assert code == 1
    assert "stays: An error occurred (StateMachineDoesNotExist)" in said
    assert (code_later, said_later.count("started: redrive-")) == (0, 1)
    sweep = stack.engine.wait_for_execution(lambda event: event.get("id") == fired["id"], 30)
    assert sweep.endswith(f":redrive-{fired['id']}")
    assert stack.engine.wait(sweep, 30).end_state == "Swept"


def test_given_no_engine_on_the_port_when_shown_then_one_line_says_so() -> None:
    result = CliRunner().invoke(app, ["--port", "9"])

    assert result.exit_code == 1
    assert result.output.startswith("EndpointConnectionError: Could not connect to the endpoint URL")
    assert result.output.count("\n") == 1


def test_given_a_stack_and_a_queue_when_shown_then_the_command_is_refused() -> None:
    result = CliRunner().invoke(app, ["--stack", "a", "--queue-url", "https://sqs.eu-west-1.amazonaws.com/1/q"])

    assert result.exit_code == 2
