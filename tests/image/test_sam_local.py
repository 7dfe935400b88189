"""`make invoke` through podman: each built function, by `sam local invoke` in a stand-in for Lambda's own image.

The stand-in is Debian with Lambda's runtime client, not Amazon Linux.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.engine import Engine
from local.invoke.container import image as lambda_image
from tests.image.conftest import Report
from tests.image.podman import Podman

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lambda_runtime(podman: Podman, python_image: str) -> str:
    """Return the stand-in, under the name of Lambda's image."""
    arguments = [
        "--build-arg",
        f"PYTHON_IMAGE={python_image}",
        "--file",
        str(ROOT / "tests/image/lambda_runtime/Dockerfile"),
    ]
    podman("build", "--quiet", "--tag", lambda_image(), *arguments, str(ROOT / "requirements"))
    return lambda_image()


@pytest.fixture(scope="module")
def docker_host(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of podman's Docker-compatible service."""
    socket = tmp_path_factory.mktemp("podman") / "podman.sock"
    with subprocess.Popen(
        ["podman", "system", "service", "--time", "0", f"unix://{socket}"],
        env=podman.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as service:  # fmt: skip
        deadline = time.monotonic() + 30
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield f"unix://{socket}"
        service.terminate()


@pytest.mark.parametrize("task", ["validate", "metadata", "persist"])
def test_given_a_built_function_when_invoked_by_sam_through_podman_then_it_answers(
    engine: Engine, podman: Podman, lambda_runtime: str, docker_host: str, report: Report, task: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.invoke", task, "--by", "container", "--port", str(engine.port)],
        cwd=ROOT, env=podman.environment | {"DOCKER_HOST": docker_host}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip

    report(f"sam local invoke through podman, {task}: exit code {done.returncode}")
    for line in [*done.stderr.splitlines()[-4:], *done.stdout.splitlines()]:
        report(f"    {line}")
    assert done.returncode == 0, done.stderr
    assert "by sam local invoke in Lambda's image" in done.stderr
    assert "errorType" not in json.loads(done.stdout)
