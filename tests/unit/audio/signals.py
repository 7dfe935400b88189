"""Signals with known properties, and files of every format the engine reads."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler

from oneshots.decode import Recording

RATE = 44100


def sine(
    frequency: float, *, seconds: float, level_dbfs: float = -6.0, rate: int = RATE, channels: int = 1
) -> np.ndarray:
    """A sine whose peak is at `level_dbfs`, float32, shape (channels, n)."""
    time = np.arange(round(seconds * rate)) / rate
    mono = (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)
    return np.repeat(mono[None], channels, axis=0)


def silence(*, seconds: float, rate: int = RATE, channels: int = 1) -> np.ndarray:
    return np.zeros((channels, round(seconds * rate)), np.float32)


def click_and_tone(*, seconds: float) -> np.ndarray:
    """A click at 0.5 s and a tone after it, shape (1, n)."""
    samples = np.concatenate([silence(seconds=0.5), sine(440, seconds=seconds - 0.5)], axis=1)
    samples[0, RATE // 2 : RATE // 2 + 20] = 0.9
    return samples


def click_seconds(recording: Recording) -> float:
    """When the click of `click_and_tone` is heard in what was decoded of it."""
    return float(np.flatnonzero(np.abs(recording.samples[0, :]) > 0.2)[0] / recording.sample_rate)


def warning_codes(recording: Recording) -> list[str]:
    """Codes of the warnings about a decoded recording."""
    return [each.code for each in recording.warnings]


def noise(*, seconds: float, level_dbfs: float, rate: int = RATE, seed: int = 1) -> np.ndarray:
    """White noise with an RMS of `level_dbfs`, shape (1, n)."""
    samples = np.random.default_rng(seed).standard_normal((1, round(seconds * rate)))
    return (samples * 10 ** (level_dbfs / 20)).astype(np.float32)


def pluck(frequency: float, *, seconds: float = 0.4, level_dbfs: float = -8.0, rate: int = RATE) -> np.ndarray:
    """A struck tone with harmonics that has died away by 40 dB at its end, shape (1, n)."""
    time = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * frequency * k * time) / k for k in (1, 2, 3, 4))
    tone = tone * np.exp(-time * np.log(100) / seconds)
    return (tone / np.abs(tone).max() * 10 ** (level_dbfs / 20)).astype(np.float32)[None]


def scene(onsets: Sequence[float], *, seconds: float, noise_dbfs: float | None = -60.0, rate: int = RATE) -> np.ndarray:
    """Plucks at `onsets` seconds, over white noise, shape (1, n)."""
    samples = silence(seconds=seconds, rate=rate)
    if noise_dbfs is not None:
        samples += noise(seconds=seconds, level_dbfs=noise_dbfs, rate=rate)
    for index, onset in enumerate(onsets):
        sound = pluck(220 * 2 ** (index % 12 / 12), rate=rate)
        start = round(onset * rate)
        samples[:, start : start + sound.shape[1]] += sound
    return samples


def write_by_soundfile(path: Path, samples: np.ndarray, *, rate: int = RATE, subtype: str | None = None) -> Path:
    soundfile.write(path, samples.T, rate, subtype=subtype)
    return path


def write_by_ffmpeg(
    path: Path,
    samples: np.ndarray | None,
    *,
    muxer: str,
    codec: str = "",
    rate: int = RATE,
    layout: str = "mono",
    video: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode `samples`, shape (channels, n) at `RATE`, resampled to `rate`; with a black picture track if `video`."""
    with av.open(str(path), "w", format=muxer, options=options or {}) as container:
        picture = None
        if video:
            picture = container.add_stream("mpeg4", rate=10)
            picture.width = picture.height = 32
            picture.pix_fmt = "yuv420p"
        stream = container.add_stream(codec, rate=rate, layout=layout) if codec else None
        if picture is not None:
            for index in range(10):
                frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 10)
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))
        if stream is not None and samples is not None:
            stream.bit_rate = 96_000
            stream.codec_context.open(strict=False)
            _encode(container, stream, samples, rate=rate, layout=layout)
    return path


def _encode(
    container: av.container.OutputContainer, stream: av.AudioStream, samples: np.ndarray, *, rate: int, layout: str
) -> None:
    context = stream.codec_context
    channels = AudioLayout(layout).nb_channels
    data = np.ascontiguousarray(np.broadcast_to(samples, (channels, samples.shape[1])))
    whole = AudioFrame.from_ndarray(data, format="fltp", layout=layout)
    whole.sample_rate, whole.pts = RATE, 0
    resampler = AudioResampler(format=context.format, layout=layout, rate=rate)
    fifo = AudioFifo()
    for frame in (*resampler.resample(whole), *resampler.resample(None)):
        frame.pts = None
        fifo.write(frame)
    position = 0
    while frame := fifo.read(context.frame_size or 1024, partial=True):
        frame.pts, frame.time_base = position, Fraction(1, rate)
        position += frame.samples
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
