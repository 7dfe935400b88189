import numpy as np
import pytest

from bench.scenes import Sound, Truth
from bench.scoring import pooled, score


def truth(*bounds: tuple[float, float], thumps: tuple[tuple[float, float], ...] = ()) -> Truth:
    sounds = [
        Sound(
            name=f"sound{index}",
            level_db=0.0,
            onset=start,
            offset=end,
            body=start + 0.02,
            whole_onset=start,
            whole_offset=end,
        )
        for index, (start, end) in enumerate(bounds)
    ]
    return Truth(seconds=10.0, sounds=sounds, thumps=list(thumps))


TWO = truth((1.0, 1.5), (3.0, 4.0))


def test_given_the_truth_itself_when_scored_then_everything_is_perfect() -> None:
    result = score(TWO, np.array([(1.0, 1.5), (3.0, 4.0)]))
    assert (result.onset_f1, result.onset_offset_f1) == (1.0, 1.0)
    assert (result.missed, result.merged, result.mistimed, result.split, result.junk) == (0, 0, 0, 0, 0)
    assert result.attacks_cut_share == 0.0
    assert result.lead_ms == pytest.approx([0.0, 0.0], abs=1e-9)
    assert result.incidents == []


def test_given_one_sound_in_two_pieces_when_scored_then_it_is_one_hit_and_one_split() -> None:
    result = score(TWO, np.array([(1.0, 1.5), (3.0, 3.4), (3.5, 4.0)]))
    assert (result.onset_hits, result.split, result.missed, result.junk) == (2, 1, 0, 0)
    assert result.onset_f1 == pytest.approx(4 / 5)
    assert result.onset_offset_hits == 1


def test_given_two_sounds_in_one_piece_when_scored_then_the_second_is_merged() -> None:
    result = score(TWO, np.array([(1.0, 4.0)]))
    assert (result.onset_hits, result.merged, result.missed, result.mistimed) == (1, 1, 0, 0)
    assert result.onset_f1 == pytest.approx(2 / 3)
    assert result.onset_offset_hits == 0


def test_given_a_sound_without_a_piece_when_scored_then_it_is_missed() -> None:
    result = score(TWO, np.array([(3.0, 4.0)]))
    assert (result.missed, result.merged, result.mistimed) == (1, 0, 0)
    assert result.incidents == ["missed sound0 at 1.000"]


def test_given_a_piece_of_nothing_when_scored_then_it_is_junk() -> None:
    result = score(TWO, np.array([(1.0, 1.5), (2.0, 2.2), (3.0, 4.0)]))
    assert (result.junk, result.split, result.thumps_kept) == (1, 0, 0)
    assert result.junk_share == pytest.approx(1 / 3)


def test_given_a_thump_taken_for_a_sound_when_scored_then_it_is_a_kept_thump_and_no_junk() -> None:
    result = score(truth((1.0, 1.5), thumps=((2.0, 2.3), (5.0, 5.3))), np.array([(1.0, 1.5), (2.0, 2.1), (2.2, 2.3)]))
    assert (result.thumps, result.thumps_kept, result.junk) == (2, 1, 0)


def test_given_a_start_100_ms_late_when_scored_then_it_is_mistimed_and_its_attack_and_body_are_cut() -> None:
    result = score(TWO, np.array([(1.1, 1.5), (3.0, 4.0)]))
    assert (result.onset_hits, result.mistimed, result.missed, result.split, result.junk) == (1, 1, 0, 0, 0)
    assert (result.attacks, result.attacks_cut, result.bodies_cut) == (2, 1, 1)


@pytest.mark.parametrize(("late_ms", "attacks_cut", "bodies_cut"), [(-30, 0, 0), (1.5, 0, 0), (10, 1, 0), (30, 1, 1)])
def test_given_a_start_somewhat_off_when_scored_then_only_a_late_one_cuts_the_attack(
    late_ms: float, attacks_cut: int, bodies_cut: int
) -> None:
    result = score(truth((1.0, 1.5)), np.array([(1.0 + late_ms / 1000, 1.5)]))
    assert (result.onset_hits, result.attacks_cut, result.bodies_cut) == (1, attacks_cut, bodies_cut)
    assert result.lead_ms == pytest.approx([-late_ms])


@pytest.mark.parametrize(("length", "off_by", "hit"), [(0.2, 0.09, 1), (0.2, 0.11, 0), (2.0, 0.39, 1), (2.0, 0.41, 0)])
def test_given_an_end_off_when_scored_then_the_tolerance_is_100_ms_or_a_fifth_of_the_sound(
    length: float, off_by: float, hit: int
) -> None:
    result = score(truth((1.0, 1.0 + length)), np.array([(1.0, 1.0 + length + off_by)]))
    assert (result.onset_hits, result.onset_offset_hits) == (1, hit)
    assert result.trail_ms == pytest.approx([1000 * off_by])


def test_given_nothing_true_and_nothing_found_when_scored_then_that_is_perfect() -> None:
    assert score(truth(), np.empty((0, 2))).onset_f1 == 1.0


def test_given_nothing_true_and_something_found_when_scored_then_it_is_all_junk() -> None:
    result = score(truth(), np.array([(1.0, 2.0)]))
    assert (result.onset_f1, result.junk_share) == (0.0, 1.0)


def test_given_an_empty_piece_when_scored_then_it_counts_as_a_piece() -> None:
    assert score(TWO, np.array([(1.0, 1.0), (3.0, 4.0)])).onset_hits == 2


def test_given_scores_of_two_scenes_when_pooled_then_each_sound_counts_the_same() -> None:
    total = pooled([score(TWO, np.array([(1.0, 1.5), (3.0, 4.0)])), score(truth((1.0, 2.0)), np.empty((0, 2)))])
    assert (total.sounds, total.found, total.missed) == (3, 2, 1)
    assert total.onset_f1 == pytest.approx(4 / 5)
    assert len(total.lead_ms) == 2


def test_given_every_kind_of_fault_when_scored_then_each_true_sound_and_each_piece_is_counted_once() -> None:
    scene = truth((1.0, 1.5), (2.0, 2.5), (3.0, 3.5), (4.0, 4.5), thumps=((6.0, 6.3),))
    pieces = np.array([(1.0, 2.5), (3.2, 3.5), (6.0, 6.2), (7.0, 7.5)])
    result = score(scene, pieces)
    assert (result.onset_hits, result.merged, result.mistimed, result.missed) == (1, 1, 1, 1)
    assert (result.thumps_kept, result.junk, result.split) == (1, 1, 0)
