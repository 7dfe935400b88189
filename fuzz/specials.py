"""Files made to hurt: each is a small idea that a random mutation would not have."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import soundfile

from fuzz.fields import ogg_checksum
from fuzz.healthy import encoded, plucks, recording

HOSTILE_TEXT = '\x1b[2J\x1b]0;owned\x07\r\n{"level":"ERROR"}\u202egnp.exe\u2028\x9b31m\x00\u200btitle\ufeff'
_STREAMS = 10_000
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Special:
    """A hostile file: what it is called, its extension, and how it is made."""

    name: str
    extension: str
    make: Callable[[], bytes]


def specials() -> list[Special]:
    """Return all of them."""
    return [*_bombs(), *_crowds(), *_tags(), *_numbers(), *_structures()]


# ---------------------------------------------------------------- small files that are hours
def _bombs() -> Iterator[Special]:
    yield Special("opus of 10 hours in 1.8 MB", "opus", lambda: _opus_bomb("opus", hours=10))
    yield Special("opus of 3.9 hours", "opus", lambda: _opus_bomb("opus", hours=3.9))
    yield Special("webm of 10 hours", "webm", lambda: _opus_bomb("webm", hours=10))
    yield Special("flac of 5 hours that says a second", "flac", lambda: _flac_bomb(hours=5))
    yield Special("flac of 3.9 silent hours", "flac", lambda: _flac_bomb(hours=3.9))
    yield Special("flac of 28,000 clicks in 3.9 hours", "flac", lambda: _flac_bomb(hours=3.9, clicks=True))
    yield Special(
        "flac of 2,300 clicks in ten minutes", "flac", lambda: _flac_bomb(hours=0.164, clicks=True, block=2048)
    )
    yield Special("amr of 10 hours of no data", "amr", lambda: b"#!AMR\n" + b"\x7c" * (10 * 3600 * 50))
    yield Special("zip of a wav", "wav", _zip_bomb)
    yield Special("playlist that opens other files", "m4a", lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n" * 9)
    yield Special("script of other files", "wav", lambda: b"ffconcat version 1.0\nfile /etc/passwd\n" * 9)


def _opus_bomb(muxer: str, *, hours: float) -> bytes:
    """Packets of 2 bytes, two empty frames of 60 ms each (RFC 6716, 3.2.5)."""
    packet_samples, written = 5760, io.BytesIO()
    with av.open(written, "w", format=muxer, options={"fflags": "bitexact"}) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        stream.codec_context.open(strict=False)
        for index in range(int(hours * 3600 * 48_000 / packet_samples)):
            packet = av.Packet(bytes([3 << 3 | 3, 2]))
            packet.stream, packet.time_base = stream, Fraction(1, 48_000)
            packet.pts = packet.dts = index * packet_samples
            packet.duration, packet.is_keyframe = packet_samples, True
            container.mux(packet)
    return written.getvalue()


def _flac_bomb(*, hours: float, clicks: bool = False, block: int = 4096) -> bytes:
    """Blocks of one value take 14 bytes each, whatever their length; `clicks` changes the value with each block."""
    rate, written, values = 8000, io.BytesIO(), np.zeros(block, np.int16)
    with soundfile.SoundFile(written, "w", samplerate=rate, channels=1, subtype="PCM_16", format="FLAC") as file:
        for index in range(int(hours * 3600 * rate / block)):
            values[:] = 12_000 * (index % 2) if clicks else 0
            file.write(values)
    content = bytearray(written.getvalue())
    content[21:26] = bytes([content[21] & 0xF0]) + rate.to_bytes(4, "big")
    return bytes(content)


def _zip_bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("take.wav"), recording("wav")[:44] + bytes(40 * _MEGABYTE))
    return written.getvalue()


# ---------------------------------------------------------------- many of what is few
def _crowds() -> Iterator[Special]:
    yield Special("ogg of 10,000 streams", "ogg", _ogg_crowd)
    yield Special("mp4 of 10,000 tracks", "m4a", _mp4_crowd)
    yield Special("webm of 10,000 tracks", "webm", _webm_crowd)
    yield Special("ogg of 300 links of a chain", "ogg", lambda: recording("ogg") * 300)
    yield Special("mp3 of 500 files in a row", "mp3", lambda: recording("mp3")[:2000] * 500)
    yield Special(
        "aac of a million headers without a frame", "aac", lambda: b"\xff\xf1\x50\x40\x00\xff\xfc" * 1_000_000
    )
    yield Special("aac that changes its rate with each frame", "aac", _changing_aac)
    yield Special("wav of 200,000 chunks", "wav", lambda: _wav(chunks=(b"junk" + bytes(4)) * 200_000))
    yield Special("flac of 5,000 blocks of metadata", "flac", _flac_crowd)


def _ogg_page(body: bytes, *, serial: int, number: int, flags: int, is_open: bool = False) -> bytes:
    """Return a page of at most 255 segments; `is_open` leaves the packet unfinished (`body`: 65,025 bytes)."""
    lengths = [255] * (len(body) // 255) + ([] if is_open else [len(body) % 255])
    head = b"OggS" + struct.pack("<BBqIII", 0, flags, 0, serial, number, 0) + bytes([len(lengths), *lengths])
    page = bytearray(head + body)
    page[22:26] = ogg_checksum(page).to_bytes(4, "little")
    return bytes(page)


def _ogg_crowd() -> bytes:
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 48_000, 0, 0)
    pages = [_ogg_page(head, serial=serial, number=0, flags=2) for serial in range(1, _STREAMS + 1)]
    return b"".join(pages) + recording("opus")


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def _mp4_crowd() -> bytes:
    return _with_moov(lambda moov: moov + _first_box(moov, b"trak") * _STREAMS)


def _with_moov(change: Callable[[bytes], bytes]) -> bytes:
    """Return the m4a with its last box's (moov) content changed; nothing is counted from behind it."""
    content = recording("m4a")
    start = content.index(b"moov") - 4
    return content[:start] + _box(b"moov", change(content[start + 8 :]))


