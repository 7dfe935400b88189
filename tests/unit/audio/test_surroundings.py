import numpy as np
import pytest

from oneshots.segmentation import LEVEL_FRAME_SECONDS
from oneshots.surroundings import noise_floors_dbfs


def levels(*parts):
    """Levels in dBFS for so many seconds each."""
    return np.concatenate([np.full(round(seconds / LEVEL_FRAME_SECONDS), float(level)) for level, seconds in parts])


def test_given_noise_that_changes_when_measured_then_each_sound_has_the_floor_around_it():
    level = levels((-60, 3), (-10, 1), (-60, 5), (-40, 5), (-10, 1), (-40, 3))
    assert noise_floors_dbfs(level, [(3, 4), (14, 15)]) == [-60, -40]


def test_given_sounds_without_a_gap_when_measured_then_no_floor_is_claimed():
    level = levels((-10, 1), (-12, 1), (-10, 1))
    assert noise_floors_dbfs(level, [(0, 1), (1, 2), (2, 3)]) == [None, None, None]


def test_given_digital_silence_around_when_measured_then_no_floor_is_claimed():
    assert noise_floors_dbfs(levels((-160, 1), (-10, 1), (-160, 1)), [(1, 2)]) == [None]


def test_given_a_neighbour_when_measured_then_its_sound_is_not_taken_for_noise():
    level = levels((-55, 0.5), (-10, 1), (-55, 0.3), (-5, 2), (-55, 0.4))
    assert noise_floors_dbfs(level, [(0.5, 1.5), (1.8, 3.8)]) == pytest.approx([-55, -55])
