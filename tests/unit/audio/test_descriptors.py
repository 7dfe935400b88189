import numpy as np
import pytest

from oneshots.descriptors import ONE_SHOT_NAMES, describe_one_shot, describe_recording
from tests.unit.audio.signals import RATE, noise, silence, sine


@pytest.mark.parametrize("length", [1, 2, 30, 200, 257])
def test_given_a_few_samples_when_described_then_numbers_come_and_no_error(length):
    described = describe_one_shot(np.full((1, length), 0.5, np.float32), RATE)
    assert described["pitchHz"] is None
    assert tuple(described) == ONE_SHOT_NAMES
    assert all(value is None or np.isfinite(value) for value in described.values() if not isinstance(value, str))


def test_given_a_concert_a_when_described_then_note_and_brightness_say_so():
    described = describe_one_shot(sine(440, seconds=0.5, level_dbfs=-6, channels=2), RATE)
    assert (described["noteName"], described["midiNote"]) == ("A4", 69)
    assert described["cents"] == pytest.approx(0, abs=3)
    assert described["peakDbfs"] == pytest.approx(-6, abs=0.05)
    assert described["rmsDbfs"] == pytest.approx(-9, abs=0.05)
    assert described["spectralCentroidHz"] == pytest.approx(440, rel=0.05)
    assert described["zeroCrossingRateHz"] == pytest.approx(880, rel=0.01)
    assert described["brightness"] < 0.01


def test_given_noise_when_described_then_it_is_bright_and_flat():
    described = describe_one_shot(noise(seconds=0.5, level_dbfs=-10), RATE)
    assert described["brightness"] > 0.8
    assert described["spectralFlatness"] > 0.3
    assert described["spectralCentroidHz"] == pytest.approx(RATE / 4, rel=0.05)


def test_given_silence_when_described_then_every_descriptor_is_there_and_null():
    described = describe_one_shot(silence(seconds=0.5), RATE)
    assert set(described) == set(describe_one_shot(sine(440, seconds=0.5), RATE))
    assert set(described.values()) == {None}


@pytest.mark.parametrize("rate", [8000, 16000, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_given_any_rate_and_channels_when_described_then_all_is_finite_and_confidences_are_shares(rate, channels):
    described = describe_one_shot(sine(330, seconds=0.7, rate=rate, channels=channels), rate, noise_floor_dbfs=-70.0)
    assert tuple(described) == ONE_SHOT_NAMES
    assert all(np.isfinite(value) for value in described.values() if isinstance(value, int | float))
    assert all(0 <= value <= 1 for name, value in described.items() if name.endswith("Confidence"))
    assert described["signalToNoiseDb"] == pytest.approx(70 - 9, abs=0.5)
    assert described["attackLog10"] == pytest.approx(np.log10(max(described["attackSeconds"], 0.0005)))


@pytest.mark.parametrize("residue", [0, 0.003], ids=["exactly", "nearly"])
def test_given_opposite_channels_when_described_then_the_sound_is_what_one_of_them_is(residue):
    tone = sine(330, seconds=0.5)
    rest = residue * noise(seconds=0.5, level_dbfs=0)
    one = describe_one_shot(tone, RATE, noise_floor_dbfs=-60.0)
    both = describe_one_shot(np.concatenate([tone, rest - tone]), RATE, noise_floor_dbfs=-60.0)
    for name in ("peakDbfs", "rmsDbfs", "signalToNoiseDb"):
        assert both[name] == pytest.approx(one[name], abs=0.3)
    for name in ("noteName", "kind", "singleEvent", "loopable"):
        assert both[name] == one[name]


def test_given_channels_of_their_own_when_described_then_it_is_their_mean_that_is():
    left, right = noise(seconds=0.5, level_dbfs=-20, seed=1), noise(seconds=0.5, level_dbfs=-20, seed=2)
    assert describe_one_shot(np.concatenate([left, right]), RATE)["rmsDbfs"] == pytest.approx(-23, abs=0.1)
    assert describe_one_shot(np.concatenate([left, 0 * left]), RATE)["rmsDbfs"] == pytest.approx(-26, abs=0.1)


def test_given_a_recording_in_opposite_phase_when_described_then_its_key_is_that_of_one_channel():
    chord = sum(sine(hertz, seconds=4, level_dbfs=-16) for hertz in (220, 277.2, 329.6))
    assert describe_recording(np.concatenate([chord, -chord]), RATE) == describe_recording(chord, RATE)
