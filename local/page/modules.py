"""The page's modules by the names that they import one another by, the styles beside them, and its libraries."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
_OWN = re.compile(r"page/([a-z0-9-]+)\.js")
_IMPORTED = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\n]+)["']""")


class UnknownModule(Exception):  # noqa: N818 - it says what the module is
    """A module imports a name that is neither one of the page's modules nor one of its libraries."""


@dataclass(frozen=True)
class Licence:
    """Under what a package of `vendor/` is used. `text` is the notice that must go with it."""

    package: str
    version: str
    name: str
    text: str


def addresses(base: str) -> dict[str, str]:
    """Return where each module is found below an address, by the name that it is imported by."""
    names = sorted(path.name for path in STATIC.glob("*.js"))
    return {each["name"]: f"{base}vendor/{each['file']}" for each in _libraries()} | {
        f"page/{name}": f"{base}{name}" for name in names
    }


def modules_of(entry: str) -> dict[str, str]:
    """Return the texts of a module and of all that it imports, by name, in the order in which they are met.

    Raises:
        UnknownModule: one imports what is not there.

    """
    texts: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop(0)
        if name not in texts:
            texts[name] = _path_of(name).read_text("utf-8")
            waiting += _IMPORTED.findall(texts[name])
    return texts


def styles_of(names: Iterable[str]) -> str:
    """Return the base style and those that lie beside the page's own modules of these names."""
    beside = (STATIC / f"{found[1]}.css" for name in names if (found := _OWN.fullmatch(name)))
    return "\n".join(path.read_text("utf-8") for path in (STATIC / "base.css", *beside) if path.is_file())


def licences_of(names: Iterable[str]) -> list[Licence]:
    """Return the licences of the libraries among these names, one for each package."""
    wanted = set(names)
    licences = {
        each["package"]: Licence(
            each["package"], each["version"], each["license"], (VENDOR / each["licenseFile"]).read_text("utf-8").strip()
        )
        for each in _libraries()
        if each["name"] in wanted
    }
    return list(licences.values())


def _path_of(name: str) -> Path:
    own = _OWN.fullmatch(name)
    libraries = {each["name"]: VENDOR / each["file"] for each in _libraries()}
    path = STATIC / f"{own[1]}.js" if own else libraries.get(name)
    if path is None or not path.is_file():
        raise UnknownModule(f"There is no module {name!r}: it is page/NAME.js or one of {', '.join(libraries)}.")
    return path


def _libraries() -> list[dict[str, str]]:
    return json.loads((VENDOR / "vendor.json").read_text("utf-8"))
