import numpy as np
import pytest

from oneshots.decode import decode
from oneshots.loudness import decibels, short_sound_lufs, true_peak
from oneshots.parameters import parse_parameters
from oneshots.pipeline import process
from tests.unit.audio.signals import RATE, noise, pluck, scene, silence, sine, write_by_ffmpeg, write_by_soundfile

ONSETS = (0.5, 1.4, 2.3)


@pytest.fixture(scope="module")
def take(tmp_path_factory):
    return write_by_soundfile(tmp_path_factory.mktemp("take") / "a.wav", scene(ONSETS, seconds=3.2), subtype="PCM_24")


def run(path, output_dir, **params):
    parameters = parse_parameters({name.replace("_", "-"): value for name, value in params.items()})
    return process(path, parameters=parameters, output_dir=output_dir)


def test_given_a_recording_when_processed_then_each_sound_is_a_file_of_the_sources_kind(take, tmp_path):
    result = run(take, tmp_path)
    assert [one.start_seconds for one in result.one_shots] == pytest.approx(ONSETS, abs=0.02)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"one-shot-00{index}.wav" for index in (1, 2, 3)]
    for one in result.one_shots:
        written = decode(one.path)
        assert written.source.bit_depth == 24
        assert written.duration_seconds == pytest.approx(one.duration_seconds)
        assert one.size_bytes == one.path.stat().st_size


@pytest.mark.parametrize("output_format", ["wav", "flac", "mp3", "m4a"])
def test_given_an_output_format_when_processed_then_the_files_are_that(take, tmp_path, output_format):
    result = run(take, tmp_path, output_format=output_format)
    for one in result.one_shots:
        assert one.path.suffix == f".{output_format}"
        assert decode(one.path).source.container == output_format


def test_given_normalisation_off_when_processed_then_the_level_is_the_recordings(take, tmp_path):
    result = run(take, tmp_path, normalize_audio=False)
    assert [one.gain_db for one in result.one_shots] == [0, 0, 0]
    source, first = decode(take), result.one_shots[0]
    start = round(first.start_seconds * RATE)
    piece = decode(first.path).samples
    middle = slice(1000, piece.shape[1] - 1000)
    dc_offset = source.samples.mean()
    expected = source.samples[:, start : start + piece.shape[1]] - dc_offset
    assert np.max(np.abs(piece[:, middle] - expected[:, middle])) < 1e-5


@pytest.fixture(scope="module")
def off_centre(tmp_path_factory):
    """Plucks that reach down to -0.98 from the 0.15 of the silence around: without the DC they pass full scale."""
    swings = np.abs(scene(ONSETS, seconds=3.2, noise_dbfs=-80))
    samples = 0.15 - 1.13 / swings.max() * swings
    return write_by_soundfile(tmp_path_factory.mktemp("dc") / "a.wav", samples, subtype="FLOAT")


@pytest.mark.parametrize("output_format", ["flac", "mp3", "m4a"])
def test_given_normalisation_off_and_peaks_that_pass_full_scale_when_written_then_none_is_cut_off(
    off_centre, tmp_path, output_format
):
    result = run(off_centre, tmp_path, normalize_audio=False, output_format=output_format, features="cut-only")
    assert len(result.one_shots) == 3
    for one in result.one_shots:
        assert -1.1 < one.gain_db < 0
        written = np.abs(decode(one.path).samples)
        assert np.count_nonzero(written >= 1 - 1e-6) <= 1
        assert written.max() == pytest.approx(1, abs=0.05)


def test_given_normalisation_off_and_a_float_wav_when_written_then_its_overs_stay(off_centre, tmp_path):
    result = run(off_centre, tmp_path, normalize_audio=False, features="cut-only")
    assert [one.gain_db for one in result.one_shots] == [0, 0, 0]
    assert max(np.abs(decode(one.path).samples).max() for one in result.one_shots) > 1.05


