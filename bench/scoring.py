"""What a method found against the truth of a scene.

Onsets and offsets are matched by mir_eval: each true sound to one found at most. What stays unmatched is named, so
that a score says what to mend:

- true sounds are *matched*, *merged* (found within a piece that began with another sound), *mistimed* (a piece is on
  it, but starts more than 50 ms off) or *missed*;
- found pieces are matched, mistimed, *split* (one more piece of a sound that has one), *thumps*, or *junk*
  (nothing true under them).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import mir_eval
import numpy as np

from bench.scenes import Sound, Truth

ONSET_TOLERANCE = 0.05
OFFSET_RATIO = 0.2
OFFSET_TOLERANCE = 0.1
ATTACK_CUT_SECONDS = 0.002
# Touching edges are not lying on each other.
LEAST_OVERLAP = 0.005

Intervals = np.ndarray
"""Seconds, shape (n, 2): start and end of each piece, in order."""


@dataclass(kw_only=True)
class Score:
    """Counts of one or more scenes, and the timing of the pieces that were found (ms)."""

    sounds: int = 0
    found: int = 0
    onset_hits: int = 0
    onset_offset_hits: int = 0
    merged: int = 0
    mistimed: int = 0
    missed: int = 0
    split: int = 0
    junk: int = 0
    thumps: int = 0
    thumps_kept: int = 0
    attacks: int = 0
    attacks_cut: int = 0
    bodies_cut: int = 0
    lead_ms: list[float] = field(default_factory=list)
    trail_ms: list[float] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)

    @property
    def onset_f1(self) -> float:
        """F-measure of starts within 50 ms."""
        return _f1(self.onset_hits, self.sounds, self.found)

    @property
    def onset_offset_f1(self) -> float:
        """F-measure of starts within 50 ms whose ends are within 100 ms or 20% of the sound."""
        return _f1(self.onset_offset_hits, self.sounds, self.found)

    def share_of_sounds(self, name: str) -> float:
        """How many of the true sounds are `merged`, `mistimed`, `missed` or `split`, 0..1."""
        return _share(getattr(self, name), self.sounds)

    @property
    def junk_share(self) -> float:
        """How many of the found pieces are junk, 0..1."""
        return _share(self.junk, self.found)

    @property
    def bodies_cut_share(self) -> float:
        """How many of the sounds that were found start more than 2 ms after they came within 20 dB of their peak."""
        return _share(self.bodies_cut, self.attacks)

    @property
    def attacks_cut_share(self) -> float:
        """How many of the sounds that were found start more than 2 ms late, 0..1."""
        return _share(self.attacks_cut, self.attacks)


def pooled(scores: Iterable[Score]) -> Score:
    """Add up scores of scenes: every sound counts the same, however many its scene has."""
    total = Score()
    for score in scores:
        for each in fields(Score):
            setattr(total, each.name, getattr(total, each.name) + getattr(score, each.name))
    return total


def score(truth: Truth, found: Intervals) -> Score:
    """Compare `found`, shape (n, 2), to the truth of one scene."""
    true = np.array([(sound.onset, sound.offset) for sound in truth.sounds]).reshape(-1, 2)
    found = np.asarray(found, float).reshape(-1, 2)
    # mir_eval takes no empty intervals.
    found[:, 1] = np.maximum(found[:, 1], found[:, 0] + 1e-4)
    matches = _match_onsets(true, found)
    result = Score(sounds=len(true), found=len(found), thumps=len(truth.thumps), onset_hits=len(matches))
    result.onset_offset_hits = _count_onset_offset(true, found)
    _name_true(result, truth, true, found, matches)
    _name_found(result, truth, true, found, matches)
    return result


def _match_onsets(true: Intervals, found: Intervals) -> dict[int, int]:
    """Index of each true sound that was found -> index of the piece."""
    if not len(true) or not len(found):
        return {}
    return dict(mir_eval.transcription.match_note_onsets(true, found, onset_tolerance=ONSET_TOLERANCE))


def _count_onset_offset(true: Intervals, found: Intervals) -> int:
    if not len(true) or not len(found):
        return 0
    matches = mir_eval.transcription.match_notes(
        true,
        np.full(len(true), 440.0),
        found,
        np.full(len(found), 440.0),
        onset_tolerance=ONSET_TOLERANCE,
        offset_ratio=OFFSET_RATIO,
        offset_min_tolerance=OFFSET_TOLERANCE,
    )
    return len(matches)


def _name_true(result: Score, truth: Truth, true: Intervals, found: Intervals, matches: dict[int, int]) -> None:
    """Count what became of each true sound, and time those that were found."""
    for index, (onset, offset) in enumerate(true):
        piece = matches.get(index)
        kind = "matched" if piece is not None else _kind_of_unmatched(index, true, found)
        if kind != "matched":
            setattr(result, kind, getattr(result, kind) + 1)
            result.incidents.append(f"{kind} {truth.sounds[index].name} at {onset:.3f}")
        if kind == "mistimed":
            _time_start(result, truth.sounds[index], found[int(np.argmax(_overlaps((onset, offset), found)))])
        if piece is not None:
            _time_start(result, truth.sounds[index], found[piece])
            result.lead_ms.append(1000 * (onset - found[piece, 0]))
            result.trail_ms.append(1000 * (found[piece, 1] - offset))


def _time_start(result: Score, sound: Sound, piece: np.ndarray) -> None:
    """Judge whether `piece` starts too late for `sound`."""
    result.attacks += 1
    result.bodies_cut += int(piece[0] > sound.body + ATTACK_CUT_SECONDS)
    late = piece[0] - sound.onset
    if late > ATTACK_CUT_SECONDS:
        result.attacks_cut += 1
        result.incidents.append(f"cut {sound.name} at {sound.onset:.3f} by {late * 1000:.0f} ms")


def _kind_of_unmatched(index: int, true: Intervals, found: Intervals) -> str:
    onset, offset = true[index]
    least = min(LEAST_OVERLAP, (offset - onset) / 2)
    on_it = found[_overlaps((onset, offset), found) > least]
    if not len(on_it):
        return "missed"
    starts_here = (on_it[:, 0] >= onset - ONSET_TOLERANCE).any()
    before = on_it[on_it[:, 0] < onset - ONSET_TOLERANCE]
    holds_another = any((_overlaps(piece, np.delete(true, index, axis=0)) > LEAST_OVERLAP).any() for piece in before)
    return "merged" if holds_another and not starts_here else "mistimed"


def _name_found(result: Score, truth: Truth, true: Intervals, found: Intervals, matches: dict[int, int]) -> None:
    """Count the pieces that are no sound's: splits, thumps and junk."""
    thumps = np.array(truth.thumps).reshape(-1, 2)
    kept_thumps: set[int] = set()
    claimed = set(matches)
    for piece in sorted(set(range(len(found))) - set(matches.values())):
        overlaps = _overlaps(found[piece], true)
        least = min(LEAST_OVERLAP, (found[piece, 1] - found[piece, 0]) / 2)
        if len(true) and overlaps.max() > least:
            below = {int(each) for each in np.flatnonzero(overlaps > least)}
            if below & claimed:
                result.split += 1
                result.incidents.append(f"split {truth.sounds[min(below & claimed)].name} at {found[piece, 0]:.3f}")
            claimed |= below
            continue
        on_thumps = _overlaps(found[piece], thumps)
        if len(thumps) and on_thumps.max() > 0:
            kept_thumps.add(int(np.argmax(on_thumps)))
            result.incidents.append(f"thump at {found[piece, 0]:.3f}")
        else:
            result.junk += 1
            result.incidents.append(f"junk at {found[piece, 0]:.3f} .. {found[piece, 1]:.3f}")
    result.thumps_kept = len(kept_thumps)


def _overlaps(one: Iterable[float], many: Intervals) -> np.ndarray:
    """Seconds that `one` shares with each of `many`, shape (n,)."""
    start, end = one
    return np.maximum(np.minimum(end, many[:, 1]) - np.maximum(start, many[:, 0]), 0)


def _f1(hits: int, sounds: int, found: int) -> float:
    return 2 * hits / (sounds + found) if sounds + found else 1.0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
