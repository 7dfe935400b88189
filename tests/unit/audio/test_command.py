import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import oneshots
from oneshots import command
from oneshots.samples import SampleCollector
from tests.unit.audio.signals import scene, write_by_ffmpeg, write_by_soundfile

CONTAINER = Path(oneshots.__file__).parents[1]


@pytest.fixture
def take(tmp_path):
    return write_by_soundfile(tmp_path / "take.wav", scene([0.5, 1.5], seconds=2.5))


def run(*arguments):
    """The command's exit code, in this process."""
    try:
        return command.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return stop.code


def manifest_in(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_given_a_recording_when_run_as_a_process_then_files_manifest_and_summary_are_there(take, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("S3_")}
    done = subprocess.run(
        [sys.executable, "-m", "oneshots", take, "--output", tmp_path / "out"],
        cwd=CONTAINER, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 one-shots" in done.stdout
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "manifest.json",
        "overview.png",
        "spectrogram.png",
        "take-001.wav",
        "take-002.wav",
        "waveform.json",
    ]
    document = manifest_in(tmp_path / "out")
    assert document["files"] == {
        "waveform": "waveform.json",
        "overview": "overview.png",
        "spectrogram": "spectrogram.png",
        "original": None,
    }
    assert [one["path"] for one in document["oneShots"]] == ["take-001.wav", "take-002.wav"]
    assert document["source"]["name"] == "take.wav"


def test_given_the_command_when_it_runs_then_boto3_is_never_loaded(take, tmp_path):
    script = "import sys; from oneshots import command; command.main(sys.argv[1:]); print('boto3' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, take, "--output", tmp_path / "out"],
        cwd=CONTAINER, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    "name", ["a+b 100%.wav", "naïve take.wav", "日本.wav", "%2e%2e.wav", "x" * 240 + ".wav", "-f.wav"]
)
def test_given_a_hostile_name_when_run_then_outputs_carry_it_verbatim_as_far_as_it_fits(take, tmp_path, name):
    path = take.rename(tmp_path / name)
    assert run(path, "--output", tmp_path / "out", "--params", '{"preserve-original": true}') == 0
    document = manifest_in(tmp_path / "out")
    stem = path.stem if len(name) < 100 else "x" * 235
    assert document["oneShots"][0]["path"] == f"{stem}-001.wav"
    assert document["files"]["original"] == f"{stem}-original.wav"
    assert (tmp_path / "out" / f"{stem}-original.wav").read_bytes() == path.read_bytes()
    assert document["source"]["name"] == name


def test_given_a_video_without_sound_when_run_then_one_line_says_so_and_the_exit_code_is_3(tmp_path, capfd):
    path = write_by_ffmpeg(tmp_path / "clip.mp4", None, muxer="mp4", video=True)
    assert run(path, "--output", tmp_path / "out") == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "clip.mp4: NO_AUDIO_TRACK: the file has no audio track\n"
    document = manifest_in(tmp_path / "out")
    assert (document["outcome"], document["reason"]["code"]) == ("rejected", "NO_AUDIO_TRACK")


def test_given_more_than_the_cap_when_run_then_it_is_rejected_as_too_long(take, tmp_path, capfd):
    assert run(take, "--output", tmp_path / "out", "--max-seconds", "1") == 3
    assert "TOO_LONG" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ('{"silence-threshold": -91}', "silence-threshold is -91"),
        ('{"colour": 1}', "'colour' is not a parameter"),
    ],
)
def test_given_bad_params_when_run_then_usage_says_what_and_nothing_is_written(take, tmp_path, capfd, params, words):
    assert run(take, "--output", tmp_path / "out", "--params", params) == 2
    assert words in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "is not a file but a folder"),
        (os.mkfifo, "is not a file but a named pipe"),
        (lambda path: path.symlink_to("gone.wav"), "is a symbolic link that leads nowhere"),
        (lambda path: path.symlink_to(path), "is a symbolic link that leads nowhere"),
        (lambda path: path.symlink_to("/dev/zero"), "is not a file but a device"),
        (lambda path: path.symlink_to(path.parent), "is not a file but a folder"),
    ],
    ids=["folder", "FIFO", "dangling link", "link to itself", "link to a device", "link to a folder"],
)
def test_given_what_is_no_file_when_run_then_usage_says_what_it_is(tmp_path, capfd, make, words):
    make(tmp_path / "take.wav")
    assert run(tmp_path / "take.wav", "--output", tmp_path / "out") == 2
    assert words in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_given_a_link_to_a_recording_when_run_then_it_is_followed(take, tmp_path):
    (tmp_path / "link.wav").symlink_to(take)
    assert run(tmp_path / "link.wav", "--output", tmp_path / "out") == 0
    assert (tmp_path / "out" / "link-001.wav").exists()


def test_given_too_long_a_path_when_run_then_usage_says_so(tmp_path, capfd):
    assert run(tmp_path / ("x" * 300), "--output", tmp_path / "out") == 2
    assert "cannot be looked at: File name too long" in capfd.readouterr().err


@pytest.mark.parametrize("name", [b"\x1b[2J\r\nfake\xe2\x80\xae.wav", b"take\xff.wav"], ids=["controls", "no UTF-8"])
def test_given_a_name_that_a_terminal_would_obey_when_run_then_it_is_shown_without_it(take, tmp_path, capfd, name):
    path = take.rename(tmp_path / os.fsdecode(name))
    assert run(path, "--output", tmp_path / "out", "--params", '{"features": "cut-only"}') == 0
    path.write_bytes(b"no audio")
    assert run(path, "--output", tmp_path / "out") == 3
    out, err = capfd.readouterr()
    assert out.count("\n") == 3
    assert err.count("\n") == 1
    assert (out + err).replace("\n", "").isprintable()


