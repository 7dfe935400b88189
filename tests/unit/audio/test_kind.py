import json

import numpy as np
import pytest

from bench.noise import KINDS as NOISES
from bench.sound_library import library
from oneshots.descriptors import describe_one_shot
from oneshots.kind import FEATURES, KINDS, MODEL_PATH
from tests.unit.audio.signals import RATE, pluck


def kind_of(samples):
    described = describe_one_shot(np.asarray(samples, np.float32)[None], RATE)
    assert 0.25 <= described["kindConfidence"] <= 1
    return described["kind"]


def test_given_the_drums_of_the_reporting_side_when_described_then_at_least_nine_in_ten_are_percussive():
    drums = [
        sound for name, sound in library("reporting").items() if name.startswith(("bd_", "drum_", "sn_", "tabla_"))
    ]
    found = [kind_of(sound) for sound in drums]
    assert found.count("percussive") >= 0.9 * len(found)


@pytest.mark.parametrize("frequency", [110, 220, 440, 880])
def test_given_a_long_plucked_note_when_described_then_it_is_tonal(frequency):
    assert kind_of(pluck(frequency, seconds=2)[0]) == "tonal"


@pytest.mark.parametrize("name", ["pink", "brown", "hiss"])
def test_given_a_gust_of_noise_when_described_then_it_is_noise(name):
    length = RATE
    gust = NOISES[name](np.random.default_rng(77), length) * np.sin(np.pi * np.arange(length) / length)
    assert kind_of(0.05 * gust) == "noise"


def test_given_the_model_when_read_then_it_is_of_these_kinds_and_features():
    model = json.loads(MODEL_PATH.read_text())
    assert (tuple(model["kinds"]), tuple(model["features"])) == (KINDS, FEATURES)
    assert np.shape(model["weights"]) == (len(KINDS), len(FEATURES))
