import numpy as np
import pytest

from oneshots import spectrum
from oneshots.ends import find_ends, stands_out
from tests.unit.audio.signals import RATE, noise, sine

HOP_SECONDS = spectrum.OCTAVE_HOP_MS / 1000


def tone_in_noise(*, frequency=500, start=1.0, end=2.0, noise_dbfs=-50):
    samples = noise(seconds=4, level_dbfs=noise_dbfs)
    first, last = round(start * RATE), round(end * RATE)
    samples[:, first:last] += 0.3 * sine(frequency, seconds=end - start)[:, : last - first]
    return samples


def ends_in(samples, starts):
    return find_ends(spectrum.octave_powers(samples, RATE), HOP_SECONDS, starts)


@pytest.mark.parametrize("frequency", [63, 500, 4000])
@pytest.mark.parametrize("noise_dbfs", [-70, -35])
def test_given_a_tone_when_its_end_is_found_then_it_is_where_the_tone_stops(frequency, noise_dbfs):
    samples = tone_in_noise(frequency=frequency, noise_dbfs=noise_dbfs)
    assert ends_in(samples, [1.0]) == pytest.approx([2.0], abs=0.06)


def test_given_a_decay_in_little_noise_when_its_end_is_found_then_it_is_40_db_under_the_peak():
    time = np.arange(3 * RATE) / RATE
    samples = noise(seconds=4, level_dbfs=-100)
    samples[0, RATE:] += (0.5 * np.sin(2 * np.pi * 500 * time) * 10 ** (-time * 40 / 20)).astype(np.float32)
    assert ends_in(samples, [1.0]) == pytest.approx([2.0], abs=0.06)


def test_given_the_next_onset_when_a_sound_still_rings_then_it_ends_there():
    assert ends_in(tone_in_noise(), [1.0, 1.5]) == pytest.approx([1.5, 2.0], abs=0.06)


def test_given_something_else_after_a_gap_when_an_end_is_found_then_it_is_before_the_gap():
    samples = tone_in_noise(end=1.3)
    samples[:, 2 * RATE : 2 * RATE + 8820] += 0.1 * sine(800, seconds=0.2)[:, :8820]
    assert ends_in(samples, [1.0]) == pytest.approx([1.3], abs=0.06)


def test_given_noise_alone_when_frames_that_stand_out_are_sought_then_there_are_hardly_any():
    octaves = spectrum.octave_powers(noise(seconds=10, level_dbfs=-40), RATE)
    assert stands_out(octaves, HOP_SECONDS).mean() < 0.02
