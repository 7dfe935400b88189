"""Writing a scene as a phone or an app would, and reading it for the peers that read no m4a themselves."""

from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

RATE = 44100
# name -> (extension, muxer, encoder, rate, bits a second; None: lossless)
CODECS: dict[str, tuple[str, str, str, int, int | None]] = {
    "aac64": ("m4a", "ipod", "aac", 44100, 64_000),
    "aac96": ("m4a", "ipod", "aac", 44100, 96_000),
    "aac128": ("m4a", "ipod", "aac", 44100, 128_000),
    "mp3": ("mp3", "mp3", "libmp3lame", 44100, 128_000),
    "opus": ("opus", "opus", "libopus", 48000, 64_000),
    "wav": ("wav", "wav", "pcm_s16le", 44100, None),
}


def encode(path: Path, samples: np.ndarray, codec: str) -> None:
    """Write `samples`, shape (channels, n) at 44.1 kHz, to `path`."""
    _, muxer, encoder, rate, bit_rate = CODECS[codec]
    layout = "mono" if len(samples) == 1 else "stereo"
    with av.open(str(path), "w", format=muxer) as container:
        stream = container.add_stream(encoder, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)  # noqa: S101 - these encoders are all of audio
        if bit_rate:
            stream.bit_rate = bit_rate
        resampler = AudioResampler(format=stream.format.name, layout=layout, rate=rate, frame_size=stream.frame_size)
        for start in range(0, samples.shape[1], 1 << 16):
            block = np.ascontiguousarray(samples[:, start : start + (1 << 16)], np.float32)
            frame = AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = RATE, start
            container.mux([packet for each in resampler.resample(frame) for packet in stream.encode(each)])
        container.mux([packet for each in resampler.resample(None) for packet in stream.encode(each)])
        container.mux(stream.encode(None))


def decode(path: Path) -> tuple[np.ndarray, int]:
    """Return the file's samples, float32 of shape (channels, n), and their rate, by PyAV alone."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        resampler = AudioResampler(format="fltp")
        blocks = [out.to_ndarray() for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate(blocks, axis=1), rate
