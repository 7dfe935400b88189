"""Deletes an environment's stack. The recordings' bucket and the table stay, unless their deletion is asked for too.

Exit codes: 0; 1 it could not be done, or AWS refuses; 2 a mistake in the command, or it was not confirmed.
"""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
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
Tell = Callable[[str], None]


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
        return " and ".join(named) or "no bucket and no table"


def running(aws: Aws, stack: str) -> tuple[int, int]:
    """Count the executions of a stack's state machines and the tasks of its clusters that would be ended.

    Raises:
        NotDone: there is no such stack.

    """
    sfn, ecs = aws.client("stepfunctions"), aws.client("ecs")
    executions, tasks = sfn.get_paginator("list_executions"), ecs.get_paginator("list_tasks")
    resources = Stacks(aws).resources(stack)
    machines = [each.id for each in resources if each.type == "AWS::StepFunctions::StateMachine"]
    clusters = [each.id for each in resources if each.type == "AWS::ECS::Cluster"]
    started = (executions.paginate(stateMachineArn=machine, statusFilter="RUNNING") for machine in machines)
    placed = (tasks.paginate(cluster=cluster) for cluster in clusters)
    return (
        sum(_count(pages, "executions", "StateMachineDoesNotExist") for pages in started),
        sum(_count(pages, "taskArns", "ClusterNotFoundException") for pages in placed),
    )


def _count(pages: Iterable[dict[str, Any]], what: str, absent: str) -> int:
    try:
        return sum(len(page[what]) for page in pages)
    except ClientError as error:
        # what a stack failed to make has a name too
        if error.response["Error"]["Code"] == absent:
            return 0
        raise


def destroy(aws: Aws, stack: str, *, data: bool, tell: Tell, patient: bool = True) -> None:
    """Delete a stack, and its data if `data`. What is done is told, and before anything goes what there is.

    Raises:
        NotDone: there is no such stack, or it could not be deleted.

    """
    stacks = Stacks(aws, patient=patient)
    holds = Data.of(stacks.resources(stack))
    tell(f"{stack} has {holds}.")
    if data and holds.table:
        # first: a table that its stack failed to be made with may go with the stack, and only without protection
        _unprotect(aws.client("dynamodb"), holds.table)
    stacks.unguard(stack)
    stacks.delete(stack)
    revisions = _forget_task_definitions(aws.client("ecs"), f"{stack}-ProcessAudio")
    tell(f"The stack {stack} is deleted, and {revisions} revisions of its task definition are out of use.")
    if data:
        delete_data(aws, stack, holds, tell)
    else:
        tell(f"Kept: {holds}.")


