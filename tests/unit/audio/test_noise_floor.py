import numpy as np
import pytest

from oneshots.noise_floor import follow

HOP_SECONDS = 0.005


def exponential(seed=0, *, frames=4000, bands=3):
    """Powers of noise as a single bin has them, shape (frames, bands), mean 1."""
    return np.random.default_rng(seed).exponential(size=(frames, bands)).astype(np.float32)


def test_given_noise_when_its_floor_is_followed_then_it_is_near_its_mean():
    floor = follow(exponential(), HOP_SECONDS).at(np.arange(4000))
    assert floor.shape == (4000, 3)
    assert 10 * np.log10(floor) == pytest.approx(np.zeros((4000, 3)), abs=2.5)


def test_given_noise_that_grows_when_its_floor_is_followed_then_it_grows_too():
    bands = exponential() * np.linspace(1, 4, 4000)[:, None]
    floor = follow(bands, HOP_SECONDS).at(np.array([600, 3400]))
    assert (floor[1] > 1.5 * floor[0]).all()


def test_given_sound_through_five_seconds_when_the_floor_is_followed_then_it_rises_by_8_db_at_most():
    bands = exponential()
    bands[1000:2500] *= 1e4
    floor = follow(bands, HOP_SECONDS).at(np.array([100, 1750]))
    assert 10 * np.log10(floor[1] / floor[0]).max() < 10


def test_given_silence_when_its_floor_is_followed_then_it_stays_above_zero():
    assert (follow(np.zeros((10, 2), np.float32), HOP_SECONDS).at(np.arange(10)) > 0).all()


def test_given_sound_through_nearly_all_of_it_when_the_floor_is_followed_then_it_is_what_the_quiet_rest_leaves():
    bands = exponential()
    bands[100:3900] *= 1e4
    floor = follow(bands, HOP_SECONDS).at(np.array([2000]))
    assert 10 * np.log10(floor).max() < 16
