"""The events that services send by themselves: executions' status changes, and schedules."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from local.engine import Engine, EngineError
from local.engine.schedules import period
from local.engine.seams import event_targets
from local.engine.unheeded import unheeded
from tests import running_engine
from tests.workflow.conftest import SMALL_PROJECT, start_states

FOR_EVER = {"Rest": {"Type": "Wait", "Seconds": 1_000_000, "End": True}}


class Listener:
    """A queue that gets what a rule takes."""

    def __init__(self, engine: Engine, **rule: str) -> None:
        self._sqs, events = engine.client("sqs"), engine.client("events")
        self.name = f"heard-{uuid.uuid4().hex}"
        self._url = self._sqs.create_queue(QueueName=self.name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        events.put_rule(Name=self.name, **rule)
        events.put_targets(Rule=self.name, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])

    def hear(self, count: int, seconds: float = 15) -> list[dict[str, Any]]:
        """Wait for so many events."""
        heard: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        while len(heard) < count and time.monotonic() < deadline:
            messages = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=1).get("Messages", [])
            heard += [json.loads(message["Body"]) for message in messages]
        return heard


def _listener(engine: Engine, machine_arn: str | None = None) -> Listener:
    detail = {"detail": {"stateMachineArn": [machine_arn]}} if machine_arn else {}
    return Listener(engine, EventPattern=json.dumps({"source": ["aws.states"], **detail}))


def _machine_of(execution_arn: str) -> str:
    return ":".join(execution_arn.split(":")[:-1]).replace(":execution:", ":stateMachine:")


class TestStatusChanges:
    @pytest.mark.parametrize(
        ("states", "end", "status", "error"),
        [
            ({"Done": {"Type": "Pass", "Output": {"n": 1}, "End": True}}, None, "SUCCEEDED", None),
            ({"Stop": {"Type": "Fail", "Error": "Broken", "Cause": "by me"}}, None, "FAILED", "Broken"),
            (FOR_EVER, "stop", "ABORTED", "Operator"),
            (FOR_EVER, "time out", "TIMED_OUT", None),
        ],
    )
    def test_given_an_execution_when_it_ends_then_the_bus_carries_its_end_as_aws_tells_it(
        self, small: Engine, states: dict[str, Any], end: str | None, status: str, error: str | None
    ) -> None:
        listener = _listener(small)
        more = {"TimeoutSeconds": 1} if end == "time out" else {}

        execution = start_states(small, states, {"given": "é"}, **more)
        if end == "stop":
            small.client("stepfunctions").stop_execution(executionArn=execution, error="Operator", cause="enough")
        running, ended = listener.hear(2)

        assert (running["detail"]["status"], running["detail"]["stopDate"]) == ("RUNNING", None)
        assert running["detail"]["stateMachineArn"] == _machine_of(execution)
        assert (ended["source"], ended["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
        assert ended["resources"] == [execution]
        assert ended["id"] != running["id"]
        told = ended["detail"]
        assert (told["executionArn"], told["name"]) == (execution, execution.rpartition(":")[2])
        assert (told["status"], told["error"]) == (status, error)
        assert json.loads(told["input"]) == {"given": "é"}
        assert told["inputDetails"] == {"included": True}
        output = ('{"n":1}', {"included": True}) if status == "SUCCEEDED" else (None, None)
        assert (told["output"], told["outputDetails"]) == output
        assert time.time() * 1000 >= told["stopDate"] >= told["startDate"] > 1.7e12

    def test_given_an_input_for_which_the_event_has_no_room_when_told_then_it_is_left_out(self, small: Engine) -> None:
        listener = _listener(small)

        start_states(small, {"Done": {"Type": "Pass", "Output": "kept", "End": True}}, {"long": "x" * 254_000})
        start_states(small, {"Done": {"Type": "Pass", "End": True}}, {"long": "x" * 130_000})
        told = {event["detail"]["executionArn"]: event["detail"] for event in listener.hear(4)}

        shown = [
            (len(detail["input"] or ""), detail["inputDetails"], len(detail["output"] or ""), detail["outputDetails"])
            for detail in told.values()
        ]
        nothing, whole = {"included": False}, {"included": True}
        assert sorted(shown, key=lambda each: each[2]) == [(0, nothing, 6, whole), (0, nothing, 130_011, whole)]

    def test_given_an_engine_when_it_stops_then_what_it_stops_is_not_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running_engine.stop()
        running_engine.host.stop_current()
        told: list[str] = []
        monkeypatch.setattr(
            event_targets,
            "send_to_default_bus",
            lambda _account, _region, event: told.append(event["detail"]["status"]),
        )

        with Engine.deploy(SMALL_PROJECT) as engine:
            execution = start_states(engine, FOR_EVER)
            assert engine.executions.wait_until(lambda: bool(told) and execution in engine.executions.running(), 10)

        assert told == ["RUNNING"]


def test_given_an_object_and_its_delete_marker_when_both_are_deleted_for_good_then_nothing_is_left(
    small: Engine,
) -> None:
    s3, bucket, key = small.client("s3"), small.outputs["InboxName"], "gone/away.txt"
    version = s3.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key=key)["VersionId"]

    both = [{"Key": key, "VersionId": each} for each in (version, marker)]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": both})

    assert [each["VersionId"] for each in answer["Deleted"]] == [version, marker]
    assert not {"Versions", "DeleteMarkers"} & set(s3.list_object_versions(Bucket=bucket, Prefix=key))


class TestSchedules:
    def test_given_a_rule_with_a_rate_then_it_fires_by_the_clock_at_the_time_scale(self, small: Engine) -> None:
        # a minute at 0.02 is 1.2 s
        listener = Listener(small, ScheduleExpression="rate(1 minute)")

        first, second = listener.hear(2)

        assert (first["source"], first["detail-type"], first["detail"]) == ("aws.events", "Scheduled Event", {})
        assert first["resources"][0].endswith(f":rule/{listener.name}")
        assert first["id"] != second["id"]
        small.client("events").disable_rule(Name=listener.name)

    def test_given_a_schedule_when_fired_by_hand_then_its_targets_get_the_event(self, small: Engine) -> None:
        listener = Listener(small, ScheduleExpression="cron(0 3 * * ? *)")

        fired = small.fire_schedule(listener.name)

        assert listener.hear(1) == [fired]

    @pytest.mark.parametrize("name", ["no such rule", "HandleArrived"])
    def test_given_what_is_no_schedule_when_fired_then_it_is_refused(self, small: Engine, name: str) -> None:
        with pytest.raises(EngineError, match=rf"No rule '{name}' has a schedule"):
            small.fire_schedule(name)

    def test_given_a_time_scale_of_nothing_then_no_rule_fires_by_itself(self) -> None:
        running_engine.stop()
        running_engine.host.stop_current()

        with Engine.deploy(SMALL_PROJECT, time_scale=0):
            assert "schedules" not in {thread.name for thread in threading.enumerate()}

    @pytest.mark.parametrize(
        ("expression", "seconds"),
        [("rate(15 minutes)", 900), ("rate(1 hour)", 3600), ("rate(2 days)", 172_800), ("cron(0 3 * * ? *)", None)],
    )
    def test_given_an_expression_then_a_rate_has_a_period(self, expression: str, seconds: float | None) -> None:
        assert period(expression) == seconds

    def test_given_a_template_with_a_cron_when_deployed_then_it_is_said_to_have_no_effect(self) -> None:
        rule: Callable[[str], dict[str, Any]] = lambda text: {  # noqa: E731
            "Type": "AWS::Events::Rule",
            "Properties": {"ScheduleExpression": text},
        }

        skipped = list(unheeded({"Daily": rule("cron(0 3 * * ? *)"), "Often": rule("rate(1 day)")}))

        assert skipped == [("Daily.ScheduleExpression", "AWS::Events::Rule")]