def left_by(aws: Aws, stack: str) -> list[str]:
    """Return the options that name what deleted stacks of this name left, by the names that CloudFormation gives."""
    tables = aws.client("dynamodb").get_paginator("list_tables").paginate()
    buckets = [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
    return [
        *(f"--bucket {each}" for each in buckets if each.startswith(_bucket_prefix(stack))),
        *(f"--table {each}" for page in tables for each in page["TableNames"] if each.startswith(_table_prefix(stack))),
    ]


def look_for_left(aws: Aws, stack: str) -> None:
    """Tell the names of what deleted stacks left.

    Raises:
        NotDone: there is no stack, and something is left.

    """
    if not Stacks(aws).status(stack) and (options := left_by(aws, stack)):
        raise NotDone(f"There is no stack {stack}. To delete what one left, name it in ARGS: {', '.join(options)}")


def _bucket_prefix(stack: str) -> str:
    return f"{stack}-recordingsbucket-".lower()


def _table_prefix(stack: str) -> str:
    return f"{stack}-RecordingsTable-"


def delete_data(aws: Aws, stack: str, data: Data, tell: Tell) -> None:
    """Delete what a stack left. What is gone already is no mistake: it may have been begun before.

    Raises:
        NotDone: the names are none that CloudFormation gives to a stack's, or something stays.

    """
    if data.bucket and not data.bucket.startswith(_bucket_prefix(stack)):
        raise NotDone(f"{data.bucket} is no bucket of {stack}: nothing was deleted.")
    if data.table and not data.table.startswith(_table_prefix(stack)):
        raise NotDone(f"{data.table} is no table of {stack}: nothing was deleted.")
    stacks = Stacks(aws)
    held = Data.of(stacks.resources(stack) if stacks.status(stack) else [])
    if held.bucket in {data.bucket} - {None} or held.table in {data.table} - {None}:
        raise NotDone(f"The stack {stack} is there, and has {held}: nothing was deleted.")
    if data.bucket:
        objects = _delete_bucket(aws.client("s3"), data.bucket)
        tell(f"Deleted: the bucket {data.bucket} with {objects} versions of objects.")
    if data.table:
        _delete_table(aws.client("dynamodb"), data.table)
        tell(f"Deleted: the table {data.table}.")


def _forget_task_definitions(ecs: Any, family: str) -> int:
    """Deregister the revisions that the stack keeps for older versions of the state machine."""
    pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
    arns = [arn for page in pages for arn in page["taskDefinitionArns"] if arn.split("/")[1].split(":")[0] == family]
    for arn in arns:
        ecs.deregister_task_definition(taskDefinition=arn)
    return len(arns)


def _delete_bucket(s3: Any, bucket: str) -> int:
    count = 0
    if not _is_there(s3.head_bucket, {"404", "NoSuchBucket"}, Bucket=bucket):
        return count
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
    if _unprotect(dynamodb, table):
        dynamodb.delete_table(TableName=table)


def _unprotect(dynamodb: Any, table: str) -> bool:
    """Let a table be deleted; returns whether it is there."""
    found = _is_there(dynamodb.describe_table, {"ResourceNotFoundException"}, TableName=table)
    if found and found["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.get_waiter("table_exists").wait(TableName=table)
    return bool(found)


def _is_there(describe: Callable[..., Any], absent: set[str], **which: str) -> Any:
    try:
        return describe(**which)
    except ClientError as error:
        if error.response["Error"]["Code"] in absent:
            return None
        raise


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="dev, staging or prod.", metavar="ENV")],
    data: Annotated[bool, typer.Option("--delete-data", help="Delete bucket and table too, for good.")] = False,
    bucket: Annotated[str | None, typer.Option(help="A bucket that a deleted stack left.", metavar="NAME")] = None,
    table: Annotated[str | None, typer.Option(help="A table that a deleted stack left.", metavar="NAME")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for the stack's name.")] = False,
) -> None:
    """Delete an environment's stack from the account and region that the AWS CLI is configured for."""
    left = Data(bucket, table)
    if (bucket or table) and not data:
        raise typer.BadParameter("what is deleted for good is asked for by DATA=delete.", param_hint="--bucket/--table")
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        stack = environment(name).stack
        aws = Aws()
        if bucket or table:
            _confirm(f"Delete {left}, which the stack {stack} left.", stack, yes=yes)
            delete_data(aws, stack, left, _tell)
            return
        if data:
            look_for_left(aws, stack)
        executions, tasks = running(aws, stack)
        _tell(f"{stack} runs {executions} executions and {tasks} tasks now{'; they are ended' * bool(executions)}.")
        what = "and every recording, one-shot and record in it" if data else "and keep its bucket and its table"
        _confirm(f"Delete the stack {stack} {what}.", stack, yes=yes)
        destroy(aws, stack, data=data, tell=_tell)
    except Missing as error:
        raise typer.BadParameter(str(error), param_hint="ENV") from error
    except (NotDone, BotoCoreError, ClientError) as error:
        typer.echo(shown(str(error)), err=True)
        raise typer.Exit(1) from error


def _tell(line: str) -> None:
    typer.echo(shown(line))


def _confirm(question: str, stack: str, *, yes: bool) -> None:
    if yes:
        return
    typed = ""
    with contextlib.suppress(typer.Abort):
        typed = typer.prompt(f"{question} Its name, to confirm", default="", show_default=False)
    if typed != stack:
        typer.echo("Nothing was deleted.", err=True)
        raise typer.Exit(2)


if __name__ == "__main__":
    app()
