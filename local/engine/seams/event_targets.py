"""What an EventBridge rule does with an event that matches.

moto: knows no state machine, function or topic as a target, ignores that a rule is disabled, the target's
Input and InputPath, and the dead-letter queue; InputTransformer is skipped for S3's events and stringly for
others; a rule with a schedule and no pattern takes every event.
Here: targets get the event as EventBridge would send it; one that can't be delivered goes to the target's
dead-letter queue with EventBridge's message attributes; one that the queue doesn't take either is lost. There is no
retry: what fails here fails for ever.
A schedule's rule takes no event but its own (local/engine/schedules.py).
Upstream: https://github.com/getmoto/moto/issues/8452 (state machines)
"""

import copy
import json
import logging
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from jsonpath_ng.ext.parser import parse
from moto.events.models import Rule, events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn

from local.engine.permissions.calls import Need
from local.engine.permissions.permissions import Session
from local.engine.seams import clients, host
from local.engine.seams.patching import replace

_LOG = logging.getLogger(__name__)
_SERVICE = "events.amazonaws.com"
_PLACEHOLDER = re.compile(r'("?)<([A-Za-z0-9_.-]+)>("?)')
_send_to_moto_targets: Any = Rule.send_to_targets


def install() -> None:
    """Deliver to every target."""
    replace(Rule, "send_to_targets", _send_to_targets)


def send_to_default_bus(account_id: str, region: str, event: dict[str, Any]) -> None:
    """Have the default bus's rules deliver a service's event; what goes wrong with one is logged."""
    rules: list[Any] = list(events_backends[account_id][region].event_buses["default"].rules.values())
    for rule in rules:
        try:
            rule.send_to_targets(event)
        except Exception:  # noqa: BLE001 - the service goes on, and so do the other rules
            _LOG.exception("The rule %s could not take the event %s", rule.name, event["id"])


