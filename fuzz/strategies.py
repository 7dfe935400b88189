"""hypothesis' side of the fuzzing: inputs shaped like the real ones, so that they come past the first check."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st

from fuzz import properties
from fuzz.corpus import mutated
from fuzz.healthy import FORMATS, extension, recording
from fuzz.mutations import MUTATIONS
from fuzz.specials import HOSTILE_TEXT
from validate.object_key import SUPPORTED_EXTENSIONS
from validate.parameters import PARAMETERS

_PIECES = st.sampled_from(
    [
        *("..", ".", "/", "\\", "\x00", "\r\n", "\x1b[2J", "\u202e", "\u200d", "\u2028", "\ud800", "\uff0f", "\u2024"),
        *("%2e", "%2f", "%252e", "%5c", "%00", "%u002e", "%uD800", "%c0%af", "%e0%80%ae"),
        *("a", "é", "日", "🥁", " ", "public", "unprocessed", "user-1"),
    ]
)
_TEXTS = st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=12).map("".join))
_NAMES = st.tuples(_TEXTS, st.sampled_from([*SUPPORTED_EXTENSIONS, "WAV", "exe", ""])).map(".".join)

KEYS = st.one_of(
    _TEXTS,
    _NAMES.map("public/unprocessed/user-1/{}".format),
    st.tuples(_TEXTS, _NAMES).map(lambda pair: f"unprocessed/{pair[0]}/{pair[1]}"),
    st.text(min_size=900, max_size=1024).map("public/unprocessed/u/{}.wav".format),
)

_VALUES = st.one_of(
    _TEXTS,
    st.sampled_from(
        ["true", "false", "-30", "1e3", "nan", "inf", "٣", "-30.0000001", "0" * 500, "original", HOSTILE_TEXT]
    ),
    st.floats().map(str),
    # RFC 2047, which S3 makes of what is not ASCII
    st.tuples(st.text(max_size=12), st.sampled_from("qQbBx"), st.text(max_size=30)).map(
        lambda parts: f"=?{parts[0]}?{parts[1]}?{parts[2]}?="
    ),
    st.tuples(
        st.sampled_from(["utf-8", "utf-16", "utf-7", "idna", "punycode", "hex", "unicode_escape", "undefined", "a\0b"]),
        st.sampled_from("qb"),
        st.text("abcXYZ019=+/_-", max_size=30),
    ).map(lambda parts: f"=?{parts[0]}?{parts[1]}?{parts[2]}?="),
)
METADATA = st.dictionaries(st.one_of(st.sampled_from([*PARAMETERS, "Output-Format"]), _TEXTS), _VALUES, max_size=8)


@st.composite
def audio(draw: st.DrawFn) -> tuple[bytes, str]:
    """Draw a mutated recording, and the format it was."""
    audio_format = draw(st.sampled_from(FORMATS))
    kind = draw(st.sampled_from(sorted(MUTATIONS)))
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - to be made again, no secret
    return MUTATIONS[kind](recording(audio_format), audio_format, random), audio_format


FILES = st.one_of(audio().map(lambda drawn: drawn[0]), st.binary(max_size=200))
NAMED_FILES = st.tuples(FILES, st.sampled_from(SUPPORTED_EXTENSIONS))
SNIFFED_FILES = st.one_of(
    audio().map(lambda drawn: (drawn[0], _sniffed(drawn[1]))), st.tuples(FILES, st.sampled_from(properties.SNIFFED))
)


def _sniffed(audio_format: str) -> str:
    return extension(audio_format) if audio_format != "caf" else "aiff"


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20), st.just("\ud800"),
    st.just(10**40), st.just(1e-300), st.just(-0.0), st.just(HOSTILE_TEXT),
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=12,
)
_NESTED = st.integers(1, 3000).map(lambda depth: json.loads("[" * min(depth, 900) + "]" * min(depth, 900)))
_MISPLACED = st.one_of(_JSON, _NESTED, st.one_of(_NESTED, _SCALARS).map(lambda value: {"measured": value}))


def _one_shot(index: int) -> dict[str, Any]:
    return {
        "index": index, "startSeconds": 0.1, "endSeconds": 0.2, "durationSeconds": 0.1,
        "key": f"{properties.PREFIX}take-{index:03d}.wav", "format": "wav", "confidence": 0.5,
        "loudness": {"lufs": -18.0}, "descriptors": {"pitchHz": 440.0},
    }  # fmt: skip


def _manifest() -> dict[str, Any]:
    return {
        "manifestVersion": 1, "recordingId": properties.RECORDING_ID, "outcome": "completed", "reason": None,
        "durationSeconds": 1.5, "sampleRate": 44_100, "channels": 1, "loudness": {}, "descriptors": {},
        "warnings": [{"code": "DAMAGED", "message": "x"}], "oneShots": [_one_shot(1), _one_shot(2)],
    }  # fmt: skip


@st.composite
def _changed_manifests(draw: st.DrawFn) -> bytes:
    """Draw a manifest with up to three of its values, at any depth, put out of place."""
    manifest = _manifest()
    for _ in range(draw(st.integers(0, 3))):
        part: Any = draw(st.sampled_from([manifest, *manifest["oneShots"], manifest["warnings"][0]]))
        part[draw(st.sampled_from([*part, "extra"]))] = draw(_MISPLACED)
        if not isinstance(manifest["oneShots"], list) or not isinstance(manifest["warnings"], list):
            break
        if not all(isinstance(each, dict) for each in (*manifest["oneShots"], *manifest["warnings"])):
            break
        if not (manifest["oneShots"] and manifest["warnings"]):
            break
    text = json.dumps(manifest)
    return draw(st.sampled_from([text, text.replace("440.0", "1e999"), text.replace("440.0", "NaN")])).encode()


MANIFESTS = st.one_of(
    _changed_manifests(),
    _JSON.map(json.dumps).map(str.encode),
    st.binary(max_size=100),
    st.integers(1, 200_000).map(lambda depth: b"[" * depth),
)

PROPERTIES: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {
    "keys": (KEYS, properties.check_key),
    "parameters": (METADATA, properties.check_parameters),
    "magic bytes": (NAMED_FILES, lambda drawn: properties.check_magic_bytes(*drawn)),
    "metadata": (SNIFFED_FILES, lambda drawn: properties.check_metadata(*drawn)),
    "decode": (FILES, properties.check_decode),
    "manifest": (MANIFESTS, properties.check_manifest),
}


def seeds(count: int, seed: int) -> list[bytes]:
    """Return files for a coverage-guided fuzzer to start from: healthy ones and a few that are not."""
    return [recording(audio_format) for audio_format in FORMATS] + [case.make() for case in mutated(count, seed)]
