"""Real containers: what a container engine runs in the place of a task's process.

The container is confined as its definition says: user, read-only root, volumes, memory. It shares the network of this
machine, where the engine's endpoint is. Volumes are the container engine's own, made from the image's folder as on
ECS. Needs Linux.
"""

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.engine.errors import EngineError

_ENGINES = ("podman", "docker")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")
# what the container engine's own command needs to find itself and its storage
_OF_THE_ENGINE = ("PATH", "HOME", "XDG_RUNTIME_DIR", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "DOCKER_HOST")
# the image's own: its command must be found as there, and write where it may
_OF_THE_IMAGE = {"PATH", "HOME", "TMPDIR"}
_REMOVAL_SECONDS = 60
_POLL_SECONDS = 0.05
_STARTED = {b"running", b"exited", b"stopped"}


@dataclass(frozen=True)
class Containers:
    """A container engine's command and the image that tasks run."""

    program: str
    image: str

    @classmethod
    def parse(cls, text: str) -> "Containers":
        """Read `podman:IMAGE` or `docker:IMAGE`.

        Raises:
            EngineError: it is neither.

        """
        program, _, image = text.partition(":")
        if program not in _ENGINES or not _IMAGE.fullmatch(image):
            raise EngineError(f"{text!r} is not podman:IMAGE or docker:IMAGE.")
        return cls(program, image)

    def arguments(
        self,
        name: str,
        definition: Mapping[str, Any],
        *,
        command: Sequence[str] | None,
        memory: int | None,
        variables: Mapping[str, str],
    ) -> list[str]:
        """Return what starts a container; the values of its variables are taken from the process's environment.

        Args:
            name: the container's name, by which it is removed.
            definition: the container definition, as DescribeTaskDefinition has it.
            command: what replaces the image's command, if anything.
            memory: the task's limit in MiB, None for none.
            variables: the container's environment.

        """
        return [
            *(self.program, "run", "--name", name, "--pull", "never", "--network", "host"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *_confinement(self.program, definition),
            *(("--memory", f"{memory}m") if memory else ()),
            *(argument for variable in variables if variable not in _OF_THE_IMAGE for argument in ("--env", variable)),
            *_start(self.image, definition.get("entryPoint", []), command or ()),
        ]

    @staticmethod
    def environment(variables: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the process that starts a container with these variables."""
        own = {name: os.environ[name] for name in _OF_THE_ENGINE if name in os.environ}
        return {name: value for name, value in variables.items() if name not in _OF_THE_IMAGE} | own

    def wait_until_started(self, name: str, starter: "subprocess.Popen[bytes]") -> None:
        """Wait until a container runs or its starter has ended: who kills one earlier leaves a container behind."""
        while starter.poll() is None:
            state = self._call("inspect", "--type", "container", "--format", "{{.State.Status}}", name)
            if state.stdout.strip() in _STARTED:
                return
            time.sleep(_POLL_SECONDS)

    def remove(self, name: str) -> bool:
        """Remove a container, killing it if it runs; says whether it had run out of memory."""
        inspected = self._call("inspect", "--type", "container", "--format", "{{.State.OOMKilled}}", name)
        self._call("rm", "--force", "--volumes", name)
        return inspected.stdout.strip() == b"true"

    def _call(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [self.program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_REMOVAL_SECONDS,
            check=False,
        )


def _start(image: str, entrypoint: Sequence[str], command: Sequence[str]) -> list[str]:
    if not entrypoint:
        return [image, *command]
    return ["--entrypoint", entrypoint[0], image, *entrypoint[1:], *command]


def _confinement(program: str, definition: Mapping[str, Any]) -> list[str]:
    arguments = []
    if user := definition.get("user"):
        arguments += ["--user", str(user)]
    if definition.get("readonlyRootFilesystem"):
        # podman would put writable folders over /run, /tmp and /var/tmp
        arguments += ["--read-only", *(["--read-only-tmpfs=false"] if program == "podman" else [])]
    if definition.get("linuxParameters", {}).get("initProcessEnabled"):
        arguments.append("--init")
    for mount in definition.get("mountPoints", []):
        read_only = ",readonly" if mount.get("readOnly") else ""
        arguments += ["--mount", f"type=volume,destination={mount['containerPath']}{read_only}"]
    return arguments
