from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate, resample_poly

from bench import codecs, noise, sets
from bench.audibility import audible_bounds, octave_powers, whole_bounds
from bench.scenes import Recipe, Truth, build, loudest_rms
from bench.sound_library import SIDES, SOUNDS, library

RATE = 44100


def recipe(**changes: object) -> Recipe:
    basic = Recipe(name="test", side="tuning", seed=5, snr_db=40.0, noise="pink", codec="wav", seconds=8.0)
    return replace(basic, **changes)  # type: ignore[arg-type]


def all_recipes(side: str) -> list[Recipe]:
    return [each for name in sets.NAMES for each in sets.recipes(name, side)]


def test_given_one_recipe_when_built_twice_then_scene_and_truth_are_the_same() -> None:
    asked = recipe(
        thumps=2, channels=2, rt60_seconds=0.3, crackle_per_second=3.0, drift_db=4.0, hum_db=-6.0, overlap_share=0.5
    )
    first, truth = build(asked)
    second, same_truth = build(asked)
    np.testing.assert_array_equal(first, second)
    assert truth == same_truth


def test_given_another_seed_when_built_then_scene_and_truth_are_others() -> None:
    first, truth = build(recipe())
    second, other = build(recipe(seed=6))
    assert not np.array_equal(first, second)
    assert [sound.onset for sound in truth.sounds] != [sound.onset for sound in other.sounds]


def test_given_the_two_sides_when_compared_then_they_share_no_seed_and_no_sound() -> None:
    assert SIDES == ("tuning", "reporting")
    tuning, reporting = ({each.seed for each in all_recipes(side)} for side in SIDES)
    assert len(tuning) == len(reporting) == sum(sets.SCENES.values())
    assert not tuning & reporting
    assert len(library("tuning")) >= 40
    assert len(library("reporting")) >= 40
    assert not set(library("tuning")) & set(library("reporting"))


def test_given_the_sounds_when_compared_across_the_sides_then_none_is_there_under_two_names() -> None:
    contents = [sound.tobytes() for side in SIDES for sound in library(side).values()]
    assert len(set(contents)) == len(contents)


def test_given_every_sound_when_looked_up_in_the_credits_then_it_is_there() -> None:
    page = (SOUNDS / "CREDITS.md").read_text(encoding="utf-8")
    for side in SIDES:
        for name in library(side):
            assert f"| {name} | {side} |" in page


def test_given_the_sets_when_listed_then_every_noise_codec_and_fault_is_in_them() -> None:
    found = all_recipes("reporting")
    assert {each.noise for each in found} == {"pink", "brown", "hiss", "machine", "babble"}
    assert {each.codec for each in found} == set(codecs.CODECS)
    assert {each.channels for each in found} == {1, 2}
    assert {each.snr_db for each in found} == {60.0, 40.0, 25.0, 15.0}
    faults = [each.thumps for each in found], [each.clip_db for each in found], [each.dc for each in found]
    assert all(any(values) and not all(values) for values in faults)
    assert any(each.hum_db is not None for each in found)
    assert {each.rt60_seconds for each in found} == {None, 0.3, 0.6, 1.2, 2.0}


def test_given_a_scene_when_built_then_its_truth_lies_in_it_in_order_and_apart() -> None:
    samples, truth = build(recipe(seconds=15.0))
    assert samples.shape == (1, 15 * RATE)
    assert np.abs(samples).max() <= 1
    bounds = [(sound.onset, sound.offset) for sound in truth.sounds]
    assert len(bounds) >= 4
    flat = [edge for each in bounds for edge in each]
    assert flat == sorted(flat)
    assert flat[0] > 0.5
    assert flat[-1] < 15.0
    for sound in truth.sounds:
        assert sound.whole_onset <= sound.onset <= sound.body < sound.whole_offset


@pytest.mark.parametrize("snr_db", [60.0, 25.0])
def test_given_a_signal_to_noise_ratio_when_built_then_the_noise_lies_that_far_under_the_sounds(snr_db: float) -> None:
    samples, truth = build(recipe(snr_db=snr_db, spread_db=0.0, seconds=12.0))
    lead_in = samples[0, : round((truth.sounds[0].onset - 0.02) * RATE)]
    loudest = []
    for sound in truth.sounds:
        piece = samples[0, round(sound.whole_onset * RATE) : round(sound.whole_offset * RATE)]
        loudest.append(loudest_rms(piece))
    measured = 20 * np.log10(np.median(loudest) / np.sqrt(np.mean(lead_in**2)))
    assert measured == pytest.approx(snr_db, abs=2.0)


def test_given_a_wide_spread_when_built_then_soft_sounds_stand_beside_loud_ones() -> None:
    _, truth = build(recipe(spread_db=25.0, seconds=30.0))
    levels = [sound.level_db for sound in truth.sounds]
    assert max(levels) - min(levels) > 15


def test_given_overlaps_when_built_then_a_sound_ends_for_the_truth_where_the_next_comes_in() -> None:
    _, truth = build(recipe(overlap_share=1.0, seconds=15.0))
    rings_on = [a.whole_offset > b.onset for a, b in zip(truth.sounds, truth.sounds[1:], strict=False)]
    assert sum(rings_on) >= 3
    assert all(a.offset <= b.onset for a, b in zip(truth.sounds, truth.sounds[1:], strict=False))


