import numpy as np
import pytest

from oneshots import spectrum
from oneshots.observation import observe
from tests.unit.audio.signals import RATE, noise, silence, sine


def observed(samples, rate=RATE):
    return observe(spectrum.band_powers(samples, rate), spectrum.long_band_powers(samples, rate))


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_given_any_rate_when_observed_then_there_are_100_frames_a_second_of_99_features(rate):
    of_noise = observed(noise(seconds=2, level_dbfs=-40, rate=rate), rate)
    assert len(of_noise) == 201
    features = of_noise.features(0, 201)
    assert features.shape == (201, 99)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize("samples", [silence(seconds=1), np.zeros((1, 1), np.float32), np.ones((2, 30), np.float32)])
def test_given_silence_or_a_sample_when_observed_then_features_are_finite(samples):
    of_it = observed(samples)
    assert np.isfinite(of_it.features(0, len(of_it))).all()


def test_given_a_recording_when_features_are_taken_in_parts_then_they_are_the_same():
    of_noise = observed(noise(seconds=3, level_dbfs=-40))
    whole = of_noise.features(0, 301)
    parts = np.concatenate([of_noise.features(0, 100), of_noise.features(100, 170), of_noise.features(170, 301)])
    assert parts == pytest.approx(whole)


def test_given_a_louder_copy_when_observed_then_nothing_changes():
    samples = noise(seconds=3, level_dbfs=-40)
    samples[:, RATE : 2 * RATE] += sine(700, seconds=1, level_dbfs=-20)
    quiet, loud = observed(samples), observed(samples * 8)
    assert quiet.features(0, 301) == pytest.approx(loud.features(0, 301), abs=1e-3)


def test_given_a_tone_when_observed_then_it_stands_over_the_floor_by_its_decibels_in_its_band():
    samples = noise(seconds=4, level_dbfs=-70)
    samples[:, RATE : 2 * RATE] += sine(1000, seconds=1, level_dbfs=-20)
    over = observed(samples).features(100, 200)[20:80, 40:69].mean(axis=0)
    assert over.max() > 5
    assert np.median(over) < 1


def test_given_a_tone_through_nearly_all_of_it_when_observed_then_the_quiet_rest_is_the_floor():
    samples = noise(seconds=20, level_dbfs=-70)
    samples[:, RATE : 19 * RATE] += sine(1000, seconds=18, level_dbfs=-20)
    over = observed(samples).features(900, 1100)[:, 40:69].mean(axis=0)
    assert over.max() > 3