def _first_box(content: bytes, kind: bytes) -> bytes:
    start = content.index(kind) - 4
    return content[start : start + int.from_bytes(content[start : start + 4], "big")]


def _webm_crowd() -> bytes:
    content = recording("webm")
    # The first time it is in the index (SeekHead).
    start = content.index(b"\x16\x54\xae\x6b", content.index(b"\x16\x54\xae\x6b") + 4)
    tracks, end = _ebml_body(content, start + 4)
    entry = content[tracks:end]
    body = entry * _STREAMS
    size = (len(body) | 1 << 56).to_bytes(8, "big")
    segment = content.index(b"\x18\x53\x80\x67") + 4
    whole = content[:start] + b"\x16\x54\xae\x6b" + size + body + content[end:]
    return whole[:segment] + b"\x01" + b"\xff" * 7 + whole[segment + 8 :]


def _ebml_body(content: bytes, size_at: int) -> tuple[int, int]:
    """Return where the body begins and ends of the element whose size is at `size_at`."""
    first = content[size_at]
    length = 9 - first.bit_length()
    size = int.from_bytes(content[size_at : size_at + length], "big") & ((1 << 7 * length) - 1)
    return size_at + length, size_at + length + size


def _changing_aac() -> bytes:
    frames = [_adts_frames(encoded(plucks(), "adts", "aac", rate=rate)) for rate in (44_100, 32_000, 16_000)]
    return b"".join(b"".join(each) for each in zip(*frames, strict=False)) * 60


def _adts_frames(content: bytes) -> list[bytes]:
    frames, start = [], 0
    while start + 7 <= len(content):
        length = (content[start + 3] & 3) << 11 | content[start + 4] << 3 | content[start + 5] >> 5
        frames.append(content[start : start + length])
        start += length
    return frames


