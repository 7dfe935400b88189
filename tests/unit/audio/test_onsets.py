import numpy as np
import pytest

from oneshots import onsets, spectrum
from oneshots.network import Activations
from oneshots.observation import observe
from tests.unit.audio.signals import RATE, noise, scene


def observed(samples, rate=RATE):
    return observe(spectrum.band_powers(samples, rate), spectrum.long_band_powers(samples, rate))


def test_given_rivals_when_peaks_are_picked_then_the_highest_of_70_ms_stays():
    activation = np.zeros(300, np.float32)
    activation[[100, 105, 200, 250]] = 0.7, 0.9, 0.4, 0.8
    assert onsets.pick_peaks(activation).tolist() == [105, 250]


def test_given_a_plateau_when_peaks_are_picked_then_it_counts_once():
    activation = np.zeros(100, np.float32)
    activation[50:54] = 0.9
    assert onsets.pick_peaks(activation).tolist() == [50]


def test_given_peaks_at_both_ends_when_they_are_picked_then_both_stay():
    activation = np.zeros(100, np.float32)
    activation[[0, 99]] = 0.9
    assert onsets.pick_peaks(activation).tolist() == [0, 99]


def test_given_nothing_when_peaks_are_picked_then_there_are_none():
    assert onsets.pick_peaks(np.zeros(10, np.float32)).tolist() == []
    assert onsets.pick_peaks(np.zeros(0, np.float32)).tolist() == []


def heard_in(peaks, spans, *, frames=301):
    """What the network hears: onset peaks as {frame: probability}, and sounds from one frame to another."""
    onset, audible = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    onset[list(peaks)] = list(peaks.values())
    for first, last in spans:
        audible[first:last] = 0.9
    return Activations(onset=onset, audible=audible)


def test_given_peaks_when_onsets_are_found_then_each_has_its_frame_and_probability():
    samples = scene((0.5, 1.4), seconds=3, noise_dbfs=-60)
    found = onsets.find_onsets(observed(samples), heard_in({51: 0.8, 141: 0.9}, [(50, 90), (140, 180)]))
    assert [onset.probability for onset in found] == pytest.approx([0.8, 0.9])
    assert [onset.frame for onset in found] == [51, 141]
    assert [onset.heard_seconds for onset in found] == pytest.approx([0.5, 1.4])


@pytest.mark.parametrize(("frames_heard", "count"), [(3, 0), (6, 1)])
def test_given_a_peak_at_the_very_start_when_onsets_are_found_then_it_counts_if_it_is_heard(frames_heard, count):
    samples = scene((0.0,), seconds=3, noise_dbfs=-60)
    assert len(onsets.find_onsets(observed(samples), heard_in({0: 0.9}, [(0, frames_heard)]))) == count


@pytest.mark.parametrize(("since", "expected"), [(45, 45), (50, 50), (30, 50)])
def test_given_since_when_it_was_faintly_heard_when_asked_then_it_is_that_unless_something_else_still_is(
    since, expected
):
    audible = heard_in({}, [(since, 60)]).audible
    assert onsets.heard_since(audible, 50) == expected


@pytest.mark.parametrize("off_frames", [-2, 0, 2])
@pytest.mark.parametrize("noise_dbfs", [-80, -40])
def test_given_a_frame_about_an_attack_when_its_begin_is_sought_then_it_is_just_before_the_sound(
    off_frames, noise_dbfs
):
    samples = scene((0.5,), seconds=2, noise_dbfs=noise_dbfs)
    begin, top = onsets.rise_about(observed(samples), 50 + off_frames)
    assert 0.485 <= begin * onsets.SHORT_SECONDS <= 0.5
    assert 0.5 <= top * onsets.SHORT_SECONDS <= 0.52


def test_given_an_attack_at_the_very_start_when_its_begin_is_sought_then_it_is_the_start():
    samples = scene((0.0,), seconds=1, noise_dbfs=-70)
    assert onsets.rise_about(observed(samples), 0)[0] == 0


def test_given_noise_at_its_floor_when_its_loudness_is_taken_then_it_is_some_3_db():
    loudness = onsets.loudness_db(observed(noise(seconds=5, level_dbfs=-50)), 100, 900)
    assert loudness.shape == (800,)
    assert loudness.mean() == pytest.approx(3.4, abs=0.6)
