import numpy as np
import pytest

from oneshots import noise_floor, onsets, spectrum
from oneshots.noise_floor import NoiseFloor
from tests.unit.audio.signals import RATE, noise, pluck, scene

HOP_SECONDS = spectrum.HOP_MS / 1000
FLAT = NoiseFloor(frames=np.array([0]), powers=np.full((1, 20), 1e-6, np.float32))


def found_in(samples):
    bands = spectrum.band_powers(samples, RATE)
    return onsets.find_onsets(bands, noise_floor.follow(bands, HOP_SECONDS))


def seconds(found):
    return [onset.frame * HOP_SECONDS for onset in found]


def bands_with(events, *, frames=400):
    """Powers of steady noise, shape (frames, 20), with `events` (frame, length, power) in all bands."""
    bands = np.full((frames, 20), 1e-6, np.float32)
    for frame, length, power in events:
        bands[frame : frame + length] += power
    return bands


def test_given_plucks_when_onsets_are_found_then_each_begins_no_later_than_it_sounds():
    begins = seconds(found_in(scene((0.5, 1.4, 2.1), seconds=3, noise_dbfs=-60)))
    assert begins == pytest.approx([0.5, 1.4, 2.1], abs=0.015)
    assert all(begin <= at + 0.001 for begin, at in zip(begins, (0.5, 1.4, 2.1), strict=True))


def test_given_a_sound_right_at_the_start_when_onsets_are_found_then_it_is_one():
    samples = noise(seconds=3, level_dbfs=-70)
    sound = pluck(440, seconds=0.4)
    samples[:, : sound.shape[1]] += sound
    assert seconds(found_in(samples)) == pytest.approx([0.0], abs=0.01)


def test_given_single_clicks_over_noise_when_onsets_are_found_then_crackle_is_none():
    samples = noise(seconds=8, level_dbfs=-70)
    for at, level in ((2.0, 0.02), (4.1, 0.03), (5.5, 0.02), (6.2, 0.025)):
        samples[:, round(at * RATE) : round(at * RATE) + 6] += level
    sound = pluck(440, seconds=0.4)
    samples[:, RATE : RATE + sound.shape[1]] += sound
    assert seconds(found_in(samples)) == pytest.approx([1.0], abs=0.02)


def test_given_more_candidates_than_a_block_when_described_then_blocks_make_no_difference(monkeypatch):
    samples = scene((0.5, 1.4, 2.1), seconds=3, noise_dbfs=-50)
    bands = spectrum.band_powers(samples, RATE)
    floor = noise_floor.follow(bands, HOP_SECONDS)
    frames, whole = onsets.describe(bands, floor)
    monkeypatch.setattr(onsets, "_BLOCK_CANDIDATES", 3)
    monkeypatch.setattr(onsets, "_BLOCK_FRAMES", 100)
    again, parts = onsets.describe(bands, floor)
    assert frames.tolist() == again.tolist()
    assert len(frames) > 3
    for name, values in whole.items():
        assert parts[name] == pytest.approx(values, abs=1e-2), name


def test_given_a_tone_that_slides_to_the_next_band_when_the_flux_is_taken_then_it_is_nothing_new():
    levels = np.zeros((20, 8), np.float32)
    levels[:10, 3] = 40
    levels[10:, 4] = 40
    assert onsets.flux(levels) == pytest.approx(np.zeros(20))


def test_given_a_band_that_rises_when_the_flux_is_taken_then_it_peaks_there_at_its_share():
    levels = np.zeros((20, 8), np.float32)
    levels[10:, 4] = 40
    flux = onsets.flux(levels)
    assert flux.max() == pytest.approx(40 / 8)
    assert abs(int(flux.argmax()) - 10) <= 1


def test_given_a_step_when_its_rise_is_taken_then_it_is_highest_at_the_step():
    bands = bands_with([(200, 200, 1e-4)])
    rises = onsets.rise(bands, np.full_like(bands, 1e-6), 8)
    assert int(rises.argmax()) == 200
    assert rises[200] == pytest.approx(10 * np.log10(1.02e-4 / 2e-6), abs=0.1)


def test_given_bursts_when_candidates_are_taken_then_one_lies_at_each():
    bands = bands_with([(100, 30, 1e-3), (250, 30, 1e-4)])
    frames = onsets.candidates(onsets.curves(bands, FLAT))
    assert all(np.abs(frames - at).min() <= 2 for at in (100, 250))


def test_given_steady_power_when_candidates_are_taken_then_there_are_none():
    assert len(onsets.candidates(onsets.curves(bands_with([]), FLAT))) == 0


def test_given_rivals_when_picked_then_the_most_probable_of_each_70_ms_stays_in_order():
    frames = np.array([100, 105, 200, 300])
    picked = onsets.pick(frames, np.array([0.6, 0.9, 0.2, 0.8]))
    assert [(onset.frame, onset.probability) for onset in picked] == [(105, 0.9), (300, 0.8)]


def test_given_one_soon_after_another_when_picked_then_it_must_be_next_to_certain():
    frames = np.array([100, 130, 300, 340, 500, 620])
    picked = onsets.pick(frames, np.array([0.9, 0.9, 0.9, 0.98, 0.6, 0.6]))
    assert [onset.frame for onset in picked] == [100, 300, 340, 500, 620]


def test_given_no_candidates_when_picked_then_there_are_no_onsets():
    assert onsets.pick(np.array([], int), np.array([])) == []


def test_given_a_ramp_when_the_begin_of_its_rise_is_sought_then_it_is_the_last_quiet_frame():
    loudness = np.concatenate((np.zeros(50), np.linspace(0, 40, 5), np.full(20, 40.0)))
    assert onsets.begin_of_rise(loudness, 52) == 50
