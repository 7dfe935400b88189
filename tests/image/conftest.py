"""The image, built by podman from container/Dockerfile, and the embedded engine with the real template.

`make image-test` runs these tests; `make test` does not. They need podman, and root for the stand-in base image.
PYTHON_IMAGE names a real base instead of the stand-in; IMAGE_STORAGE a folder for podman's storage that is kept.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.engine import Engine
from tests.image.podman import Podman

ROOT = Path(__file__).parents[2]
STAND_IN = "localhost/stand-in/python:3.13-slim-bookworm"
IMAGE = "localhost/oneshots:test"
VERSION, REVISION, SOURCE = "0.1.0-test", "0123456789abcdef", "https://git.example.com/little-bit-audio"

Report = Callable[[str], None]
_report: list[str] = []


@pytest.fixture(scope="session")
def report() -> Report:
    """Have a line printed at the end, whatever is captured."""
    return _report.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _report:
        terminalreporter.section("the image")
    for line in _report:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    podman = Podman(os.environ.get("IMAGE_STORAGE"))
    with pytest.MonkeyPatch.context() as environment:
        for name, value in podman.configuration.items():
            environment.setenv(name, value)
        yield podman
    podman.close()


@pytest.fixture(scope="session")
def python_image(podman: Podman, report: Report) -> str:
    """Return the base: what PYTHON_IMAGE names, or the stand-in, made here."""
    if named := os.environ.get("PYTHON_IMAGE"):
        podman("pull", named)
        return named
    if podman.attempt("image", "exists", STAND_IN).returncode == 0:
        return STAND_IN
    began = time.monotonic()
    made = subprocess.run(
        [ROOT / "scripts" / "stand-in-python-image", STAND_IN],
        env=podman.environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    megabytes = int(podman("image", "inspect", "--format", "{{.Size}}", STAND_IN)) / 1e6
    report(
        f"base: {STAND_IN}, {megabytes:.0f} MB, made in {time.monotonic() - began:.0f} s. "
        "A STAND-IN: Debian's packages and this machine's Python, not the official image."
    )
    return STAND_IN


@pytest.fixture(scope="session")
def image(podman: Podman, python_image: str, report: Report) -> str:
    """Return the image, built from the real Dockerfile."""
    began = time.monotonic()
    told = {"PYTHON_IMAGE": python_image, "VERSION": VERSION, "REVISION": REVISION, "SOURCE": SOURCE}
    arguments = [word for name, value in told.items() for word in ("--build-arg", f"{name}={value}")]
    podman("build", "--quiet", "--tag", IMAGE, *arguments, str(ROOT / "container"), timeout=600)
    report(f"container/Dockerfile built in {time.monotonic() - began:.0f} s")
    return IMAGE


@pytest.fixture(scope="session")
def engine(podman: Podman, image: str) -> Iterator[Engine]:
    """Return the embedded engine, whose tasks are containers of the image."""
    with Engine.deploy(ROOT / "template.yaml", time_scale=0.05, containers=f"podman:{image}") as engine:
        yield engine
