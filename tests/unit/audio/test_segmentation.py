import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from oneshots.blocks import mean_per_channel
from oneshots.decode import decode
from oneshots.segmentation import (
    noise_floor_dbfs,
    rms_dbfs,
    segment_adaptively,
    segment_by_threshold,
)
from tests.unit.audio.signals import RATE, noise, pluck, scene, silence, sine

ONSETS = (0.5, 1.4, 2.1, 3.3, 3.9, 5.0)
EXAMPLES = Path(__file__).parents[3] / "examples"


def starts(segmentation, rate=RATE):
    return [segment.start / rate for segment in segmentation.segments]


@pytest.mark.parametrize("noise_dbfs", [None, -80, -60, -45])
@pytest.mark.parametrize("rate", [8000, 44100, 48000, 96000])
def test_given_plucks_over_noise_when_segmented_then_each_is_found_where_it_starts(noise_dbfs, rate):
    found = segment_adaptively(scene(ONSETS, seconds=6, noise_dbfs=noise_dbfs, rate=rate), rate)
    assert starts(found, rate) == pytest.approx(ONSETS, abs=0.02)


def test_given_a_decaying_sound_when_segmented_then_it_ends_where_it_has_died_away():
    (segment,) = segment_adaptively(scene([1.0], seconds=3, noise_dbfs=-80), RATE).segments
    assert segment.end / RATE == pytest.approx(1.4, abs=0.03)


@pytest.mark.parametrize(
    "samples",
    [
        silence(seconds=3),
        noise(seconds=10, level_dbfs=-50),
        noise(seconds=10, level_dbfs=-6, seed=5),
        noise(seconds=0.2, level_dbfs=-30),
        np.full((1, RATE), 0.2, np.float32),
        silence(seconds=0.001),
        np.zeros((1, 1), np.float32),
        *(silence(seconds=milliseconds / 1000) for milliseconds in (2.3, 5, 10, 19, 30)),
        *(noise(seconds=milliseconds / 1000, level_dbfs=-20) for milliseconds in (2.3, 5, 10, 19)),
    ],
    ids=[
        *("silence", "quiet noise", "loud noise", "short noise", "DC", "1 ms", "one sample"),
        *("2.3 ms", "5 ms", "10 ms", "19 ms", "30 ms"),
        *("2.3 ms of noise", "5 ms of noise", "10 ms of noise", "19 ms of noise"),
    ],
)
def test_given_no_sound_at_all_when_segmented_then_nothing_is_found(samples):
    found = segment_adaptively(samples, RATE, dc_offset=mean_per_channel(samples))
    assert found.segments == []


