"""A built function in Lambda's own container image, by `sam local invoke`."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.invoke.build import TOOLS, machine_architecture, sam, tool_environment
from local.invoke.emulator import BuiltFunction
from local.invoke.errors import InvokeError
from local.invoke.log import Log
from local.invoke.relay import Relay, relayed

_PING = """
import docker, sys
client = docker.from_env(timeout=5)
client.ping()
try:
    client.images.get(sys.argv[1])
except docker.errors.ImageNotFound:
    print("no image")
"""
_PING_SECONDS = 20
# A container has its own.
_OF_THIS_MACHINE = frozenset({"PATH"})
_TIMED_OUT = re.compile(r"timed out after \d+ seconds")


@dataclass(frozen=True)
class ContainerEngine:
    """A Docker-compatible engine that answers. `host` as DOCKER_HOST names it; `has_image`: Lambda's is there."""

    host: str
    has_image: bool


def container_engine(environment: Mapping[str, str] = os.environ) -> ContainerEngine | None:
    """Return the engine that DOCKER_HOST names, else the first of the usual sockets' that answers; None without one."""
    for host in docker_hosts(environment):
        if found := _answering(host):
            return found
    return None


def docker_hosts(environment: Mapping[str, str]) -> list[str]:
    """Return where an engine may listen: where DOCKER_HOST says, or the sockets of Docker and podman that are there."""
    if named := environment.get("DOCKER_HOST"):
        return [named]
    home, runtime = Path(environment.get("HOME", "/")), environment.get("XDG_RUNTIME_DIR")
    sockets = [Path("/var/run/docker.sock"), home / ".docker/run/docker.sock", home / ".colima/default/docker.sock"]
    sockets += [Path(runtime) / "docker.sock", Path(runtime) / "podman/podman.sock"] if runtime else []
    sockets.append(Path("/run/podman/podman.sock"))
    return [f"unix://{each}" for each in sockets if each.is_socket()]


def image() -> str:
    """Return the name of Lambda's image for this machine."""
    return f"public.ecr.aws/lambda/python:3.13-{machine_architecture()}"


def invoke_in_container(
    function: BuiltFunction, logical_id: str, event: bytes, engine: ContainerEngine, log: Log
) -> bytes:
    """Return what a function returns, or Lambda's JSON of its error.

    Raises:
        InvokeError: sam could not start it.

    """
    with tempfile.TemporaryDirectory(prefix="sam-local-") as made, relayed(function.endpoint) as relay:
        folder = Path(made)
        (folder / "event.json").write_bytes(event)
        template = template_for(function, logical_id, relay)
        (folder / "template.json").write_text(json.dumps(template), encoding="utf-8")
        done = subprocess.run(
            command_for(logical_id, engine),
            cwd=folder,
            env=environment_for(template, logical_id, engine),
            capture_output=True,
            check=False,
        )
    log.write(done.stderr)
    return answer_of(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def command_for(logical_id: str, engine: ContainerEngine) -> list[str]:
    """Return the command that invokes a function of template.json with event.json, both in its folder."""
    command = [sam(), "local", "invoke", logical_id, "--template-file", "template.json", "--event", "event.json"]
    return [*command, "--skip-pull-image"] if engine.has_image else command


def template_for(function: BuiltFunction, logical_id: str, relay: Relay) -> dict[str, Any]:
    """Return a template of the function alone, with its variables as they are in the stack.

    sam passes a container only variables that a template declares, and a deployment's declares no endpoint.
    """
    reached = {**function.environment, "AWS_ENDPOINT_URL": relay.endpoint, **_credentials(relay)}
    own = {name: value for name, value in reached.items() if name not in _OF_THIS_MACHINE}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            logical_id: {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "CodeUri": str(function.code),
                    "Handler": function.handler,
                    "Runtime": "python3.13",
                    "Architectures": [machine_architecture()],
                    "MemorySize": function.memory,
                    "Timeout": function.timeout,
                    "Environment": {"Variables": own},
                },
            }
        },
    }


def environment_for(template: dict[str, Any], logical_id: str, engine: ContainerEngine) -> dict[str, str]:
    """Return sam's environment: of a variable that the template declares, sam prefers the value found here."""
    declared = template["Resources"][logical_id]["Properties"]["Environment"]["Variables"]
    return tool_environment(**{**declared, "DOCKER_HOST": engine.host})


def answer_of(exit_code: int, output: bytes, log: str) -> bytes:
    """Return the function's answer from what sam printed: its exit code is 0 whatever the function does.

    Raises:
        InvokeError: sam itself failed.

    """
    answer = output.strip().rpartition(b"\n")[2]
    if exit_code == 0 and answer:
        return answer
    if timed_out := _TIMED_OUT.search(log):
        return json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": f"Task {timed_out[0]}"}).encode()
    raise InvokeError(f"sam local invoke failed (exit code {exit_code}):\n{log.strip()}")


def _credentials(relay: Relay) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": relay.key, "AWS_SECRET_ACCESS_KEY": "local"}


def _answering(host: str) -> ContainerEngine | None:
    command = [str(TOOLS / "bin" / "python"), "-c", _PING, image()]
    try:
        done = subprocess.run(
            command,
            env=tool_environment(DOCKER_HOST=host),
            capture_output=True,
            text=True,
            timeout=_PING_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ContainerEngine(host, has_image="no image" not in done.stdout) if done.returncode == 0 else None
