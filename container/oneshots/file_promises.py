"""What a file promises of its own length, where FFmpeg does not tell: read from the container's own bytes."""

from collections.abc import Callable
from pathlib import Path

# An Ogg page is 65,307 bytes at most (RFC 3533, 6), so the last two begin in here.
_OGG_TAIL_BYTES = 2 * 65_307
_OGG_END_OF_STREAM = 0x04
# Frames one after the other and nothing else: FFmpeg guesses their duration from the first ones' bit rate.
_FRAMES_ALONE = ("aac", "amr")
# An MP3 frame is 1441 bytes at most; these tags are in the first.
_MP3_FRAME_BYTES = 1441
_MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")


def says_its_duration(path: Path, container: str) -> bool:
    """Whether the duration FFmpeg gives for the file at `path` is the file's own word and not a guess."""
    if container == "mp3":
        return _mp3_says_its_length(path)
    return container not in _FRAMES_ALONE


def is_cut_short(path: Path, container: str | None) -> bool:
    """Whether the file at `path`, a `container` as `Source` names it, ends before it says it does."""
    check = _CHECKS.get(container or "")
    return check is not None and check(path)


def _mp3_says_its_length(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(10)
        if header[:3] == b"ID3":
            high, middle, low, lowest = header[6:10]
            file.seek(10 + (high << 21 | middle << 14 | low << 7 | lowest))
        else:
            file.seek(0)
        frame = file.read(_MP3_FRAME_BYTES)
    return any(tag in frame for tag in _MP3_LENGTH_TAGS)


def _wav_is_cut_short(path: Path) -> bool:
    """Whether the data chunk promises more than the file holds (0 and 2^32-1 promise nothing: a stream)."""
    with path.open("rb") as file:
        file.seek(12)
        while len(header := file.read(8)) == 8:
            size = int.from_bytes(header[4:], "little")
            if header[:4] == b"data":
                return size < 0xFFFF_FF00 and size > path.stat().st_size - file.tell()
            file.seek(size + size % 2, 1)
    return False


def _caf_is_cut_short(path: Path) -> bool:
    """Whether the data chunk promises more than the file holds (-1 promises nothing: a stream)."""
    with path.open("rb") as file:
        file.seek(8)
        while len(header := file.read(12)) == 12:
            size = int.from_bytes(header[4:], "big", signed=True)
            if header[:4] == b"data":
                return size > path.stat().st_size - file.tell()
            if size < 0:
                return False
            file.seek(size, 1)
    return False


def _ogg_is_cut_short(path: Path) -> bool:
    """Whether the last page is not whole or not marked as the end of its stream (RFC 3533, 6)."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _OGG_TAIL_BYTES, 0))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    segments = page[26] if len(page) > 26 else 0
    size = 27 + segments + sum(page[27 : 27 + segments])
    return len(page) < size or not page[5] & _OGG_END_OF_STREAM


_CHECKS: dict[str, Callable[[Path], bool]] = {
    "wav": _wav_is_cut_short,
    "caf": _caf_is_cut_short,
    "ogg": _ogg_is_cut_short,
    "opus": _ogg_is_cut_short,
}