def test_given_rumble_under_the_voice_range_when_segmented_then_a_thump_is_no_sound():
    samples = noise(seconds=4, level_dbfs=-60)
    time = np.arange(RATE // 4) / RATE
    thump = 0.3 * np.sin(2 * np.pi * 30 * time) * np.hanning(len(time))
    samples[0, RATE : RATE + len(thump)] += thump.astype(np.float32)
    assert segment_adaptively(samples, RATE).segments == []


def test_given_a_sound_in_opposite_phase_when_segmented_then_it_is_found():
    mono = scene([1.0], seconds=2, noise_dbfs=-70)
    stereo = np.concatenate([mono, -mono])
    assert starts(segment_adaptively(stereo, RATE)) == pytest.approx([1.0], abs=0.02)


def test_given_a_new_attack_in_a_tail_when_segmented_then_it_is_a_sound_of_its_own():
    samples = noise(seconds=3, level_dbfs=-75)
    for start in (1.0, 1.35):
        sound = pluck(330, seconds=0.4)
        at = round(start * RATE)
        samples[:, at : at + sound.shape[1]] += sound
    assert starts(segment_adaptively(samples, RATE)) == pytest.approx([1.0, 1.35], abs=0.03)


def test_given_a_minimum_silence_when_segmented_adaptively_then_shorter_gaps_do_not_part():
    samples = scene([0.5, 1.2, 2.5], seconds=3.5)
    found = segment_adaptively(samples, RATE, min_silence_ms=600)
    assert starts(found) == pytest.approx([0.5, 2.5], abs=0.02)


def test_given_sounds_when_segmented_then_segments_are_ordered_apart_and_confident():
    segments = segment_adaptively(scene(ONSETS, seconds=6), RATE).segments
    assert all(a.end <= b.start for a, b in pairwise(segments))
    assert all(0.5 < segment.confidence <= 1 for segment in segments)


@pytest.mark.parametrize(("level_dbfs", "count"), [(-29.5, 1), (-30.5, 0)])
def test_given_a_threshold_when_segmented_then_it_is_obeyed_to_half_a_decibel(level_dbfs, count):
    # A square wave's RMS is its level, whatever the frame.
    square = np.sign(sine(1000, seconds=1)) * np.float32(10 ** (level_dbfs / 20))
    samples = np.concatenate([silence(seconds=1), square, silence(seconds=1)], axis=1)
    found = segment_by_threshold(samples, RATE, silence_threshold_dbfs=-30)
    assert len(found.segments) == count


@pytest.mark.parametrize("offset_ms", [0, 0.7, 1.9, 3.1, 4.4])
@pytest.mark.parametrize(("gap_ms", "count"), [(498, 1), (502, 2)])
def test_given_a_minimum_silence_when_segmented_by_threshold_then_it_is_obeyed(gap_ms, count, offset_ms):
    tone = sine(1000, seconds=0.5)
    before, gap = silence(seconds=1 + offset_ms / 1000), silence(seconds=gap_ms / 1000)
    samples = np.concatenate([before, tone, gap, tone], axis=1)
    found = segment_by_threshold(samples, RATE, silence_threshold_dbfs=-40, min_silence_ms=500)
    assert len(found.segments) == count


def test_given_a_threshold_when_segmented_then_bounds_are_the_sounds():
    samples = np.concatenate([silence(seconds=1), sine(1000, seconds=0.5), silence(seconds=1)], axis=1)
    (segment,) = segment_by_threshold(samples, RATE, silence_threshold_dbfs=-40).segments
    assert (segment.start / RATE, segment.end / RATE) == pytest.approx((1.0, 1.5), abs=0.006)


@pytest.mark.parametrize(("length", "count"), [(80, 0), (120, 1)])
def test_given_under_2_ms_of_sound_when_segmented_by_threshold_then_it_is_too_short_to_be_one(length, count):
    samples = sine(1000, seconds=1)[:, :length]
    assert len(segment_by_threshold(samples, RATE, silence_threshold_dbfs=-40).segments) == count


def test_given_dc_when_segmented_by_threshold_then_the_dc_is_no_sound():
    samples = np.concatenate([silence(seconds=2), sine(1000, seconds=0.2), silence(seconds=2)], axis=1) + 0.1
    dc_offset = mean_per_channel(samples)
    found = segment_by_threshold(samples, RATE, silence_threshold_dbfs=-40, dc_offset=dc_offset)
    assert starts(found) == pytest.approx([2.0], abs=0.006)


def test_given_a_full_scale_square_when_its_level_is_taken_then_it_is_0_dbfs():
    square = np.sign(sine(100, seconds=1) + np.float32(1e-9))
    assert rms_dbfs(square, RATE, frame_ms=5) == pytest.approx(0.0, abs=1e-6)


def test_given_a_recording_longer_than_a_block_when_its_level_is_taken_then_frames_are_the_same():
    samples = noise(seconds=20, level_dbfs=-20)
    whole = rms_dbfs(samples, RATE, frame_ms=10)
    tail = rms_dbfs(samples[:, 19 * RATE :], RATE, frame_ms=10)
    assert len(whole) == 2000
    assert whole[-100:] == pytest.approx(tail, abs=1e-9)


def test_given_levels_when_the_floor_is_taken_then_it_is_the_quiet_part_and_none_for_silence():
    level = np.array([-60.0] * 50 + [-10.0] * 50)
    assert noise_floor_dbfs(level) == -60
    assert noise_floor_dbfs(np.full(10, -160.0)) is None
    assert noise_floor_dbfs(np.empty(0)) is None


def test_given_the_example_recording_when_segmented_then_exactly_its_sounds_are_found():
    truth = json.loads((EXAMPLES / "phone-recording.truth.json").read_text())["sounds"]
    recording = decode(EXAMPLES / "phone-recording.m4a")
    found = segment_adaptively(recording.samples, recording.sample_rate)
    assert len(truth) >= 12
    assert starts(found, recording.sample_rate) == pytest.approx([sound["onsetSeconds"] for sound in truth], abs=0.05)


def test_given_a_scrap_at_either_end_when_segmented_then_it_is_no_sound():
    samples = scene([1.0], seconds=3, noise_dbfs=-70)
    samples[:, :400] += sine(3000, seconds=1)[:, :400]
    samples[:, -400:] += sine(3000, seconds=1)[:, :400]
    assert starts(segment_adaptively(samples, RATE)) == pytest.approx([1.0], abs=0.02)
