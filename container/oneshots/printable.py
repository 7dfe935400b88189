"""Names and texts that users wrote, as they may be shown on a terminal or in a log."""

import unicodedata

# Control, format (bidi overrides, zero width), surrogate, line and paragraph separator.
_UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    """Return `text` with a replacement character for each that would not be seen, or would move the cursor."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in _UNPRINTABLE_CATEGORIES else each for each in text
    )
