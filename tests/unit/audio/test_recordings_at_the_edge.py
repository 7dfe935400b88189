"""Recordings at the edge of what a recording is, through the whole engine: each has one right outcome."""

import json
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

import oneshots
from oneshots import command
from oneshots.decode import decode
from oneshots.loudness import sample_peak
from tests.unit.audio.signals import RATE, noise, pluck, scene, silence, sine, write_by_ffmpeg, write_by_soundfile

SCHEMA = json.loads((Path(oneshots.__file__).parent / "manifest.schema.json").read_text())
ONSETS = (0.5, 1.4, 2.3)
SECONDS = 3.2


@pytest.fixture
def process(tmp_path, capfd):
    """Run the command on a file: what it printed, and what the manifest says."""

    def run(path, **params):
        parameters = json.dumps({name.replace("_", "-"): value for name, value in params.items()})
        exit_code = command.main([str(path), "--output", str(tmp_path / "out"), "--params", parameters])
        printed = capfd.readouterr()
        assert (exit_code, printed.err) == (0, "")
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
        jsonschema.Draft202012Validator(SCHEMA).validate(manifest)
        assert manifest["outcome"] == "completed"
        one_shots = manifest["oneShots"]
        check_files(tmp_path / "out", one_shots)
        return SimpleNamespace(
            manifest=manifest,
            printed=printed.out,
            warnings={each["code"]: each["message"] for each in manifest["warnings"]},
            one_shots=one_shots,
            starts=[one["startSeconds"] for one in one_shots],
            ends=[one["endSeconds"] for one in one_shots],
        )

    return run


def check_files(folder, one_shots):
    for one in one_shots:
        written = decode(folder / one["path"])
        assert written.duration_seconds == pytest.approx(one["durationSeconds"], abs=0.002)
        assert written.sample_rate == one["sampleRate"]
        assert 0 < sample_peak(written.samples) <= 1
        assert written.warnings == []


def assert_no_sounds(result, words):
    assert result.one_shots == []
    assert words in result.warnings["NO_SOUNDS"]
    assert "0 one-shots" in result.printed
    assert "warning NO_SOUNDS: " in result.printed


def coloured_noise(power, *, seconds, level_dbfs, seed, rate=RATE):
    """Noise whose power falls with the frequency's `power`: 0 white, 1 pink, 2 brown; shape (1, n)."""
    count = round(seconds * rate)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    shaped = np.fft.irfft(spectrum * np.maximum(np.fft.rfftfreq(count, 1 / rate), 20) ** (-power / 2), count)
    return (shaped / np.sqrt(np.mean(shaped**2)) * 10 ** (level_dbfs / 20)).astype(np.float32)[None]


# ---------------------------------------------------------------- nothing in it


@pytest.mark.parametrize("channels", [1, 2])
def test_given_silence_when_processed_then_it_completes_and_says_that_it_is_silent(process, tmp_path, channels):
    result = process(write_by_soundfile(tmp_path / "a.wav", silence(seconds=3, channels=channels)))
    assert_no_sounds(result, "silent")
    assert result.manifest["durationSeconds"] == 3


def test_given_an_m4a_of_silence_when_processed_then_what_the_coder_leaves_of_it_is_no_sound(process, tmp_path):
    path = write_by_ffmpeg(tmp_path / "a.m4a", silence(seconds=3), muxer="ipod", codec="aac")
    assert_no_sounds(process(path), "silent")


@pytest.mark.parametrize("power", [0, 1, 2], ids=["white", "pink", "brown"])
@pytest.mark.parametrize(
    ("seed", "level_dbfs", "seconds", "rate"),
    [(1, -20, 10, 44100), (2, -45, 10, 48000), (3, -70, 10, 44100), (4, -30, 2, 44100), (5, -30, 40, 16000)],
)
def test_given_noise_alone_when_processed_then_it_completes_and_says_that_nothing_stands_out(
    process, tmp_path, power, seed, level_dbfs, seconds, rate
):
    samples = coloured_noise(power, seconds=seconds, level_dbfs=level_dbfs, seed=seed, rate=rate)
    path = write_by_soundfile(tmp_path / "a.flac", samples, rate=rate, subtype="PCM_24")
    assert_no_sounds(process(path), "stands out")


