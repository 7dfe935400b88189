"""The command line: `run` processes recordings, `up` keeps the stack running, `report` shows an execution.

Exit codes of `run`: 0 processed, 3 rejected, 1 failed, 2 a mistake in the command. Of several files the
worst counts: failed before rejected before processed. Of `report`: 0 written, 1 not, 2 a mistake in the command. Of
all commands, ended by a signal: 128 and its number
(130 ctrl-C, 143 SIGTERM, 141 when nobody reads the output any more).
"""

import os
import re
from collections.abc import Callable
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

_PROJECT = Path(__file__).resolve().parents[1]
_SAMPLE = _PROJECT / "examples" / "phone-recording.m4a"
_TEMPLATE = _PROJECT / "template.yaml"
_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EXECUTION = re.compile(
    r"arn:aws[a-z-]*:states:(?P<region>[a-z0-9-]+):[0-9]{12}:(?:execution|express):[^\s:]+:[^\s:]+(?::[^\s:]+)?"
)
# botocore takes no other name of a host
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_LONGEST_HOST = 255
_PARAMETER = re.compile(r"[a-z0-9-]+")
_LONGEST_METADATA = 2048  # bytes, as S3 allows
_LONGEST_KEY = 1024  # bytes
_ENFORCE_IAM = "Judge every call by the policies of the role that makes it; `make node-modules` brings what it needs."

PROCESSED, FAILED, REJECTED = 0, 1, 3
_WORST_FIRST = (FAILED, REJECTED, PROCESSED)

app = typer.Typer(
    help="Runs the real workflow on this machine: no AWS account, no Docker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_Container = Annotated[
    str | None,
    typer.Option(
        "--container",
        help="Run tasks as real containers of an image, by podman:IMAGE or docker:IMAGE (Linux; docs/image.md).",
        metavar="ENGINE:IMAGE",
    ),
]


@app.command()
def run(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Recordings; without any, the sample in examples/."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", help="The results go to DIR/<recordingId>/.", metavar="DIR")
    ] = Path("out"),
    params: Annotated[
        list[str] | None,
        typer.Option("--params", help="A processing parameter, as often as needed.", metavar="NAME=VALUE"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per FILE, one a line, and nothing else.")
    ] = False,
    time_scale: Annotated[
        float, typer.Option(help="What the pauses of Retry and Wait are multiplied by.", min=0.0, max=10.0)
    ] = 1.0,
    user: Annotated[str, typer.Option(help="The user who uploads.", metavar="USER")] = "demo",
    key: Annotated[str | None, typer.Option(help="The whole key of the upload, for one FILE.", metavar="KEY")] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            help="What attempts at a state run into, as often as needed; e.g. ProcessAudio=exit:137x2. "
            "docs/local-engine.md lists what there is.",
            metavar="STATE=FAULT[xN]",
        ),
    ] = None,
    container: _Container = None,
    enforce_iam: Annotated[bool, typer.Option("--enforce-iam", help=_ENFORCE_IAM)] = False,
) -> None:
    """Upload recordings to the local stack, follow them through the workflow, fetch the one-shots."""
    recordings = files or [_SAMPLE]
    if not _USER.fullmatch(user):
        raise typer.BadParameter(f"{user!r} is not 1 to 64 letters, digits, - or _.", param_hint="--user")
    _check_files(recordings, key)
    metadata = _metadata(params or [])
    _check_output(output)

    def process_recordings() -> list[int]:
        from local.run import RunOptions, process  # moto takes seconds to import: not for --help or a mistake

        options = RunOptions(
            template=_TEMPLATE,
            output=output,
            metadata=metadata,
            user=user,
            key=key,
            time_scale=time_scale,
            as_json=as_json,
            faults=faults or [],
            containers=container,
            enforce_permissions=enforce_iam,
        )
        return process(recordings, options)

    codes = _interruptible(process_recordings)
    raise typer.Exit(next(code for code in _WORST_FIRST if code in codes))


@app.command()
def up(
    port: Annotated[int, typer.Option(help="The endpoint's port; 0 takes a free one.", min=0, max=65535)] = 4566,
    time_scale: Annotated[
        float, typer.Option(help="What the pauses of Retry and Wait are multiplied by.", min=0.0, max=10.0)
    ] = 1.0,
    container: _Container = None,
    enforce_iam: Annotated[bool, typer.Option("--enforce-iam", help=_ENFORCE_IAM)] = False,
) -> None:
    """Keep the stack running, for the AWS CLI and for whatever talks to S3, until ctrl-C."""

    def serve_stack() -> None:
        from local.up import serve

        serve(_TEMPLATE, port=port, time_scale=time_scale, containers=container, enforce_permissions=enforce_iam)

    _interruptible(serve_stack)


