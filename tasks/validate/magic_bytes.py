"""What a file is by its content: phones and apps name things wrongly, the first bytes do not lie.

A known container under another extension of the list is taken for what it is. What is no audio container is refused,
and so is an audio container that cannot be processed.
"""

from collections.abc import Callable, Iterator

from shared.errors import InvalidUpload, RefusalCode
from shared.id3 import id3_tag_bytes
from shared.quoting import quoted
from validate.object_key import SUPPORTED_EXTENSIONS

FIRST_BLOCK_BYTES = 16 * 1024

# Cover art makes ID3 tags as large as they like; a file may carry more than one.
_MAX_ID3_TAGS = 4

type ReadRange = Callable[[int, int], bytes]


def identify_format(read: ReadRange, *, size_bytes: int, first_block: bytes, name: str, extension: str) -> str:
    """Return the container: m4a, mp4, 3gp, wav, mp3, aac, flac, ogg, opus, webm or aiff.

    Args:
        read: gives up to `length` bytes from `offset`; called only when an ID3 tag fills the first block.
        size_bytes: the size of the whole file.
        first_block: its first `FIRST_BLOCK_BYTES` bytes, or all of it.
        name: the file's name, for the message.
        extension: tells m4a, mp4 and 3gp apart where the content leaves it open.

    Raises:
        InvalidUpload: NOT_AUDIO, or FORMAT_MISMATCH for an audio container that is not in the list.

    """
    block, reached_end = _after_id3_tags(read, first_block, size_bytes)
    audio_format = _container(block, extension) or _frames(block, reached_end=reached_end)
    if audio_format:
        return audio_format
    foreign = _foreign_container(block)
    if foreign:
        raise InvalidUpload(
            RefusalCode.FORMAT_MISMATCH,
            f"file {quoted(name)} holds {foreign}, whatever its name says; "
            f"what can be processed is {', '.join(SUPPORTED_EXTENSIONS)}",
        )
    raise InvalidUpload(
        RefusalCode.NOT_AUDIO,
        f"file {quoted(name)} is not audio: it starts with the bytes {first_block[:8].hex(' ')}, "
        f"which begin none of {', '.join(SUPPORTED_EXTENSIONS)}",
    )


def _after_id3_tags(read: ReadRange, first_block: bytes, size_bytes: int) -> tuple[bytes, bool]:
    """Return the block that follows the ID3v2 tags, and whether it reaches the end of the file."""
    offset, block = 0, first_block
    for _ in range(_MAX_ID3_TAGS):
        tag_bytes = id3_tag_bytes(block)
        if not tag_bytes:
            break
        offset += tag_bytes
        if offset >= size_bytes:
            return b"", True
        block = block[tag_bytes:]
        if len(block) < FIRST_BLOCK_BYTES // 2:
            block = read(offset, FIRST_BLOCK_BYTES)
    return block, offset + len(block) >= size_bytes


def _container(block: bytes, extension: str) -> str | None:
    kind = block[8:12]
    match block[:4]:
        case b"RIFF" | b"RF64" | b"BW64" if kind == b"WAVE":
            return "wav"
        case b"FORM" if kind in {b"AIFF", b"AIFC"}:
            return "aiff"
        case b"fLaC":
            return "flac"
        case b"OggS":
            return "opus" if b"OpusHead" in block[:512] else "ogg"
        case b"\x1a\x45\xdf\xa3" if b"webm" in block[:128] or b"matroska" in block[:128]:
            return "webm"
    return _iso_container(block, extension)


# ISO/IEC 14496-12 files that hold pictures.
_PICTURE_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"crx ")
# QuickTime files from before `ftyp` start with one of these atoms.
_OLD_QUICKTIME_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def _iso_container(block: bytes, extension: str) -> str | None:
    atom, brand = block[4:8], block[8:12]
    if atom in _OLD_QUICKTIME_ATOMS:
        return "mp4"
    if atom != b"ftyp" or brand in _PICTURE_BRANDS:
        return None
    if brand in {b"M4A ", b"M4B ", b"M4P "}:
        return "m4a"
    if brand[:3] in {b"3gp", b"3gr", b"3gs", b"3ge", b"3gg", b"3g2"}:
        return "3gp"
    # Android writes audio as plain mp42: nothing but the name says that it is m4a.
    return extension if extension in {"m4a", "3gp"} and brand != b"qt  " else "mp4"


def _frames(block: bytes, *, reached_end: bool) -> str | None:
    """Tell raw MPEG audio and ADTS by frames that follow each other: a sync word alone turns up in any data."""
    for start in _sync_positions(block):
        for audio_format, frame_bytes in (("aac", _adts_frame_bytes), ("mp3", _mpeg_frame_bytes)):
            if _is_frame_chain(block, start, frame_bytes, reached_end=reached_end):
                return audio_format
    return None


def _sync_positions(block: bytes) -> Iterator[int]:
    position = block.find(b"\xff")
    while position >= 0:
        yield position
        position = block.find(b"\xff", position + 1)


def _is_frame_chain(block: bytes, start: int, frame_bytes: Callable[[bytes], int], *, reached_end: bool) -> bool:
    """Whether three frames follow each other from `start`; two or one will do where the file ends with them."""
    position = start
    for _ in range(3):
        length = frame_bytes(block[position : position + 8])
        if not length:
            return False
        position += length
        if position >= len(block):
            # The last frame runs into the end: enough when the file begins with frames and is over.
            return reached_end and start == 0
    return True


# ISO/IEC 11172-3 and 13818-3, kbit/s by (MPEG-1?, layer).
_KBITS = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG1_RATES = (44_100, 48_000, 32_000)
_RATE_DIVISOR = {3: 1, 2: 2, 0: 4}  # MPEG-1, 2, 2.5


def _mpeg_frame_bytes(header: bytes) -> int:
    """Return the length of the MPEG audio frame that `header` begins, 0 if it begins none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    kbits_index, rate_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or kbits_index in {0, 15} or rate_index == 3:
        return 0
    mpeg1 = version == 3
    rate = _MPEG1_RATES[rate_index] // _RATE_DIVISOR[version]
    bits = _KBITS[mpeg1, layer][kbits_index] * 1000
    if layer == 1:
        return (12 * bits // rate + padding) * 4
    samples = 576 if layer == 3 and not mpeg1 else 1152
    return samples // 8 * bits // rate + padding


def _adts_frame_bytes(header: bytes) -> int:
    """Return the length of the ADTS frame that `header` begins, 0 if it begins none (ISO/IEC 13818-7, 6.2)."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 0xF > 12:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length >= 7 else 0


_FOREIGN_CONTAINERS = {
    b"caff": "a Core Audio recording (.caf)",
    b"#!AM": "an AMR recording",
    b"MThd": "MIDI notes",
    b"MAC ": "a Monkey's Audio recording",
    b"wvpk": "a WavPack recording",
    b".snd": "an AU recording",
    b"DSD ": "a DSD recording",
    b"riff": "a Wave64 recording",
    b"\x30\x26\xb2\x75": "a Windows Media recording",
}


def _foreign_container(block: bytes) -> str | None:
    if block[:4] == b"RIFF" and block[8:12] == b"AVI ":
        return "an AVI film"
    return _FOREIGN_CONTAINERS.get(block[:4])
