"""The environments that samconfig.toml names."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operate.errors import Missing

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "template.yaml"
_CONFIGURATION = ROOT / "samconfig.toml"


@dataclass(frozen=True)
class Environment:
    """An environment: its name, its stack's, and the template's parameters that it sets."""

    name: str
    stack: str
    parameters: Mapping[str, str]

    @property
    def guards_its_stack(self) -> bool:
        """Whether its stack is protected from being deleted."""
        return self.name == "prod"


def environments() -> dict[str, Environment]:
    """Return the environments by name."""
    configuration = tomllib.loads(_CONFIGURATION.read_text(encoding="utf-8"))
    deployed = {name: section["deploy"]["parameters"] for name, section in configuration.items() if _deploys(section)}
    return {
        name: Environment(name, each["stack_name"], _pairs(each["parameter_overrides"]))
        for name, each in deployed.items()
    }


def environment(name: str) -> Environment:
    """Return an environment.

    Raises:
        Missing: there is none of this name.

    """
    known = environments()
    if name not in known:
        raise Missing(f"ENV is {name!r}; samconfig.toml has {', '.join(known)}.")
    return known[name]


def _deploys(section: object) -> bool:
    return isinstance(section, dict) and "parameter_overrides" in section.get("deploy", {}).get("parameters", {})


def _pairs(text: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in text.split())
    return {name: value for name, _, value in pairs}
