"""Deletes an environment's stack. The recordings' bucket and the table stay, unless their deletion is asked for too.

Exit codes: 0; 1 it could not be done, or AWS refuses; 2 a mistake in the command, or it was not confirmed.
"""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from operate.aws import Aws
from operate.environments import environment
from operate.errors import Missing, NotDone
from operate.stacks import Resource, Stacks
from operate.terminal import shown

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Data:
    """The names of what holds a stack's recordings and records; None for what it does not have."""

    bucket: str | None
    table: str | None

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> "Data":
        """Return those of a stack with such resources."""
        ids = {each.name: each.id for each in resources}
        return cls(ids.get("RecordingsBucket"), ids.get("RecordingsTable"))

    def __str__(self) -> str:
        """Tell them as a part of a sentence."""
        named = [f"the bucket {self.bucket}"] * bool(self.bucket) + [f"the table {self.table}"] * bool(self.table)
        return " and ".join(named) or "no bucket and no table: it had none"


def destroy(aws: Aws, stack: str, *, data: bool, patient: bool = True) -> list[str]:
    """Delete a stack, and its data if `data`; returns what was done and what is kept.

    Raises:
        NotDone: there is no such stack, or it could not be deleted.

    """
    stacks = Stacks(aws, patient=patient)
    holds = Data.of(stacks.resources(stack))
    stacks.unguard(stack)
    stacks.delete(stack)
    revisions = _forget_task_definitions(aws.client("ecs"), f"{stack}-ProcessAudio")
    done = [f"The stack {stack} is deleted, and {revisions} revisions of its task definition are out of use."]
    if not data:
        return [*done, f"Kept: {holds}."]
    return [*done, *_delete(aws, holds)]


def _delete(aws: Aws, data: Data) -> Iterator[str]:
    if data.bucket:
        objects = _delete_bucket(aws.client("s3"), data.bucket)
        yield f"Deleted: the bucket {data.bucket} with {objects} versions of objects."
    if data.table:
        _delete_table(aws.client("dynamodb"), data.table)
        yield f"Deleted: the table {data.table}."


def _forget_task_definitions(ecs: Any, family: str) -> int:
    """Deregister the revisions that the stack keeps for older versions of the state machine."""
    pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
    arns = [arn for page in pages for arn in page["taskDefinitionArns"] if arn.split("/")[1].split(":")[0] == family]
    for arn in arns:
        ecs.deregister_task_definition(taskDefinition=arn)
    return len(arns)


def _delete_bucket(s3: Any, bucket: str) -> int:
    count = 0
    for versions in _versions(s3, bucket):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
        if errors := answer.get("Errors"):
            raise NotDone(f"{len(errors)} objects of {bucket} stay, the first for {errors[0]['Message']}")
        count += len(versions)
    s3.delete_bucket(Bucket=bucket)
    return count


def _versions(s3: Any, bucket: str) -> Iterator[list[dict[str, str]]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        both = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if both:
            yield [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in both]


def _delete_table(dynamodb: Any, table: str) -> None:
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.get_waiter("table_exists").wait(TableName=table)
    dynamodb.delete_table(TableName=table)


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="dev, staging or prod.", metavar="ENV")],
    data: Annotated[bool, typer.Option("--delete-data", help="Delete bucket and table too, for good.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for the stack's name.")] = False,
) -> None:
    """Delete an environment's stack from the account and region that the AWS CLI is configured for."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        stack = environment(name).stack
        aws = Aws()
        _confirm(stack, data=data, yes=yes)
        for line in destroy(aws, stack, data=data):
            typer.echo(shown(line))
    except Missing as error:
        raise typer.BadParameter(str(error), param_hint="ENV") from error
    except (NotDone, BotoCoreError, ClientError) as error:
        typer.echo(shown(str(error)), err=True)
        raise typer.Exit(1) from error


def _confirm(stack: str, *, data: bool, yes: bool) -> None:
    if yes:
        return
    what = "and every recording, one-shot and record in it" if data else "and keep its bucket and its table"
    typed = ""
    with contextlib.suppress(typer.Abort):
        typed = typer.prompt(f"Delete the stack {stack} {what}. Its name, to confirm", default="", show_default=False)
    if typed != stack:
        typer.echo("Nothing was deleted.", err=True)
        raise typer.Exit(2)


if __name__ == "__main__":
    app()