def test_given_noise_through_a_lossy_coder_when_processed_then_it_is_noise_still(process, tmp_path):
    samples = coloured_noise(1, seconds=10, level_dbfs=-40, seed=6)
    assert_no_sounds(process(write_by_ffmpeg(tmp_path / "a.m4a", samples, muxer="ipod", codec="aac")), "stands out")


def test_given_dc_alone_when_processed_then_it_is_no_sound(process, tmp_path):
    path = write_by_soundfile(tmp_path / "a.wav", np.full((1, 2 * RATE), 0.5, np.float32))
    assert_no_sounds(process(path), "stands out")


@pytest.mark.parametrize("count", [1, 2, 44])
@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_given_hardly_a_sample_when_processed_then_it_completes_without_one_shots(process, tmp_path, count, name):
    result = process(write_by_soundfile(tmp_path / name, np.full((1, count), 0.5, np.float32)))
    assert_no_sounds(result, "no sound")
    assert result.manifest["durationSeconds"] == pytest.approx(count / RATE, abs=1e-6)


def test_given_a_threshold_over_everything_when_processed_then_the_warning_names_it(process, tmp_path):
    path = write_by_soundfile(tmp_path / "a.wav", scene(ONSETS, seconds=SECONDS))
    assert_no_sounds(process(path, silence_threshold=-3), "threshold of -3 dBFS")


def test_given_processing_is_off_when_processed_then_sounds_that_were_not_cut_are_not_called_missing(process, tmp_path):
    path = write_by_soundfile(tmp_path / "a.wav", scene(ONSETS, seconds=SECONDS))
    result = process(path, processing_enabled=False)
    assert (result.one_shots, result.warnings) == ([], {})


# ---------------------------------------------------------------- extreme formats


@pytest.mark.parametrize(("rate", "written"), [(8000, 8000), (192000, 96000)])
def test_given_an_extreme_rate_when_processed_then_the_sounds_are_found_in_time(process, tmp_path, rate, written):
    path = write_by_soundfile(tmp_path / "a.wav", scene(ONSETS, seconds=SECONDS, rate=rate), rate=rate)
    result = process(path)
    assert result.starts == pytest.approx(ONSETS, abs=0.02)
    assert {one["sampleRate"] for one in result.one_shots} == {written}
    assert ("RESAMPLED" in result.warnings) == (rate > written)


@pytest.mark.parametrize(("name", "muxer", "codec"), [("a.m4a", "ipod", "aac"), ("a.wav", "wav", "pcm_s24le")])
def test_given_5_1_when_processed_then_the_one_shots_are_stereo(process, tmp_path, name, muxer, codec):
    path = write_by_ffmpeg(
        tmp_path / name, scene(ONSETS, seconds=SECONDS), muxer=muxer, codec=codec, layout="5.1", rate=48000
    )
    result = process(path)
    assert result.starts == pytest.approx(ONSETS, abs=0.05)
    assert {one["channels"] for one in result.one_shots} == {2}
    assert set(result.warnings) == {"DOWNMIXED"}


