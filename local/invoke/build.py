"""The functions' folders, made by `sam build` as for a deployment."""

import os
import platform
import subprocess
import sys
from pathlib import Path

from local.invoke.errors import InvokeError

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = PROJECT / ".venv-tools"
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def machine_architecture() -> str:
    """Return this machine's architecture as Lambda names it.

    Raises:
        InvokeError: Lambda has none like it.

    """
    try:
        return _ARCHITECTURES[platform.machine().lower()]
    except KeyError:
        raise InvokeError(f"Lambda has no processors like this machine's ({platform.machine()}).") from None


def sam() -> str:
    """Return the path of the SAM CLI.

    Raises:
        InvokeError: it isn't installed.

    """
    path = TOOLS / "bin" / "sam"
    if not path.exists():
        raise InvokeError(f"The SAM CLI is not in {TOOLS.name}: `make invoke` installs it.")
    return str(path)


def tool_environment(**more: str) -> dict[str, str]:
    """Return the environment for the SAM CLI: this one, this interpreter as python3.13, no telemetry."""
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join([own, os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0", **more}


def build(folder: Path, architecture: str, *, function: str | None = None) -> Path:
    """Build the functions for an architecture; what did not change is taken from the last time.

    Args:
        folder: where the build and its cache go.
        architecture: x86_64 or arm64.
        function: the logical id of the only one to build.

    Returns:
        The folder with a folder for each function, by logical id, and template.yaml.

    Raises:
        InvokeError: `sam build` fails; the text is what it said.

    """
    made = folder / "build"
    command = [sam(), "build", *([function] if function else []), "--cached", "--parallel"]
    command += ["--build-dir", str(made), "--cache-dir", str(folder / "cache")]
    command += ["--parameter-overrides", f"Architecture={architecture}"]
    done = subprocess.run(command, cwd=PROJECT, env=tool_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise InvokeError(f"sam build failed:\n{done.stdout}{done.stderr}".rstrip())
    return made
