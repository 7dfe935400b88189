"""How hostile text is shown to people: in error messages, records and logs."""

import unicodedata

SHOWN_LENGTH = 80

# Control, format (bidi overrides, zero width), surrogate, line and paragraph separator.
_UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str, *, max_length: int) -> str:
    """Return `text` with unprintable characters replaced by U+FFFD and cut to `max_length` characters.

    A cut text ends in an ellipsis, which counts.
    """
    replaced = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _UNPRINTABLE_CATEGORIES else character
        for character in text[: max_length + 1]
    )
    return replaced if len(replaced) <= max_length else replaced[: max_length - 1] + "…"


def quoted(value: object) -> str:
    """Return `value` in single quotes, made printable and cut to 80 characters, to stand in a sentence."""
    return f"'{printable(str(value), max_length=SHOWN_LENGTH)}'"
