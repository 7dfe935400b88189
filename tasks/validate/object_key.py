"""The grammar of upload keys: `(public/)?unprocessed/{userId}/{filename}`.

EventBridge hands keys over verbatim, so `%`, `+` and spaces mean themselves and nothing here decodes a key for use.
Decoding happens only to look for a path that hides behind an encoding: someone downstream might decode once too often.
"""

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from shared.errors import InvalidUpload, RefusalCode
from shared.quoting import quoted

SUPPORTED_EXTENSIONS = (
    "m4a", "mp4", "mov", "3gp", "wav", "mp3", "aac", "flac", "ogg", "oga", "opus", "webm", "aiff", "aif", "aifc",
)  # fmt: skip
MAX_NAME_BYTES = 255

_GRAMMAR = "a key is unprocessed/{userId}/{filename}, with or without public/ before it"
_USER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

# Fraction slash, division slash, big solidus, full-width solidus.
_SLASH_LOOKALIKES = frozenset("\u2044\u2215\u29f8\uff0f")
# Set minus, reverse solidus operator, big reverse solidus, small and full-width reverse solidus.
_BACKSLASH_LOOKALIKES = frozenset("\u2216\u29f5\u29f9\ufe68\uff3c")
# One and two dot leader, small and full-width full stop. The ellipsis is left out: keyboards type it.
_DOT_LOOKALIKES = frozenset("\u2024\u2025\ufe52\uff0e")
_SEPARATORS = frozenset("/\\")
_LOOKALIKES = _SLASH_LOOKALIKES | _BACKSLASH_LOOKALIKES | _DOT_LOOKALIKES

# Joiners hold emoji and the letters of several scripts together; between or beside ASCII they only hide.
_JOINERS = frozenset("\u200c\u200d")
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# A name is decoded until it stops changing; whatever still changes after this many rounds is no one's file name.
_MAX_DECODING_ROUNDS = 8
_UTF16_ESCAPE = re.compile(r"%u([0-9a-f]{4})", re.IGNORECASE)
_UNDECODABLE = re.compile("[\udc80-\udcff]")
# UTF-8 forbids longer forms than needed; lenient decoders read C0 AE as a full stop and C0 AF as a slash.
_OVERLONG_UTF8 = re.compile(
    rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}", re.DOTALL
)


class UploadKey(NamedTuple):
    """The parts of a key. `name` is verbatim, `basename` the same without extension, `extension` in lower case."""

    user_id: str
    name: str
    basename: str
    extension: str


def parse_upload_key(key: str) -> UploadKey:
    """Take an upload's key apart.

    Raises:
        InvalidUpload: INVALID_KEY, INVALID_USER or UNSUPPORTED_EXTENSION.

    """
    user_id, name = _split(key)
    if not _USER_ID.fullmatch(user_id):
        raise InvalidUpload(
            RefusalCode.INVALID_USER,
            f"user id {quoted(user_id)} of key {quoted(key)} is not 1 to 64 of the characters A-Z a-z 0-9 _ -",
        )
    _check_name(name)
    basename, extension = _split_extension(name)
    return UploadKey(user_id=user_id, name=name, basename=basename, extension=extension)


def _split(key: str) -> tuple[str, str]:
    segments = key.split("/")
    if any(_is_relative(segment) for segment in segments):
        raise _invalid_key("key", key, "has a segment that climbs out of its folder")
    match segments:
        case ["public", "unprocessed", user_id, name] | ["unprocessed", user_id, name]:
            return user_id, name
    raise _invalid_key("key", key, f"has the wrong shape; {_GRAMMAR}")


def _is_relative(segment: str) -> bool:
    return any(form.strip() in {".", ".."} for form in _decoded_forms(segment)[0])


def _check_name(name: str) -> None:
    size = len(name.encode("utf-8", errors="surrogatepass"))
    if not 1 <= size <= MAX_NAME_BYTES:
        raise _invalid_key("file name", name, f"has {size} bytes; a name has 1 to {MAX_NAME_BYTES} bytes of UTF-8")
    if name.endswith((" ", ".")):
        raise _invalid_key("file name", name, "ends in a space or a full stop; it must end in its extension")
    forms, settled = _decoded_forms(name)
    if not settled:
        raise _invalid_key("file name", name, f"is percent-encoded more than {_MAX_DECODING_ROUNDS} times over")
    if any(_hides_overlong_utf8(form) for form in forms):
        raise _invalid_key("file name", name, "hides a path in overlong UTF-8")
    for form in forms:
        _check_characters(name, form)


def _check_characters(name: str, form: str) -> None:
    """Refuse `name` for a character in one of its decoded forms."""
    for position, character in enumerate(form):
        if character in _SEPARATORS:
            raise _invalid_key("file name", name, f"holds a path separator ({_code_point(character)})")
        if character in _LOOKALIKES:
            raise _invalid_key(
                "file name", name, f"holds {_code_point(character)}, which looks like a full stop or a path separator"
            )
        if _is_invisible(form, position):
            raise _invalid_key("file name", name, f"holds the unprintable character {_code_point(character)}")


def _is_invisible(text: str, position: int) -> bool:
    character = text[position]
    if character in _JOINERS:
        neighbours = text[max(0, position - 1) : position + 2].replace(character, "")
        return len(neighbours) < 2 or neighbours.isascii() or any(each.isascii() for each in neighbours)
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES


def _split_extension(name: str) -> tuple[str, str]:
    basename, dot, suffix = name.rpartition(".")
    extension = suffix.lower()
    if not dot or extension not in SUPPORTED_EXTENSIONS:
        raise InvalidUpload(
            RefusalCode.UNSUPPORTED_EXTENSION,
            f"file name {quoted(name)} does not end in one of .{', .'.join(SUPPORTED_EXTENSIONS)}",
        )
    if not basename.strip(" ."):
        raise _invalid_key("file name", name, "has nothing before its extension")
    return basename, extension


def _decoded_forms(text: str) -> tuple[list[str], bool]:
    """Return `text` and what it becomes by percent-decoding again and again, and whether that came to an end."""
    forms = [text]
    for _ in range(_MAX_DECODING_ROUNDS):
        decoded = _decode_once(forms[-1])
        if decoded == forms[-1]:
            return forms, True
        forms.append(decoded)
    return forms, False


def _decode_once(text: str) -> str:
    unescaped = _UTF16_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    decoded = _bytes_behind(unescaped).decode("utf-8", errors="surrogateescape")
    # Bytes that are no UTF-8 stay as they are written: `100%fade.wav` is a name, not an encoding.
    return _UNDECODABLE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02x}", decoded)


def _hides_overlong_utf8(text: str) -> bool:
    return bool(_OVERLONG_UTF8.search(_bytes_behind(text)))


def _bytes_behind(text: str) -> bytes:
    return unquote_to_bytes(text.encode("utf-8", errors="surrogatepass"))


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def _invalid_key(field: str, value: str, fault: str) -> InvalidUpload:
    return InvalidUpload(RefusalCode.INVALID_KEY, f"{field} {quoted(value)} {fault}")
