"""What a file says of its own length and layout, where FFmpeg does not tell: read from the container's own bytes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

# An Ogg page is 65,307 bytes at most (RFC 3533, 6), so the last two begin in here.
_OGG_TAIL_BYTES = 2 * 65_307
_OGG_END_OF_STREAM = 0x04
# Frames one after the other and nothing else: FFmpeg guesses their duration from the first ones' bit rate.
_FRAMES_ALONE = ("aac", "amr")
# An MP3 frame is 1441 bytes at most; these tags are in the first.
_MP3_FRAME_BYTES = 1441
_MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
# Real files have a handful of chunks or boxes before the one that tells; one of millions is made to keep us busy.
_MOST_PARTS = 1000

# The kind of a chunk or a box and how many bytes follow its header.
type _Header = tuple[bytes, int]


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


def is_fragmented(path: Path) -> bool:
    """Whether an MP4 has a top-level `moof` box (ISO/IEC 14496-12, 8.8.4)."""
    with path.open("rb") as file:
        return any(kind == b"moof" for kind, _ in _parts(file, _read_box))


def _wav_is_cut_short(path: Path) -> bool:
    """Whether the data chunk promises more than the file holds (0 and 2^32-1 promise nothing: a stream)."""
    with path.open("rb") as file:
        file.seek(12)
        for kind, size in _parts(file, _read_riff_chunk):
            if kind == b"data":
                return size < 0xFFFF_FF00 and size > path.stat().st_size - file.tell()
    return False


def _caf_is_cut_short(path: Path) -> bool:
    """Whether the data chunk promises more than the file holds (-1 promises nothing: a stream)."""
    with path.open("rb") as file:
        file.seek(8)
        for kind, size in _parts(file, _read_caf_chunk):
            if kind == b"data":
                return size > path.stat().st_size - file.tell()
    return False


def _parts(file: BinaryIO, read_header: Callable[[BinaryIO], _Header | None]) -> Iterator[_Header]:
    """Yield the headers of boxes or chunks that follow each other, with `file` after each header.

    Ends where the file does, at a size that cannot be (the last one's may be: it is yielded), and after 1,000.
    """
    file_bytes = os.fstat(file.fileno()).st_size
    for _ in range(_MOST_PARTS):
        header = read_header(file)
        if header is None:
            return
        yield header
        end = file.tell() + header[1]
        # No seek to a place that is not in the file: a size of nearly 2^63 is an error there.
        if header[1] < 0 or end > file_bytes:
            return
        file.seek(end)


def _read_riff_chunk(file: BinaryIO) -> _Header | None:
    """Read kind and size; a chunk of odd size is followed by a byte that is not counted, save for `data`'s."""
    header = file.read(8)
    if len(header) < 8:
        return None
    kind, size = header[:4], int.from_bytes(header[4:], "little")
    return kind, size if kind == b"data" else size + size % 2


def _read_caf_chunk(file: BinaryIO) -> _Header | None:
    header = file.read(12)
    return (header[:4], int.from_bytes(header[4:], "big", signed=True)) if len(header) == 12 else None


def _read_box(file: BinaryIO) -> _Header | None:
    """Read an MP4 box's kind and the size of what follows its header; negative where it makes no sense."""
    header = file.read(8)
    if len(header) < 8:
        return None
    size, header_bytes = int.from_bytes(header[:4]), 8
    if size == 1:
        size, header_bytes = int.from_bytes(file.read(8)), 16
    return header[4:], size - header_bytes


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
