import librosa
import numpy as np
import pytest

from oneshots.timbre import band_shares, centroid_motion, describe_spectrum, power_spectra
from tests.unit.audio.signals import RATE, noise, pluck, sine

BINS = 1025
FREQUENCIES_HZ = np.linspace(0, RATE / 2, BINS)


def lines(*at, bins=BINS):
    """The spectrum of equal lines at the bins `at`, shape (1, bins)."""
    power = np.zeros((1, bins), np.float32)
    power[0, list(at)] = 1
    return power


@pytest.mark.parametrize("frequency", [500.0, 3000.0, 9000.0])
@pytest.mark.parametrize("rate", [22050, 44100, 96000])
def test_given_a_sine_when_described_then_its_spectrum_is_at_its_frequency(frequency, rate):
    tone = sine(frequency, seconds=0.5, rate=rate)[0]
    # Faded in and out: the clicks at a sine's ends are in all of the spectrum.
    power = power_spectra(tone * np.hanning(len(tone)).astype(np.float32), rate)
    bin_hz = rate / 2 / (power.shape[1] - 1)
    described = describe_spectrum(power, rate)
    assert described["spectralCentroidHz"] == pytest.approx(frequency, rel=0.001)
    assert described["spectralBandwidthHz"] < 3 * bin_hz
    assert described["spectralRolloffHz"] == pytest.approx(frequency, abs=2 * bin_hz)
    assert described["spectralFlatness"] < 0.001
    assert described["brightness"] == pytest.approx(float(frequency > 1500), abs=0.01)


def test_given_white_noise_when_described_then_it_is_spread_evenly_up_to_half_the_rate():
    described = describe_spectrum(power_spectra(noise(seconds=2, level_dbfs=-10)[0], RATE), RATE)
    assert described["spectralCentroidHz"] == pytest.approx(RATE / 4, rel=0.01)
    assert described["spectralBandwidthHz"] == pytest.approx(RATE / 2 / np.sqrt(12), rel=0.01)
    assert described["spectralRolloffHz"] == pytest.approx(0.85 * RATE / 2, rel=0.01)
    # Its powers are distributed exponentially: their geometric mean is exp(-Euler's gamma) of their mean.
    assert described["spectralFlatness"] == pytest.approx(np.exp(-np.euler_gamma), rel=0.02)
    assert described["brightness"] == pytest.approx(1 - 1500 / (RATE / 2), abs=0.01)


def test_given_two_equal_lines_when_described_then_the_centroid_is_between_them_and_the_bandwidth_half_their_distance():
    described = describe_spectrum(lines(100, 300), RATE)
    assert described["spectralCentroidHz"] == pytest.approx(FREQUENCIES_HZ[200])
    assert described["spectralBandwidthHz"] == pytest.approx(FREQUENCIES_HZ[100])
    assert described["spectralRolloffHz"] == pytest.approx(FREQUENCIES_HZ[300])


@pytest.mark.parametrize("sound", [noise(seconds=1, level_dbfs=-20), pluck(440, seconds=1)], ids=["noise", "pluck"])
def test_given_a_sound_when_described_then_librosa_finds_the_same(sound):
    power = power_spectra(sound[0], RATE)
    described = describe_spectrum(power, RATE)
    weights = power.sum(axis=1) / power.sum()
    magnitudes = np.sqrt(power).T
    expected = {
        "spectralCentroidHz": librosa.feature.spectral_centroid(S=magnitudes, sr=RATE),
        "spectralBandwidthHz": librosa.feature.spectral_bandwidth(S=magnitudes, sr=RATE),
        "spectralRolloffHz": librosa.feature.spectral_rolloff(S=magnitudes, sr=RATE, roll_percent=0.85),
        "spectralFlatness": librosa.feature.spectral_flatness(S=magnitudes),
    }
    for name, values in expected.items():
        assert described[name] == pytest.approx(float(values[0] @ weights), rel=1e-4), name


def test_given_a_flat_spectrum_when_described_then_its_flatness_is_1():
    assert describe_spectrum(np.full((3, BINS), 0.1, np.float32), RATE)["spectralFlatness"] == pytest.approx(1)


def test_given_a_loud_and_a_soft_frame_when_described_then_each_weighs_as_much_as_its_energy():
    power = np.concatenate([3 * lines(100), lines(500), np.zeros((1, BINS), np.float32)])
    described = describe_spectrum(power, RATE)
    expected = pytest.approx(FREQUENCIES_HZ[200])
    assert (described["spectralCentroidHz"], described["spectralRolloffHz"]) == (expected, expected)
    assert described["spectralBandwidthHz"] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("length", [256, 1000, 2048, 5000])
def test_given_a_click_at_once_when_its_spectra_are_taken_then_the_first_frame_is_centred_on_it(length):
    click = np.zeros(length, np.float32)
    click[0] = 0.5
    power = power_spectra(click, RATE)
    hop = power.shape[1] - 1
    assert len(power) == length // hop + 1
    np.testing.assert_allclose(power[0], 0.25, rtol=1e-5)
    np.testing.assert_allclose(power[1:], 0, atol=1e-10)


def test_given_two_equal_lines_when_shared_into_bands_then_each_band_has_half():
    at = np.searchsorted(FREQUENCIES_HZ, [200, 7000])
    np.testing.assert_allclose(band_shares(lines(*at), RATE), [0, 0.5, 0, 0, 0, 0.5])


def test_given_frames_an_octave_apart_when_their_motion_is_taken_then_it_is_half_an_octave_and_none_for_a_steady_one():
    low, high = lines(200), lines(400)
    assert centroid_motion(np.concatenate([low, high] * 4), RATE) == pytest.approx(0.5, abs=0.01)
    assert centroid_motion(np.concatenate([low] * 8), RATE) == pytest.approx(0, abs=1e-3)
    assert centroid_motion(low, RATE) == 0
