import math

import numpy as np
import pytest

from oneshots import spectrum
from oneshots.network import Activations
from oneshots.observation import observe
from oneshots.onsets import Onset
from oneshots.swells import find_swells, stands_out
from tests.unit.audio.signals import RATE, noise, sine

FRAMES = 601


def heard(*spans):
    audible = np.zeros(FRAMES, np.float32)
    for first, last in spans:
        audible[first:last] = 0.9
    return Activations(onset=np.zeros(FRAMES, np.float32), audible=audible)


def observed(*, swell=None):
    """Six seconds of noise at -60 dBFS; with a tone that swells from and to the given seconds."""
    samples = noise(seconds=6, level_dbfs=-60)
    if swell:
        first, last = (round(each * RATE) for each in swell)
        tone = sine(1000, seconds=swell[1] - swell[0], level_dbfs=-20)
        samples[:, first:last] += tone * np.linspace(0, 1, last - first, dtype=np.float32) ** 2
    return observe(spectrum.band_powers(samples, RATE), spectrum.long_band_powers(samples, RATE))


def onset(frame):
    return Onset(frame=frame, seconds=frame / 100, rise_seconds=0.01, heard_seconds=frame / 100, probability=0.9)


@pytest.mark.parametrize(("span", "count"), [((300, 314), 0), ((300, 316), 1)])
def test_given_a_sound_without_a_peak_when_swells_are_found_then_it_is_one_from_150_ms_on(span, count):
    found = find_swells(observed(), heard(span), [])
    assert len(found) == count
    assert all(math.isinf(swell.rise_seconds) for swell in found)


def test_given_a_tone_that_swells_when_it_is_found_then_it_begins_before_it_is_clearly_heard():
    (swell,) = find_swells(observed(swell=(2.0, 4.0)), heard((280, 400)), [])
    assert 2.0 <= swell.seconds <= 2.5


def test_given_a_swell_that_is_faintly_heard_at_first_when_it_is_found_then_it_begins_there():
    activations = heard((300, 360))
    activations.audible[280:300] = 0.3
    (swell,) = find_swells(observed(), activations, [])
    assert swell.frame <= 280


def test_given_a_sound_with_an_onset_when_swells_are_found_then_it_is_none():
    assert find_swells(observed(), heard((300, 360)), [onset(302)]) == []


def test_given_a_pause_in_a_swell_when_swells_are_found_then_it_is_still_one():
    assert len(find_swells(observed(), heard((300, 330), (334, 370)), [])) == 1


def test_given_another_sound_before_it_when_a_swell_is_found_then_it_does_not_begin_within_that():
    (swell,) = find_swells(observed(swell=(1.5, 4.0)), heard((100, 200), (280, 400)), [onset(100)])
    assert swell.frame >= 203


def test_given_noise_when_frames_that_stand_out_are_sought_then_there_are_few():
    assert stands_out(observed(), heard().audible).mean() < 0.3


def test_given_no_noise_alone_to_compare_with_when_frames_that_stand_out_are_sought_then_there_are_none():
    assert not stands_out(observed(), heard((0, FRAMES)).audible).any()
