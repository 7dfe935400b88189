"""Deploys an environment: the bootstrap stack, the image, the functions, the stack, and a recording through it.

`--dry-run` goes the same way with a server of this machine in AWS' place, up to the change set: nothing leaves the
machine but what builds download, no image is built, and nothing is deployed.

Exit codes: 0; 1 a step failed or AWS refuses; 2 a mistake in the command, or something is missing.
"""

import contextlib
import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from operate.aws import Aws
from operate.environments import ROOT, TEMPLATE, Environment, environment
from operate.errors import Missing, NotDone
from operate.image import CONTEXT, DIGEST, PLATFORMS, Builder, Repository, Source, base_image, builder
from operate.smoke import smoke
from operate.stacks import Stacks, make_ecs_role
from operate.stand_in import stand_in
from operate.terminal import shown

_SAM = ROOT / ".venv-tools" / "bin" / "sam"
_INTERPRETER = ROOT / ".venv" / "bin"
_IMAGE = re.compile(r"[A-Za-z0-9][\w.:/@-]*")
DONE, FAILED, MISTAKE = 0, 1, 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass
class Deployment:
    """One deployment of an environment.

    Attributes:
        environment: which.
        digest: the image that is deployed; None has it built and pushed.
        base: the image that it is built on; None has it be the Dockerfile's.
        parameters: values in place of samconfig.toml's and the template's own.
        dry_run: whether it ends at the change set, on a server of this machine.
        confirmed: whether nobody is asked before the change set is executed.
        tests: whether a recording is run through the stack at the end.

    """

    environment: Environment
    digest: str | None = None
    base: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    confirmed: bool = False
    tests: bool = True

    def run(self) -> None:
        """Deploy.

        Raises:
            Missing: something that it needs is not there; nothing was done.
            NotDone: a step failed.

        """
        self._aws = Aws()
        self._say(1, "what this machine and account have")
        builder = self._check()
        self._stacks = Stacks(self._aws, patient=not self.dry_run)
        self._say(2, "the image repository and the artifacts' bucket (bootstrap.yaml)")
        make_ecs_role(self._aws.client("iam"))
        bootstrap = self._stacks.bootstrap()
        self._say(3, "the container image")
        image = self._image(Repository(self._aws.client("ecr"), bootstrap["RepositoryUri"]), builder)
        typer.echo(f"  {image}")
        self._say(4, "sam build")
        self._build()
        self._say(5, "sam deploy")
        stack = self.environment.stack
        in_review = self._stacks.change_sets_in_review(stack)
        self._deploy(bootstrap["ArtifactsBucketName"], image)
        if self.dry_run:
            typer.echo("\nThat was a dry run: nothing was sent to AWS, and nothing is deployed.")
            return
        # SAM ends with 0 when its question is answered with no
        if self._stacks.change_sets_in_review(stack) - in_review:
            raise NotDone("The change set was not executed: nothing was deployed.")
        if self.environment.guards_its_stack:
            self._stacks.guard(stack)
        self._say(6, "what there is now")
        for name, value in self._stacks.outputs(stack).items():
            typer.echo(f"  {name:<26}{value}")
        if self.tests:
            self._say(7, "a recording through it")
            self._smoke(stack)

    def _smoke(self, stack: str) -> None:
        try:
            smoke(self._aws, stack, lambda line: typer.echo(shown(line)))
        except NotDone as error:
            back = f"make rollback ENV={self.environment.name}"
            raise NotDone(f"{error}\nWhat was deployed is live. Back to the version before: {back}") from error

    @property
    def values(self) -> dict[str, str]:
        """The template's parameters that are set, without the image."""
        return {**self.environment.parameters, **self.parameters}

    @property
    def architecture(self) -> str:
        """The processors that functions and image are built for."""
        return self.values["Architecture"]

    @property
    def folder(self) -> Path:
        """Where the functions are built."""
        return ROOT / ".aws-sam" / "deploy" / self.environment.name

    def _check(self) -> Builder | None:
        """Look at everything that is needed before anything is done; says all that is missing at once."""
        missing = []
        if not _SAM.exists():
            missing.append("the AWS SAM CLI: `make deploy` sets it up in .venv-tools")
        found = builder() if self._builds_image else None
        if self._builds_image and not found:
            missing.append("docker with buildx, or podman, to build the image; or IMAGE=sha256:..., one that was built")
        region = boto3.Session().region_name
        if not region:
            missing.append("a region: AWS_DEFAULT_REGION, or `aws configure`")
        try:
            who = self._aws.client("sts", region or "us-east-1").get_caller_identity()
            typer.echo(f"  account {who['Account']}, region {region}, as {who['Arn']}")
        except (BotoCoreError, ClientError) as error:
            missing.append(f"credentials of the account: `aws configure`, or AWS_PROFILE ({error})")
        if missing:
            raise Missing("\n".join(["Missing:", *(f"  {each}" for each in missing)]))
        return found

    @property
    def _builds_image(self) -> bool:
        return not self.digest and not self.dry_run

    def _image(self, repository: Repository, builder: Builder | None) -> str:
        if self.dry_run:
            stand_in_digest = f"sha256:{hashlib.sha256((CONTEXT / 'Dockerfile').read_bytes()).hexdigest()}"
            typer.echo("  not built and not pushed" + ("" if self.digest else "; its Dockerfile's digest stands in"))
            return f"{repository.uri}@{self.digest or stand_in_digest}"
        if self.digest:
            return repository.image(self.digest)
        assert builder is not None  # noqa: S101 - _check() has looked
        base = builder.pinned(self.base or base_image(), PLATFORMS[self.architecture], _run)
        source = Source.here()
        typer.echo(f"  of {source.revision} ({shown(source.origin)}), on {shown(base)}")
        return repository.build_and_push(builder, source, self.architecture, base, _run)

    def _build(self) -> None:
        # Anew each time: what is deployed comes from the sources alone.
        command = [str(_SAM), "build", "--no-cached", "--template-file", str(TEMPLATE)]
        command += ["--build-dir", str(self.folder), "--parameter-overrides", f"Architecture={self.architecture}"]
        _run(command)

    def _deploy(self, bucket: str, image: str) -> None:
        # What is given here takes the place of samconfig.toml's: all of it is given.
        overrides = [f"{name}={value}" for name, value in {**self.values, "ImageUri": image}.items()]
        command = [str(_SAM), "deploy", "--config-env", self.environment.name]
        command += ["--config-file", str(ROOT / "samconfig.toml")]
        command += ["--template-file", str(self.folder / "template.yaml")]
        command += ["--stack-name", self.environment.stack, "--region", str(boto3.Session().region_name)]
        command += ["--s3-bucket", bucket, "--s3-prefix", self.environment.stack, "--no-fail-on-empty-changeset"]
        if not sys.stdout.isatty():
            command.append("--no-progressbar")
        if self.dry_run:
            command += ["--no-execute-changeset"]
        if self.dry_run or self.confirmed:
            command += ["--no-confirm-changeset"]
        _run([*command, "--parameter-overrides", *overrides])

    def _say(self, step: int, what: str) -> None:
        typer.echo(f"\n{step}. {what}")


