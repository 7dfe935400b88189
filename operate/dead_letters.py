"""Shows what is in the stack's dead-letter queues, and delivers it again.

EventBridge puts an event there when it could not start the state machine that the event is for, with the error,
the rule and the target as the message's attributes.

Exit codes: 0; 1 when a message stays that was to be delivered, or when AWS refuses; 2 a mistake in the command.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Self

import typer
from botocore.exceptions import BotoCoreError, ClientError

from operate.aws import LOCAL_STACK, Aws
from operate.terminal import shown

QUEUE_OUTPUTS = ("FailedStartsQueueUrl", "FailedSettlementsQueueUrl")
_STATE_MACHINE = re.compile(
    r"arn:[a-z-]+:states:([a-z0-9-]+):\d{12}:stateMachine:[A-Za-z0-9_-]{1,80}(:[A-Za-z0-9_-]+)?"
)
_QUEUE_URL = re.compile(r"https://sqs\.([a-z0-9-]+)\.[a-z0-9.-]+/.+")
_EVENT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
# Long enough that no message comes up again while a queue is gone through; what stays is handed back at once.
_HIDDEN_SECONDS = 600

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class NotUnderstood(Exception):  # noqa: N818 - it says what the message is
    """A message is no event that EventBridge failed to deliver to a state machine."""


@dataclass(frozen=True)
class DeadLetter:
    """An event that could not be delivered.

    `body` is the event's text, verbatim; `execution_name` is made of the event's id, so that one event starts one
    execution, however often it is delivered again.
    """

    body: str
    event: dict[str, Any]
    target: str
    target_region: str
    execution_name: str
    error: str

    @classmethod
    def read(cls, message: dict[str, Any]) -> Self:
        """Read a message of a dead-letter queue.

        Raises:
            NotUnderstood: its body is no event, or its attributes name no state machine.

        """
        attributes = {
            name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()
        }
        target = attributes.get("TARGET_ARN", "")
        machine = _STATE_MACHINE.fullmatch(target)
        if not machine:
            raise NotUnderstood(f"its target is {target!r}, which is no state machine")
        event = _event(message["Body"])
        return cls(
            body=message["Body"],
            event=event,
            target=target,
            target_region=machine[1],
            execution_name=f"redrive-{event['id']}",
            error=f"{attributes.get('ERROR_CODE', 'no error code')}: {attributes.get('ERROR_MESSAGE', 'no message')}",
        )

    def lines(self) -> list[str]:
        """Return what is to be known of it, safe to print: names and messages may hold anything."""
        return [
            shown(f"{self.event.get('time', 'no time')}  {self.error}"),
            shown(f"  {self._subject()}"),
            shown(f"  for {self.target}"),
        ]

    def _subject(self) -> str:
        match self.event:
            case {"detail": {"bucket": {"name": bucket}, "object": {"key": key, **described}}}:
                return f"s3://{bucket}/{key}  version {described.get('version-id', 'none')}"
            case {"detail": {"executionArn": execution, "status": status}}:
                return f"{status}  {execution}"
            case _:
                return f"{self.event.get('detail-type', 'an event')}  {self.event['id']}"


def _event(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise NotUnderstood("its body is no JSON") from error
    if not isinstance(event, dict) or not _EVENT_ID.fullmatch(str(event.get("id", ""))):
        raise NotUnderstood("its body is no event with an id")
    return event


class DeadLetterQueue:
    """A queue gone through once. What is not deleted is there for everybody when the block ends."""

    def __init__(self, aws: Aws, url: str) -> None:
        found = _QUEUE_URL.fullmatch(url)
        self._sqs = aws.client("sqs", found[1] if found else None)
        self._url = url
        # Asked for no time, SQS asks some of its servers only.
        self._look_seconds = 0 if aws.is_local else 1
        self._held: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for receipt in self._held.values():
            self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=0)

    def messages(self) -> Iterator[dict[str, Any]]:
        """Return every message once."""
        seen: set[str] = set()
        while received := self._receive():
            new = [message for message in received if message["MessageId"] not in seen]
            if not new:
                return
            seen |= {message["MessageId"] for message in new}
            self._held |= {message["MessageId"]: message["ReceiptHandle"] for message in received}
            yield from new

    def delete(self, message: dict[str, Any]) -> None:
        """Take a message away for good."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        del self._held[message["MessageId"]]

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=self._look_seconds,
            VisibilityTimeout=_HIDDEN_SECONDS,
            MessageAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages


def go_through(aws: Aws, url: str, *, redrive: bool) -> int:
    """Show a queue's messages, and with `redrive` start what each was for; returns how many of those stay."""
    typer.echo(shown(url))
    count, stay = 0, 0
    with DeadLetterQueue(aws, url) as queue:
        for message in queue.messages():
            count += 1
            try:
                letter = DeadLetter.read(message)
            except NotUnderstood as error:
                typer.echo(shown(f"  message {message['MessageId']} is not understood and stays: {error}"))
                stay += 1
                continue
            for line in letter.lines():
                typer.echo(f"  {line}")
            if redrive:
                stay += not _started(aws, queue, message, letter)
    typer.echo(f"  {count} {'message' if count == 1 else 'messages'}")
    return stay if redrive else 0


def _started(aws: Aws, queue: DeadLetterQueue, message: dict[str, Any], letter: DeadLetter) -> bool:
    try:
        told = start(aws, letter)
    except ClientError as error:
        typer.echo(f"  {shown(f'  stays: {error}')}")
        return False
    queue.delete(message)
    typer.echo(f"  {shown(f'  {told}: {letter.execution_name}')}")
    return True


def queue_urls(outputs: dict[str, str]) -> list[str]:
    """Return the dead-letter queues among a stack's outputs."""
    return [outputs[name] for name in QUEUE_OUTPUTS if name in outputs]


def start(aws: Aws, letter: DeadLetter) -> str:
    """Start the execution that an event was for; says whether it had been started before.

    Raises:
        ClientError: AWS refuses.

    """
    try:
        aws.client("stepfunctions", letter.target_region).start_execution(
            stateMachineArn=letter.target, name=letter.execution_name, input=letter.body
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        return "was started before"
    return "started"


@app.command()
def main(
    stack: Annotated[str | None, typer.Option(help="A stack on AWS: its dead-letter queues.", metavar="NAME")] = None,
    queue_url: Annotated[
        list[str] | None, typer.Option("--queue-url", help="A queue on AWS, as often as needed.", metavar="URL")
    ] = None,
    port: Annotated[
        int, typer.Option(help="Without a stack or queue: the local engine's port.", min=1, max=65535)
    ] = 4566,
    redrive: Annotated[bool, typer.Option("--redrive", help="Deliver the events again.")] = False,
) -> None:
    """Show what is in the dead-letter queues of the local engine (`make up`) or of AWS, and deliver it again."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    if stack and queue_url:
        raise typer.BadParameter("give a stack or queues, not both.", param_hint="--queue-url")
    is_local = not stack and not queue_url
    endpoint = os.environ.get("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}") if is_local else None
    try:
        aws = Aws(endpoint)
        urls = queue_url or queue_urls(aws.outputs(stack or LOCAL_STACK))
        stay = sum(go_through(aws, url, redrive=redrive) for url in urls)
    except (BotoCoreError, ClientError) as error:
        typer.echo(shown(f"{type(error).__name__}: {error}"), err=True)
        raise typer.Exit(1) from error
    raise typer.Exit(1 if stay else 0)


if __name__ == "__main__":
    app()
