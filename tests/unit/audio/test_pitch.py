import numpy as np
import pytest

from oneshots.pitch import NO_PITCH, find_pitch, name_note
from tests.unit.audio.signals import RATE, noise, pluck, sine

NOTES_HZ = [float(frequency) for frequency in np.geomspace(41.2, 3951.1, 23)]


def cents_off(found_hz, expected_hz):
    return 1200 * np.log2(found_hz / expected_hz)


def harmonics(frequency, *, numbers, rate=RATE, seconds=0.4):
    """A steady tone of the harmonics `numbers`, each softer than the one before, shape (n,)."""
    time = np.arange(round(seconds * rate)) / rate
    audible = [number for number in numbers if number * frequency < 0.45 * rate]
    tone = sum(np.sin(2 * np.pi * frequency * number * time + number) / number for number in audible)
    return (0.3 * tone).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 44100, 96000])
@pytest.mark.parametrize("frequency", NOTES_HZ)
def test_given_a_note_when_its_pitch_is_found_then_it_is_within_5_cents_and_in_its_octave(frequency, rate):
    for tone in (sine(frequency, seconds=0.4, rate=rate)[0], harmonics(frequency, numbers=range(1, 20), rate=rate)):
        found = find_pitch(tone, rate)
        # A tone that its third harmonic would pass half the rate leaves little to tell the period by.
        if frequency < rate / 6:
            assert cents_off(found.frequency_hz, frequency) == pytest.approx(0, abs=5)
            assert found.pitchedness > 0.8


@pytest.mark.parametrize("frequency", [82.4, 196.0, 440.0, 987.8])
@pytest.mark.parametrize(
    "numbers", [(1, 3, 5, 7, 9), (2, 3, 4, 5, 6)], ids=["odd harmonics alone", "without its fundamental"]
)
def test_given_a_tone_of_few_harmonics_when_its_pitch_is_found_then_it_is_not_an_octave_off(frequency, numbers):
    found = find_pitch(harmonics(frequency, numbers=numbers), RATE)
    assert cents_off(found.frequency_hz, frequency) == pytest.approx(0, abs=10)


@pytest.mark.parametrize("frequency", NOTES_HZ[:-2])
def test_given_a_note_in_noise_10_db_under_it_when_its_pitch_is_found_then_it_is_within_half_a_semitone(frequency):
    tone = harmonics(frequency, numbers=range(1, 20))
    rms_dbfs = 10 * np.log10(np.mean(tone**2))
    found = find_pitch(tone + noise(seconds=0.4, level_dbfs=rms_dbfs - 10)[0], RATE)
    assert cents_off(found.frequency_hz, frequency) == pytest.approx(0, abs=50)


@pytest.mark.parametrize(
    ("rate", "frequency"),
    [(8000, 55.0), (8000, 987.77), (16000, 110.0), (16000, 1975.5)]
    + [(rate, frequency) for rate in (44100, 48000) for frequency in (55.0, 110.0, 261.63, 440.0, 987.77, 2093.0)],
)
def test_given_a_plucked_note_when_its_pitch_is_found_then_it_is_within_5_cents(frequency, rate):
    found = find_pitch(pluck(frequency, seconds=0.5, rate=rate)[0], rate)
    assert cents_off(found.frequency_hz, frequency) == pytest.approx(0, abs=5)
    assert found.pitchedness > 0.8


def test_given_a_tone_with_vibrato_when_its_pitch_is_found_then_its_spread_is_told():
    time = np.arange(RATE) / RATE
    phase = 2 * np.pi * (330 * time + 330 * 0.03 * np.sin(2 * np.pi * 6 * time) / (2 * np.pi * 6))
    wavering = find_pitch((0.3 * np.sin(phase)).astype(np.float32), RATE)
    assert cents_off(wavering.frequency_hz, 330) == pytest.approx(0, abs=60)
    assert wavering.spread_cents > 15
    assert find_pitch(sine(330, seconds=1)[0], RATE).spread_cents < 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slope", [0, 0.5, 1], ids=["white", "pink", "brown"])
def test_given_noise_when_its_pitch_is_found_then_there_is_none(slope, seed):
    spectrum = np.fft.rfft(noise(seconds=0.5, level_dbfs=-10, seed=seed)[0])
    coloured = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 1) ** slope).astype(np.float32)
    found = find_pitch(coloured, RATE)
    assert found.frequency_hz is None
    assert found.pitchedness < 0.2


@pytest.mark.parametrize("fundamental", [220, 330, 440, 700])
@pytest.mark.parametrize(
    "ratios",
    [(1, 2.756, 5.404, 8.933), (0.56, 0.92, 1.19, 1.7, 2, 2.74, 3, 3.76, 4.07)],
    ids=["free bar", "Risset's bell"],
)
def test_given_an_inharmonic_bell_when_its_pitch_is_found_then_it_is_hardly_pitched(fundamental, ratios):
    time = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * fundamental * ratio * time) * np.exp(-3 * time) for ratio in ratios)
    assert find_pitch((0.1 * tone).astype(np.float32), RATE).pitchedness < 0.3


@pytest.mark.parametrize("length", [0, 1, 2, 30])
def test_given_a_few_samples_when_their_pitch_is_found_then_there_is_none(length):
    assert find_pitch(np.full(length, 0.5, np.float32), RATE) == NO_PITCH


@pytest.mark.parametrize(
    ("frequency", "midi", "name", "cents"),
    [
        (440.0, 69, "A4", 0),
        (261.63, 60, "C4", 0),
        (445.1, 69, "A4", 20),
        (40.0, 27, "D#1", 48.7),
        (4000.0, 107, "B7", 21.3),
    ],
)
def test_given_a_pitch_when_named_then_it_is_the_nearest_note(frequency, midi, name, cents):
    named = name_note(frequency)
    assert (named["midiNote"], named["noteName"]) == (midi, name)
    assert named["cents"] == pytest.approx(cents, abs=0.2)
