import numpy as np
import pytest

from oneshots import network, spectrum
from oneshots.observation import observe
from tests.unit.audio.signals import RATE, noise, scene


def observed(samples):
    return observe(spectrum.band_powers(samples, RATE), spectrum.long_band_powers(samples, RATE))


def test_given_plucks_when_activated_then_onsets_peak_at_them_and_they_are_heard():
    found = network.activations(observed(scene((1.0, 2.0), seconds=4)))
    assert sorted(np.argsort(found.onset)[-2:] // 10) == [10, 20]
    assert found.audible[105:125].min() > 0.5
    assert found.audible[:95].max() < 0.5
    assert found.audible[260:].max() < 0.5


def test_given_noise_when_activated_then_all_are_probabilities_and_low():
    found = network.activations(observed(noise(seconds=5, level_dbfs=-40)))
    for values in (found.onset, found.audible):
        assert values.shape == (501,)
        assert 0 <= values.min() <= values.max() < 0.5


def test_given_a_recording_longer_than_a_block_when_activated_then_blocks_make_no_difference(monkeypatch):
    of_scene = observed(scene((1.0, 4.0, 7.0, 9.5), seconds=12))
    whole = network.activations(of_scene)
    monkeypatch.setattr(network, "_BLOCK_FRAMES", 100)
    parts = network.activations(of_scene)
    assert parts.onset == pytest.approx(whole.onset, abs=1e-4)
    assert parts.audible == pytest.approx(whole.audible, abs=1e-4)


def test_given_a_kernel_when_convolved_then_it_is_the_sum_over_frames_apart():
    values = np.arange(10, dtype=np.float32)[:, None]
    kernel = np.array([[[1.0]], [[10.0]], [[100.0]]], np.float32)
    convolved = network._convolve(values, kernel, np.array([0.5], np.float32), dilation=2)[:, 0]
    assert convolved[5] == pytest.approx(3 + 50 + 700 + 0.5)
    assert convolved[0] == pytest.approx(0 + 0 + 200 + 0.5)
    assert convolved[9] == pytest.approx(7 + 90 + 0 + 0.5)
