"""Starts ReprocessRecordings, follows it, and prints what became of the recordings.

Exit codes: 0 done, also when recordings failed within what is tolerated; 1 the run failed or AWS refuses; 2 a
mistake in the command or the request; 130 ctrl-C, which leaves the run going.
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from operate.aws import LOCAL_STACK, Aws
from operate.errors import NotDone
from operate.terminal import shown

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0  # seconds between two looks
_SHOWN_FAILURES = 10

DONE, FAILED, MISTAKE = 0, 1, 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Run:
    """One execution of ReprocessRecordings."""

    def __init__(self, aws: Aws, stack: str) -> None:
        outputs = aws.outputs(stack)
        self._machine, self._bucket = outputs["ReprocessRecordingsArn"], outputs["RecordingsBucketName"]
        self._sfn, self._s3 = aws.client("stepfunctions"), aws.client("s3")
        self.name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
        self._arn = ""

    @property
    def report_url(self) -> str:
        """Where the report lies when the run has ended."""
        return f"s3://{self._bucket}/{self._report_key}"

    def start(self, request: dict[str, Any]) -> str:
        """Start it; returns its ARN."""
        started = self._sfn.start_execution(
            stateMachineArn=self._machine, name=self.name, input=json.dumps(request, ensure_ascii=False)
        )
        self._arn = str(started["executionArn"])
        return self._arn

    def follow(self, tell: Callable[[str], None]) -> dict[str, Any]:
        """Wait for its end, telling how far it is whenever that changes; returns its description."""
        pause, told = _FIRST_PAUSE, ""
        while (described := self._sfn.describe_execution(executionArn=self._arn))["status"] == "RUNNING":
            progress = self._progress()
            if progress and progress != told:
                tell(progress)
                told = progress
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.5)
        ended: dict[str, Any] = described
        return ended

    def report(self) -> dict[str, Any] | None:
        """Return what it reported; None where it wrote no report."""
        try:
            stored = self._s3.get_object(Bucket=self._bucket, Key=self._report_key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        report: dict[str, Any] = json.loads(stored["Body"].read())
        return report

    @property
    def _report_key(self) -> str:
        return f"reports/reprocess/{self.name}/report.json"

    def _progress(self) -> str:
        counts = {"total": 0, "succeeded": 0, "failed": 0, "running": 0}
        for run in self._sfn.list_map_runs(executionArn=self._arn).get("mapRuns", []):
            items = self._sfn.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
            counts = {name: count + int(items[name]) for name, count in counts.items()}
        if not counts["total"]:
            return ""
        done = counts["succeeded"] + counts["failed"]
        return f"{done} of {counts['total']} done, {counts['failed']} failed, {counts['running']} at work"


def report_lines(report: dict[str, Any]) -> list[str]:
    """Return what a report says, safe to print: names and messages may hold anything."""
    counts = report["counts"]
    names = ["listed", "wouldStart" if report["request"]["dryRun"] else "started", "processed", "rejected"]
    names += ["alreadyProcessed", "skipped", "failed", "stopped", "notTaken"]
    lines = [f"{name:<18}{counts[name]:>9}" for name in names]
    failures = report["failures"][:_SHOWN_FAILURES]
    lines += [f"failed: {each.get('key', '')}: {each.get('error', '')}: {each['message']}" for each in failures]
    lines += [f"would start: {key}" for key in report["wouldStart"][:_SHOWN_FAILURES]]
    if not report["complete"]:
        since = f" with --since {report['continueFrom']}" if report["continueFrom"] else ""
        lines.append(f"Not all of it was done or counted: run it again{since} for what is left.")
    return [shown(line) for line in lines]


@app.command()
def main(
    prefix: Annotated[
        str | None, typer.Option(help="Run over the objects under a prefix of uploads.", metavar="PREFIX")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Run over the recordings that FAILED and may be replayed.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(help="With --failed: those whose processing began then or later.", metavar="TIME")
    ] = None,
    before: Annotated[
        str | None, typer.Option(help="With --failed: those whose processing began by then.", metavar="TIME")
    ] = None,
    max_concurrency: Annotated[
        int | None, typer.Option(help="How many recordings at a time (10).", metavar="N")
    ] = None,
    tolerated_failures: Annotated[
        float | None, typer.Option(help="How many of a hundred may fail before the run stops (5).", metavar="PERCENT")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be started.")] = False,
    stack: Annotated[str | None, typer.Option(help="A stack on AWS.", metavar="NAME")] = None,
    port: Annotated[
        int, typer.Option(help="Without a stack: the local engine's port, where AWS_ENDPOINT_URL is not set.")
    ] = 4566,
) -> None:
    """Run recordings that are there already through the workflow: of the local engine (`make up`), or of AWS."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    if failed == (prefix is not None):
        raise typer.BadParameter("give either a --prefix or --failed.", param_hint="--prefix")
    asked = {
        "source": "failed" if failed else "prefix",
        "prefix": prefix,
        "failedSince": since,
        "failedBefore": before,
        "maxConcurrency": max_concurrency,
        "toleratedFailurePercentage": tolerated_failures,
        "dryRun": dry_run,
    }
    request = {name: value for name, value in asked.items() if value is not None}
    endpoint = None if stack else os.environ.get("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    try:
        raise typer.Exit(reprocess(Aws(endpoint), stack or LOCAL_STACK, request))
    except NotDone as error:
        typer.echo(shown(str(error)), err=True)
        raise typer.Exit(FAILED) from error
    except (BotoCoreError, ClientError) as error:
        typer.echo(shown(f"{type(error).__name__}: {error}"), err=True)
        raise typer.Exit(FAILED) from error


def reprocess(aws: Aws, stack: str, request: dict[str, Any]) -> int:
    """Run a request to its end and print the report; returns the exit code."""
    run = Run(aws, stack)
    typer.echo(shown(run.start(request)))
    try:
        ended = run.follow(lambda progress: typer.echo(f"  {progress}"))
    except KeyboardInterrupt:
        typer.echo("It goes on without being followed.", err=True)
        raise typer.Exit(130) from None
    if report := run.report():
        for line in report_lines(report):
            typer.echo(line)
        typer.echo(f"report: {run.report_url}")
    if ended["status"] == "SUCCEEDED":
        return DONE
    typer.echo(shown(f"{ended['status']}: {ended.get('error', '')}: {ended.get('cause', '')}"), err=True)
    return MISTAKE if ended.get("error") == "InvalidRequest" else FAILED


if __name__ == "__main__":
    app()
