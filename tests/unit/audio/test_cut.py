import numpy as np
import pytest

from oneshots import loudness
from oneshots.cut import (
    FADE_IN_MS,
    FADE_OUT_MS,
    POST_ROLL_MS,
    PRE_ROLL_MS,
    Bounds,
    FadedCut,
    Level,
    amplify,
    bounds_with_surroundings,
    cut,
    gain_db_for,
    measure_level,
)
from oneshots.fades import fade_part
from oneshots.segmentation import Segment
from tests.unit.audio.signals import RATE, noise, pluck, silence, sine

NO_DC = np.zeros(1)
PRE_ROLL, POST_ROLL = round(PRE_ROLL_MS * RATE / 1000), round(POST_ROLL_MS * RATE / 1000)


def segment(start, end):
    return Segment(start=start, end=end, confidence=1.0)


def whole(samples):
    return Bounds(start=0, sound_start=PRE_ROLL, end=samples.shape[1])


def levelled(samples, target_lufs):
    """A sound as it is cut and levelled, and its level."""
    piece = cut(samples, RATE, bounds=whole(samples), dc_offset=NO_DC)
    level = measure_level(piece, RATE)
    gain_db = gain_db_for([level], target_lufs=target_lufs)
    return amplify(piece, gain_db), level.after(gain_db)


def test_given_a_sound_on_its_own_when_bounded_then_real_surroundings_are_on_both_sides():
    (bounds,) = bounds_with_surroundings([segment(5000, 6000)], RATE, length=20_000)
    assert bounds == Bounds(start=5000 - PRE_ROLL, sound_start=5000, end=6000 + POST_ROLL)


def test_given_neighbours_when_bounded_then_no_sample_is_in_two_cuts_and_every_attack_has_its_pre_roll():
    segments = [segment(10, 1000), segment(1050, 2000), segment(2000, 3000), segment(3500, 3990)]
    bounds = bounds_with_surroundings(segments, RATE, length=4000)
    assert [(each.start, each.end) for each in bounds] == [
        (0, 1050 - PRE_ROLL),
        (1050 - PRE_ROLL, 2000 - PRE_ROLL),
        (2000 - PRE_ROLL, 3000 + POST_ROLL),
        (3500 - PRE_ROLL, 4000),
    ]


def test_given_a_sound_shorter_than_the_next_ones_pre_roll_when_bounded_then_something_is_left_of_it():
    first, second = bounds_with_surroundings([segment(100, 150), segment(150, 900)], RATE, length=1000)
    assert (first.start, first.end) == (0, 150)
    assert (second.start, second.end) == (150, 1000)


def test_given_no_room_before_the_sound_when_cut_then_its_fade_is_half_a_millisecond():
    samples = np.ones((1, 4000), np.float32)
    piece = cut(samples, RATE, bounds=Bounds(start=1000, sound_start=1000, end=3000), dc_offset=NO_DC)
    assert piece[0, 0] == 0
    assert np.all(piece[0, round(0.0005 * RATE) :][:1000] == 1)


def test_given_sound_around_when_cut_then_the_padding_is_that_sound_and_not_silence():
    samples = noise(seconds=1, level_dbfs=-50)
    (bounds,) = bounds_with_surroundings([segment(20_000, 24_000)], RATE, length=samples.shape[1])
    piece = cut(samples, RATE, bounds=bounds, dc_offset=NO_DC)
    quiet = samples[:, bounds.start : bounds.end]
    faded_in, faded_out = round(FADE_IN_MS * RATE / 1000), round(FADE_OUT_MS * RATE / 1000)
    assert np.array_equal(piece[:, faded_in:-faded_out], quiet[:, faded_in:-faded_out])
    assert np.count_nonzero(piece) == piece.size - 2


def test_given_a_fade_when_applied_then_it_starts_at_zero_and_leaves_the_middle_alone():
    faded = fade_part(np.ones((2, 1000), np.float32), 1000, first=0, length=1000, fade_in_ms=100, fade_out_ms=200)
    assert np.all(faded[:, 0] == 0)
    assert np.all(np.diff(faded[0, :100]) > 0)
    assert np.all(faded[:, 100:800] == 1)
    assert np.all(np.diff(faded[0, 800:]) <= 0)
    assert faded[0, -1] < 0.001


@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_given_less_than_the_fades_when_faded_then_it_still_works(length):
    faded = fade_part(np.ones((1, length), np.float32), RATE, first=0, length=length, fade_in_ms=5, fade_out_ms=5)
    assert faded.shape == (1, length)


