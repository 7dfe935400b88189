"""The container image in the account's repository: built and pushed, or found by its digest."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from operate.environments import ROOT
from operate.errors import NotDone

CONTEXT = ROOT / "container"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}

RunCommand = Callable[[list[str]], None]


@dataclass(frozen=True)
class Builder:
    """A program that builds and pushes images: docker with buildx, or podman."""

    program: str

    def push(self, context: Path, tagged: str, platform: str, arguments: dict[str, str], run: RunCommand) -> str:
        """Build for a platform and push under a tag; returns the digest of what was pushed."""
        build = [each for name, value in arguments.items() for each in ("--build-arg", f"{name}={value}")]
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "told"
            if self.program == "docker":
                # One manifest and no index around it: what ECR scans and Fargate pulls has this digest.
                command = ["docker", "buildx", "build", "--platform", platform, "--provenance=false", *build]
                run([*command, "--tag", tagged, "--push", "--metadata-file", str(told), str(context)])
                return str(json.loads(told.read_text(encoding="utf-8"))["containerimage.digest"])
            command = [self.program, "build", "--platform", platform, "--format", "docker", *build]
            run([*command, "--tag", tagged, str(context)])
            run([self.program, "push", "--digestfile", str(told), tagged])
            return told.read_text(encoding="utf-8").strip()


def builder() -> Builder | None:
    """Return the builder of this machine: docker where its buildx answers, podman else, None without either."""
    if shutil.which("docker") and _succeeds("docker", "buildx", "version") and _succeeds("docker", "info"):
        return Builder("docker")
    return Builder("podman") if shutil.which("podman") else None


class Repository:
    """The repository of the account, that bootstrap.yaml makes."""

    def __init__(self, ecr: Any, uri: str) -> None:
        self.uri = uri
        self._ecr = ecr
        self._name = uri.partition("/")[2]

    def image(self, digest: str) -> str:
        """Return the URI of an image that is there.

        Raises:
            NotDone: it is not.

        """
        if not DIGEST.fullmatch(digest):
            raise NotDone(f"IMAGE is {digest!r}; a digest is sha256: and 64 hexadecimal digits.")
        if not self._digests(imageDigest=digest):
            raise NotDone(
                f"{self.uri} has no image {digest}. An image of another account or region is copied with its digest:\n"
                f"  docker buildx imagetools create --tag {self.uri}:NEW_TAG OTHER_REPOSITORY_URI@{digest}"
            )
        return f"{self.uri}@{digest}"

    def build_and_push(self, builder: Builder, architecture: str, run: RunCommand) -> str:
        """Build the image of container/, push it under a tag of its own, and return its URI by its digest.

        Raises:
            NotDone: the registry has another digest than the builder tells.

        """
        revision = _revision()
        tag = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{revision}"
        self._log_in(builder)
        about = {"VERSION": tag, "REVISION": revision}
        told = builder.push(CONTEXT, f"{self.uri}:{tag}", _PLATFORMS[architecture], about, run)
        there = self._digests(imageTag=tag)
        if there != [told]:
            found = ", ".join(there) or "not there"
            raise NotDone(f"{builder.program} pushed {told}, and {self.uri}:{tag} is {found}.")
        return f"{self.uri}@{told}"

    def _digests(self, **which: str) -> list[str]:
        try:
            described = self._ecr.describe_images(repositoryName=self._name, imageIds=[which])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ImageNotFoundException":
                return []
            raise
        return [str(image["imageDigest"]) for image in described["imageDetails"]]

    def _log_in(self, builder: Builder) -> None:
        (data,) = self._ecr.get_authorization_token()["authorizationData"]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        host = self.uri.partition("/")[0]
        command = [builder.program, "login", "--username", user, "--password-stdin", host]
        subprocess.run(command, input=password, text=True, check=True, stdout=subprocess.DEVNULL)


def _revision() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    described = subprocess.run(command, capture_output=True, text=True, check=False)
    return described.stdout.strip() or "unversioned"


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
