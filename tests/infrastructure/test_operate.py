"""Alarms, dashboard, queries and log groups of the template, and the runbook that goes with them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests import cloudwatch
from tests.cloudwatch import Metric

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "operate.md").read_text()

# AWS' own metrics that are watched, with their dimensions, as the services' documentation lists them.
AWS_METRICS = {
    "AWS/States": (
        {"StateMachineArn"},
        {
            "ExecutionTime", "ExecutionThrottled", "ExecutionsAborted", "ExecutionsFailed", "ExecutionsStarted",
            "ExecutionsSucceeded", "ExecutionsTimedOut",
        },
    ),
    "AWS/SQS": ({"QueueName"}, {"ApproximateNumberOfMessagesVisible"}),
    "AWS/Events": ({"RuleName"}, {"InvocationsFailedToBeSentToDlq"}),
    "AWS/Lambda": ({"FunctionName"}, {"ConcurrentExecutions", "Duration", "Throttles"}),
}  # fmt: skip

Template = dict[str, Any]


def of_type(template: Template, *types: str) -> dict[str, dict[str, Any]]:
    return {name: r["Properties"] for name, r in template["Resources"].items() if r["Type"] in types}


@pytest.fixture(scope="module")
def alarms(template: Template) -> dict[str, dict[str, Any]]:
    return of_type(template, "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


@pytest.fixture(scope="module")
def dashboard(template: Template) -> dict[str, Any]:
    (properties,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    return json.loads(properties["DashboardBody"]["Fn::Sub"])


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def runbook() -> dict[str, str]:
    """The runbook's sections by their anchors."""
    (part,) = re.findall(r"^## When an alarm rings\n(.+?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    sections = re.split(r"^### ", part, flags=re.MULTILINE)[1:]
    return {anchor(section.partition("\n")[0]): section.partition("\n")[2] for section in sections}


def section_of(alarm: dict[str, Any]) -> str:
    return re.fullmatch(r"[^#]+ Runbook: docs/operate\.md#([a-z-]+)", alarm["AlarmDescription"])[1]  # type: ignore[index]


def test_given_the_alarms_when_one_rings_then_its_description_names_its_section_and_the_section_names_it(
    alarms: dict[str, dict[str, Any]],
) -> None:
    named = {
        section: set(re.findall(r"`(\w+)`", text.strip().partition("\n")[0])) & (alarms.keys() | {"?"})
        for section, text in runbook().items()
    }
    meant: dict[str, set[str]] = {section: set() for section in named}
    for name, alarm in alarms.items():
        meant.setdefault(section_of(alarm), set()).add(name)

    assert named == meant


@pytest.mark.parametrize("part", ["Means.", "Look.", "Do.", "Over."])
def test_given_a_section_of_the_runbook_then_it_says_what_on_call_needs(part: str) -> None:
    assert [section for section, text in runbook().items() if f"**{part}**" not in text] == []


def test_given_the_runbook_when_it_sends_to_a_saved_query_then_there_is_one(template: Template) -> None:
    saved = {q["Name"]["Fn::Sub"].partition("/")[2] for q in of_type(template, "AWS::Logs::QueryDefinition").values()}

    assert set(re.findall(r"query \*([^*]+)\*", RUNBOOK)) == saved


def test_given_the_alarms_then_each_has_a_name_decides_on_missing_data_and_tells_somebody(
    alarms: dict[str, dict[str, Any]],
) -> None:
    topics = ({"Ref": "OnCallTopic"}, {"Ref": "AttentionTopic"})
    composite = alarms["RejectionsUnusual"]
    parts = set(re.findall(r"\$\{(\w+)\}", composite["AlarmRule"]["Fn::Sub"]))

    for name, alarm in alarms.items():
        assert alarm["AlarmName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
        assert alarm is composite or alarm["TreatMissingData"] == "notBreaching"
        told = alarm.get("AlarmActions", [])
        assert (told == []) if name in parts else ([each in topics for each in told] == [True])
        assert alarm.get("OKActions", []) == told


def test_given_an_alarm_on_several_metrics_then_just_the_one_that_is_judged_is_returned(
    alarms: dict[str, dict[str, Any]],
) -> None:
    for alarm in alarms.values():
        returned = [query["Id"] for query in alarm.get("Metrics", []) if query.get("ReturnData", True)]
        band = alarm.get("ThresholdMetricId")
        assert len(returned) <= (2 if band else 1)
        assert band is None or band in returned


def watched(alarms: dict[str, dict[str, Any]], dashboard: dict[str, Any]) -> set[Metric]:
    metric_alarms = (alarm for alarm in alarms.values() if "AlarmRule" not in alarm)
    return cloudwatch.of_dashboard(dashboard).union(*map(cloudwatch.of_alarm, metric_alarms))


def test_given_what_is_watched_of_aws_then_the_services_publish_it(
    alarms: dict[str, dict[str, Any]], dashboard: dict[str, Any]
) -> None:
    others = {each for each in watched(alarms, dashboard) if not each.namespace.startswith(cloudwatch.OWN)}

    assert others
    for each in others:
        dimensions, names = AWS_METRICS[each.namespace]
        assert each.name in names
        assert {name for name, _ in each.dimensions} == dimensions


def test_given_what_is_watched_of_our_own_then_its_namespace_is_the_stack_s_everywhere(
    template: Template, alarms: dict[str, dict[str, Any]], dashboard: dict[str, Any]
) -> None:
    ours = {m.namespace for m in watched(alarms, dashboard) if m.namespace.startswith(cloudwatch.OWN)}
    functions = of_type(template, "AWS::Lambda::Function").values()
    (container,) = template["Resources"]["ProcessAudio"]["Properties"]["ContainerDefinitions"]
    told = [f["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for f in functions]
    told += [each["Value"] for each in container["Environment"] if each["Name"] == "METRICS_NAMESPACE"]

    assert ours == {"LittleBitAudio/${AWS::StackName}"}
    assert told == [{"Fn::Sub": "LittleBitAudio/${AWS::StackName}"}] * 4


def test_given_the_dashboard_then_it_shows_every_alarm_that_tells_somebody(
    alarms: dict[str, dict[str, Any]], dashboard: dict[str, Any]
) -> None:
    (shown,) = (widget["properties"]["alarms"] for widget in dashboard["widgets"] if widget["type"] == "alarm")

    assert sorted(shown) == sorted(f"${{{name}.Arn}}" for name, alarm in alarms.items() if alarm.get("AlarmActions"))
    waking = [name for name, alarm in alarms.items() if alarm.get("AlarmActions") == [{"Ref": "OnCallTopic"}]]
    assert set(shown[: len(waking)]) == {f"${{{name}.Arn}}" for name in waking}
    assert len(waking) == 9


def test_given_the_dashboard_then_no_widget_lies_on_another(dashboard: dict[str, Any]) -> None:
    cells = [
        (column, row)
        for each in dashboard["widgets"]
        for column in range(each["x"], each["x"] + each["width"])
        for row in range(each["y"], each["y"] + each["height"])
    ]

    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24


def test_given_the_dashboard_and_its_references_then_each_is_to_something_in_the_template(template: Template) -> None:
    (properties,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    names = set(re.findall(r"\$\{(\w+)(?:\.\w+)?\}", properties["DashboardBody"]["Fn::Sub"]))

    assert names <= template["Resources"].keys()


def test_given_a_metric_filter_then_the_state_that_it_waits_for_is_one_of_its_machine(
    template: Template, state_machine: dict[str, Any], settlement: dict[str, Any]
) -> None:
    inner = settlement["States"]["SettleLapsedLeases"]["ItemProcessor"]["States"]
    machines = {
        "ProcessRecordingLogs": state_machine["States"],
        "SettleRecordingsLogs": settlement["States"] | inner,
    }
    for properties in of_type(template, "AWS::Logs::MetricFilter").values():
        states = machines[properties["LogGroupName"]["Ref"]]
        kind = re.search(r'"(\w+)StateEntered"', properties["FilterPattern"])
        name = re.search(r'\$\.details\.name = "(\w+)"', properties["FilterPattern"])
        assert kind
        assert any(state["Type"] == kind[1] for key, state in states.items() if name is None or key == name[1])


def test_given_the_rejection_rate_then_it_counts_by_the_name_of_the_end_state(
    alarms: dict[str, dict[str, Any]], state_machine: dict[str, Any]
) -> None:
    (outcome,) = (
        dict(m.dimensions)["outcome"]
        for m in cloudwatch.of_alarm(alarms["RejectionRateHigh"])
        if "Recordings" in m.name
    )

    assert state_machine["States"][outcome]["Type"] == "Succeed"


def test_given_a_topic_then_alarms_of_this_account_may_tell_it_and_nobody_in_plain_http(template: Template) -> None:
    (policy,) = of_type(template, "AWS::SNS::TopicPolicy").values()
    allowed, denied = policy["PolicyDocument"]["Statement"]

    assert {topic["Ref"] for topic in policy["Topics"]} == set(of_type(template, "AWS::SNS::Topic"))
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_given_no_address_then_nobody_is_subscribed(template: Template) -> None:
    subscriptions = [r for r in template["Resources"].values() if r["Type"] == "AWS::SNS::Subscription"]

    assert [each["Condition"] for each in subscriptions] == ["HasAlarmEmail", "HasAlarmEmail"]


@pytest.mark.parametrize("address", ["", "on-call@example.com", "a+b@example.co.uk"])
def test_given_an_address_or_none_then_the_parameter_takes_it(source_template: Template, address: str) -> None:
    assert re.fullmatch(source_template["Parameters"]["AlarmEmail"]["AllowedPattern"], address)


def test_given_everything_that_logs_then_its_group_is_one_of_the_template_that_forgets(template: Template) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    used = {f["LoggingConfig"]["LogGroup"]["Ref"] for f in of_type(template, "AWS::Lambda::Function").values()}
    for machine in of_type(template, "AWS::StepFunctions::StateMachine").values():
        (destination,) = machine["LoggingConfiguration"]["Destinations"]
        used.add(destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0])
    for task in of_type(template, "AWS::ECS::TaskDefinition").values():
        used |= {c["LogConfiguration"]["Options"]["awslogs-group"]["Ref"] for c in task["ContainerDefinitions"]}

    assert used == set(groups)
    assert all("RetentionInDays" in group for group in groups.values())
