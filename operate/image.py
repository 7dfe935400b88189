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
from urllib.parse import urlsplit, urlunsplit

from botocore.exceptions import ClientError

from operate.environments import ROOT
from operate.errors import NotDone

CONTEXT = ROOT / "container"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_UNVERSIONED, _DIRTY = "unversioned", "-dirty"
PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}

_BASE = re.compile(r"^ARG PYTHON_IMAGE=(\S+)$", re.MULTILINE)
_PINNED = re.compile(r"\S+@(sha256:[0-9a-f]{64})")

RunCommand = Callable[[list[str]], None]
ReadCommand = Callable[[list[str]], str]


def _read(command: list[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


@dataclass(frozen=True)
class Builder:
    """A program that builds and pushes images: docker with buildx, or podman."""

    program: str
    read: ReadCommand = _read

    def pinned(self, image: str, platform: str, run: RunCommand) -> str:
        """Return an image of a public registry with the digest that its tag has now.

        Raises:
            NotDone: the registry tells none.

        """
        if _PINNED.fullmatch(image):
            return image
        if self.program == "docker":
            inspect = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest.Digest}}"]
        else:
            run([self.program, "pull", "--platform", platform, image])
            inspect = [self.program, "image", "inspect", "--format", "{{.Digest}}", image]
        digest = self.read(inspect).strip('"')
        if not DIGEST.fullmatch(digest):
            raise NotDone(f"{self.program} tells no digest of {image}: {digest!r}.")
        return f"{image}@{digest}"

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


@dataclass(frozen=True)
class Source:
    """What an image is built from.

    Attributes:
        revision: the commit, `-dirty` if container/ differs from it; `unversioned` outside of git.
        origin: the address of the repository, without credentials.

    """

    revision: str
    origin: str

    @property
    def clean(self) -> bool:
        """Whether the revision alone tells what is in container/."""
        return self.revision != _UNVERSIONED and not self.revision.endswith(_DIRTY)

    @classmethod
    def here(cls) -> "Source":
        """Return what container/ is now. Files that git does not know go into an image too: they count."""
        revision = _git("rev-parse", "--short=12", "HEAD") or _UNVERSIONED
        dirty = _DIRTY if _git("status", "--porcelain", "--", str(CONTEXT)) else ""
        return cls(revision + dirty, _without_credentials(_git("remote", "get-url", "origin")) or "unknown")


def base_image() -> str:
    """Return the base that the Dockerfile names: its tag, without a digest."""
    (named,) = _BASE.findall((CONTEXT / "Dockerfile").read_text(encoding="utf-8"))
    return str(named)


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
            copy = f"docker buildx imagetools create --prefer-index=false --tag {self.uri}:NEW_TAG"
            raise NotDone(
                f"{self.uri} has no image {digest}. An image of another account or region is copied with its digest:\n"
                f"  {copy} OTHER_REPOSITORY_URI@{digest}"
            )
        return f"{self.uri}@{digest}"

    def build_and_push(self, builder: Builder, source: Source, architecture: str, base: str, run: RunCommand) -> str:
        """Return the URI by its digest of the image of container/: the one that is there of this commit, or a new one.

        Args:
            builder: builds, if there is none.
            source: what is built.
            architecture: of the processors; a key of the template's parameter.
            base: the image that it is built on, with its digest.
            run: runs a command and shows its output.

        Raises:
            NotDone: the registry has another digest than the builder tells.

        """
        tag = _tag(source, architecture, base)
        if there := self._digests(imageTag=tag):
            return f"{self.uri}@{there[0]}"
        self._log_in(builder)
        about = {"VERSION": source.revision, "REVISION": source.revision, "SOURCE": source.origin, "PYTHON_IMAGE": base}
        told = builder.push(CONTEXT, f"{self.uri}:{tag}", PLATFORMS[architecture], about, run)
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


def _tag(source: Source, architecture: str, base: str) -> str:
    """Return what tells an image from every other: what it is of, or the time, where that may be anything."""
    if source.clean and (pinned := _PINNED.fullmatch(base)):
        digest = pinned[1].removeprefix("sha256:")
        return f"{source.revision}-{architecture}-{digest[:12]}"
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{source.revision}"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
