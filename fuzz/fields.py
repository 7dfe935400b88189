"""Where the headers of each format say how long, how fast, how many: what a mutation grows or shrinks."""

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A number in a header: `size` bytes, `offset` bytes after the start of the first `marker`."""

    name: str
    marker: bytes
    offset: int
    size: int
    is_little: bool = False

    def position(self, content: bytes) -> int | None:
        """Return where the field begins in `content`, None where it is not."""
        found = content.find(self.marker)
        start = found + self.offset
        return start if found >= 0 and start + self.size <= len(content) else None


def _iso(name: str, box: bytes, offset: int, size: int = 4) -> Field:
    return Field(name, box, offset, size)


def _riff(name: str, chunk: bytes, offset: int, size: int = 4) -> Field:
    return Field(name, chunk, offset, size, is_little=True)


_ISO = (
    _iso("size of moov", b"moov", -4), _iso("size of mdat", b"mdat", -4), _iso("size of trak", b"trak", -4),
    _iso("size of stbl", b"stbl", -4), _iso("size of stsd", b"stsd", -4), _iso("size of ftyp", b"ftyp", -4),
    _iso("timescale of mvhd", b"mvhd", 16), _iso("duration of mvhd", b"mvhd", 20),
    _iso("timescale of mdhd", b"mdhd", 16), _iso("duration of mdhd", b"mdhd", 20),
    _iso("entries of stsd", b"stsd", 8), _iso("channels of mp4a", b"mp4a", 20, 2),
    _iso("bits of mp4a", b"mp4a", 22, 2), _iso("rate of mp4a", b"mp4a", 28), _iso("size of esds", b"esds", -4),
    _iso("AAC configuration", b"\x05\x80\x80\x80", 4),
    _iso("entries of stts", b"stts", 8), _iso("count of stts", b"stts", 12), _iso("delta of stts", b"stts", 16),
    _iso("entries of stsc", b"stsc", 8), _iso("samples per chunk", b"stsc", 16),
    _iso("size of samples", b"stsz", 8), _iso("count of samples", b"stsz", 12), _iso("first sample", b"stsz", 16),
    _iso("entries of stco", b"stco", 8), _iso("first chunk", b"stco", 12),
    _iso("entries of elst", b"elst", 8), _iso("duration of elst", b"elst", 12), _iso("start of elst", b"elst", 16),
    _iso("frame length of alac", b"alac\0\0\0\0", 8), _iso("channels of alac", b"alac\0\0\0\0", 17, 1),
    _iso("rate of alac", b"alac\0\0\0\0", 28),
    _iso("size of moof", b"moof", -4), _iso("samples of trun", b"trun", 8), _iso("offset of trun", b"trun", 12),
    _iso("default duration of tfhd", b"tfhd", 12), _iso("default size of tfhd", b"tfhd", 16),
)  # fmt: skip

_WAV = (
    _riff("size of RIFF", b"RIFF", 4), _riff("size of fmt", b"fmt ", 4), _riff("format", b"fmt ", 8, 2),
    _riff("channels", b"fmt ", 10, 2), _riff("rate", b"fmt ", 12), _riff("bytes a second", b"fmt ", 16),
    _riff("bytes a block", b"fmt ", 20, 2), _riff("bits a sample", b"fmt ", 22, 2), _riff("size of data", b"data", 4),
)  # fmt: skip

_FLAC = (
    Field("size of STREAMINFO", b"fLaC", 5, 3), Field("least block", b"fLaC", 8, 2),
    Field("largest block", b"fLaC", 10, 2), Field("rate and channels", b"fLaC", 18, 4),
    Field("total of samples", b"fLaC", 21, 5), Field("type of the next block", b"fLaC", 42, 4),
)  # fmt: skip

_OGG = (
    _riff("granule position", b"OggS", 6, 8), _riff("serial number", b"OggS", 14), _riff("page number", b"OggS", 18),
    Field("segments", b"OggS", 26, 1), Field("first segment", b"OggS", 27, 1),
)  # fmt: skip

FIELDS: dict[str, tuple[Field, ...]] = {
    "m4a": _ISO,
    "alac": _ISO,
    "fragmented": _ISO,
    "3gp": _ISO,
    "wav": _WAV,
    "float": _WAV,
    "flac": _FLAC,
    "ogg": (
        *_OGG,
        Field("channels", b"\x01vorbis", 11, 1),
        _riff("rate", b"\x01vorbis", 12),
        Field("block sizes", b"\x01vorbis", 28, 1),
        _riff("length of the vendor", b"\x03vorbis", 7),
        _riff("count of comments", b"\x03vorbis", 7 + 4 + 8),
    ),
    "opus": (
        *_OGG,
        Field("channels", b"OpusHead", 9, 1),
        _riff("samples to skip", b"OpusHead", 10, 2),
        _riff("rate", b"OpusHead", 12),
        _riff("gain", b"OpusHead", 16, 2),
        Field("mapping", b"OpusHead", 18, 1),
        _riff("length of the vendor", b"OpusTags", 8),
    ),
    "webm": (
        Field("size of the segment", b"\x18\x53\x80\x67", 4, 8), Field("time scale", b"\x2a\xd7\xb1", 4, 3),
        Field("duration", b"\x44\x89\x88", 3, 8), Field("rate", b"\xb5\x88", 2, 8),
        Field("channels", b"\x9f\x81", 2, 1), Field("size of the tracks", b"\x16\x54\xae\x6b", 4, 1),
        Field("size of a cluster", b"\x1f\x43\xb6\x75", 4, 8), Field("delay", b"\x56\xaa", 3, 3),
        Field("size of the codec's own", b"\x63\xa2", 2, 1), Field("time of a cluster", b"\xe7", 1, 2),
    ),
    "aiff": (
        Field("size of FORM", b"FORM", 4, 4), Field("size of COMM", b"COMM", 4, 4), Field("channels", b"COMM", 8, 2),
        Field("frames", b"COMM", 10, 4), Field("bits a sample", b"COMM", 14, 2), Field("rate", b"COMM", 16, 10),
        Field("size of SSND", b"SSND", 4, 4), Field("offset of SSND", b"SSND", 8, 4),
    ),
    "mp3": (
        Field("header of a frame", b"\xff\xfb", 1, 3), Field("size of ID3", b"ID3", 6, 4),
        Field("flags of Info", b"Info", 4, 4), Field("frames of Info", b"Info", 8, 4),
        Field("bytes of Info", b"Info", 12, 4), Field("delay and padding", b"Info", 141, 3),
    ),
    "aac": (
        Field("rate and channels", b"\xff\xf1", 2, 2), Field("length of a frame", b"\xff\xf1", 3, 3),
        Field("blocks of a frame", b"\xff\xf1", 6, 1),
    ),
    "caf": (
        Field("size of desc", b"desc", 4, 8), Field("rate", b"desc", 12, 8), Field("bytes a packet", b"desc", 28, 4),
        Field("frames a packet", b"desc", 32, 4), Field("channels", b"desc", 36, 4),
        Field("bits a channel", b"desc", 40, 4), Field("size of data", b"data", 4, 8),
    ),
}  # fmt: skip


def with_ogg_checksums(content: bytes) -> bytes:
    """Return an Ogg file with its pages' checksums made right: a page whose checksum is wrong is never looked into."""
    fixed = bytearray(content)
    start = content.find(b"OggS")
    while start >= 0:
        segments = content[start + 26] if start + 26 < len(content) else 0
        end = start + 27 + segments + sum(content[start + 27 : start + 27 + segments])
        if end > len(content):
            break
        fixed[start + 22 : start + 26] = bytes(4)
        fixed[start + 22 : start + 26] = ogg_checksum(fixed[start:end]).to_bytes(4, "little")
        start = content.find(b"OggS", end)
    return bytes(fixed)


def ogg_checksum(page: bytes | bytearray) -> int:
    """Return the checksum of an Ogg page whose checksum field is 0 (RFC 3533, 6).

    It is zlib's with every byte, and the result, read from the other end, and without zlib's inversions.
    """
    reflected = zlib.crc32(bytes(page).translate(_BITS_REVERSED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int(f"{reflected:032b}"[::-1], 2)


_BITS_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