def test_given_processing_off_when_processed_then_nothing_is_cut_and_all_is_described(take, tmp_path):
    result = run(take, tmp_path, processing_enabled=False)
    assert result.one_shots == []
    assert result.loudness.integrated_lufs is not None
    assert result.waveform["length"] > 0
    assert list(result.pictures) == ["overview", "spectrogram"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threshold", [{}, {"silence_threshold": -30}], ids=["adaptive", "fixed"])
def test_given_processing_off_when_processed_then_no_sound_is_looked_for_and_the_noise_is_told(
    take, tmp_path, monkeypatch, threshold
):
    floor_dbfs = run(take, tmp_path, **threshold).noise_floor_dbfs
    for way in ("segment_adaptively", "segment_by_threshold"):
        monkeypatch.delattr(f"oneshots.pipeline.{way}")
    result = run(take, tmp_path, processing_enabled=False, **threshold)
    assert result.noise_floor_dbfs == floor_dbfs == pytest.approx(-60, abs=1)
    assert result.threshold_dbfs is None


def test_given_silence_and_processing_off_when_processed_then_no_sound_is_missed(tmp_path):
    path = write_by_soundfile(tmp_path / "a.wav", silence(seconds=2))
    assert run(path, tmp_path, processing_enabled=False).warnings == []


@pytest.mark.parametrize("samples", [silence(seconds=2), noise(seconds=4, level_dbfs=-40)], ids=["silence", "noise"])
def test_given_no_sound_when_processed_then_it_completes_with_no_one_shots(tmp_path, samples):
    path = write_by_soundfile(tmp_path / "a.wav", samples)
    assert run(path, tmp_path).one_shots == []


def test_given_a_threshold_when_processed_then_it_decides_what_is_a_sound(tmp_path):
    quiet, loud = sine(500, seconds=0.3, level_dbfs=-40), sine(500, seconds=0.3, level_dbfs=-10)
    gap = silence(seconds=0.8)
    path = write_by_soundfile(tmp_path / "a.wav", np.concatenate([gap, quiet, gap, loud, gap], axis=1))
    assert len(run(path, tmp_path, silence_threshold=-30).one_shots) == 1
    assert len(run(path, tmp_path, silence_threshold=-60).one_shots) == 2
    adaptive = run(path, tmp_path, silence_threshold=-30, auto_detect_threshold=True)
    assert len(adaptive.one_shots) == 2


def test_given_a_stereo_m4a_when_processed_then_one_shots_are_stereo_m4a_in_time(tmp_path):
    mono = scene(ONSETS, seconds=3.2)
    path = write_by_ffmpeg(tmp_path / "a.m4a", mono, muxer="ipod", codec="aac", layout="stereo")
    result = run(path, tmp_path)
    assert [one.start_seconds for one in result.one_shots] == pytest.approx(ONSETS, abs=0.03)
    assert {(one.format, one.channels) for one in result.one_shots} == {("m4a", 2)}


def test_given_any_recording_when_processed_then_no_one_shot_passes_the_ceiling(take, tmp_path):
    result = run(take, tmp_path, target_loudness=-6)
    assert all(one.true_peak_dbtp <= -1 + 1e-9 for one in result.one_shots)


@pytest.fixture(scope="module")
def loud_and_soft(tmp_path_factory):
    """Two plucks, the second one 14 dB softer."""
    samples = noise(seconds=2.5, level_dbfs=-80)
    for onset, level_dbfs in ((0.5, -20), (1.5, -34)):
        hit = pluck(330, level_dbfs=level_dbfs)
        samples[:, round(onset * RATE) :][:, : hit.shape[1]] += hit
    return write_by_soundfile(tmp_path_factory.mktemp("two") / "a.wav", samples, subtype="PCM_24")


@pytest.mark.parametrize("output_format", ["wav", "m4a", "mp3"])
def test_given_together_when_levelled_then_relative_levels_are_kept(loud_and_soft, tmp_path, output_format):
    result = run(loud_and_soft, tmp_path, normalize_mode="together", output_format=output_format)
    loud, soft = result.one_shots
    assert loud.gain_db == soft.gain_db
    assert loud.lufs == pytest.approx(-18, abs=0.01)
    written = [short_sound_lufs(decode(one.path).samples, RATE) for one in result.one_shots]
    assert written[0] - written[1] == pytest.approx(14, abs=0.3)


def test_given_each_when_levelled_then_every_sound_comes_to_the_target(loud_and_soft, tmp_path):
    result = run(loud_and_soft, tmp_path, normalize_mode="each")
    assert [one.lufs for one in result.one_shots] == pytest.approx([-18, -18], abs=0.01)


@pytest.mark.parametrize("mode", ["each", "together"])
@pytest.mark.parametrize("output_format", ["wav", "flac", "m4a", "mp3"])
def test_given_loud_one_shots_when_decoded_again_then_their_true_peak_is_under_the_ceiling(
    tmp_path, output_format, mode
):
    samples = silence(seconds=4)
    for index, onset in enumerate(np.arange(0.3, 3.8, 0.5)):
        hit = noise(seconds=0.25, level_dbfs=-30, seed=index) * np.exp(-np.arange(0.25 * RATE) / 900).astype(np.float32)
        samples[:, round(onset * RATE) :][:, : hit.shape[1]] += hit
    path = write_by_soundfile(tmp_path / "a.wav", samples + noise(seconds=4, level_dbfs=-90), subtype="PCM_24")
    result = run(path, tmp_path, target_loudness=-2, output_format=output_format, normalize_mode=mode)
    assert len(result.one_shots) == 7
    peaks = [decibels(true_peak(decode(one.path).samples, RATE)) for one in result.one_shots]
    assert max(peaks) <= -1 + 0.01
    assert max(peaks) > -2


def test_given_a_softer_coding_that_peaks_higher_when_levelled_together_then_it_is_measured_again(tmp_path):
    # A buzz whose MP3, so much softer as its first coding was over the ceiling, is still over it by 0.014 dB.
    random, seconds = np.random.default_rng(34), np.arange(round(0.4 * RATE)) / RATE
    samples = random.normal(0, 1e-4, (1, 2 * RATE))
    buzz = np.sign(np.sin(2 * np.pi * random.uniform(80, 900) * seconds)) * np.exp(-seconds * random.uniform(5, 30))
    click = random.normal(0, 0.1, len(seconds)) * np.exp(-seconds * 30)
    samples[0, RATE // 2 :][: len(seconds)] += 0.7 * buzz + click
    path = write_by_soundfile(tmp_path / "a.wav", np.clip(samples, -1, 1), subtype="PCM_16")
    result = run(path, tmp_path, target_loudness=0, output_format="mp3", normalize_mode="together", features="cut-only")
    (one,) = result.one_shots
    assert decibels(true_peak(decode(one.path).samples, RATE)) <= -1


def test_given_steady_noise_when_processed_then_each_one_shot_knows_the_noise_under_it(take, tmp_path):
    result = run(take, tmp_path)
    for one in result.one_shots:
        # The noise of the take is at -60 dBFS.
        assert one.descriptors["noiseFloorDbfs"] - one.gain_db == pytest.approx(-60, abs=1)
        assert one.descriptors["signalToNoiseDb"] == one.signal_to_noise_db > 35
    assert result.warnings == []


def codes(result):
    return [warning.code for warning in result.warnings]


@pytest.mark.parametrize("features", ["all", "cut-only"])
def test_given_sounds_barely_over_the_noise_when_processed_then_it_is_said_to_be_very_noisy(tmp_path, features):
    path = write_by_soundfile(tmp_path / "a.wav", scene(ONSETS, seconds=3.2, noise_dbfs=-24))
    result = run(path, tmp_path, features=features)
    assert result.one_shots
    assert codes(result) == ["VERY_NOISY"]


def test_given_clear_sounds_in_opposite_phase_when_processed_then_they_are_described_as_in_phase(tmp_path):
    mono = scene(ONSETS, seconds=3.2)
    in_phase, opposite = (
        run(write_by_soundfile(tmp_path / "a.wav", np.concatenate([mono, other])), tmp_path) for other in (mono, -mono)
    )
    assert codes(opposite) == codes(in_phase) == []
    for one, other in zip(in_phase.one_shots, opposite.one_shots, strict=True):
        assert other.descriptors["noteName"] == one.descriptors["noteName"]
        assert other.descriptors["signalToNoiseDb"] == pytest.approx(one.descriptors["signalToNoiseDb"], abs=0.1)


@pytest.mark.parametrize("format_", ["wav", "m4a"])
def test_given_an_overdriven_microphone_when_processed_then_the_clipping_is_told(tmp_path, format_):
    samples = np.clip(16 * scene(ONSETS, seconds=3.2, noise_dbfs=-80), -1, 1)
    if format_ == "wav":
        path = write_by_soundfile(tmp_path / "a.wav", samples)
    else:
        path = write_by_ffmpeg(tmp_path / "a.m4a", samples, muxer="ipod", codec="aac")
    result = run(path, tmp_path)
    assert codes(result) == ["CLIPPED"]
    assert 1e-4 < result.descriptors["clippingShare"] < 0.2
