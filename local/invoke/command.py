"""`python -m local.invoke TASK`: a task's function with a sample event, on this machine.

The result is printed as JSON on the standard output; the function's log and what is done go to the standard error.

Exit codes: 0 a result; 1 the function's error, which is printed as Lambda tells it; 2 a mistake in the command; 3 the
function could not be invoked. Ended by a signal: 128 and its number.
"""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from local.engine import EngineError
from local.invoke.build import PROJECT, build, machine_architecture
from local.invoke.cases import FUNCTIONS, Case, case_of, listing
from local.invoke.container import ContainerEngine, container_engine, invoke_in_container
from local.invoke.emulator import RuntimeEmulator, emulator, error_of, runtime_client
from local.invoke.errors import InvokeError
from local.invoke.log import TerminalLog
from local.invoke.stack import Stack, endpoint_of_environment, stack_in
from local.terminal import accept_any_text, printable

FAILED, MISTAKE, NOT_INVOKED = 1, 2, 3
_BUILDS = PROJECT / ".aws-sam" / "invoke"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Way(StrEnum):
    """What runs the function."""

    CONTAINER = "container"
    EMULATOR = "emulator"
    ENGINE = "engine"


@app.command()
def main(
    task: Annotated[str, typer.Argument(help=f"One of {', '.join(FUNCTIONS)}.", metavar="TASK")] = "",
    event: Annotated[str | None, typer.Option(help="Another file of events/ than TASK.json.", metavar="NAME")] = None,
    by: Annotated[
        Way | None,
        typer.Option(help="What runs it; without this the first that is there: container, emulator, engine."),
    ] = None,
    port: Annotated[int, typer.Option(help="Where `make up` listens, if it runs.", min=1, max=65535)] = 4566,
) -> None:
    """Invoke a task's function with a sample event, against the local engine."""
    accept_any_text()
    case = _case(task, event)
    try:
        answer = _invoke(case, by, port)
    except (InvokeError, EngineError) as error:
        _tell(str(error))
        raise typer.Exit(NOT_INVOKED) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    failure = error_of(answer)
    sys.stdout.write(as_text(failure or json.loads(answer)) + "\n")
    raise typer.Exit(FAILED if failure else 0)


def as_text(value: Any) -> str:
    """Return a value as JSON to be read; what can't be printed is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)


def _case(task: str, event: str | None) -> Case:
    if not task:
        _tell(f"Which task?\n{listing()}")
        raise typer.Exit(MISTAKE)
    try:
        return case_of(task, event)
    except InvokeError as error:
        _tell(str(error))
        raise typer.Exit(MISTAKE) from error


def _invoke(case: Case, wanted: Way | None, port: int) -> bytes:
    way, engine = _way(wanted)
    built = Path()
    if way is not Way.ENGINE:
        _tell(f"Building for {machine_architecture()} with sam build ...")
        built = build(_BUILDS, machine_architecture())
    with stack_in(endpoint_of_environment(), port, with_workflow=case.needs_result) as (stack, which):
        _tell(f"Putting into {which} what {case.path.relative_to(PROJECT)} is about ...")
        payload = json.dumps(case.prepared(stack)).encode()
        _tell(f"{case.function}, {_HOW[way]}:")
        return _run(way, engine, case, stack, built, payload)


_HOW = {
    Way.CONTAINER: "as built, by sam local invoke in Lambda's image",
    Way.EMULATOR: "as built, under the Lambda runtime emulator (no container)",
    Way.ENGINE: "from source, by the engine",
}


def _way(wanted: Way | None) -> tuple[Way, ContainerEngine | None]:
    engine = container_engine() if wanted in {None, Way.CONTAINER} else None
    if wanted is Way.CONTAINER and not engine:
        raise InvokeError("No Docker-compatible engine answers: start one, or name it in DOCKER_HOST.")
    if engine:
        return Way.CONTAINER, engine
    return wanted or (Way.EMULATOR if emulator() else Way.ENGINE), None


def _run(way: Way, engine: ContainerEngine | None, case: Case, stack: Stack, built: Path, payload: bytes) -> bytes:
    log = TerminalLog()
    if way is Way.ENGINE:
        return stack.invoke(case.function, payload, log)
    function = stack.function(case.function, built)
    if engine:
        return invoke_in_container(function, case.function, payload, engine, log)
    with runtime_client() as client, RuntimeEmulator(function, client=client, log=log) as emulated:
        return emulated.invoke(payload)


def _tell(text: str) -> None:
    for line in text.splitlines():
        typer.echo(printable(line), err=True)
