import numpy as np
import pytest

from oneshots.attack import first_sample
from tests.unit.audio.signals import RATE, noise, scene, silence, sine


@pytest.mark.parametrize("off_ms", [-8, -4, 0, 3])
@pytest.mark.parametrize("noise_dbfs", [None, -60, -45])
def test_given_about_where_when_a_pluck_begins_then_it_is_found_to_two_milliseconds_never_late(off_ms, noise_dbfs):
    samples = scene([0.5], seconds=1.5, noise_dbfs=noise_dbfs)
    found = first_sample(samples, RATE, near=round((0.5 + off_ms / 1000) * RATE))
    assert found is not None
    assert 0.498 <= found / RATE <= 0.5


def test_given_a_swell_when_its_first_sample_is_sought_then_it_cannot_be_said():
    samples = noise(seconds=2, level_dbfs=-60)
    samples[:, RATE:] += sine(440, seconds=1) * np.linspace(0, 1, RATE, dtype=np.float32)
    assert first_sample(samples, RATE, near=RATE) is None


def test_given_noise_alone_when_a_first_sample_is_sought_then_it_cannot_be_said():
    assert first_sample(noise(seconds=1, level_dbfs=-30), RATE, near=RATE // 2) is None


@pytest.mark.parametrize("near", [0, RATE])
def test_given_silence_when_a_first_sample_is_sought_at_either_end_then_it_cannot_be_said(near):
    assert first_sample(silence(seconds=1), RATE, near=near) is None


def test_given_a_sound_from_the_first_sample_on_when_it_is_sought_then_it_is_the_first():
    assert first_sample(scene([0.0], seconds=1, noise_dbfs=-70), RATE, near=0) == 0


def test_given_dc_when_a_first_sample_is_sought_then_the_dc_is_no_sound():
    samples = scene([0.5], seconds=1, noise_dbfs=-70) + np.float32(0.2)
    found = first_sample(samples, RATE, near=RATE // 2, dc_offset=np.array([0.2]))
    assert found == pytest.approx(RATE // 2, abs=2 * RATE // 1000)
