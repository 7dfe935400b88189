import numpy as np
import pytest

from oneshots.blocks import BLOCK_SAMPLES
from oneshots.faults import clipped_samples, clipping_warnings, noise_warnings
from oneshots.loudness import decibels, sample_peak
from tests.unit.audio.block_reader import BlockReader
from tests.unit.audio.signals import noise, pluck, sine


def share(samples):
    return count(samples) / samples.size


def count(samples):
    return clipped_samples(samples, peak_dbfs=decibels(sample_peak(samples)))


def to_16_bit(samples):
    return (np.round(samples * 32767) / 32767).astype(np.float32)


@pytest.mark.parametrize("level", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("frequency", [60, 440, 3000])
def test_given_a_tone_that_hits_a_ceiling_when_counted_then_the_share_is_that_of_its_flat_tops(frequency, level):
    clipped = to_16_bit(np.clip(sine(frequency, seconds=1, level_dbfs=0) * 1.5, -1, 1) * level)
    expected = np.mean(np.abs(sine(frequency, seconds=1, level_dbfs=0) * 1.5) >= 1)
    assert share(clipped) == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize(
    "samples",
    [
        sine(30, seconds=1, level_dbfs=0),
        sine(100, seconds=1, level_dbfs=-0.1),
        sine(1000, seconds=1, level_dbfs=-3),
        pluck(110, level_dbfs=-0.1),
        noise(seconds=1, level_dbfs=-15),
    ],
    ids=["slow", "full scale", "1 kHz", "pluck", "noise"],
)
def test_given_loud_sound_that_is_not_clipped_when_counted_then_hardly_a_sample_is(samples):
    assert share(samples) < 1e-4
    assert share(to_16_bit(samples)) < 1e-4


def test_given_a_lossy_copy_of_clipping_when_counted_then_values_over_full_scale_are():
    samples = sine(440, seconds=1, level_dbfs=-3)
    samples[0, 1000:1100] = 1.05
    assert count(samples) >= 100


def test_given_clipping_in_one_of_many_blocks_and_one_channel_when_counted_then_it_is_found():
    samples = np.repeat(noise(seconds=30, level_dbfs=-40), 2, axis=0)
    samples[1, 3 * BLOCK_SAMPLES + 5 :][:50] = 0.9
    reader = BlockReader(samples, most_samples=BLOCK_SAMPLES)
    assert clipped_samples(reader, peak_dbfs=decibels(0.9)) == 50


def test_given_silence_when_counted_then_nothing_is_clipped():
    assert count(np.zeros((1, 100), np.float32)) == 0


def test_given_a_millisecond_of_clipping_when_judged_then_it_is_warned_of():
    assert clipping_warnings(0.0005) == []
    (warning,) = clipping_warnings(0.012)
    assert warning.code == "CLIPPED"
    assert "12 ms" in warning.message


@pytest.mark.parametrize(("ratios", "codes"), [([], []), ([30, 40, 5], []), ([9, 12, 40], ["VERY_NOISY"])])
def test_given_how_far_sounds_stand_out_when_judged_then_half_of_them_within_15_db_is_very_noisy(ratios, codes):
    assert [warning.code for warning in noise_warnings(ratios)] == codes
