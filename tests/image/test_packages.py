"""What the lock file says, compared with what registries have and with the bill of materials."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.conftest import Report
from tests.image.test_contents import locked_packages

ROOT = Path(__file__).parents[2]
# Debian 12 has glibc 2.36: a wheel for any older one will do.
PLATFORMS = [*(f"manylinux_2_{minor}" for minor in range(36, 16, -1)), "manylinux2014"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_given_the_lock_file_then_every_pin_has_a_wheel_for_both_architectures(machine: str, tmp_path: Path) -> None:
    found = tmp_path / "report.json"
    platforms = [f"--platform={platform}_{machine}" for platform in PLATFORMS]

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--no-deps"),
            *("--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "--python-version", "3.13"),
            *("--implementation", "cp", *platforms, "--target", tmp_path / "target", "--report", found),
            *("-r", ROOT / "container" / "requirements.txt"),
        ],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    packages = [item["metadata"] for item in json.loads(found.read_text())["install"]]
    assert {package["name"].lower().replace("_", "-") for package in packages} == set(locked_packages())


def test_given_the_bill_of_materials_then_it_lists_just_what_is_locked_each_with_a_licence(
    tmp_path: Path, report: Report
) -> None:
    made = tmp_path / "sbom.json"

    subprocess.run([ROOT / "scripts" / "sbom", ROOT / ".venv-image/bin/cyclonedx-py", made], check=True, timeout=300)

    bill = json.loads(made.read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {part["name"].lower().replace("_", "-"): part["version"] for part in bill["components"]}
    assert listed == locked_packages()
    assert [part["name"] for part in bill["components"] if not part.get("licenses")] == []
    assert str(ROOT) not in made.read_text()
    report(f"bill of materials: {len(listed)} packages, CycloneDX 1.6")
