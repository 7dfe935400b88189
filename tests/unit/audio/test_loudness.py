import numpy as np
import pytest

from oneshots import loudness
from tests.unit.audio.signals import noise, silence, sine

RATE = 48000


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_given_any_rate_when_measured_then_a_tone_has_the_same_loudness(rate):
    tone = sine(997, seconds=3, level_dbfs=-20, rate=rate)
    assert loudness.measure(tone, rate).integrated_lufs == pytest.approx(-23.0, abs=0.25)


def test_given_48_khz_when_the_filter_is_designed_then_it_is_the_standards_table():
    shelf, high_pass = loudness.k_weighting(48000)
    table = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    assert shelf == pytest.approx(table, abs=1e-6)
    assert high_pass == pytest.approx([1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621], abs=1e-6)


def test_given_silence_when_measured_then_nothing_is_claimed():
    measured = loudness.measure(silence(seconds=5), 44100)
    assert measured == loudness.Loudness(
        integrated_lufs=None, loudness_range_lu=None, true_peak_dbtp=None, sample_peak_dbfs=None
    )
    assert loudness.short_sound_lufs(silence(seconds=0.1), 44100) is None


def test_given_less_than_400_ms_when_measured_then_there_is_no_integrated_loudness_but_a_short_one():
    tone = sine(1000, seconds=0.1, level_dbfs=-20)
    assert loudness.measure(tone, 44100).integrated_lufs is None
    # 100 ms of a tone in a window of 400 ms: 6 dB under its loudness.
    assert loudness.short_sound_lufs(tone, 44100) == pytest.approx(-23.0 - 6.02, abs=0.3)


def test_given_a_long_steady_tone_when_measured_as_a_short_sound_then_both_measures_agree():
    tone = sine(1000, seconds=2, level_dbfs=-20)
    integrated_lufs = loudness.measure(tone, 44100).integrated_lufs
    assert loudness.short_sound_lufs(tone, 44100) == pytest.approx(integrated_lufs, abs=0.1)


def test_given_a_peak_on_a_block_border_when_measured_then_blocks_give_what_the_whole_gives():
    samples = noise(seconds=4, level_dbfs=-30)
    samples[0, 32768 - 2 : 32768 + 2] = [0.6, -0.9, 0.9, -0.6]
    around = samples[:, 32768 - 500 : 32768 + 500]
    assert loudness.true_peak(samples, 44100) == pytest.approx(loudness.true_peak(around, 44100), rel=1e-5)
    assert loudness.true_peak(samples, 44100) >= np.float32(0.9)
