"""The ways of finding sounds that are compared: each takes a scene's file and returns where the sounds are.

Ours as a whole (`oneshots`, the command), our finding alone (`in-process`), and the peers. The peers read no m4a
without an FFmpeg program, so PyAV decodes for them.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from bench.codecs import decode

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "container"

FORMER_THRESHOLD_DBFS, FORMER_SILENCE_MS = -30, 750
# The best of 12 to 50 dB and 50 to 200 ms on the tuning scenes, by onset F1.
SPLIT_TOP_DB, SPLIT_MERGE_SECONDS = 16.0, 0.1


class MethodError(Exception):
    """A method did not process a scene: what it was and what it said."""


def oneshots_command(path: Path) -> np.ndarray:
    """Our command in a process of its own, as users run it; shape (n, 2), seconds, from its manifest."""
    with tempfile.TemporaryDirectory() as output:
        command = [sys.executable, "-m", "oneshots", str(path), "--output", output]
        done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise MethodError(f"oneshots exited with {done.returncode} on {path.name}: {done.stderr[-500:]}")
        manifest = json.loads((Path(output) / "manifest.json").read_text())
    return _intervals([(one["startSeconds"], one["endSeconds"]) for one in manifest["oneShots"]])


def oneshots_in_process(path: Path) -> np.ndarray:
    """Our decoding and finding without writing anything: quick, for work on the segmentation."""
    find_our_package()
    from oneshots.blocks import mean_per_channel
    from oneshots.cut import bounds_with_surroundings
    from oneshots.decode import decode as decode_as_we_do
    from oneshots.parameters import Parameters
    from oneshots.pipeline import find_sounds

    recording = decode_as_we_do(path)
    samples, rate = recording.samples, recording.sample_rate
    found = find_sounds(samples, rate, parameters=Parameters(), dc_offset=mean_per_channel(samples))
    bounds = bounds_with_surroundings(found.segments, rate, length=samples.shape[1])
    return _intervals([(each.start / rate, each.end / rate) for each in bounds])


def former_container(path: Path) -> np.ndarray:
    """Find by the app's former method: pydub, silence under -30 dBFS for 750 ms.

    Its pieces kept 100 ms of silence on either side; scored without, in its favour.
    """
    from pydub import AudioSegment
    from pydub.silence import detect_nonsilent

    samples, rate = decode(path)
    segment = AudioSegment(data=_pcm16(samples), sample_width=2, frame_rate=rate, channels=len(samples))
    ranges = detect_nonsilent(segment, min_silence_len=FORMER_SILENCE_MS, silence_thresh=FORMER_THRESHOLD_DBFS)
    return _intervals([(start / 1000, end / 1000) for start, end in ranges])


def librosa_split(path: Path) -> np.ndarray:
    """`librosa.effects.split`, 16 dB under the loudest, pieces less than 0.1 s apart joined."""
    import librosa

    samples, rate = decode(path)
    pieces = librosa.effects.split(samples.mean(axis=0), top_db=SPLIT_TOP_DB) / rate
    joined: list[list[float]] = []
    for start, end in pieces:
        if joined and start - joined[-1][1] < SPLIT_MERGE_SECONDS:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return _intervals(joined)


def librosa_onsets(path: Path) -> np.ndarray:
    """`librosa.onset.onset_detect`, backtracked; each piece lasts until the next onset."""
    import librosa

    samples, rate = decode(path)
    onsets = librosa.onset.onset_detect(y=samples.mean(axis=0), sr=rate, backtrack=True, units="time")
    ends = np.append(onsets[1:], samples.shape[1] / rate) if len(onsets) else onsets
    return _intervals(np.stack((onsets, ends), axis=1))


def auditok_split(path: Path) -> np.ndarray:
    """`auditok.split` with its own estimate of the threshold, for sounds from 20 ms up.

    Otsu's estimate and 80 ms of silence did best on the tuning scenes, against percentiles and 50 to 150 ms.
    """
    import auditok

    samples, rate = decode(path)
    regions = auditok.split(
        _pcm16(samples),
        sampling_rate=rate,
        sample_width=2,
        channels=len(samples),
        validator="otsu",
        analysis_window=0.01,
        min_dur=0.02,
        max_dur=None,
        max_silence=0.08,
        max_trailing_silence=0,
    )
    return _intervals([(region.start or 0.0, (region.start or 0.0) + len(region) / rate) for region in regions])


METHODS: dict[str, Callable[[Path], np.ndarray]] = {
    "oneshots": oneshots_command,
    "in-process": oneshots_in_process,
    "former container": former_container,
    "librosa split": librosa_split,
    "librosa onsets": librosa_onsets,
    "auditok": auditok_split,
}
PEERS = ("former container", "librosa split", "librosa onsets", "auditok")


def _intervals(pairs: object) -> np.ndarray:
    return np.asarray(pairs, float).reshape(-1, 2)


def _pcm16(samples: np.ndarray) -> bytes:
    """Interleaved 16-bit samples of `samples`, float32 of shape (channels, n)."""
    return (np.clip(samples.T, -1, 1) * 32767).astype("<i2").tobytes()


@cache
def find_our_package() -> None:
    sys.path.insert(0, str(PACKAGE))
