"""Healthy recordings of every format the product meets, from numbers alone: the same bytes on every run."""

import io
from dataclasses import dataclass, field
from functools import cache

import av
import numpy as np
import soundfile
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from fuzz.fields import with_ogg_checksums

_RATE = 44_100
_SECONDS = 1.3
_BITEXACT = {"fflags": "bitexact"}


@dataclass(frozen=True)
class _Encoding:
    """FFmpeg's names of muxer and codec, the rate in Hz, and options of the muxer."""

    muxer: str
    codec: str
    rate: int = _RATE
    options: dict[str, str] = field(default_factory=dict)
    extension: str = ""


_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "200000"}

_ENCODINGS = {
    "m4a": _Encoding("ipod", "aac"),
    "alac": _Encoding("ipod", "alac", extension="m4a"),
    "fragmented": _Encoding("mp4", "aac", options=_FRAGMENTED, extension="mp4"),
    "3gp": _Encoding("3gp", "aac"),
    "mp3": _Encoding("mp3", "libmp3lame"),
    "wav": _Encoding("wav", "pcm_s16le"),
    "float": _Encoding("wav", "pcm_f32le", extension="wav"),
    "flac": _Encoding("flac", "flac"),
    "ogg": _Encoding("ogg", "vorbis"),
    "opus": _Encoding("ogg", "libopus", rate=48_000),
    "webm": _Encoding("webm", "libopus", rate=48_000),
    "aiff": _Encoding("aiff", "pcm_s16be"),
    "aac": _Encoding("adts", "aac"),
    # The upload's check refuses it; the engine reads it.
    "caf": _Encoding("caf", "pcm_s16be"),
}
FORMATS = tuple(_ENCODINGS)


def extension(audio_format: str) -> str:
    """Return the extension that a file of `audio_format` has."""
    return _ENCODINGS[audio_format].extension or audio_format


@cache
def recording(audio_format: str) -> bytes:
    """Return a second or so of two plucked tones over quiet noise, in `audio_format` (one of `FORMATS`)."""
    if audio_format == "ogg":
        return _ogg_vorbis()
    encoding = _ENCODINGS[audio_format]
    return encoded(plucks(), encoding.muxer, encoding.codec, rate=encoding.rate, options=encoding.options)


def _ogg_vorbis() -> bytes:
    """Encode with libsndfile, since PyAV has no libvorbis, and put a number in the place of its random ones."""
    written = io.BytesIO()
    soundfile.write(written, plucks()[0], _RATE, format="OGG", subtype="VORBIS")
    content = written.getvalue()
    return with_ogg_checksums(content.replace(content[14:18], b"seed"))


def plucks() -> np.ndarray:
    """Return two decaying tones over quiet noise, float32 of shape (1, n) at 44.1 kHz."""
    samples = np.random.default_rng(1).normal(0, 0.0005, round(_SECONDS * _RATE))
    time = np.arange(round(0.3 * _RATE)) / _RATE
    for start, hertz in ((0.2, 440), (0.8, 660)):
        first = round(start * _RATE)
        samples[first : first + len(time)] += 0.5 * np.sin(2 * np.pi * hertz * time) * np.exp(-18 * time)
    return samples.astype(np.float32)[np.newaxis]


def encoded(samples: np.ndarray, muxer: str, codec: str, *, rate: int, options: dict[str, str] | None = None) -> bytes:
    """Encode `samples`, float32 of shape (1, n) at 44.1 kHz, with FFmpeg's `muxer` and `codec` at `rate` Hz."""
    written = io.BytesIO()
    with av.open(written, "w", format=muxer, options=_BITEXACT | (options or {})) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, AudioStream)  # noqa: S101 - the codecs above are audio's
        stream.codec_context.open(strict=False)
        resampler = AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        whole = AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        whole.sample_rate = _RATE
        fifo = AudioFifo()
        for frame in (*resampler.resample(whole), *resampler.resample(None)):
            frame.pts = None
            fifo.write(frame)
        position = 0
        while piece := fifo.read(stream.codec_context.frame_size or 1024, partial=True):
            piece.pts = position
            position += piece.samples
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return written.getvalue()