def _flac_crowd() -> bytes:
    content = recording("flac")
    return content[:42] + (b"\x01" + (16).to_bytes(3, "big") + bytes(16)) * 5000 + content[42:]


# ---------------------------------------------------------------- tags
def _tags() -> Iterator[Special]:
    yield Special("mp3 with 50 MB of cover", "mp3", lambda: _id3(_apic(50 * _MEGABYTE)) + recording("mp3"))
    yield Special("mp3 with a title of 1 MB", "mp3", lambda: _id3(_text(b"TIT2", "x" * _MEGABYTE)) + recording("mp3"))
    yield Special("mp3 with hostile tags", "mp3", _hostile_id3)
    yield Special("mp3 with 100,000 tags", "mp3", lambda: _id3(_text(b"TXXX", "a\0b") * 100_000) + recording("mp3"))
    yield Special("mp3 whose tag says 256 MB", "mp3", lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + recording("mp3"))
    yield Special(
        "m4a with 50 MB of cover", "m4a", lambda: _with_moov(lambda moov: moov + _ilst(b"covr", 13, _picture()))
    )
    yield Special("m4a with a hostile title", "m4a", _hostile_m4a)
    yield Special("flac with 45 MB of pictures", "flac", _flac_with_pictures)
    yield Special("flac with hostile comments", "flac", lambda: _flac_with_comments(HOSTILE_TEXT.encode()))
    yield Special(
        "flac with comments that are no UTF-8", "flac", lambda: _flac_with_comments(b"K\xfcche \xff\xfe\xc0\xaf")
    )
    yield Special("ogg with 40 MB of comments", "ogg", lambda: _ogg_with_comments(40 * _MEGABYTE))
    yield Special("wav with a title that is no UTF-8", "wav", lambda: _wav(chunks=_info(b"INAM", b"K\xfcche \x1b[2J")))
    yield Special("wav with hostile tags", "wav", lambda: _wav(chunks=_info(b"INAM", HOSTILE_TEXT.encode())))
    yield Special("wav with 50 MB of tags", "wav", lambda: _wav(chunks=_info(b"ICMT", b"x" * (50 * _MEGABYTE))))
    yield Special("aiff with 50 MB of name", "aiff", lambda: _aiff_with_name(b"x" * (50 * _MEGABYTE)))
    yield Special("webm with a hostile title", "webm", _hostile_webm)


def _id3(frames: bytes) -> bytes:
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frames


def _frame(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "big") + b"\0\0" + body


def _text(kind: bytes, text: str) -> bytes:
    return _frame(kind, b"\1" + text.encode("utf-16"))


def _apic(size: int) -> bytes:
    return _frame(b"APIC", b"\0image/jpeg\0\3\0\xff\xd8\xff\xe0" + bytes(size))


def _hostile_id3() -> bytes:
    frames = b"".join(_text(kind, HOSTILE_TEXT) for kind in (b"TIT2", b"TPE1", b"TALB", b"COMM", b"TXXX"))
    return _id3(frames + _frame(b"TIT3", b"\3\xff\xfe\xc0\xaf\x1b[31m")) + recording("mp3")


def _picture() -> bytes:
    return b"\xff\xd8\xff\xe0" + bytes(50 * _MEGABYTE)


def _ilst(kind: bytes, data_type: int, value: bytes) -> bytes:
    data = _box(b"data", data_type.to_bytes(4, "big") + bytes(4) + value)
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return _box(b"udta", _box(b"meta", bytes(4) + handler + _box(b"ilst", _box(kind, data))))


def _hostile_m4a() -> bytes:
    text = HOSTILE_TEXT.encode() + b"\xff\xc0\xaf"
    return _with_moov(lambda moov: moov + _ilst(b"\xa9nam", 1, text))


