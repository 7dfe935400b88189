import numpy as np
import pytest

from oneshots import loudness
from oneshots.cut import FADE_IN_MS, PRE_ROLL_MS, FadedCut, bounds_with_pre_roll, cut
from oneshots.fades import fade, fade_part
from oneshots.segmentation import Segment
from tests.unit.audio.signals import RATE, noise, pluck, silence, sine

NO_DC = np.zeros(1)


def segment(start, end):
    return Segment(start=start, end=end, confidence=1.0)


def test_given_segments_when_bounded_then_each_has_its_pre_roll_but_never_its_neighbour():
    pre_roll = round(PRE_ROLL_MS * RATE / 1000)
    bounds = bounds_with_pre_roll([segment(10, 1000), segment(1005, 2000), segment(5000, 6000)], RATE)
    assert bounds == [(0, 1000), (1000, 2000), (5000 - pre_roll, 6000)]


def test_given_a_fade_when_applied_then_it_starts_at_zero_and_leaves_the_middle_alone():
    faded = fade(np.ones((2, 1000), np.float32), 1000, fade_in_ms=100, fade_out_ms=200)
    assert np.all(faded[:, 0] == 0)
    assert np.all(np.diff(faded[0, :100]) > 0)
    assert np.all(faded[:, 100:800] == 1)
    assert np.all(np.diff(faded[0, 800:]) <= 0)
    assert faded[0, -1] < 0.001


@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_given_less_than_the_fades_when_faded_then_it_still_works(length):
    assert fade(np.ones((1, length), np.float32), RATE, fade_in_ms=5, fade_out_ms=5).shape == (1, length)


def test_given_an_attack_at_the_segments_start_when_cut_then_the_attack_is_untouched():
    samples = np.concatenate([noise(seconds=1, level_dbfs=-70), pluck(440)], axis=1)
    ((start, end),) = bounds_with_pre_roll([segment(RATE, samples.shape[1])], RATE)
    piece = cut(samples, RATE, start=start, end=end, dc_offset=NO_DC, target_lufs=None)
    attack = RATE - start
    assert attack >= round(FADE_IN_MS * RATE / 1000)
    assert np.array_equal(piece.samples[:, attack : attack + 2000], samples[:, RATE : RATE + 2000])
    assert piece.gain_db == 0


@pytest.mark.parametrize("target_lufs", [-30.0, -18.0])
def test_given_a_target_when_cut_then_the_sound_has_that_loudness(target_lufs):
    samples = sine(500, seconds=1, level_dbfs=-40)
    piece = cut(samples, RATE, start=0, end=RATE, dc_offset=NO_DC, target_lufs=target_lufs)
    assert piece.lufs == pytest.approx(target_lufs)
    assert loudness.short_sound_lufs(piece.samples, RATE) == pytest.approx(target_lufs, abs=0.05)


def test_given_a_click_when_levelled_then_the_true_peak_ceiling_wins():
    samples = silence(seconds=0.1)
    samples[0, 2000:2004] = [0.1, -0.2, 0.2, -0.1]
    piece = cut(samples, RATE, start=0, end=4410, dc_offset=NO_DC, target_lufs=-6)
    assert piece.true_peak_dbtp == pytest.approx(-1.0)
    assert loudness.decibels(loudness.true_peak(piece.samples, RATE)) == pytest.approx(-1.0, abs=0.01)
    assert piece.lufs < -6


def test_given_dc_when_cut_then_it_is_gone():
    samples = sine(441, seconds=1) + 0.25
    piece = cut(samples, RATE, start=0, end=RATE, dc_offset=np.array([0.25]), target_lufs=None)
    assert abs(piece.samples.mean()) < 1e-3


def test_given_silence_when_levelled_then_it_stays_silence():
    piece = cut(silence(seconds=0.2), RATE, start=0, end=8820, dc_offset=NO_DC, target_lufs=-18)
    assert (piece.gain_db, piece.lufs, piece.true_peak_dbtp) == (0.0, None, None)
    assert not piece.samples.any()


def test_given_a_recording_when_cut_then_the_recording_itself_is_not_changed():
    samples = sine(441, seconds=1)
    before = samples.copy()
    cut(samples, RATE, start=100, end=RATE, dc_offset=NO_DC, target_lufs=-18)
    assert np.array_equal(samples, before)


@pytest.mark.parametrize("first", [0, 1, 40, 100, 700, 850, 990])
@pytest.mark.parametrize("count", [1, 7, 150, 1000])
@pytest.mark.parametrize("fades_ms", [(100, 200), (900, 900), (0, 0)])
def test_given_a_part_of_a_sound_when_faded_then_it_is_that_part_of_the_faded_sound(first, count, fades_ms):
    fades = {"fade_in_ms": fades_ms[0], "fade_out_ms": fades_ms[1]}
    samples = noise(seconds=1, level_dbfs=-10, rate=1000)
    part = samples[:, first : first + count].copy()
    whole = fade(samples, 1000, **fades)
    fade_part(part, 1000, first=first, length=1000, **fades)
    np.testing.assert_array_equal(part, whole[:, first : first + count])


def test_given_a_long_sound_when_cut_then_it_is_read_in_parts_and_equals_one_cut_at_once(monkeypatch):
    samples = np.concatenate([sine(300, seconds=3, level_dbfs=-20), noise(seconds=3, level_dbfs=-30)]) + np.float32(0.1)
    options = {"start": 1000, "end": 100_000, "dc_offset": np.full(2, 0.1), "target_lufs": -23.0}
    at_once = cut(samples, RATE, **options)
    monkeypatch.setattr("oneshots.cut._LONG_SECONDS", 1.0)
    in_parts = cut(samples, RATE, **options)
    assert isinstance(in_parts.samples, FadedCut)
    assert in_parts.samples.shape == at_once.samples.shape
    for part in (slice(0, 500), slice(90_000, None), slice(40_000, 40_001), slice(98_999, 200_000), slice(5, 5)):
        np.testing.assert_array_equal(in_parts.samples[:, part], at_once.samples[:, part])
    assert (in_parts.lufs, in_parts.true_peak_dbtp) == (at_once.lufs, at_once.true_peak_dbtp)
