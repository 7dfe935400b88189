"""`python -m local up`: the stack, running, for the AWS CLI."""

import time
from pathlib import Path

from local.engine import Engine, StateVisit
from local.page.application import PREFIX, page_of
from local.terminal import Terminal, printable, skipped_lines

_UPLOADS = "public/unprocessed/demo/"


def serve(
    template: Path, *, port: int, time_scale: float, containers: str | None = None, enforce_permissions: bool = False
) -> None:
    """Deploy, explain, and log executions until interrupted."""
    console = Terminal(soft_wrap=True)
    Engine.stop_on_signals()
    deployed = Engine.deploy(
        template,
        port=port,
        time_scale=time_scale,
        warm=True,
        containers=containers,
        enforce_permissions=enforce_permissions,
    )
    with deployed as engine:
        engine.mount(PREFIX, page_of(engine))
        _explain(console, engine)
        machines = _machines(engine)
        engine.watch_states(lambda arn, visit: _log_state(console, machines, arn, visit))
        engine.watch_ends(lambda arn: _log_end(console, engine, arn))
        while True:
            # in slices: a signal that comes just before a wait without end is not noticed
            time.sleep(0.5)


def _explain(console: Terminal, engine: Engine) -> None:
    for line in skipped_lines(engine.skipped):
        console.print(line)
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
        f'make dead-letters ARGS="--port {engine.port}"',
    ):
        console.print(f"  {command}", markup=False)
    console.print(
        f"\nOpen [bold]{engine.endpoint}{PREFIX}/[/] in a browser; ctrl-C stops it, and what it holds is gone.\n"
    )


def _machines(engine: Engine) -> dict[str, str]:
    """Return the state machines' logical ids by the names that stand in their executions' ARNs."""
    arns = {arn: name for name, arn in engine.resources.items() if ":stateMachine:" in arn}
    return {arn.rsplit(":", 1)[-1]: name for arn, name in arns.items()}


def _log_state(console: Terminal, machines: dict[str, str], execution_arn: str, visit: StateVisit) -> None:
    machine, execution = execution_arn.split(":")[-2:]
    name = f"{machines.get(machine, machine)} {execution[-8:]}"
    if visit.seconds is not None:
        _log(console, f"{name}  {visit.name}  {visit.status}  {visit.seconds:.2f} s")
    elif visit.error:
        _log(console, f"{name}  {visit.name}  {visit.error}: {(visit.cause or '')[:200]}")


def _log_end(console: Terminal, engine: Engine, execution_arn: str) -> None:
    described = engine.client("stepfunctions").describe_execution(executionArn=execution_arn)
    _log(console, f"{execution_arn}  {described['status']}")


def _log(console: Terminal, line: str) -> None:
    console.print(printable(line), markup=False)