def _flac_with_pictures() -> bytes:
    content, size = recording("flac"), 15 * _MEGABYTE
    picture = struct.pack(">II10sII4I", 3, 10, b"image/jpeg", 0, 1, 1, 24, 0, size) + bytes(size)
    return content[:42] + (b"\x06" + len(picture).to_bytes(3, "big") + picture) * 3 + content[42:]


def _flac_with_comments(text: bytes) -> bytes:
    content, comment = recording("flac"), b"TITLE=" + text
    body = struct.pack("<I", 0) + struct.pack("<I", 2) + 2 * (struct.pack("<I", len(comment)) + comment)
    return content[:42] + b"\x04" + len(body).to_bytes(3, "big") + body + content[42:]


def _ogg_with_comments(size: int) -> bytes:
    """Put a huge packet of comments behind the first page, and the file as it was behind that."""
    content = recording("ogg")
    serial = int.from_bytes(content[14:18], "little")
    second = content.index(b"OggS", 4)
    comment = b"TITLE=" + b"x" * size
    packet = b"\x03vorbis" + struct.pack("<III", 0, 1, len(comment)) + comment + b"\1"
    pages, step = [], 255 * 255
    for number, start in enumerate(range(0, len(packet), step), start=1):
        part = packet[start : start + step]
        pages.append(_ogg_page(part, serial=serial, number=number, flags=number > 1, is_open=len(part) == step))
    return content[:second] + b"".join(pages) + content[second:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def _info(kind: bytes, text: bytes) -> bytes:
    return _chunk(b"LIST", b"INFO" + _chunk(kind, text + b"\0"))


def _wav(
    *, chunks: bytes = b"", rate: int = 44_100, channels: int = 1, bits: int = 16, code: int = 1,
    block: int | None = None, data: bytes | None = None,
) -> bytes:  # fmt: skip
    block = channels * bits // 8 % 65536 if block is None else block
    sound = (plucks()[0] * 32767).astype("<i2").tobytes() if data is None else data
    form = struct.pack("<HHIIHH", code, channels, rate, rate * block % 2**32, block, bits)
    body = b"WAVE" + _chunk(b"fmt ", form) + chunks + _chunk(b"data", sound)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _aiff_with_name(name: bytes) -> bytes:
    content = recording("aiff")
    body = content[8:12] + b"NAME" + len(name).to_bytes(4, "big") + name + content[12:]
    return b"FORM" + len(body).to_bytes(4, "big") + body


def _hostile_webm() -> bytes:
    """Give the title, which the muxer wrote as a placeholder, hostile text of the same length."""
    written, placeholder = io.BytesIO(), "t" * 60
    with av.open(io.BytesIO(recording("webm")), "r") as source, av.open(written, "w", format="webm") as output:
        track = source.streams.audio[0]
        output.metadata["title"] = placeholder
        stream = output.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    return written.getvalue().replace(placeholder.encode(), (HOSTILE_TEXT.encode() + b"\xff\xfe" * 30)[:60])


# ---------------------------------------------------------------- numbers
def _numbers() -> Iterator[Special]:
    bad = np.full(20_000, np.nan, "<f4")
    bad[::3], bad[1::3] = np.inf, -np.inf
    huge = np.where(np.arange(40_000) % 2, np.float32(3e38), np.float32(-3e38)).astype("<f4")
    tiny = np.full(40_000, 1e-45, "<f4")
    for name, samples in (("nothing but NaN and infinities", bad), ("the largest floats", huge), ("denormals", tiny)):
        content = _wav(code=3, bits=32, data=samples.tobytes())
        yield Special(f"wav of {name}", "wav", lambda content=content: content)  # type: ignore[misc]
    yield Special("wav at 2^31 Hz", "wav", lambda: _wav(rate=2**31))
    yield Special("wav at 2^32 - 1 Hz", "wav", lambda: _wav(rate=2**32 - 1))
    yield Special("wav at 2^30 Hz", "wav", lambda: _wav(rate=2**30))
    yield Special("wav at 1 Hz", "wav", lambda: _wav(rate=1))
    yield Special("wav at 0 Hz", "wav", lambda: _wav(rate=0))
    yield Special("wav at 1000 Hz, an hour", "wav", lambda: _wav(rate=1000, data=bytes(3600 * 2000)))
    yield Special("wav of 65,535 channels", "wav", lambda: _wav(channels=65_535))
    yield Special("wav of 64 channels", "wav", lambda: _wav(channels=64, data=plucks().tobytes() * 20))
    yield Special("wav of no channel", "wav", lambda: _wav(channels=0))
    yield Special("wav of blocks of 0 bytes", "wav", lambda: _wav(block=0))
    yield Special("wav of blocks of 65,535 bytes", "wav", lambda: _wav(block=65_535))
    yield Special("wav of one sample", "wav", lambda: _wav(data=b"\1\0"))
    yield Special("wav of half a sample", "wav", lambda: _wav(data=b"\1"))
    yield Special("wav of no sample", "wav", lambda: _wav(data=b""))
    yield Special("m4a of 2^63 of duration", "m4a", _endless_m4a)
    yield Special("aiff at a rate that is not a number", "aiff", lambda: _aiff_at(b"\x7f\xff" + b"\xff" * 8))
    yield Special("aiff at a negative rate", "aiff", lambda: _aiff_at(b"\xc0\x0e\xac\x44" + bytes(6)))


def _endless_m4a() -> bytes:
    def change(moov: bytes) -> bytes:
        mvhd = _first_box(moov, b"mvhd")
        long = b"\1" + mvhd[9:12] + bytes(16) + mvhd[20:24] + b"\x7f" + b"\xff" * 7 + mvhd[28:]
        return moov.replace(mvhd, _box(b"mvhd", long))

    return _with_moov(change)


def _aiff_at(rate: bytes) -> bytes:
    content, start = recording("aiff"), recording("aiff").index(b"COMM") + 16
    return content[:start] + rate + content[start + 10 :]


# ---------------------------------------------------------------- structures
def _structures() -> Iterator[Special]:
    yield Special("m4a of boxes 20,000 deep", "m4a", _nested_m4a)
    yield Special(
        "m4a whose box holds itself", "m4a", lambda: _with_moov(lambda moov: moov + b"\0\0\0\1udta" + bytes(8))
    )
    yield Special("ogg of a packet that never ends", "ogg", _endless_packet)
    yield Special("m4a of nothing but its type", "m4a", lambda: recording("m4a")[:28])
    yield Special(
        "each magic number and nothing else", "wav", lambda: b"RIFF\xff\xff\xff\xffWAVEfLaCOggSID3\4ftypM4A FORMcaff"
    )
    yield Special("an empty file", "wav", lambda: b"")
    yield Special("a line of text", "m4a", lambda: HOSTILE_TEXT.encode() * 100)
    yield Special("8 MB of 0xff", "mp3", lambda: b"\xff" * (8 * _MEGABYTE))
    yield Special("8 MB of zeros", "wav", lambda: bytes(8 * _MEGABYTE))


def _nested_m4a() -> bytes:
    depth = 20_000
    # From the outside in: a box of each level is 8 bytes shorter than the one around it.
    boxes = b"".join(((depth - level) * 8).to_bytes(4, "big") + b"udta" for level in range(depth))
    return _with_moov(lambda moov: moov + boxes)


def _endless_packet() -> bytes:
    content = recording("ogg")
    serial, step = int.from_bytes(content[14:18], "little"), 255 * 255
    pages = [
        _ogg_page(b"x" * step, serial=serial, number=number, flags=number > 1, is_open=True) for number in range(1, 400)
    ]
    return content[: content.index(b"OggS", 4)] + b"".join(pages)
