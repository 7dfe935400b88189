"""Writing one-shots: wav and flac by libsndfile, mp3 and m4a by FFmpeg."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import av
import numpy as np
import soundfile
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from oneshots.blocks import blocks
from oneshots.decode import Source
from oneshots.samples import Samples

type AudioFormat = Literal["wav", "flac", "mp3", "m4a"]

CONTENT_TYPES: dict[str, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
}
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_AAC_RATES = (*_MP3_RATES, 64000, 88200, 96000)
_BLOCK_SAMPLES = 1 << 16
# FFmpeg's default AAC coder (two loops) leaves a third of the bench's one-shots with peaks more than 1 dB higher, up to
# 6 dB, and 20 dB of signal to noise; the fast one without noise substitution and noise shaping stays within 0.8 dB at
# 40 dB of signal to noise, and takes half the time.
_ENCODER_OPTIONS = {"aac": {"aac_coder": "fast", "aac_pns": "0", "aac_tns": "0"}}
_LEAST_BITS_A_SECOND = {"aac": (160_000, 256_000), "libmp3lame": (128_000, 192_000)}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How one-shots are written. `subtype` is libsndfile's name of a sample format, or FFmpeg's codec name.

    `bit_rate` (bits a second) is for lossy codecs, `bit_depth` for ALAC: 16, or 24 when more is wanted or unknown.
    """

    format: AudioFormat
    subtype: str
    bit_rate: int | None = None
    bit_depth: int | None = None

    @property
    def is_lossy(self) -> bool:
        """Whether what is decoded differs from what was encoded, its peaks included."""
        return self.subtype in ("aac", "libmp3lame")

    @property
    def holds_overs(self) -> bool:
        """Whether samples beyond full scale are written as they are, not cut off."""
        return self.subtype == "FLOAT"


def choose_encoding(requested: str, source: Source) -> Encoding:
    """Choose the encoding for `requested` (`original`, wav, flac, mp3, m4a) one-shots of `source`.

    `original` is the source's own container and codec where they can be written, else wav.
    """
    chosen: str = _writable_format(source) if requested == "original" else requested
    match chosen:
        case "flac":
            return Encoding(format="flac", subtype="PCM_16" if (source.bit_depth or 16) <= 16 else "PCM_24")
        case "mp3":
            return Encoding(format="mp3", subtype="libmp3lame", bit_rate=source.bit_rate)
        case "m4a":
            codec = "alac" if source.codec == "alac" else "aac"
            return Encoding(format="m4a", subtype=codec, bit_rate=source.bit_rate, bit_depth=source.bit_depth)
        case _:
            return Encoding(format="wav", subtype=_wav_subtype(source))


def encode(path: Path, samples: Samples, rate: int, *, encoding: Encoding) -> int:
    """Write `samples`, shape (channels, n), to `path` and return the sample rate written.

    That is `rate` unless the codec has no such rate; then the sound is resampled to the next one it has.
    """
    if encoding.format in ("wav", "flac"):
        _encode_by_libsndfile(path, samples, rate, encoding)
        return rate
    return _encode_by_ffmpeg(path, samples, rate, encoding)


def _writable_format(source: Source) -> AudioFormat:
    match source.container, source.codec:
        case "flac", _:
            return "flac"
        case "mp3", _:
            return "mp3"
        case (("m4a" | "mp4"), ("aac" | "alac")):
            return "m4a"
    return "wav"


def _wav_subtype(source: Source) -> str:
    if source.is_float:
        return "FLOAT"
    return {24: "PCM_24", 32: "PCM_32"}.get(source.bit_depth or 16, "PCM_16")


def _encode_by_libsndfile(path: Path, samples: Samples, rate: int, encoding: Encoding) -> None:
    with soundfile.SoundFile(
        path, "w", rate, samples.shape[0], subtype=encoding.subtype, format=encoding.format.upper()
    ) as file:
        for block in blocks(samples):
            file.write(block.T)


def _encode_by_ffmpeg(path: Path, samples: Samples, rate: int, encoding: Encoding) -> int:
    rates = {"libmp3lame": _MP3_RATES, "aac": _AAC_RATES}.get(encoding.subtype, (rate,))
    written = min((allowed for allowed in rates if allowed >= rate), default=rates[-1])
    layout = "mono" if samples.shape[0] == 1 else "stereo"
    # The `ipod` muxer is FFmpeg's name for m4a: its edit list makes the file gapless, as LAME's tag does an mp3.
    muxer = "mp3" if encoding.format == "mp3" else "ipod"
    with av.open(f"file:{path.absolute()}", "w", format=muxer) as container:
        options = _ENCODER_OPTIONS.get(encoding.subtype)
        stream = cast(AudioStream, container.add_stream(encoding.subtype, rate=written, options=options, layout=layout))
        if encoding.subtype != "alac":
            stream.bit_rate = _bit_rate(encoding, written, samples.shape[0])
        sample_format = _sample_format(encoding)
        stream.format = sample_format
        # By itself it starts a thread for each CPU, which live until the garbage collector comes by; each takes 8 MB of
        # what the process may allocate.
        resampler = AudioResampler(
            format=sample_format, layout=layout, rate=written, frame_size=_frame_size(stream), threads=1
        )
        for frame in _frames(samples, rate, layout):
            for converted in resampler.resample(frame):
                container.mux(stream.encode(converted))
        for converted in resampler.resample(None):
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return written


def _sample_format(encoding: Encoding) -> str:
    if encoding.subtype != "alac":
        return "fltp"
    return "s16p" if encoding.bit_depth == 16 else "s32p"


def _frame_size(stream: AudioStream) -> int | None:
    stream.codec_context.open(strict=False)
    return stream.codec_context.frame_size or None


def _frames(samples: Samples, rate: int, layout: str) -> Iterator[AudioFrame]:
    for start in range(0, samples.shape[1], _BLOCK_SAMPLES):
        block = np.ascontiguousarray(samples[:, start : start + _BLOCK_SAMPLES], dtype=np.float32)
        frame = AudioFrame.from_ndarray(np.clip(block, -1.0, 1.0), format="fltp", layout=layout)
        frame.sample_rate = rate
        frame.pts = start
        yield frame


def _bit_rate(encoding: Encoding, rate: int, channels: int) -> int:
    """At least what one-shots need (mono, stereo), the source's own if more, within what the codec allows."""
    wanted = min(max(encoding.bit_rate or 0, _LEAST_BITS_A_SECOND[encoding.subtype][channels - 1]), 320_000)
    if encoding.subtype == "libmp3lame":
        return min(wanted, 64_000 if rate < 16_000 else 160_000 if rate < 32_000 else 320_000)
    # An AAC frame holds at most 6144 bits a channel (ISO/IEC 14496-3).
    return min(wanted, int(0.9 * 6144 * rate / 1024) * channels)
