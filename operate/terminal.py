"""Text of anybody's, on a terminal."""

_SHOWN_LENGTH = 500


def shown(text: str) -> str:
    """Return text without control characters, and not longer than a screen takes."""
    printable = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:_SHOWN_LENGTH])
    return printable if len(text) <= _SHOWN_LENGTH else f"{printable}..."