def test_given_an_attack_at_the_segments_start_when_cut_then_the_attack_is_untouched():
    samples = np.concatenate([noise(seconds=1, level_dbfs=-70), pluck(440)], axis=1)
    (bounds,) = bounds_with_surroundings([segment(RATE, samples.shape[1])], RATE, length=samples.shape[1])
    piece = cut(samples, RATE, bounds=bounds, dc_offset=NO_DC)
    attack = RATE - bounds.start
    assert attack >= round(FADE_IN_MS * RATE / 1000)
    assert np.array_equal(piece[:, attack : attack + 2000], samples[:, RATE : RATE + 2000])


@pytest.mark.parametrize("target_lufs", [-30.0, -18.0])
def test_given_a_target_when_levelled_then_the_sound_has_that_loudness(target_lufs):
    piece, level = levelled(sine(500, seconds=1, level_dbfs=-40), target_lufs)
    assert level.lufs == pytest.approx(target_lufs)
    assert loudness.short_sound_lufs(piece, RATE) == pytest.approx(target_lufs, abs=0.05)


def test_given_a_click_when_levelled_then_the_true_peak_ceiling_wins():
    samples = silence(seconds=0.1)
    samples[0, 2000:2004] = [0.1, -0.2, 0.2, -0.1]
    piece, level = levelled(samples, -6)
    assert level.true_peak_dbtp == pytest.approx(-1.0)
    assert loudness.decibels(loudness.true_peak(piece, RATE)) == pytest.approx(-1.0, abs=0.01)
    assert level.lufs < -6


def test_given_several_levels_when_one_gain_is_chosen_then_the_loudest_comes_to_the_target():
    levels = [
        Level(lufs=-40, true_peak_dbtp=-30),
        Level(lufs=-28, true_peak_dbtp=-14),
        Level(lufs=None, true_peak_dbtp=None),
    ]
    assert gain_db_for(levels, target_lufs=-18) == pytest.approx(10)


def test_given_several_levels_when_one_gain_is_chosen_then_none_passes_the_ceiling():
    levels = [Level(lufs=-40, true_peak_dbtp=-3), Level(lufs=-28, true_peak_dbtp=-14)]
    assert gain_db_for(levels, target_lufs=-18) == pytest.approx(2)


def test_given_dc_when_cut_then_it_is_gone():
    samples = sine(441, seconds=1) + 0.25
    piece = cut(samples, RATE, bounds=whole(samples), dc_offset=np.array([0.25]))
    assert abs(piece.mean()) < 1e-3


def test_given_silence_when_levelled_then_it_stays_silence():
    piece, level = levelled(silence(seconds=0.2), -18)
    assert level == Level(lufs=None, true_peak_dbtp=None)
    assert not piece.any()


def test_given_a_recording_when_cut_then_the_recording_itself_is_not_changed():
    samples = sine(441, seconds=1)
    before = samples.copy()
    levelled(samples, -18)
    assert np.array_equal(samples, before)


@pytest.mark.parametrize("first", [0, 1, 40, 100, 700, 850, 990])
@pytest.mark.parametrize("count", [1, 7, 150, 1000])
@pytest.mark.parametrize("fades_ms", [(100, 200), (900, 900), (0, 0)])
def test_given_a_part_of_a_sound_when_faded_then_it_is_that_part_of_the_faded_sound(first, count, fades_ms):
    fades = {"fade_in_ms": fades_ms[0], "fade_out_ms": fades_ms[1]}
    samples = noise(seconds=1, level_dbfs=-10, rate=1000)
    part = samples[:, first : first + count].copy()
    whole = fade_part(samples, 1000, first=0, length=1000, **fades)
    fade_part(part, 1000, first=first, length=1000, **fades)
    np.testing.assert_array_equal(part, whole[:, first : first + count])


def test_given_a_long_sound_when_cut_then_it_is_read_in_parts_and_equals_one_cut_at_once(monkeypatch):
    samples = np.concatenate([sine(300, seconds=3, level_dbfs=-20), noise(seconds=3, level_dbfs=-30)]) + np.float32(0.1)
    options = {"bounds": Bounds(start=1000, sound_start=1050, end=100_000), "dc_offset": np.full(2, 0.1)}
    at_once = amplify(cut(samples, RATE, **options), -7.0)
    monkeypatch.setattr("oneshots.cut._MOST_SAMPLES_IN_MEMORY", 1000)
    in_parts = amplify(cut(samples, RATE, **options), -7.0)
    assert isinstance(in_parts, FadedCut)
    assert in_parts.shape == at_once.shape
    for part in (slice(0, 500), slice(90_000, None), slice(40_000, 40_001), slice(98_999, 200_000), slice(5, 5)):
        np.testing.assert_array_equal(in_parts[:, part], at_once[:, part])
    assert measure_level(in_parts, RATE) == measure_level(at_once, RATE)
