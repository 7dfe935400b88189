"""What is in the image, and what is not."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench import image_sizes
from local.engine.containers import Containers
from tests.image.conftest import REVISION, SOURCE, VERSION, Report
from tests.image.podman import HARDENED, Podman

ROOT = Path(__file__).parents[2]
PROBE = Path(__file__).with_name("probe.py")
MOST_MEGABYTES = 450


def locked_packages() -> dict[str, str]:
    lock = (ROOT / "container" / "requirements.txt").read_text()
    return dict(re.findall(r"^([a-z0-9][^ ;\\=]+)==([^ ;\\]+)", lock, re.MULTILINE))


def probed(podman: Podman, image: str, *options: str) -> dict[str, Any]:
    done = subprocess.run(
        ["podman", "run", *options, "--interactive", "--network", "none", "--entrypoint", "python", image, "-"],
        input=PROBE.read_text(), env=podman.environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def contents(podman: Podman, image: str) -> dict[str, Any]:
    return probed(podman, image, "--rm", "--user", "0")


@pytest.fixture(scope="module")
def inspected(podman: Podman, image: str) -> dict[str, Any]:
    (found,) = json.loads(podman("image", "inspect", image))
    return found


def test_given_the_image_then_there_is_no_tool_test_cache_or_way_to_another_user_in_it(
    contents: dict[str, Any],
) -> None:
    assert contents["found"] == {
        "setuid": [],
        "writable by all": ["/tmp"],
        "not root's": [],
        "tools": [],
        "tests": [],
        "uncompiled": [],
        "caches": [],
    }
    assert contents["modules"] == []


def test_given_the_image_then_its_packages_are_the_locked_ones_without_pip(contents: dict[str, Any]) -> None:
    assert contents["distributions"] == locked_packages()


def test_given_the_image_then_nothing_is_missing_but_what_is_left_out_on_purpose(contents: dict[str, Any]) -> None:
    assert contents["unmet"] == ["numba", "scikit-learn"]


def test_given_the_image_when_hardened_then_nothing_but_its_volume_is_writable(podman: Podman, image: str) -> None:
    seen = probed(podman, image, *HARDENED)

    assert (seen["user"], seen["writable here"]) == (10001, ["/tmp"])


def test_given_the_image_then_its_user_start_and_labels_are_set_and_it_has_one_layer(
    inspected: dict[str, Any], python_image: str
) -> None:
    configuration = inspected["Config"]

    assert configuration["User"] == "10001:10001"
    assert configuration["Entrypoint"] == ["python", "-m", "oneshots"]
    assert "Healthcheck" not in inspected
    assert "Healthcheck" not in configuration
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in inspected["Labels"].items()}
    assert (
        labels.items()
        >= {
            "title": "oneshots",
            "licenses": "MIT",
            "version": VERSION,
            "revision": REVISION,
            "source": SOURCE,
            "base.name": python_image,
        }.items()
    )
    # What is not in it is not underneath either.
    assert len(inspected["RootFS"]["Layers"]) <= 2


def test_given_the_image_then_it_is_no_larger_than_is_meant(
    inspected: dict[str, Any], podman: Podman, image: str, report: Report
) -> None:
    megabytes = inspected["Size"] / 1e6

    report(f"size on disk: {megabytes:.0f} MB (goal: {MOST_MEGABYTES})")
    for line in image_sizes.table(image_sizes.weights(Containers("podman", image))):
        report(line)
    assert megabytes <= MOST_MEGABYTES
