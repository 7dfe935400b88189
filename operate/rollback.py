"""Takes the last deployment back: new recordings run as before it, functions and container image included.

The alias of ProcessRecording is pointed to the version before; executions that run go on as they began. While a
deployment is going on, CloudFormation takes it back instead.

Exit codes: 0; 1 it could not be done, or AWS refuses; 2 a mistake in the command.
"""

import os
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
        self._sfn = aws.client("stepfunctions")

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

    def point_to(self, version: int) -> None:
        """Have everything that starts now run as a version."""
        route = {"stateMachineVersionArn": f"{self._machine}:{version}", "weight": 100}
        self._sfn.update_state_machine_alias(stateMachineAliasArn=self.arn, routingConfiguration=[route])


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
    target = to if to is not None else next((each for each in versions if each < live.version), None)
    if target not in versions:
        wanted = "before the live one" if to is None else str(to)
        raise NotDone(f"There is no version {wanted}; live is {live.version}, there are {_listed(versions)}.")
    if target == live.version and not live.shared:
        return f"Version {target} is live already."
    alias.point_to(target)
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
