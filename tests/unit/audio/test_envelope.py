import numpy as np
import pytest

from oneshots.envelope import attack_seconds, describe_loop, dynamic_range_db, level_db, signal_to_noise_db
from oneshots.timbre import power_spectra
from tests.unit.audio.signals import RATE, noise, pluck, silence, sine


def loop(mono):
    return describe_loop(level_db(mono, RATE), power_spectra(mono, RATE))


@pytest.mark.parametrize("attack_ms", [2, 20, 100])
def test_given_a_linear_attack_when_measured_then_it_is_its_10_to_90_percent_time(attack_ms):
    samples = sine(3000, seconds=0.5)[0]
    ramp = round(attack_ms * RATE / 1000)
    samples[:ramp] *= np.linspace(0, 1, ramp, dtype=np.float32)
    assert attack_seconds(samples, RATE) == pytest.approx(0.8 * attack_ms / 1000, abs=0.002 + 0.1 * attack_ms / 1000)


def test_given_a_level_when_measured_then_it_is_the_rms_in_dbfs():
    level = level_db(sine(1000, seconds=0.5, level_dbfs=-6)[0], RATE)
    assert np.median(level) == pytest.approx(-9.03, abs=0.1)


def test_given_a_sound_that_falls_evenly_when_measured_then_its_dynamic_range_is_85_percent_of_the_fall():
    fall = 10 ** (np.linspace(0, -40, RATE) / 20)
    level = level_db((sine(2000, seconds=1)[0] * fall).astype(np.float32), RATE)
    assert dynamic_range_db(level) == pytest.approx(0.85 * 40, abs=2)


def test_given_channels_when_measured_then_the_level_is_that_of_their_mean_power():
    tone = sine(1000, seconds=0.5, level_dbfs=-6)
    mono = level_db(tone[0], RATE)
    assert level_db(np.concatenate([tone, -tone]), RATE) == pytest.approx(mono)
    assert level_db(np.concatenate([tone, 0 * tone]), RATE) == pytest.approx(mono - 3.01, abs=0.01)


@pytest.mark.parametrize("other", [1, -1], ids=["in phase", "in opposite phase"])
def test_given_a_noise_floor_when_measured_then_the_sound_stands_out_of_it_in_any_phase(other):
    tone = sine(2000, seconds=1)
    ratio = signal_to_noise_db(np.concatenate([tone, other * tone]), RATE, noise_floor_dbfs=-60)
    assert ratio == pytest.approx(60 - 9, abs=0.1)


def test_given_no_noise_floor_or_no_sound_when_measured_then_there_is_no_signal_to_noise_ratio():
    assert signal_to_noise_db(sine(2000, seconds=1), RATE, noise_floor_dbfs=None) is None
    assert signal_to_noise_db(silence(seconds=1), RATE, noise_floor_dbfs=-60) is None


@pytest.mark.parametrize(
    "samples",
    [
        sine(220, seconds=1.5)[0],
        noise(seconds=1.5, level_dbfs=-20)[0],
        sine(220, seconds=1)[0] + sine(331, seconds=1)[0],
    ],
    ids=["tone", "noise", "chord"],
)
def test_given_a_steady_sound_when_described_then_it_is_loopable(samples):
    assert loop(samples)["loopable"] is True
    assert loop(samples)["loopableConfidence"] > 0.7


def sweep():
    time = np.arange(RATE) / RATE
    return (0.3 * np.sin(2 * np.pi * (200 * time + 900 * time**2))).astype(np.float32)


@pytest.mark.parametrize(
    "samples", [pluck(220, seconds=1)[0], sine(220, seconds=0.1)[0], sweep()], ids=["pluck", "blip", "sweep"]
)
def test_given_a_sound_that_dies_or_is_short_or_changes_when_described_then_it_is_not_loopable(samples):
    assert loop(samples)["loopable"] is False
    assert loop(samples)["loopableConfidence"] > 0.7
