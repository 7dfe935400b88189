"""`python -m local up`: the stack, running, for the AWS CLI."""

import threading
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from local.display import printable
from local.engine import Engine, StateVisit

_UPLOADS = "public/unprocessed/demo/"


def serve(template: Path, *, port: int, time_scale: float) -> None:
    """Deploy, explain, and log executions until interrupted."""
    console = Console(highlight=False, soft_wrap=True)
    with Engine.deploy(template, port=port, time_scale=time_scale, warm=True) as engine:
        engine.stop_on_signals()
        _explain(console, engine)
        engine.watch_states(lambda arn, visit: _log_state(console, arn, visit))
        engine.executions.end_observers.append(lambda arn: _log_end(console, engine, arn))
        threading.Event().wait()


def _explain(console: Console, engine: Engine) -> None:
    for skipped in engine.skipped:
        console.print(f"[dim]skipped {escape(skipped.logical_id)} ({skipped.type}): {escape(skipped.reason)}[/]")
    outputs = engine.outputs
    machine, bucket = outputs["ProcessRecordingArn"], outputs["RecordingsBucketName"]
    console.print(f"[bold]Endpoint[/]       {engine.endpoint}")
    console.print(f"[bold]Bucket[/]         {bucket}")
    console.print(f"[bold]Table[/]          {outputs['RecordingsTableName']}")
    console.print(f"[bold]State machine[/]  {machine}")
    console.print("\nIn another terminal:\n")
    variables = " ".join(
        f"{name}={value}" for name, value in engine.environment().items() if name != "AWS_ENDPOINT_URL"
    )
    endpoint = f"--endpoint-url {engine.endpoint}"
    for command in (
        f"export {variables}",
        f"aws {endpoint} s3 cp FILE s3://{bucket}/{_UPLOADS}",
        f"aws {endpoint} stepfunctions list-executions --state-machine-arn {machine}",
        f"aws {endpoint} stepfunctions get-execution-history --execution-arn EXECUTION_ARN",
        f"aws {endpoint} s3 ls --recursive s3://{bucket}/public/processed/",
    ):
        console.print(f"  {command}", markup=False)
    console.print("\nctrl-C stops it, and what it holds is gone.\n")


def _log_state(console: Console, execution_arn: str, visit: StateVisit) -> None:
    name = execution_arn.rsplit(":", 1)[-1][:8]
    if visit.seconds is not None:
        console.print(f"{name}  {visit.name}  {visit.status}  {visit.seconds:.2f} s", markup=False)
    elif visit.error:
        console.print(f"{name}  {visit.name}  {visit.error}: {printable(visit.cause or '')[:200]}", markup=False)


def _log_end(console: Console, engine: Engine, execution_arn: str) -> None:
    described = engine.client("stepfunctions").describe_execution(executionArn=execution_arn)
    console.print(f"{execution_arn}  {described['status']}", markup=False)
