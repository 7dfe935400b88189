"""What the image leaves out, and that nothing here needs it. What needs a container engine is in tests/image."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recordings import beeps, wav_recording

CONTAINER = Path(__file__).parents[2] / "container"
ABSENT = CONTAINER / "absent"


def run_python(program, *arguments, without_numba=True):
    path = [str(ABSENT)] * without_numba + [str(CONTAINER)]
    environment = os.environ | {"PYTHONPATH": ":".join(path), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *program, *arguments], env=environment, capture_output=True, text=True, timeout=120
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_given_a_recording_when_processed_without_numba_then_every_byte_is_as_with_it(tmp_path):
    take = tmp_path / "take.wav"
    take.write_bytes(wav_recording(beeps(3)))

    for without_numba, folder in ((True, "without"), (False, "with")):
        program = ["-m", "oneshots", str(take), "--output"]
        done = run_python(program, str(tmp_path / folder), without_numba=without_numba)
        assert done.returncode == 0, done.stderr

    assert contents(tmp_path / "without") == contents(tmp_path / "with")
    assert len(contents(tmp_path / "with")) > 3


def test_given_what_stands_for_numba_when_a_compiled_function_is_called_then_it_is_refused_by_name():
    done = run_python(["-c", "import librosa; librosa.util.is_unique([[1.0, 2.0]])"])

    assert "NumbaLeftOutError: librosa.util.utils.__is_unique is compiled by numba" in done.stderr


@pytest.mark.parametrize("decorator", ["numba.jit", "numba.jit(nopython=True, cache=True)", "numba.vectorize(['f'])"])
def test_given_what_stands_for_numba_when_it_decorates_then_the_name_stays_and_the_call_is_refused(decorator):
    program = f"import numba\n@{decorator}\ndef double(x): return 2 * x\nprint(double.__name__)\ndouble(1)"

    done = run_python(["-c", program])

    assert done.stdout == "double\n"
    assert "NumbaLeftOutError: __main__.double" in done.stderr


def test_given_the_audio_package_then_it_uses_of_librosa_and_scipy_only_what_the_image_has():
    used = set()
    for path in (CONTAINER / "oneshots").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("librosa."):
                used.add(ast.unparse(node))
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scipy"):
                used |= {node.module if node.module != "scipy" else f"scipy.{alias.name}" for alias in node.names}

    assert used == {
        "librosa.hz_to_midi",
        "librosa.key_to_notes",
        "librosa.midi_to_note",
        "librosa.onset",
        "librosa.onset.onset_strength",
        "librosa.power_to_db",
        "scipy.fft",
        "scipy.ndimage",
    }
