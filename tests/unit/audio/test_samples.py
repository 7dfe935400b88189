import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oneshots.decode import decode
from oneshots.limits import DiskFullError
from oneshots.parameters import Parameters
from oneshots.pipeline import process
from oneshots.samples import SampleCollector, StoredSamples
from tests.unit.audio.signals import noise, scene, write_by_soundfile

IN_FILE = 0
PARTS = [slice(None), slice(0, 10), slice(7, 950), slice(990, 5000), slice(None, 3), slice(5, None), slice(2000, 2010)]


def collect(values, *, most_bytes_in_memory=IN_FILE, skip=0, block=300):
    collector = SampleCollector(len(values), most_bytes_in_memory=most_bytes_in_memory)
    for start in range(0, values.shape[1], block):
        collector.append(values[:, start : start + block])
    return collector.finish(skip=skip)


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("part", PARTS)
def test_given_samples_in_a_file_when_sliced_then_they_are_what_an_array_gives(channels, part):
    values = np.random.default_rng(1).standard_normal((channels, 1000)).astype(np.float32)
    stored = collect(values)
    assert isinstance(stored, StoredSamples)
    assert stored.shape == values.shape
    assert stored[:, part].dtype == np.float32
    np.testing.assert_array_equal(stored[:, part], values[:, part])


def test_given_priming_to_skip_when_collected_then_both_kinds_leave_it_out():
    values = np.arange(2000, dtype=np.float32).reshape(2, 1000)
    for most_bytes in (IN_FILE, 1 << 20):
        np.testing.assert_array_equal(collect(values, most_bytes_in_memory=most_bytes, skip=77)[:, :], values[:, 77:])


@pytest.mark.parametrize(
    "key", [(slice(0, 1), slice(None)), (slice(None), slice(-5, None)), (slice(None), slice(0, 9, 2))]
)
def test_given_another_kind_of_slice_when_asked_of_a_file_then_it_is_refused(key):
    with pytest.raises(IndexError, match="read as"):
        collect(np.zeros((1, 10), np.float32))[key]


def test_given_few_samples_when_collected_then_there_is_no_file(scratch):
    assert isinstance(collect(np.zeros((2, 1000), np.float32), most_bytes_in_memory=8000), np.ndarray)
    assert isinstance(collect(np.zeros((2, 1001), np.float32), most_bytes_in_memory=8000), StoredSamples)


def test_given_samples_in_a_file_when_looked_for_then_the_file_has_no_name(scratch):
    stored = collect(np.ones((1, 1000), np.float32))
    assert list(scratch.iterdir()) == []
    assert stored[:, :].sum() == 1000


def test_given_a_process_killed_while_it_holds_samples_then_nothing_is_left(scratch):
    program = (
        "import sys, numpy as np; from oneshots.samples import SampleCollector\n"
        "collector = SampleCollector(1, most_bytes_in_memory=0); collector.append(np.ones((1, 100000), np.float32))\n"
        "samples = collector.finish(); print(samples.shape, flush=True); sys.stdin.read()"
    )
    environment = dict(os.environ, TMPDIR=str(scratch), PYTHONPATH=str(Path(__file__).parents[3] / "container"))
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout.readline() == b"(1, 100000)\n"
        process.send_signal(signal.SIGKILL)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_given_no_room_when_collected_then_the_error_says_where_and_what_to_do(scratch, monkeypatch, code):
    def full(descriptor, content):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.write", full)
    with pytest.raises(DiskFullError, match="TMPDIR") as error:
        collect(np.ones((1, 1000), np.float32))
    assert str(scratch) in str(error.value)


def test_given_another_fault_of_the_disk_when_collected_then_it_is_not_taken_for_a_full_one(monkeypatch):
    def broken(descriptor, content):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("os.write", broken)
    with pytest.raises(OSError, match="broken") as error:
        collect(np.ones((1, 1000), np.float32))
    assert not isinstance(error.value, DiskFullError)


def test_given_partial_writes_when_collected_then_all_is_there(monkeypatch):
    write = os.write
    monkeypatch.setattr("os.write", lambda descriptor, content: write(descriptor, content[:1001]))
    values = np.random.default_rng(2).standard_normal((2, 1000)).astype(np.float32)
    np.testing.assert_array_equal(collect(values)[:, :], values)


@pytest.mark.parametrize("channels", [1, 2])
def test_given_a_recording_in_a_file_when_processed_then_the_result_is_that_of_one_in_memory(
    tmp_path, monkeypatch, channels
):
    mono = scene((0.5, 1.4, 2.3), seconds=3.2)
    right = noise(seconds=3.2, level_dbfs=-50)
    path = write_by_soundfile(tmp_path / "a.wav", np.concatenate([mono, right])[:channels], subtype="PCM_24")
    in_memory = process(path, parameters=Parameters(), output_dir=tmp_path)
    written = [one.path.read_bytes() for one in in_memory.one_shots]
    monkeypatch.setattr(
        "oneshots.decode.SampleCollector", lambda channels: SampleCollector(channels, most_bytes_in_memory=IN_FILE)
    )
    assert isinstance(decode(path).samples, StoredSamples)
    in_file = process(path, parameters=Parameters(), output_dir=tmp_path)
    assert [one.path.read_bytes() for one in in_file.one_shots] == written
    assert in_file.one_shots == in_memory.one_shots
    assert in_file.loudness == in_memory.loudness
    assert in_file.descriptors == in_memory.descriptors
    assert in_file.waveform == in_memory.waveform
