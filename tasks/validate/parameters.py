"""The processing parameters an upload carries in its object metadata (`x-amz-meta-*`).

S3 hands over names in lower case and values as text. A value is taken as it is meant or refused, never bent into range.
"""

import re
from collections.abc import Callable, Mapping
from email.errors import MessageError
from email.header import decode_header, make_header

from shared.errors import InvalidUpload, RefusalCode
from shared.quoting import quoted

type ParameterValue = bool | int | float | str
type Parser = Callable[[str], ParameterValue | None]

_NUMBER = re.compile(r"[+-]?[0-9]{1,6}(\.[0-9]{1,6})?")
_VERSION = re.compile(r"[A-Za-z0-9._+-]{1,32}")


class Parameter:
    """One parameter: how its text becomes a value, and its rule in words."""

    def __init__(self, parse: Parser, rule: str) -> None:
        self._parse = parse
        self._rule = rule

    def read(self, name: str, text: str) -> ParameterValue:
        """Return the typed value of `text`.

        Raises:
            InvalidUpload: INVALID_PARAMETER, the text is malformed or out of range.

        """
        value = self._parse(text)
        if value is None:
            raise InvalidUpload(
                RefusalCode.INVALID_PARAMETER, f"parameter {name} is {quoted(text)}; it must be {self._rule}"
            )
        return value


def _switch() -> Parameter:
    return Parameter({"true": True, "false": False}.get, "true or false")


def _number(lowest: float, highest: float, unit: str) -> Parameter:
    def parse(text: str) -> float | None:
        value = float(text) if _NUMBER.fullmatch(text) else None
        return value if value is not None and lowest <= value <= highest else None

    return Parameter(parse, f"a number of {unit} from {lowest:g} to {highest:g}")


def _whole_number(lowest: int, highest: int, unit: str) -> Parameter:
    def parse(text: str) -> int | None:
        value = float(text) if _NUMBER.fullmatch(text) else None
        return int(value) if value is not None and value.is_integer() and lowest <= value <= highest else None

    return Parameter(parse, f"a whole number of {unit} from {lowest} to {highest}")


def _one_of(*choices: str) -> Parameter:
    return Parameter(lambda text: text if text in choices else None, f"one of {', '.join(choices)}")


def _version() -> Parameter:
    return Parameter(
        lambda text: text if _VERSION.fullmatch(text) else None, "1 to 32 of the characters A-Z a-z 0-9 . _ + -"
    )


# The column "upload" of the table in docs/architecture.md.
PARAMETERS: Mapping[str, Parameter] = {
    "processing-enabled": _switch(),
    "silence-threshold": _number(-50, -20, "dBFS"),
    "min-silence-duration": _whole_number(500, 2000, "milliseconds"),
    "preserve-original": _switch(),
    "auto-detect-threshold": _switch(),
    "output-format": _one_of("original", "wav", "flac", "mp3", "m4a"),
    "normalize-audio": _switch(),
    "target-loudness": _number(-36, -6, "LUFS"),
    "normalize-mode": _one_of("each", "together"),
    "features": _one_of("all", "cut-only"),
    "processing-version": _version(),
    "ui-version": _version(),
}


def read_parameters(user_metadata: Mapping[str, str]) -> dict[str, ParameterValue]:
    """Return the typed parameters that the metadata sets; names that are not ours are ignored.

    Raises:
        InvalidUpload: INVALID_PARAMETER, names the parameter, its value and what is allowed.

    """
    ours = ((name.lower(), text) for name, text in user_metadata.items() if name.lower() in PARAMETERS)
    return {name: PARAMETERS[name].read(name, _decoded(text)) for name, text in ours}


def _decoded(text: str) -> str:
    """Undo RFC 2047, which S3 applies to values that are not ASCII; what is no valid encoding stays as it is."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (MessageError, LookupError, ValueError):
        # ValueError: bytes that the charset forbids, and a charset with a NUL in its name.
        return text
