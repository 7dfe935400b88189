"""Recordings in every container, synthesised: two seconds of a tone over noise."""

import io
import struct
from functools import cache

import av
import numpy as np
import soundfile

SECONDS = 2.0

# name: container as PyAV names it, codec, options of the muxer, rate
_ENCODINGS: dict[str, tuple[str, str, dict[str, str], int]] = {
    "take.m4a": ("ipod", "aac", {}, 44_100),
    "alac.m4a": ("ipod", "alac", {}, 44_100),
    "take.mp4": ("mp4", "aac", {}, 44_100),
    "fragmented.mp4": ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "200000"}, 44_100),
    "take.mov": ("mov", "aac", {}, 44_100),
    "take.3gp": ("3gp", "aac", {}, 44_100),
    "take.wav": ("wav", "pcm_s16le", {}, 44_100),
    "take24.wav": ("wav", "pcm_s24le", {}, 44_100),
    "float.wav": ("wav", "pcm_f32le", {}, 44_100),
    "rf64.wav": ("wav", "pcm_s16le", {"rf64": "always"}, 44_100),
    "take.mp3": ("mp3", "libmp3lame", {}, 44_100),
    "untagged.mp3": ("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}, 44_100),
    "take.aac": ("adts", "aac", {}, 44_100),
    "take.flac": ("flac", "flac", {}, 44_100),
    "take.opus": ("ogg", "libopus", {}, 48_000),
    "take.webm": ("webm", "libopus", {}, 48_000),
    "live.webm": ("webm", "libopus", {"live": "1"}, 48_000),
    "take.aiff": ("aiff", "pcm_s16be", {}, 44_100),
}


@cache
def recording(name: str) -> bytes:
    """Return the file of that name, in the container and codec that the name stands for."""
    if name == "take.ogg":
        buffer = io.BytesIO()
        soundfile.write(buffer, _sound(44_100), 44_100, format="OGG", subtype="VORBIS")
        return buffer.getvalue()
    container, codec, options, rate = _ENCODINGS[name]
    return _encoded(container, codec, options, rate=rate)


def names() -> list[str]:
    return [*_ENCODINGS, "take.ogg"]


@cache
def film(*, with_audio: bool) -> bytes:
    """Return an mp4 with a video track, and an audio track beside it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        video = output.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        if with_audio:
            _encode(output, output.add_stream("aac", rate=44_100, layout="mono"), _sound(44_100), 44_100)
        for index in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), index * 10, np.uint8), format="rgb24")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return buffer.getvalue()


@cache
def tagged(name: str = "take.m4a") -> bytes:
    """Return a recording with tags, hostile ones among them."""
    container, codec, _, rate = _ENCODINGS[name]
    tags = {"title": "Küche\u202e\nlive", "comment": "x" * 5000, "location": "+52.5200+013.4050/", "artist": "demo"}
    return _encoded(container, codec, {}, rate=rate, tags=tags)


def repeated(name: str, container: str, seconds: float, options: dict[str, str] | None = None) -> bytes:
    """Return a long recording made of a short one's packets over and over: quick to make, real in its headers."""
    buffer = io.BytesIO()
    with av.open(io.BytesIO(recording(name))) as source:
        track = source.streams.audio[0]
        packets = [(bytes(packet), packet.duration or 0) for packet in source.demux(track) if packet.size]
        with av.open(buffer, "w", format=container, options=options or {}) as output:
            stream = output.add_stream_from_template(track)
            time, index = 0, 0
            while time * track.time_base < seconds:
                content, duration = packets[index % len(packets)]
                packet = av.Packet(content)
                packet.stream, packet.time_base, packet.is_keyframe = stream, track.time_base, True
                packet.pts = packet.dts = time
                packet.duration = duration
                output.mux(packet)
                time, index = time + duration, index + 1
    return buffer.getvalue()


def wav_header(data_bytes: int, *, stated_bytes: int | None = None, rate: int = 44_100) -> bytes:
    """Return the header of a 16-bit stereo WAV; it may state another size than the data has."""
    stated = data_bytes if stated_bytes is None else stated_bytes
    return (
        b"RIFF"
        + struct.pack("<I", min(36 + stated, 2**32 - 1))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 2, rate, rate * 4, 4, 16)
        + b"data"
        + struct.pack("<I", stated)
    )


def id3_tag(content_bytes: int) -> bytes:
    """Return an ID3v2.3 tag with a picture, of that many bytes after its header."""
    picture = b"\x00image/jpeg\x00\x03\x00".ljust(content_bytes - 10, b"\xd8")
    size = bytes(content_bytes >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + b"APIC" + struct.pack(">I", len(picture)) + b"\x00\x00" + picture


def _sound(rate: int) -> np.ndarray:
    time = np.arange(int(SECONDS * rate)) / rate
    noise = np.random.default_rng(7).normal(0, 0.01, len(time))
    return (0.3 * np.sin(2 * np.pi * 440 * time) + noise).astype(np.float32)


def _encoded(
    container: str, codec: str, options: dict[str, str], *, rate: int, tags: dict[str, str] | None = None
) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=options) as output:
        output.metadata.update(tags or {})
        _encode(output, output.add_stream(codec, rate=rate, layout="mono"), _sound(rate), rate)
    return buffer.getvalue()


def _encode(output, stream, sound: np.ndarray, rate: int) -> None:
    frame = av.AudioFrame.from_ndarray(sound[np.newaxis], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = rate, 0
    sample_format = stream.codec_context.codec.audio_formats[0].name
    resampler = av.AudioResampler(sample_format, "mono", rate, frame_size=stream.codec_context.frame_size or 1024)
    for piece in (*resampler.resample(frame), *resampler.resample(None)):
        output.mux(stream.encode(piece))
    output.mux(stream.encode(None))
