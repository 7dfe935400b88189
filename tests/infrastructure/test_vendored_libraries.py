"""The page's libraries are the packages' own files, in the versions that package.json pins, with their licences."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.page.modules import VENDOR

ROOT = Path(__file__).parents[2]
NODE = ROOT / "requirements" / "node"
LIBRARIES: list[dict[str, Any]] = json.loads((VENDOR / "vendor.json").read_text())


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["file"])
def test_given_a_library_when_it_is_held_to_its_package_then_it_is_the_same(library: dict[str, Any]) -> None:
    package = NODE / "node_modules" / library["package"]
    described = json.loads((package / "package.json").read_text())

    assert (VENDOR / library["file"]).read_bytes() == (package / library["path"]).read_bytes()
    assert (library["version"], library["license"]) == (described["version"], described["license"])
    assert (VENDOR / library["licenseFile"]).read_bytes() == (package / "LICENSE").read_bytes()


def test_given_the_pinned_packages_when_the_libraries_are_held_to_them_then_the_versions_are_those() -> None:
    pinned = json.loads((NODE / "package.json").read_text())["devDependencies"]

    assert {each["package"]: each["version"] for each in LIBRARIES} == {
        each["package"]: pinned[each["package"]] for each in LIBRARIES
    }


def test_given_the_folder_when_it_is_looked_into_then_nothing_lies_there_that_is_not_named() -> None:
    named = {each[what] for each in LIBRARIES for what in ("file", "licenseFile")} | {"vendor.json"}

    assert {path.name for path in VENDOR.iterdir()} == named
