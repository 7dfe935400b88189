"""atheris' side of the fuzzing: `python -m fuzz.coverage TARGET [libFuzzer's options] [FOLDER]`, one target a process.

Inputs are bytes; what they stand for is read off their start. The Python code under test is instrumented, FFmpeg is
not: for it the seeds and libFuzzer's mutations must do.
"""

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(
    include=["validate", "metadata", "persist", "shared", "oneshots.decode", "oneshots.file_promises"]
):
    from fuzz import properties
from validate.object_key import SUPPORTED_EXTENSIONS
from validate.parameters import PARAMETERS


def _key(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    properties.check_key(text)
    properties.check_key(f"public/unprocessed/u/{text}.wav")


def _parameters(data: bytes) -> None:
    pairs = [pair.partition("=") for pair in data.decode("utf-8", "surrogateescape").split("\n")]
    properties.check_parameters({name: value for name, _, value in pairs})
    names = list(PARAMETERS)
    properties.check_parameters({names[data[0] % len(names)]: pairs[0][2]} if data else {})


def _magic_bytes(data: bytes) -> None:
    properties.check_magic_bytes(data[1:], SUPPORTED_EXTENSIONS[(data[0] if data else 0) % len(SUPPORTED_EXTENSIONS)])


def _metadata(data: bytes) -> None:
    if len(data) > 1:
        properties.check_metadata(data[1:], properties.SNIFFED[data[0] % len(properties.SNIFFED)])


TARGETS: dict[str, Callable[[bytes], None]] = {
    "keys": _key,
    "parameters": _parameters,
    "magic-bytes": _magic_bytes,
    "metadata": _metadata,
    "decode": properties.check_decode,
    "manifest": properties.check_manifest,
}


def main() -> None:
    """Fuzz one target; libFuzzer ends the process."""
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