def test_given_thumps_when_built_then_they_lie_between_sounds_and_under_200_hz() -> None:
    _, truth = build(recipe(thumps=3, seconds=20.0))
    assert truth.thumps
    for start, end in truth.thumps:
        assert all(sound.offset <= start or sound.onset >= end for sound in truth.sounds)
    knock = noise.thump(np.random.default_rng(1))
    power = np.abs(np.fft.rfft(knock, RATE)) ** 2
    assert power[200:].sum() < 0.001 * power.sum()


def test_given_no_sounds_when_built_then_the_truth_is_empty_and_the_scene_is_not() -> None:
    samples, truth = build(recipe(most_sounds=0, peak_dbfs=(-30.0, -30.0)))
    assert truth == Truth(seconds=8.0, sounds=[], thumps=[])
    assert 0 < np.abs(samples).max() <= 10 ** (-30 / 20) + 1e-6


def test_given_clipping_and_dc_when_built_then_the_scene_has_them() -> None:
    clipped, _ = build(recipe(clip_db=6.0))
    assert np.mean(np.abs(clipped) == 1.0) > 1e-4
    shifted, _ = build(recipe(dc=0.04))
    assert shifted.mean() == pytest.approx(0.04, abs=0.005)


def decaying_tone(seconds: float, fall_db_a_second: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return np.stack([np.sin(2 * np.pi * 1000 * time) * 10 ** (-fall_db_a_second * time / 20)])


def test_given_a_tone_that_falls_100_db_a_second_when_bounded_then_the_whole_of_it_is_40_db() -> None:
    first, last = whole_bounds(decaying_tone(1.0, 100.0))
    assert first < 5
    assert last / RATE == pytest.approx(0.4, abs=0.01)


def test_given_noise_30_db_under_a_falling_tone_when_bounded_then_it_is_heard_for_30_db() -> None:
    tone = decaying_tone(1.0, 100.0)
    powers = octave_powers(tone)
    masker = np.full((9, 1), 0.5e-3)
    heard = audible_bounds(powers, masker, whole_bounds(tone))
    assert heard is not None
    assert heard[1] / RATE == pytest.approx(0.3, abs=0.015)


def test_given_loud_rumble_when_a_tone_is_bounded_then_the_rumble_hides_nothing_of_it() -> None:
    tone = decaying_tone(1.0, 100.0)
    rumble = np.zeros((9, 1))
    rumble[0] = 1.0
    assert audible_bounds(octave_powers(tone), rumble, whole_bounds(tone)) == pytest.approx(
        whole_bounds(tone), abs=0.005 * RATE
    )


def test_given_a_sound_under_the_noise_everywhere_when_bounded_then_it_is_not_heard() -> None:
    tone = decaying_tone(0.5, 100.0)
    assert audible_bounds(octave_powers(tone), np.full((9, 1), 2.0), whole_bounds(tone)) is None


@pytest.mark.parametrize("name", list(codecs.CODECS))
def test_given_each_codec_when_a_burst_is_encoded_and_decoded_then_it_is_where_it_was(
    name: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    samples = np.zeros((1, RATE))
    samples[0, 20_000:24_000] = 0.3 * rng.standard_normal(4000) * np.exp(-np.arange(4000) / 800)
    path = tmp_path / f"burst.{codecs.CODECS[name][0]}"
    codecs.encode(path, samples, name)
    decoded, rate = codecs.decode(path)
    heard = decoded[0] if rate == RATE else resample_poly(decoded[0], RATE, rate)
    length = min(len(heard), RATE)
    lag = int(correlate(heard[:length], samples[0, :length]).argmax()) - (length - 1)
    assert abs(lag) <= 1


@pytest.mark.parametrize("kind", list(noise.KINDS))
def test_given_each_noise_when_made_then_it_has_unit_level_and_is_the_same_again(kind: str) -> None:
    first = noise.KINDS[kind](np.random.default_rng(3), RATE)
    assert np.sqrt(np.mean(first**2)) == pytest.approx(1.0)
    np.testing.assert_array_equal(first, noise.KINDS[kind](np.random.default_rng(3), RATE))


def test_given_a_room_when_its_response_is_made_then_it_dies_by_60_db_in_its_time() -> None:
    response = noise.room_response(np.random.default_rng(2), rt60_seconds=0.5, wet_db=-6.0)
    tail = response[1:]
    assert response[0] == 1.0
    assert 10 * np.log10(np.sum(tail**2)) == pytest.approx(-6.0, abs=0.1)
    early = np.mean(tail[round(0.05 * RATE) : round(0.1 * RATE)] ** 2)
    late = np.mean(tail[round(0.3 * RATE) : round(0.35 * RATE)] ** 2)
    assert 10 * np.log10(early / late) == pytest.approx(30, abs=4)


def test_given_crackle_when_built_then_its_clicks_stand_out_of_the_noise_and_stay_far_under_the_sounds() -> None:
    quiet, _ = build(recipe(most_sounds=0, snr_db=60.0, noise="brown"))
    crackling, _ = build(recipe(most_sounds=0, snr_db=60.0, noise="brown", crackle_per_second=5.0))
    assert np.abs(quiet).max() / quiet.std() < 6
    assert np.abs(crackling).max() / crackling.std() > 12
    with_sounds, truth = build(recipe(crackle_per_second=5.0, snr_db=25.0, seconds=12.0, spread_db=0.0))
    between = np.ones(with_sounds.shape[1], bool)
    for sound in truth.sounds:
        between[round((sound.whole_onset - 0.05) * RATE) : round((sound.whole_offset + 0.3) * RATE)] = False
    assert np.abs(with_sounds[0, between]).max() < 0.35 * np.abs(with_sounds).max()
