"""Names of output files: the recording's own name, verbatim, as far as the place it goes to can hold it."""

# What follows the stem at most: "-original." or "-00000." and an extension.
_SUFFIX_BYTES = 20


def fitting_stem(basename: str, *, max_bytes: int) -> str:
    """`basename`, cut at a character's end so that it and any suffix take at most `max_bytes` of UTF-8."""
    room = max(max_bytes - _SUFFIX_BYTES, 1)
    return basename.encode("utf-8", "surrogateescape")[:room].decode("utf-8", "ignore") or "recording"


def split_name(name: str) -> tuple[str, str]:
    """Split a file's name into (basename, extension): lower case, without dot, empty when there is none."""
    basename, dot, extension = name.rpartition(".")
    return (basename, extension.lower()) if dot and basename else (name, "")
