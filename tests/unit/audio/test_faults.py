import numpy as np
import pytest

from oneshots.blocks import BLOCK_SAMPLES, mean_per_channel
from oneshots.decode import Source
from oneshots.faults import clipped_samples, clipping_warnings, noise_warnings, quantisation_unit
from tests.unit.audio.block_reader import BlockReader
from tests.unit.audio.signals import RATE, noise, pluck, scene, sine


def share(samples):
    return count(samples) / samples.size


def count(samples, bits=16):
    unit = quantisation_unit(Source(codec=f"pcm_s{bits}le", bit_depth=bits))
    return clipped_samples(samples, dc_offset=mean_per_channel(samples), quantisation_unit=unit)


def to_bits(samples, bits):
    return (np.round(samples * 2.0 ** (bits - 1)) / 2.0 ** (bits - 1)).astype(np.float32)


def to_16_bit(samples):
    return to_bits(samples, 16)


def are_warned_of(samples):
    seconds = samples.size / RATE
    return bool(clipping_warnings(count(samples) / RATE, channel_seconds=seconds))


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
    assert clipped_samples(reader, dc_offset=mean_per_channel(samples)) == 50


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("level_dbfs", [-0.1, -6, -20, -50, -60, -70])
@pytest.mark.parametrize("frequency", [60, 220, 1000, 3000])
def test_given_a_tone_of_few_bits_when_counted_then_its_rounded_tops_are_not_clipped(frequency, level_dbfs, bits):
    assert count(to_bits(sine(frequency, seconds=1, level_dbfs=level_dbfs), bits), bits) == 0


def test_given_a_soft_tone_of_16_bits_in_a_file_of_24_when_counted_then_its_rounded_tops_are_not_clipped():
    assert count(to_16_bit(sine(220, seconds=1, level_dbfs=-60)), bits=24) == 0


def test_given_an_8_bit_tone_that_hits_a_ceiling_when_counted_then_its_flat_tops_are():
    clipped = to_bits(np.clip(sine(440, seconds=1, level_dbfs=0) * 1.5, -1, 1) * 0.9, 8)
    assert count(clipped, bits=8) / clipped.size == pytest.approx(0.535, rel=0.05)


@pytest.mark.parametrize(
    ("source", "unit"),
    [
        (Source(codec="pcm_u8", bit_depth=8), 1 / 128),
        (Source(codec="flac", bit_depth=16), 1 / 32768),
        (Source(codec="pcm_s24le", bit_depth=24), 1 / 32768),
        (Source(codec="pcm_f32le", bit_depth=32, is_float=True), 1 / 32768),
        (Source(codec="aac"), 1 / 32768),
        (Source(codec="pcm_mulaw", bit_depth=16), 1 / 32),
    ],
)
def test_given_a_source_when_asked_for_its_unit_then_it_is_never_finer_than_16_bits(source, unit):
    assert quantisation_unit(source) == unit


@pytest.mark.parametrize("samples", [np.full((1, RATE), 0.5, np.float32), np.full((1, RATE), 0.1, np.float32)])
def test_given_dc_alone_when_counted_then_nothing_is_clipped(samples):
    assert count(samples) == 0


@pytest.mark.parametrize("noise_dbfs", [None, -80], ids=["silence", "noise"])
def test_given_soft_sounds_on_a_dc_offset_when_counted_then_the_offset_is_not_a_ceiling(noise_dbfs):
    samples = scene([0.5, 1.4], seconds=2.3, noise_dbfs=noise_dbfs) * np.float32(0.02) + np.float32(0.3)
    assert count(to_16_bit(samples)) == 0


def test_given_digital_silence_before_sounds_on_a_dc_offset_when_counted_then_the_silence_is_not_clipped():
    samples = to_16_bit(0.02 * noise(seconds=2, level_dbfs=0) + np.float32(0.3))
    samples[:, :RATE] = 0
    assert count(samples) == 0


def test_given_a_tone_on_a_dc_offset_that_hits_a_ceiling_when_counted_then_its_flat_tops_are_clipped():
    clipped = to_16_bit(np.minimum(sine(440, seconds=1, level_dbfs=-6) + np.float32(0.3), 0.7))
    assert count(clipped) == np.count_nonzero(clipped == clipped.max())


def test_given_values_over_full_scale_by_a_dc_offset_when_counted_then_full_scale_is_that_of_the_file():
    samples = sine(440, seconds=1, level_dbfs=-6) + np.float32(0.6)
    assert count(samples) == np.count_nonzero(np.abs(samples) > 1) > 0


def test_given_a_slow_loud_wave_when_a_block_ends_in_its_flat_top_then_that_is_no_ceiling():
    samples = np.cos(2 * np.pi * 20 * (np.arange(2 * BLOCK_SAMPLES) - BLOCK_SAMPLES) / RATE)[None]
    assert count(samples.astype(np.float32)) == 0


@pytest.mark.parametrize("seconds", [30, 120])
def test_given_a_tone_in_noise_that_is_long_when_judged_then_chance_is_not_taken_for_clipping(seconds):
    samples = to_16_bit(sine(110, seconds=seconds, level_dbfs=-10.5) + noise(seconds=seconds, level_dbfs=-70.5))
    assert not are_warned_of(samples)


def test_given_silence_when_counted_then_nothing_is_clipped():
    assert count(np.zeros((1, 100), np.float32)) == 0


def test_given_a_millisecond_of_clipping_when_judged_then_it_is_warned_of():
    assert clipping_warnings(0.0005, channel_seconds=1) == []
    (warning,) = clipping_warnings(0.012, channel_seconds=1)
    assert warning.code == "CLIPPED"
    assert "12 ms" in warning.message


def test_given_a_long_recording_when_judged_then_what_chance_makes_of_it_is_not_warned_of():
    assert clipping_warnings(0.012, channel_seconds=300) == []
    assert clipping_warnings(0.040, channel_seconds=300)


@pytest.mark.parametrize(("ratios", "codes"), [([], []), ([30, 40, 5], []), ([9, 12, 40], ["VERY_NOISY"])])
def test_given_how_far_sounds_stand_out_when_judged_then_half_of_them_within_15_db_is_very_noisy(ratios, codes):
    assert [warning.code for warning in noise_warnings(ratios)] == codes
