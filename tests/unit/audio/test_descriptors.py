import numpy as np
import pytest

from oneshots.descriptors import (
    attack_seconds,
    describe_one_shot,
    describe_recording,
    key,
    pitch,
    tempo,
)
from tests.unit.audio.signals import RATE, noise, pluck, silence, sine


@pytest.mark.parametrize("frequency", [55.0, 110.0, 261.63, 440.0, 987.77, 2093.0])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_given_a_note_when_its_pitch_is_taken_then_it_is_within_10_cents(frequency, rate):
    found, periodicity = pitch(pluck(frequency, seconds=0.5, rate=rate)[0], rate)
    assert 1200 * np.log2(found / frequency) == pytest.approx(0, abs=10)
    assert periodicity > 0.8


def test_given_noise_when_its_pitch_is_taken_then_there_is_none():
    found, periodicity = pitch(noise(seconds=0.5, level_dbfs=-10)[0], RATE)
    assert found is None
    assert periodicity < 0.5


@pytest.mark.parametrize("length", [1, 2, 30, 200])
def test_given_a_few_samples_when_described_then_numbers_come_and_no_error(length):
    described = describe_one_shot(np.full((1, length), 0.5, np.float32), RATE)
    assert described["pitchHz"] is None
    assert all(value is None or np.isfinite(value) for value in described.values() if not isinstance(value, str))


@pytest.mark.parametrize("attack_ms", [2, 20, 100])
def test_given_a_linear_attack_when_measured_then_it_is_its_10_to_90_percent_time(attack_ms):
    samples = noise(seconds=0.5, level_dbfs=-10)[0] * 0 + sine(3000, seconds=0.5)[0]
    ramp = round(attack_ms * RATE / 1000)
    samples[:ramp] *= np.linspace(0, 1, ramp, dtype=np.float32)
    assert attack_seconds(samples, RATE) == pytest.approx(0.8 * attack_ms / 1000, abs=0.002 + 0.1 * attack_ms / 1000)


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


@pytest.mark.parametrize("bpm", [70, 100, 128, 160])
def test_given_a_beat_when_the_recording_is_described_then_its_tempo_is_found(bpm):
    samples = noise(seconds=20, level_dbfs=-70)
    for beat in np.arange(0.2, 19.5, 60 / bpm):
        hit = pluck(200, seconds=0.15)
        samples[:, round(beat * RATE) :][:, : hit.shape[1]] += hit
    described = describe_recording(samples, RATE)
    assert described["tempoBpm"] == pytest.approx(bpm, rel=0.02)
    assert described["tempoConfidence"] > 0.3


def test_given_too_little_for_a_beat_when_the_tempo_is_taken_then_there_is_none():
    assert tempo(np.ones(50), 86.0) == (None, 0.0)
    assert tempo(np.ones(5000), 86.0) == (None, 0.0)


@pytest.mark.parametrize(
    ("tonic_hz", "steps", "expected"),
    [(261.63, (0, 2, 4, 5, 7, 9, 11, 0, 4, 7, 0), "C major"), (220.0, (0, 2, 3, 5, 7, 8, 10, 0, 3, 7, 0), "A minor")],
)
def test_given_a_scale_when_the_recording_is_described_then_its_key_is_found(tonic_hz, steps, expected):
    notes = [pluck(tonic_hz * 2 ** (step / 12), seconds=0.5) for step in steps]
    described = describe_recording(np.concatenate(notes, axis=1), RATE)
    assert described["key"] == expected
    assert described["keyConfidence"] > 0.6


def test_given_no_tones_when_the_key_is_taken_then_there_is_none():
    assert key(np.zeros(12)) == (None, 0.0)
    assert key(np.ones(12)) == (None, 0.0)


def test_given_silence_when_the_recording_is_described_then_nothing_is_claimed():
    described = describe_recording(silence(seconds=3), RATE)
    assert described == {"tempoBpm": None, "tempoConfidence": 0.0, "key": None, "keyConfidence": 0.0}
