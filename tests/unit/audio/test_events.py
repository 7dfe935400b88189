import numpy as np
import pytest

from bench.sound_library import library
from oneshots.events import describe_events, find_events
from tests.unit.audio.signals import RATE, noise, pluck, sine


def plucks(onsets, *, seconds=1.2, noise_dbfs=-65, level_dbfs=-12):
    """Notes at `onsets` seconds, each softer than the one before by 4 dB, that ring on under the next; shape (n,)."""
    samples = noise(seconds=seconds, level_dbfs=noise_dbfs)
    for index, onset in enumerate(onsets):
        hit = pluck(220 * 1.5**index, seconds=0.6, level_dbfs=level_dbfs - 4 * index)
        part = samples[:, round(onset * RATE) :][:, : hit.shape[1]]
        part += hit[:, : part.shape[1]]
    return samples[0]


@pytest.mark.parametrize("onsets", [(0.01,), (0.01, 0.2), (0.01, 0.13), (0.01, 0.2, 0.5), (0.1, 0.3, 0.5, 0.7)])
def test_given_notes_that_ring_into_each_other_when_counted_then_each_is_an_event(onsets):
    assert find_events(plucks(onsets), RATE).count == len(onsets)


def test_given_one_sound_when_described_then_it_is_a_single_event_and_that_is_sure():
    described = describe_events(find_events(plucks((0.01,)), RATE))
    assert described["singleEvent"] is True
    assert described["singleEventConfidence"] > 0.8


def test_given_two_sounds_when_described_then_it_is_no_single_event():
    described = describe_events(find_events(plucks((0.01, 0.4)), RATE))
    assert (described["onsetCount"], described["singleEvent"]) == (2, False)
    assert described["singleEventConfidence"] > 0.8


@pytest.mark.parametrize(
    "samples", [noise(seconds=2, level_dbfs=-20)[0], sine(300, seconds=2)[0]], ids=["noise", "tone"]
)
def test_given_a_steady_sound_when_counted_then_it_is_one_event(samples):
    assert find_events(samples, RATE).count == 1


@pytest.mark.parametrize("length", [1, 2, 100, 1000])
def test_given_a_few_samples_when_counted_then_it_is_one_event(length):
    assert find_events(np.full(length, 0.5, np.float32), RATE).count == 1


def test_given_the_recorded_sounds_of_the_bench_when_counted_then_nine_in_ten_are_single_events():
    counts = [find_events(sound[: 2 * RATE].astype(np.float32), RATE).count for sound in library("reporting").values()]
    assert np.mean(np.array(counts) == 1) >= 0.9