def test_given_a_terminal_that_lacks_a_names_letters_when_run_then_they_are_spelt_out(take, tmp_path):
    path = take.rename(tmp_path / "日本.wav")
    environment = {**os.environ, "PYTHONPATH": str(CONTAINER), "PYTHONIOENCODING": "ascii"}
    arguments = [str(path), "--output", str(tmp_path / "out"), "--params", '{"features": "cut-only"}']
    done = subprocess.run(
        [sys.executable, "-m", "oneshots", *arguments], env=environment, capture_output=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"\\u65e5\\u672c.wav: 2 one-shots")


@pytest.mark.parametrize(
    ("name", "value"), [("MEMORY_LIMIT_MB", "12"), ("TIME_LIMIT_SECONDS", "soon"), ("LOG_LEVEL", "LOUD")]
)
def test_given_a_senseless_setting_when_run_then_usage_names_it(take, tmp_path, capfd, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert run(take, "--output", tmp_path / "out") == 2
    assert f"{name} is {value!r}" in capfd.readouterr().err


def test_given_no_more_memory_when_run_then_one_line_says_so_and_the_exit_code_is_137(
    take, tmp_path, capfd, monkeypatch
):
    def ask_for_more(*_, **__):
        raise MemoryError

    monkeypatch.setattr("oneshots.pipeline.decode", ask_for_more)
    assert run(take, "--output", tmp_path / "out") == 137
    assert capfd.readouterr() == ("", "take.wav: out of memory (MEMORY_LIMIT_MB)\n")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_given_the_time_is_up_when_run_then_one_line_says_so_and_the_exit_code_is_124(
    take, tmp_path, capfd, monkeypatch
):
    monkeypatch.setattr("oneshots.pipeline.decode", lambda *_, **__: signal.raise_signal(signal.SIGALRM))
    assert run(take, "--output", tmp_path / "out") == 124
    assert capfd.readouterr() == ("", "take.wav: not done within 2700 seconds (TIME_LIMIT_SECONDS)\n")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_given_no_such_file_when_run_then_usage_names_it(tmp_path, capfd):
    assert run(tmp_path / "gone.wav", "--output", tmp_path / "out") == 2
    assert "gone.wav' does not exist" in capfd.readouterr().err


def test_given_an_output_that_is_a_file_when_run_then_usage_says_so(take, tmp_path, capfd):
    assert run(take, "--output", take) == 2
    assert "--output" in capfd.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_given_a_senseless_cap_when_run_then_usage_says_so(take, tmp_path, capfd, seconds):
    assert run(take, "--output", tmp_path / "out", "--max-seconds", seconds) == 2
    assert "--max-seconds" in capfd.readouterr().err


def test_given_help_when_asked_then_it_shows_parameters_and_exit_codes(capfd):
    assert run("--help") == 0
    out = capfd.readouterr().out
    assert "silence-threshold" in out
    assert "exit codes" in out


def test_given_an_earlier_result_when_the_new_recording_is_rejected_then_the_manifest_is_the_new_one(take, tmp_path):
    out = tmp_path / "out"
    assert run(take, "--output", out) == 0
    take.write_text("no audio any more")
    assert run(take, "--output", out) == 3
    assert manifest_in(out)["outcome"] == "rejected"


def test_given_processing_off_when_run_then_the_original_is_kept(take, tmp_path):
    assert run(take, "--output", tmp_path / "out", "--params", '{"processing-enabled": false}') == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["manifest.json", "overview.png", "spectrogram.png", "take-original.wav", "waveform.json"]


def test_given_cuts_only_when_run_then_neither_librosa_nor_scipys_filters_are_imported(take, tmp_path):
    program = (
        "import sys; from oneshots import command\n"
        "code = command.main(sys.argv[1:]); print({'librosa', 'numba', 'scipy.signal', 'boto3'} & set(sys.modules))"
    )
    arguments = [str(take), "--output", str(tmp_path / "out"), "--params", '{"features": "cut-only"}']
    environment = dict(os.environ, PYTHONPATH=str(CONTAINER))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("set()\n")
    assert len(manifest_in(tmp_path / "out")["oneShots"]) == 2


def test_given_all_features_when_run_then_numba_which_librosa_brings_compiles_nothing(take, tmp_path):
    cache = tmp_path / "numba"
    environment = dict(os.environ, PYTHONPATH=str(CONTAINER), NUMBA_CACHE_DIR=str(cache))
    arguments = [str(take), "--output", str(tmp_path / "out")]
    subprocess.run([sys.executable, "-m", "oneshots", *arguments], env=environment, capture_output=True, check=True)
    assert manifest_in(tmp_path / "out")["oneShots"][0]["descriptors"]["spectralCentroidHz"] > 0
    # All that librosa may compile it keeps here.
    assert [path.name for path in cache.rglob("*") if path.is_file()] == []


def test_given_no_room_for_a_long_recording_when_run_then_one_line_says_so_and_the_exit_code_is_1(
    take, tmp_path, capfd, monkeypatch
):
    def full(descriptor, content):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(
        "oneshots.decode.SampleCollector", lambda channels: SampleCollector(channels, most_bytes_in_memory=0)
    )
    monkeypatch.setattr("os.write", full)
    assert run(take, "--output", tmp_path / "out") == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert "TMPDIR" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out" / "manifest.json").exists()
