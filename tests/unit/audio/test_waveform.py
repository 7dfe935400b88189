import numpy as np

from oneshots.waveform import samples_per_pixel_for, waveform
from tests.unit.audio.signals import RATE, noise


def test_given_samples_when_drawn_then_pixels_are_minimum_and_maximum():
    samples = np.array([[0.0, 0.5, -0.25, 0.1, -1.0, 1.0, 0.0]], np.float32)
    drawn = waveform(samples, RATE, samples_per_pixel=3)
    assert drawn["data"] == [-8192, 16384, -32767, 32767, 0, 0]
    assert {name: value for name, value in drawn.items() if name != "data"} == {
        "version": 2,
        "channels": 1,
        "sample_rate": RATE,
        "samples_per_pixel": 3,
        "bits": 16,
        "length": 3,
    }


def test_given_more_than_a_block_when_drawn_then_every_pixel_is_right():
    samples = noise(seconds=15, level_dbfs=-20)
    drawn = waveform(samples, RATE, samples_per_pixel=1000)
    whole = samples[0, : samples.shape[1] // 1000 * 1000].reshape(-1, 1000)
    pixels = np.array(drawn["data"]).reshape(-1, 2)
    assert drawn["length"] == len(pixels) == -(-samples.shape[1] // 1000)
    assert np.max(np.abs(pixels[: len(whole), 0] - whole.min(axis=1) * 32767)) <= 0.5
    assert np.max(np.abs(pixels[: len(whole), 1] - whole.max(axis=1) * 32767)) <= 0.5


def test_given_overs_when_drawn_then_they_stay_in_16_bits():
    assert waveform(np.array([[3.0, -3.0]], np.float32), RATE)["data"] == [-32768, 32767]


def test_given_an_hour_when_a_pixel_is_chosen_then_there_are_at_most_8192():
    assert samples_per_pixel_for(RATE) == 256
    assert RATE * 3600 / samples_per_pixel_for(RATE * 3600) <= 8192
