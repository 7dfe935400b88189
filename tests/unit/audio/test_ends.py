import numpy as np

from oneshots.ends import find_ends


def heard(*spans, frames=200):
    audible = np.zeros(frames, np.float32)
    for first, last in spans:
        audible[first:last] = 0.9
    return audible


def test_given_a_sound_when_its_end_is_found_then_it_is_after_the_last_frame_it_is_heard_in():
    assert find_ends(heard((20, 80)), [20]) == [80]


def test_given_the_next_onset_when_a_sound_is_still_heard_then_it_ends_there():
    assert find_ends(heard((20, 80)), [20, 50]) == [50, 80]


def test_given_60_ms_without_it_when_its_end_is_found_then_it_is_one_sound_still():
    assert find_ends(heard((20, 40), (45, 80)), [20]) == [80]


def test_given_more_than_60_ms_without_it_when_its_end_is_found_then_what_follows_is_not_its():
    assert find_ends(heard((20, 40), (48, 80)), [20]) == [40]


def test_given_a_sound_that_is_never_heard_when_its_end_is_found_then_it_lasts_a_frame():
    assert find_ends(heard(), [20]) == [21]
    assert find_ends(heard(), [199]) == [200]


def test_given_no_onsets_when_ends_are_found_then_there_are_none():
    assert find_ends(heard((20, 80)), []) == []
