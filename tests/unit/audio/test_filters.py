import numpy as np
import pytest
from scipy import signal

from oneshots import filters, loudness
from tests.unit.audio.signals import noise

RATES = (8000, 22050, 44100, 48000, 96000)


@pytest.mark.parametrize("rate", RATES)
def test_given_a_cutoff_when_designed_then_the_high_pass_is_butterworths(rate):
    _, ours = signal.sosfreqz(np.array(filters.high_pass(70, rate)), 4096)
    _, theirs = signal.sosfreqz(signal.butter(4, 70, "highpass", fs=rate, output="sos"), 4096)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("design", [lambda rate: filters.high_pass(70, rate), loudness.k_weighting])
@pytest.mark.parametrize("seconds", [0.001, 0.5, 5.0])
def test_given_noise_when_filtered_by_fft_then_it_is_what_the_recursion_gives(rate, design, seconds):
    values = np.concatenate([noise(seconds=seconds, level_dbfs=-10, rate=rate, seed=seed) for seed in (1, 2)])
    run_in = filters.run_in_samples(rate)
    padded = np.pad(values, ((0, 0), (run_in, 0)))
    expected = signal.sosfilt(np.array(design(rate)), values.astype(np.float64), axis=1)
    filtered = filters.run(padded, design(rate), run_in=run_in)
    assert filtered.shape == values.shape
    np.testing.assert_allclose(filtered, expected, atol=2e-6)
