"""Takes the last deployment back: new recordings run as before it, functions and container image included.

The alias of ProcessRecording is pointed to the version that was live before, as far as numbers tell: to the newest
older one that was not rolled back from itself, and whose task definition is in use. Executions that run go on as they
began. While a deployment is going on, CloudFormation takes it back instead.

Exit codes: 0; 1 it could not be done, or AWS refuses; 2 a mistake in the command.
"""

import os
import re
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from operate.aws import LOCAL_STACK, Aws
from operate.environments import environment
from operate.errors import Missing, NotDone
from operate.stacks import Stacks
from operate.terminal import shown

_TASK_DEFINITION = re.compile(r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:task-definition/[\w-]+:\d+")
_LEFT = re.compile(r"Rolled back from: ([\d, ]+|none)")
_DESCRIPTION_LENGTH = 256  # characters: Step Functions' limit

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Live:
    """What an alias names: the number of the version that gets all or most, and whether it shares with another."""

    version: int
    shared: bool


class LiveAlias:
    """The alias that uploads start."""

    def __init__(self, aws: Aws, stack: str) -> None:
        outputs = aws.outputs(stack)
        self.arn, self._machine = outputs["ProcessRecordingAliasArn"], outputs["ProcessRecordingArn"]
        self._sfn, self._ecs = aws.client("stepfunctions"), aws.client("ecs")

    def live(self) -> Live:
        """Return what it names now."""
        routes = self._sfn.describe_state_machine_alias(stateMachineAliasArn=self.arn)["routingConfiguration"]
        most = max(routes, key=lambda route: int(route["weight"]))
        return Live(_number(most["stateMachineVersionArn"]), shared=len(routes) > 1)

    def versions(self) -> list[int]:
        """Return the numbers of the versions that there are, the newest first."""
        numbers: list[int] = []
        more: dict[str, Any] = {}
        while True:
            page = self._sfn.list_state_machine_versions(stateMachineArn=self._machine, **more)
            numbers += [_number(each["stateMachineVersionArn"]) for each in page["stateMachineVersions"]]
            if "nextToken" not in page:
                return sorted(numbers, reverse=True)
            more = {"nextToken": page["nextToken"]}

    def left(self) -> set[int]:
        """Return the numbers of the versions that were rolled back from: the alias' description tells them."""
        described = self._sfn.describe_state_machine_alias(stateMachineAliasArn=self.arn)
        told = _LEFT.fullmatch(described.get("description", ""))
        return {int(each) for each in re.findall(r"\d+", told[1])} if told else set()

    def could_run(self, version: int) -> bool:
        """Return whether what a version starts is there still: the revision of the task definition that it names."""
        machine = self._sfn.describe_state_machine(stateMachineArn=f"{self._machine}:{version}")
        return all(self._is_active(named) for named in set(_TASK_DEFINITION.findall(machine["definition"])))

    def point_to(self, version: int, left: set[int]) -> None:
        """Have everything that starts now run as a version, and keep the numbers of those that were left."""
        route = {"stateMachineVersionArn": f"{self._machine}:{version}", "weight": 100}
        self._sfn.update_state_machine_alias(
            stateMachineAliasArn=self.arn, routingConfiguration=[route], description=_told(left)
        )

    def _is_active(self, task_definition: str) -> bool:
        try:
            described = self._ecs.describe_task_definition(taskDefinition=task_definition)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ClientException":
                return False  # deleted, not only deregistered
            raise
        return bool(described["taskDefinition"]["status"] == "ACTIVE")


def _told(left: set[int]) -> str:
    """Return numbers as an alias' description: the newest, where it has no room for all."""
    numbers = sorted(left, reverse=True)
    while len(told := f"Rolled back from: {_listed(numbers)}") > _DESCRIPTION_LENGTH:
        numbers.pop()
    return told


def _number(version_arn: str) -> int:
    return int(version_arn.rpartition(":")[2])


def roll_back(aws: Aws, stack: str, to: int | None = None) -> str:
    """Take the last deployment back, or go to a version; returns what was done.

    Raises:
        NotDone: there is no such version, or none before the live one.

    """
    stacks = Stacks(aws)
    if stacks.status(stack) == "UPDATE_IN_PROGRESS":
        stacks.cancel_update(stack)
        return f"The deployment of {stack} was going on, and is taken back."
    alias = LiveAlias(aws, stack)
    live, versions = alias.live(), alias.versions()
    left = alias.left()
    before = (each for each in versions if each < live.version and each not in left and alias.could_run(each))
    target = to if to is not None else next(before, None)
    if target not in versions:
        wanted = "before the live one" if to is None else str(to)
        raise NotDone(f"There is no version {wanted}; live is {live.version}, there are {_listed(versions)}.")
    if target == live.version and not live.shared:
        return f"Version {target} is live already."
    if not alias.could_run(target):
        raise NotDone(f"Version {target} could not run: the revision of its task definition is not in use any more.")
    left |= {each for each in versions if target < each <= live.version}
    alias.point_to(target, left - {target})
    return f"Version {target} is live, it was {live.version}. What runs goes on as it began."


def _listed(versions: list[int]) -> str:
    return ", ".join(map(str, versions)) or "none"


@app.command()
def main(
    name: Annotated[
        str | None, typer.Argument(help="dev, staging or prod; without: the local engine (`make up`).", metavar="[ENV]")
    ] = None,
    to: Annotated[int | None, typer.Option(help="The version to go to, back or forth.", metavar="N", min=1)] = None,
    port: Annotated[int, typer.Option(help="Without ENV: the local engine's port.", min=1, max=65535)] = 4566,
) -> None:
    """Take the last deployment back."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    endpoint = None if name else os.environ.get("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    try:
        stack = environment(name).stack if name else LOCAL_STACK
        typer.echo(shown(roll_back(Aws(endpoint), stack, to)))
    except Missing as error:
        raise typer.BadParameter(str(error), param_hint="ENV") from error
    except (NotDone, BotoCoreError, ClientError) as error:
        typer.echo(shown(str(error)), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
