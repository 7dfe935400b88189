"""What the stopwatch runs beside our command, each a whole job: `python -m bench.workloads NAME FILE OUTPUT`.

Each imports only what it needs: a cold process pays for its imports.
"""

import sys
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler


def decode_floor(path: Path, _output: Path) -> None:
    """Do the least that any method must: decode by PyAV in a stream and take the level of every 10 ms."""
    levels = []
    rest: np.ndarray | None = None
    with av.open(str(path)) as container:
        resampler = AudioResampler(format="fltp")
        for frame in container.decode(audio=0):
            for block in resampler.resample(frame):
                samples = block.to_ndarray() if rest is None else np.hstack((rest, block.to_ndarray()))
                length = samples.shape[1] // 441 * 441
                levels.append(np.mean(np.square(samples[:, :length].reshape(len(samples), -1, 441)), axis=(0, 2)))
                rest = samples[:, length:]
    print(len(np.concatenate(levels)))


def former_container(path: Path, output: Path) -> None:
    """Do as the app's former container did: pydub cuts at silence, brings each piece to -18 dBFS, writes WAV.

    PyAV decodes into 16 bits in place of an FFmpeg program, whose time and memory are thereby left out.
    """
    from pydub import AudioSegment
    from pydub.silence import split_on_silence

    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate, channels = stream.rate, stream.channels
        resampler = AudioResampler(format="s16")
        pcm = b"".join(
            block.to_ndarray().tobytes() for frame in container.decode(audio=0) for block in resampler.resample(frame)
        )
    recording = AudioSegment(data=pcm, sample_width=2, frame_rate=rate, channels=channels)
    pieces = split_on_silence(recording, min_silence_len=750, silence_thresh=-30)
    for index, piece in enumerate(pieces, start=1):
        piece.apply_gain(-18 - piece.dBFS).export(output / f"{index}.wav", format="wav")
    print(len(pieces))


def librosa_split(path: Path, output: Path) -> None:
    """`librosa.effects.split`, each piece brought to the same peak and written as WAV."""
    import librosa
    import soundfile

    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        resampler = AudioResampler(format="flt", layout="mono")
        samples = np.concatenate(
            [block.to_ndarray()[0] for frame in container.decode(audio=0) for block in resampler.resample(frame)]
        )
    pieces = librosa.effects.split(samples, top_db=16.0)
    for index, (start, end) in enumerate(pieces, start=1):
        soundfile.write(output / f"{index}.wav", librosa.util.normalize(samples[start:end]) * 0.9, rate)
    print(len(pieces))


WORKLOADS = {"decode-floor": decode_floor, "former-container": former_container, "librosa-split": librosa_split}

if __name__ == "__main__":
    name, file, folder = sys.argv[1:]
    WORKLOADS[name](Path(file), Path(folder))
