"""Waveforms with fewer points."""

import pytest

from local.execution.waveform import reduced


def _waveform(channels: int, *points: int) -> dict[str, object]:
    length = len(points) // (2 * channels)
    shared = {"version": 2, "sample_rate": 44100, "bits": 16}
    return {**shared, "channels": channels, "samples_per_pixel": 256, "length": length, "data": list(points)}


def test_given_few_points_when_reduced_then_it_stays_as_it_is() -> None:
    waveform = _waveform(1, -1, 1, -2, 2)

    assert reduced(waveform, 2) == waveform


def test_given_mono_when_reduced_then_each_point_is_the_loudest_of_those_it_stands_for() -> None:
    waveform = reduced(_waveform(1, -1, 5, -7, 2, -3, 3, -4, 4, -9, 0), 2)

    assert waveform["data"] == [-7, 5, -9, 4]
    assert (waveform["length"], waveform["samples_per_pixel"]) == (2, 256 * 3)


def test_given_stereo_when_reduced_then_channels_are_kept_apart() -> None:
    waveform = reduced(_waveform(2, -1, 1, -10, 10, -2, 2, -20, 20), 1)

    assert waveform["data"] == [-2, 2, -20, 20]


@pytest.mark.parametrize("most", [1, 7, 60, 999, 1000, 1001])
def test_given_any_number_of_points_when_reduced_then_length_and_data_agree(most: int) -> None:
    waveform = reduced(_waveform(1, *([-1, 1] * 1000)), most)

    assert waveform["length"] <= most or waveform["length"] == 1000
    assert len(waveform["data"]) == 2 * waveform["length"]
