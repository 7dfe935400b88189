import numpy as np
import pytest

from oneshots.descriptors import describe_recording
from oneshots.tempo_and_key import hop_samples, key, onset_strength, tempo
from tests.unit.audio.block_reader import BlockReader
from tests.unit.audio.signals import RATE, noise, pluck, silence


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_given_a_click_when_the_onset_strength_is_taken_then_it_is_there_and_nowhere_else(rate):
    mono = np.zeros(2 * rate, np.float32)
    mono[rate] = 0.5
    strength = onset_strength(mono, rate)
    assert len(strength) == len(mono) // hop_samples(rate) + 1
    seconds = np.flatnonzero(strength) * hop_samples(rate) / rate
    np.testing.assert_allclose(seconds, 1, atol=0.035)
    assert len(seconds) > 0


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


def test_given_sounds_at_random_times_when_the_recording_is_described_then_its_tempo_is_hardly_believed():
    rng = np.random.default_rng(3)
    samples = noise(seconds=20, level_dbfs=-70)
    for onset in np.cumsum(rng.uniform(0.25, 1.5, 20)):
        hit = pluck(200, seconds=0.15)
        part = samples[:, round(onset * RATE) :][:, : hit.shape[1]]
        part += hit[:, : part.shape[1]]
    assert describe_recording(samples, RATE)["tempoConfidence"] < 0.2


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


def test_given_noise_when_the_recording_is_described_then_its_key_is_not_believed():
    assert describe_recording(noise(seconds=10, level_dbfs=-30), RATE)["keyConfidence"] < 0.2


def test_given_silence_when_the_recording_is_described_then_nothing_is_claimed():
    described = describe_recording(silence(seconds=3), RATE)
    assert described == {"tempoBpm": None, "tempoConfidence": 0.0, "key": None, "keyConfidence": 0.0}


def test_given_a_long_recording_when_described_then_only_half_a_minute_is_looked_at_at_a_time():
    samples = noise(seconds=70, level_dbfs=-30, rate=8000)
    reader = BlockReader(samples, most_samples=30 * 8000)
    assert describe_recording(reader, 8000) == describe_recording(samples, 8000)