def test_given_nan_floats_when_processed_then_the_sounds_around_them_are_found(process, tmp_path):
    samples = scene(ONSETS, seconds=SECONDS)
    samples[0, round(1.9 * RATE) : round(1.9 * RATE) + 50] = np.nan
    samples[0, round(2.0 * RATE)] = np.inf
    result = process(write_by_soundfile(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert [start for start in result.starts if not 1.8 < start < 2.1] == pytest.approx(ONSETS, abs=0.02)
    assert set(result.warnings) == {"NON_FINITE_SAMPLES"}


def test_given_nothing_but_nan_when_processed_then_it_is_silent(process, tmp_path):
    samples = np.full((1, RATE), np.nan, np.float32)
    result = process(write_by_soundfile(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert_no_sounds(result, "silent")
    assert "NON_FINITE_SAMPLES" in result.warnings


# ---------------------------------------------------------------- extreme channels


@pytest.mark.parametrize("side", [0, 1], ids=["left", "right"])
def test_given_sounds_on_one_side_when_processed_then_they_are_found_and_stay_there(process, tmp_path, side):
    stereo = np.concatenate([noise(seconds=SECONDS, level_dbfs=-60, seed=seed) for seed in (7, 8)])
    stereo[side] = scene(ONSETS, seconds=SECONDS)[0]
    result = process(write_by_soundfile(tmp_path / "a.wav", stereo))
    assert result.starts == pytest.approx(ONSETS, abs=0.02)
    written = decode(tmp_path / "out" / result.one_shots[0]["path"]).samples
    assert np.abs(written[side]).max() > 10 * np.abs(written[1 - side]).max()


def test_given_sounds_on_either_side_when_processed_then_all_are_found(process, tmp_path):
    stereo = np.concatenate([scene([0.5, 2.3], seconds=SECONDS), scene([1.4], seconds=SECONDS)])
    assert process(write_by_soundfile(tmp_path / "a.wav", stereo)).starts == pytest.approx(ONSETS, abs=0.02)


def test_given_stereo_in_opposite_phase_when_processed_then_nothing_cancels(process, tmp_path):
    mono = scene(ONSETS, seconds=SECONDS)
    result = process(write_by_soundfile(tmp_path / "a.wav", np.concatenate([mono, -mono])))
    assert result.starts == pytest.approx(ONSETS, abs=0.02)
    assert all(one["loudness"]["lufs"] == pytest.approx(-18, abs=0.1) for one in result.one_shots)


# ---------------------------------------------------------------- extreme levels


@pytest.mark.parametrize("noise_dbfs", [None, -60], ids=["digital silence", "noise"])
def test_given_peaks_of_70_db_under_full_scale_when_processed_then_the_sounds_are_found_and_raised(
    process, tmp_path, noise_dbfs
):
    samples = scene(ONSETS, seconds=SECONDS, noise_dbfs=noise_dbfs)
    quiet = samples * np.float32(10 ** (-70 / 20) / np.abs(samples).max())
    result = process(write_by_soundfile(tmp_path / "a.wav", quiet, subtype="PCM_24"))
    assert result.starts == pytest.approx(ONSETS, abs=0.02)
    assert all(one["loudness"]["gainDb"] > 40 for one in result.one_shots)


def test_given_full_scale_clipping_when_processed_then_the_sounds_are_found_under_the_ceiling(process, tmp_path):
    clipped = np.clip(20 * scene(ONSETS, seconds=SECONDS), -1, 1)
    result = process(write_by_soundfile(tmp_path / "a.wav", clipped))
    assert result.starts == pytest.approx(ONSETS, abs=0.02)
    assert all(one["loudness"]["truePeakDbtp"] <= -1 for one in result.one_shots)


def test_given_a_large_dc_offset_when_processed_then_the_one_shots_have_none(process, tmp_path):
    offset = 0.5 * scene(ONSETS, seconds=SECONDS) + np.float32(0.4)
    result = process(write_by_soundfile(tmp_path / "a.wav", offset, subtype="PCM_24"))
    assert result.starts == pytest.approx(ONSETS, abs=0.02)
    for one in result.one_shots:
        assert abs(decode(tmp_path / "out" / one["path"]).samples.mean()) < 0.01


# ---------------------------------------------------------------- extreme places


@pytest.mark.parametrize("count", [1, 44], ids=["one sample", "a millisecond"])
@pytest.mark.parametrize("noise_dbfs", [None, -70], ids=["silence", "noise"])
def test_given_a_single_click_when_processed_then_it_is_one_short_sound(process, tmp_path, count, noise_dbfs):
    samples = silence(seconds=2) if noise_dbfs is None else noise(seconds=2, level_dbfs=noise_dbfs)
    samples[0, RATE : RATE + count] = np.random.default_rng(1).uniform(0.5, 0.9, count)
    result = process(write_by_soundfile(tmp_path / "a.wav", samples))
    (one,) = result.one_shots
    assert 0.95 < one["startSeconds"] <= 1.0 < one["endSeconds"] < 1.15


@pytest.mark.parametrize("noise_dbfs", [None, -60], ids=["silence", "noise"])
def test_given_sounds_at_the_first_and_the_last_sample_when_processed_then_both_are_whole(
    process, tmp_path, noise_dbfs
):
    samples = silence(seconds=3) if noise_dbfs is None else noise(seconds=3, level_dbfs=noise_dbfs)
    sound = pluck(330)
    samples[:, : sound.shape[1]] += sound
    samples[:, -sound.shape[1] :] += sound
    result = process(write_by_soundfile(tmp_path / "a.wav", samples))
    assert result.starts == pytest.approx([0, 2.6], abs=0.02)
    assert result.starts[0] == 0
    assert result.ends == pytest.approx([0.4, 3], abs=0.03)


def test_given_a_sound_that_the_end_cuts_off_when_processed_then_it_lasts_to_the_last_sample(process, tmp_path):
    samples = noise(seconds=2, level_dbfs=-60)
    samples[:, -RATE // 10 :] += pluck(330)[:, : RATE // 10]
    result = process(write_by_soundfile(tmp_path / "a.wav", samples))
    assert result.starts == pytest.approx([1.9], abs=0.02)
    assert result.ends == [2]


def test_given_sounds_without_any_silence_when_processed_then_each_is_a_one_shot(process, tmp_path):
    steps = [pluck(220 * 2 ** (step / 12)) for step in range(8)]
    result = process(write_by_soundfile(tmp_path / "a.wav", np.concatenate(steps, axis=1)))
    assert result.starts == pytest.approx(np.arange(8) * 0.4, abs=0.03)


# ---------------------------------------------------------------- one long sound


def assert_one_from_start_to_end(result, seconds):
    assert len(result.one_shots) == 1, list(zip(result.starts, result.ends, strict=True))[:10]
    assert (result.starts[0], result.ends[0]) == pytest.approx((0, seconds), abs=0.02)
    assert "NO_SOUNDS" not in result.warnings


def test_given_a_tone_of_an_hour_when_processed_then_it_is_one_one_shot(process, tmp_path):
    path = write_by_soundfile(tmp_path / "a.wav", sine(440, seconds=3600, rate=8000), rate=8000)
    assert_one_from_start_to_end(process(path), 3600)


@pytest.mark.parametrize("hertz", [100, 440, 3000])
def test_given_a_tone_of_a_minute_when_processed_then_it_is_one_one_shot(process, tmp_path, hertz):
    path = write_by_soundfile(tmp_path / "a.wav", sine(hertz, seconds=60))
    assert_one_from_start_to_end(process(path), 60)


def test_given_a_tone_over_noise_from_start_to_end_when_processed_then_it_is_one_one_shot(process, tmp_path):
    samples = sine(440, seconds=20) + noise(seconds=20, level_dbfs=-70)
    assert_one_from_start_to_end(process(write_by_soundfile(tmp_path / "a.wav", samples)), 20)


def test_given_a_pad_without_any_silence_when_processed_then_it_is_one_one_shot(process, tmp_path):
    chord = sum(sine(hertz, seconds=30, level_dbfs=-16) for hertz in (220, 277.2, 329.6))
    tremolo = 1 + 0.3 * np.sin(2 * np.pi * 0.4 * np.arange(chord.shape[1]) / RATE)
    samples = (chord * tremolo).astype(np.float32) + noise(seconds=30, level_dbfs=-65)
    assert_one_from_start_to_end(process(write_by_soundfile(tmp_path / "a.wav", samples)), 30)


@pytest.mark.parametrize("seconds", [8, 18, 58])
def test_given_a_long_tone_between_silences_when_processed_then_it_is_whole(process, tmp_path, seconds):
    samples = noise(seconds=seconds + 2, level_dbfs=-70)
    samples[:, RATE : (seconds + 1) * RATE] += sine(440, seconds=seconds)
    result = process(write_by_soundfile(tmp_path / "a.wav", samples))
    assert len(result.one_shots) == 1
    assert (result.starts[0], result.ends[0]) == pytest.approx((1, seconds + 1), abs=0.1)
