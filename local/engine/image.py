"""What a container image would start, read from its Dockerfile.

Only the final stage's ENTRYPOINT, CMD, WORKDIR and ENV are read; nothing is built. Paths of the image
become paths of this machine: what lies under WORKDIR is the build context, what lies under /tmp is the
task's scratch folder, and any other absolute path that this machine lacks is put under a folder that stays
between runs (caches live there).
"""

import hashlib
import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local.engine.errors import TemplateError

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
_PYTHON = re.compile(r"(?:.*/)?python(?:3(?:\.\d+)?)?")
# the image's own; here the interpreter and its packages are those that run the engine
_NOT_TAKEN_OVER = {"PATH", "VIRTUAL_ENV", "PYTHONHOME", "HOME", "LD_LIBRARY_PATH"}


@dataclass(frozen=True)
class ContainerImage:
    """As the engine runs it. `context` is the Docker context, an absolute folder, `digest` the Dockerfile's."""

    context: Path
    workdir: PurePosixPath
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: dict[str, str]
    digest: str

    def arguments(self, command: list[str] | None) -> list[str]:
        """Return the process's arguments; `command` replaces CMD as a container override does."""
        arguments = [*self.entrypoint, *(self.command if command is None else command)]
        if arguments and _PYTHON.fullmatch(arguments[0]):
            arguments[0] = sys.executable
        return arguments

    def local_environment(self, *, scratch: Path, kept: Path) -> dict[str, str]:
        """Return the image's ENV with its paths as this machine has them."""
        return {
            name: self._local_paths(value, scratch=scratch, kept=kept)
            for name, value in self.environment.items()
            if name not in _NOT_TAKEN_OVER
        }

    def _local_paths(self, value: str, *, scratch: Path, kept: Path) -> str:
        parts = value.split(":")
        if not any(part.startswith("/") for part in parts) or "://" in value:
            return value
        return ":".join(str(self._local_path(part, scratch=scratch, kept=kept)) for part in parts)

    def _local_path(self, text: str, *, scratch: Path, kept: Path) -> Path | str:
        path = PurePosixPath(text)
        if not path.is_absolute():
            return text
        if path.is_relative_to(self.workdir) and self.workdir != PurePosixPath("/"):
            return self.context / path.relative_to(self.workdir)
        if path.is_relative_to("/tmp"):  # noqa: S108 - the image's /tmp, not this machine's
            return scratch / path.relative_to("/tmp")  # noqa: S108
        if Path(path).exists():
            return text
        return kept / path.relative_to("/")


def read_image(context: Path, dockerfile: str) -> ContainerImage:
    """Read the Dockerfile of a build context.

    Raises:
        TemplateError: the file is missing or its final stage starts nothing.

    """
    path = context / dockerfile
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"{path}: the Dockerfile of a task can't be read: {error.strerror}.") from error
    stage = _final_stage(text)
    if not (stage.entrypoint or stage.command):
        raise TemplateError(f"{path}: neither ENTRYPOINT nor CMD says what a task starts.")
    return ContainerImage(
        context=context.resolve(),
        workdir=stage.workdir,
        entrypoint=stage.entrypoint,
        command=stage.command,
        environment=stage.environment,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


class _Stage:
    def __init__(self) -> None:
        self.workdir = PurePosixPath("/")
        self.entrypoint: tuple[str, ...] = ()
        self.command: tuple[str, ...] = ()
        self.environment: dict[str, str] = {}

    def copy(self) -> "_Stage":
        other = _Stage()
        other.__dict__.update(self.__dict__, environment=dict(self.environment))
        return other


def _final_stage(text: str) -> _Stage:
    arguments: dict[str, str] = {}
    stages: dict[str, _Stage] = {}
    stage = _Stage()
    for word, rest in _instructions(text):
        if word == "FROM":
            base, _, name = re.sub(r"--\S+\s+", "", rest).partition(" ")
            stage = stages[base].copy() if base in stages else _Stage()
            if name.lower().startswith("as "):
                stages[name[3:].strip()] = stage
        elif word == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value.strip("\"'")
        else:
            _apply(stage, word, rest, arguments)
    return stage


def _apply(stage: _Stage, word: str, rest: str, arguments: dict[str, str]) -> None:
    if word == "ENV":
        for name, value in _assignments(rest):
            stage.environment[name] = _expand(value, {**arguments, **stage.environment})
    elif word == "WORKDIR":
        stage.workdir /= _expand(rest.strip("\"'"), {**arguments, **stage.environment})
    elif word == "ENTRYPOINT":
        stage.entrypoint, stage.command = _exec_form(rest), ()
    elif word == "CMD":
        stage.command = _exec_form(rest)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\[ \t]*\n", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), rest.strip()


def _assignments(text: str) -> list[tuple[str, str]]:
    words = shlex.split(text)
    if words and "=" not in words[0]:  # the old form: ENV name value with blanks
        name, _, value = text.partition(" ")
        return [(name, value.strip())]
    return [(name, value) for name, _, value in (word.partition("=") for word in words)]


def _expand(value: str, known: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[3], found[2] or ""), value)


def _exec_form(text: str) -> tuple[str, ...]:
    if text.startswith("["):
        return tuple(str(word) for word in json.loads(text))
    return ("/bin/sh", "-c", text)
