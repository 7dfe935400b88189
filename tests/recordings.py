"""Recordings made of nothing but numbers, for the workflow's tests."""

import io

import av
import numpy as np
import soundfile

RATE = 44_100
_GAP_SECONDS = 0.7
_BEEP_SECONDS = 0.3

# container as FFmpeg names it, codec, rate
_CONTAINERS = {
    "m4a": ("ipod", "aac", 44_100),
    "3gp": ("3gp", "aac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "aac": ("adts", "aac", 44_100),
    "webm": ("webm", "libopus", 48_000),
    "opus": ("ogg", "libopus", 48_000),
    "aiff": ("aiff", "pcm_s16be", 44_100),
}


def beeps(count: int, *, rate: int = RATE) -> np.ndarray:
    """`count` decaying tones with quiet noise around them, shape (n,)."""
    noise = np.random.default_rng(count).normal(0, 0.0005, int((_GAP_SECONDS + count * (_GAP_SECONDS + 0.3)) * rate))
    time = np.arange(int(_BEEP_SECONDS * rate)) / rate
    for index in range(count):
        start = int((_GAP_SECONDS + index * (_GAP_SECONDS + _BEEP_SECONDS)) * rate)
        noise[start : start + len(time)] += 0.5 * np.sin(2 * np.pi * (440 + 110 * index) * time) * np.exp(-time * 18)
    return noise.astype(np.float32)


def wav_recording(samples: np.ndarray, *, rate: int = RATE) -> bytes:
    """A 16-bit mono WAV."""
    written = io.BytesIO()
    soundfile.write(written, samples, rate, format="WAV", subtype="PCM_16")
    return written.getvalue()


def encode_recording(samples: np.ndarray, extension: str) -> bytes:
    """The same sound as a file of another format. `samples` are at 44.1 kHz."""
    written = io.BytesIO()
    if extension in {"flac", "ogg", "wav"}:
        soundfile.write(written, samples, RATE, format=extension.upper())
        return written.getvalue()
    container, codec, rate = _CONTAINERS[extension]
    with av.open(written, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(format=stream.codec_context.format or "fltp", layout="mono", rate=rate)
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return written.getvalue()


def corrupt_inside() -> bytes:
    """An m4a with a healthy header, and nothing that an AAC decoder knows where its audio should be."""
    healthy = encode_recording(beeps(3), "m4a")
    start = healthy.index(b"mdat") + 4
    size = int.from_bytes(healthy[start - 8 : start - 4], "big") - 8
    return healthy[:start] + b"\xff" * size + healthy[start + size :]


def video_without_audio() -> bytes:
    """An mp4 with one second of moving grey and no sound."""
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for grey in range(0, 200, 20):
            picture = np.full((64, 64, 3), grey, dtype=np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    return written.getvalue()