def _send_to_targets(self: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
    has_pattern = bool(self.event_pattern.get_pattern())
    if self.state == "ENABLED" and has_pattern and self.event_pattern.matches_event(_as_sent(original_event)):
        deliver_to_targets(self, original_event, transform_input)


def deliver_to_targets(rule: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
    """Deliver an event to all targets of a rule, whatever its pattern."""
    event = _as_sent(original_event)
    for target in rule.targets:
        service = parse_arn(target["Arn"]).service
        deliver = _DELIVERIES.get(service)
        if deliver is None:
            _send_by_moto(rule, target, original_event, transform_input)
            continue
        text = target_input(target, event, rule_arn=rule.arn)
        try:
            deliver(rule.arn, target, text)
        except Exception as error:  # noqa: BLE001 - whatever it was, the event must not get lost
            _LOG.warning("The rule %s could not deliver to %s: %s", rule.name, target["Arn"], error)
            _dead_letter_or_lose(rule.arn, target, text, error)


def target_input(target: dict[str, Any], event: dict[str, Any], *, rule_arn: str) -> str:
    """Return what a target gets, as JSON text: the event, a part of it, a constant, or its transformation."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return _json(_found(target["InputPath"], event))
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, rule_arn)
    return _json(event)


def _transformed(transformer: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    values: dict[str, Any] = {
        "aws.events.event": event,
        "aws.events.event.json": event,
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    for name, path in transformer.get("InputPathsMap", {}).items():
        values[name] = _found(path, event)

    def fill(found: re.Match[str]) -> str:
        before, name, after = found.groups()
        if name not in values:
            return found[0]
        value = values[name]
        if before and after:  # "<name>": the value is the string
            return _json(value if isinstance(value, str) else _json(value))
        inside = _json(value)[1:-1] if (before or after) and isinstance(value, str) else _json(value)
        return before + inside + after

    return _PLACEHOLDER.sub(fill, transformer["InputTemplate"])


def _found(path: str, event: dict[str, Any]) -> Any:
    # EventBridge writes $.detail-type without quotes; jsonpath wants them
    quoted = re.sub(r"\.([A-Za-z0-9_]*-[A-Za-z0-9_-]*)", r'."\1"', path)
    matches = parse(quoted).find(event)
    return matches[0].value if matches else None


def _as_sent(event: dict[str, Any]) -> dict[str, Any]:
    sent = {name: value for name, value in copy.deepcopy(event).items() if name != "ingestion-time"}
    if not isinstance(sent.get("time"), str):
        moment = datetime.fromtimestamp(float(sent.get("time") or 0), UTC)
        sent["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return sent


def _start_execution(rule_arn: str, target: dict[str, Any], text: str) -> None:
    region = parse_arn(target["Arn"]).region
    clients.client_of(_session(rule_arn, target.get("RoleArn")), region, "stepfunctions").start_execution(
        stateMachineArn=target["Arn"], name=str(uuid.uuid4()), input=text
    )


def _invoke_function(rule_arn: str, target: dict[str, Any], text: str) -> None:
    arn = parse_arn(target["Arn"])
    clients.client_of(_session(rule_arn), arn.region, "lambda").invoke(
        FunctionName=target["Arn"], InvocationType="Event", Payload=text.encode()
    )


def _send_message(rule_arn: str, target: dict[str, Any], text: str) -> None:
    _check(rule_arn, Need("sqs:SendMessage", target["Arn"]))
    arn = parse_arn(target["Arn"])
    sqs_backends[arn.account][arn.region].send_message(
        queue_name=arn.resource_id,
        message_body=text,
        group_id=target.get("SqsParameters", {}).get("MessageGroupId"),
        deduplication_id=str(uuid.uuid4()) if arn.resource_id.endswith(".fifo") else None,
    )


def _publish(rule_arn: str, target: dict[str, Any], text: str) -> None:
    _check(rule_arn, Need("sns:Publish", target["Arn"]))
    arn = parse_arn(target["Arn"])
    sns_backends[arn.account][arn.region].publish(message=text, arn=target["Arn"])


def _session(rule_arn: str, role_arn: str | None = None) -> Session | None:
    """Return the session that a rule's target is reached with; None where nobody is judged.

    A target's role is taken on; where it has none, EventBridge calls in its own name, for the rule.
    """
    permissions = host.current().permissions
    if permissions is None:
        return None
    name = rule_arn.rsplit("/", 1)[-1]
    if role_arn is None:
        return permissions.in_own_name(_SERVICE, source=rule_arn)
    return permissions.take_on(role_arn, service=_SERVICE, name=name, source=rule_arn, place=name)


def _check(rule_arn: str, need: Need) -> None:
    permissions, session = host.current().permissions, _session(rule_arn)
    if permissions and session:
        permissions.check(session.caller, [need], operation=need.action.partition(":")[2], place=session.caller.name)


_DELIVERIES: dict[str, Callable[[str, dict[str, Any], str], None]] = {
    "states": _start_execution,
    "lambda": _invoke_function,
    "sqs": _send_message,
    "sns": _publish,
}


def _dead_letter_or_lose(rule_arn: str, target: dict[str, Any], text: str, error: Exception) -> None:
    try:
        _dead_letter(rule_arn, target, text, error)
    except ClientError as refusal:
        # as with EventBridge, nobody is told
        _LOG.error("An event for %s is lost: %s", target["Arn"], refusal)


def _dead_letter(rule_arn: str, target: dict[str, Any], text: str, error: Exception) -> None:
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if not queue:
        return
    arn = parse_arn(queue)
    code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
    attributes = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": code,
        "ERROR_MESSAGE": str(error) or code,
    }
    clients.client_of(_session(rule_arn), arn.region, "sqs").send_message(
        QueueUrl=f"http://127.0.0.1:{host.current().port}/{arn.account}/{arn.resource_id}",
        MessageBody=text,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def _send_by_moto(rule: Any, target: dict[str, Any], event: dict[str, Any], transform_input: bool) -> None:
    """Have moto deliver to one target of the kinds that it knows: log groups, buses, archives, destinations."""
    alone = copy.copy(rule)
    alone.targets = [target]
    event = {"ingestion-time": datetime.now(UTC).timestamp(), **event}
    _send_to_moto_targets(alone, event, transform_input)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
