"""Names for files, of names that anybody gave."""

import re

# of halves of surrogate pairs only those stay that stand for a byte of a file's name
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\ud800-\udc7f\udd00-\udfff]")


def safe_names(names: list[str]) -> list[str]:
    """Return a safe name for each name, no two alike, whether or not the file system knows upper from lower case."""
    taken: set[str] = set()
    safe = []
    for name in names:
        candidate, number = safe_name(name), 1
        while candidate.casefold() in taken:
            number += 1
            candidate = safe_name(f"{number}-{name}")
        taken.add(candidate.casefold())
        safe.append(candidate)
    return safe


def safe_name(name: str) -> str:
    """Return a name that stays in its folder on any file system: no separator, control character or dots alone."""
    cleaned = _UNSAFE.sub("_", name).strip(" ")
    if cleaned.strip(".") == "":
        return "_" * max(1, len(cleaned))
    while len(cleaned.encode("utf-8", "surrogateescape")) > 255:  # a name's limit, in bytes
        stem, dot, extension = cleaned.rpartition(".")
        cleaned = f"{stem[:-1]}{dot}{extension}" if stem else cleaned[:-1]
    return cleaned