def _run(command: list[str]) -> None:
    """Run a command of a deployment, its output shown.

    Raises:
        NotDone: it failed.

    """
    typer.echo(f"  $ {shlex.join(command).replace(f'{ROOT}{os.sep}', '')}")
    sys.stdout.flush()
    # `sam build` takes the interpreter of the functions' version from the path
    path = os.pathsep.join([str(_INTERPRETER), os.environ.get("PATH", "")])
    ended = subprocess.run(command, env={**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0"}, cwd=ROOT, check=False)
    if ended.returncode:
        raise NotDone(f"{Path(command[0]).name} {command[1]} ended with {ended.returncode}.")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name.isalnum() or not equals or not value or any(each.isspace() for each in value):
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="--set")
    return name, value


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="dev, staging or prod: a section of samconfig.toml.", metavar="ENV")],
    image: Annotated[
        str | None,
        typer.Option(help="An image that is in the repository, instead of one built now.", metavar="sha256:DIGEST"),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base-image", help="The Python to build on, in place of the Dockerfile's.", metavar="IMAGE"),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--set", help="A parameter of the template, as often as needed.", metavar="NAME=VALUE"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="End at the change set, without AWS.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Execute the change set without asking.")] = False,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Run the example recording through it.")] = True,
) -> None:
    """Deploy an environment into the account and region that the AWS CLI is configured for."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    if image and not DIGEST.fullmatch(image):
        raise typer.BadParameter(f"{image!r} is not sha256: and 64 hexadecimal digits.", param_hint="--image")
    if base and not _IMAGE.fullmatch(base):
        raise typer.BadParameter(f"{base!r} is no image.", param_hint="--base-image")
    given = dict(_pair(each) for each in parameters or [])
    try:
        chosen = environment(name)
        with stand_in() if dry_run else contextlib.nullcontext():
            Deployment(chosen, image, base, given, dry_run=dry_run, confirmed=yes, tests=test).run()
    except Missing as error:
        raise typer.Exit(_told(error, MISTAKE)) from error
    except (NotDone, BotoCoreError, ClientError, OSError, subprocess.CalledProcessError) as error:
        raise typer.Exit(_told(error, FAILED)) from error


def _told(error: Exception, code: int) -> int:
    for line in str(error).splitlines():
        typer.echo(shown(line), err=True)
    return code


if __name__ == "__main__":
    app()