@app.command()
def report(
    execution_arn: Annotated[str, typer.Option("--execution-arn", help="The execution.", metavar="ARN")],
    profile: Annotated[
        str | None, typer.Option("--profile", help="Whose account it is; without it what boto3 finds.", metavar="NAME")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="By default the ARN's.", metavar="REGION")] = None,
    output: Annotated[
        Path, typer.Option("--output", help="A file, NAME.html, or a folder: DIR/<recordingId>/report.html.")
    ] = Path("out"),
    port: Annotated[
        int | None, typer.Option("--port", help="Of the engine of `make up`, in an account's place.", min=1, max=65535)
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option("--endpoint-url", help="Where the engine is, if not at a port here.", metavar="URL")
    ] = None,
) -> None:
    """Write the report of an execution, of an AWS account or of the engine of `make up`; only reads there."""
    execution = _EXECUTION.fullmatch(execution_arn)
    if not execution:
        raise typer.BadParameter(
            f"{execution_arn!r} is no execution's: arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME.",
            param_hint="--execution-arn",
        )
    if port and endpoint_url:
        raise typer.BadParameter("the engine is at a --port or at an --endpoint-url.", param_hint="--port")
    if endpoint_url and not _is_endpoint(endpoint_url):
        raise typer.BadParameter(f"{endpoint_url!r} is not http://HOST:PORT.", param_hint="--endpoint-url")

    def write_report() -> None:
        # no engine here: moto takes seconds to import, and an account needs none of it
        from local.report import NotReported, client_of, read, save
        from local.terminal import printable

        endpoint = f"http://127.0.0.1:{port}" if port else endpoint_url
        try:
            contents = read(execution_arn, client_of(region or execution["region"], profile, endpoint), profile)
            path = save(contents, output)
        except NotReported as error:
            typer.echo(printable(str(error)), err=True)
            raise typer.Exit(FAILED) from error
        for text in contents.document["notRead"]:
            typer.echo(printable(f"Not read: {text}"), err=True)
        for left_out in contents.left_out:
            typer.echo(printable(f"Not in the report: {left_out.what}: {left_out.why}"), err=True)
        typer.echo(os.fsencode(path))

    _ended_by_signals(write_report)


def _interruptible[Result](work: Callable[[], Result]) -> Result:
    def work_with_engine() -> Result:
        from local.engine import EngineError, FaultError
        from local.terminal import Terminal, shown

        try:
            return work()
        except FaultError as error:
            raise typer.BadParameter(str(error), param_hint="--fault") from error
        except EngineError as error:
            for line in str(error).splitlines():
                Terminal(stderr=True, soft_wrap=True).print(f"[red]{shown(line)}[/]")
            raise typer.Exit(FAILED) from error

    return _ended_by_signals(work_with_engine)


def _ended_by_signals[Result](work: Callable[[], Result]) -> Result:
    try:
        from local.terminal import CLOSED_PIPE, accept_any_text, discard_output

        accept_any_text()
        return work()
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        discard_output()
        raise typer.Exit(CLOSED_PIPE) from None


def _is_endpoint(url: str) -> bool:
    if not re.fullmatch(r"https?://[^\s/?#@]+/?", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError:  # of the port, or of an address in brackets
        return False


def _is_host(name: str) -> bool:
    if ":" in name:
        IPv6Address(name)
        return True
    return len(name) <= _LONGEST_HOST and all(_LABEL.fullmatch(label) for label in name.removesuffix(".").split("."))


def _check_files(files: list[Path], key: str | None) -> None:
    for file in files:
        if not file.exists():
            raise typer.BadParameter(f"{str(file)!r} does not exist.", param_hint="FILE")
        if not file.is_file():
            raise typer.BadParameter(f"{str(file)!r} is not a file.", param_hint="FILE")
        if not os.access(file, os.R_OK):
            raise typer.BadParameter(f"{str(file)!r} can't be read.", param_hint="FILE")
        if key is None and not _is_utf8(file.name):
            raise typer.BadParameter(f"{file.name!r} is not UTF-8: give the upload a --key.", param_hint="FILE")
    if key is not None and len(files) > 1:
        raise typer.BadParameter(f"one key can't name {len(files)} files.", param_hint="--key")
    if key is not None and not (_is_utf8(key) and 1 <= len(key.encode()) <= _LONGEST_KEY):
        raise typer.BadParameter(f"a key has 1 to {_LONGEST_KEY} bytes of UTF-8.", param_hint="--key")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_output(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(
            f"{str(folder)!r} can't be made a folder: {error.strerror}.", param_hint="--output"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise typer.BadParameter(f"{str(folder)!r} can't be written to.", param_hint="--output")


def _metadata(pairs: list[str]) -> dict[str, str]:
    metadata = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not _PARAMETER.fullmatch(name):
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE.", param_hint="--params")
        if not value.isascii() or not value.isprintable():
            raise typer.BadParameter(
                f"{pair!r}: S3 metadata is printable ASCII, and so must be the value.", param_hint="--params"
            )
        metadata[name] = value
    if sum(len(name) + len(value) for name, value in metadata.items()) > _LONGEST_METADATA:
        raise typer.BadParameter(f"more than {_LONGEST_METADATA} bytes in all.", param_hint="--params")
    return metadata
