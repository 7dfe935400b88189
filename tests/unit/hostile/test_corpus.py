"""The corpus can be made again, and the judge would notice."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from fuzz import verdict
from fuzz.corpus import mutated
from fuzz.fields import FIELDS, with_ogg_checksums
from fuzz.healthy import FORMATS, recording
from fuzz.mutations import MUTATIONS
from fuzz.verdict import is_clean


def digests(seed: int) -> list[str]:
    recording.cache_clear()
    return [hashlib.sha256(case.make()).hexdigest() for case in mutated(60, seed)]


def test_given_a_seed_when_the_corpus_is_made_twice_then_it_is_the_same_and_another_seeds_is_another() -> None:
    first = digests(1)
    assert digests(1) == first
    assert len(set(first) & set(digests(2))) < 3


def test_given_a_case_when_made_twice_then_it_is_the_same() -> None:
    assert all(case.make() == case.make() for case in mutated(30, 1))


def test_given_as_many_files_as_there_are_pairs_when_listed_then_every_format_meets_every_mutation() -> None:
    pairs = {(case.audio_format, case.kind) for case in mutated(len(FORMATS) * len(MUTATIONS), 1)}
    assert len(pairs) == len(FORMATS) * len(MUTATIONS)


@pytest.mark.parametrize("audio_format", FORMATS)
def test_given_a_format_when_its_header_is_read_then_most_of_its_fields_are_there(audio_format: str) -> None:
    content = recording(audio_format)
    found = [field for field in FIELDS[audio_format] if field.position(content) is not None]
    assert len(found) >= 3


@pytest.mark.parametrize("audio_format", ["ogg", "opus"])
def test_given_an_ogg_file_when_its_checksums_are_made_right_then_a_healthy_one_is_unchanged(audio_format: str) -> None:
    healthy = recording(audio_format)
    assert with_ogg_checksums(healthy) == healthy
    damaged = healthy[:22] + bytes(4) + healthy[26:]
    assert with_ogg_checksums(damaged) == healthy


GOOD = {"exitCode": 0, "seconds": 1.0, "peakMb": 200.0, "timedOut": False}


@pytest.mark.parametrize(
    ("change", "text", "fault"),
    [
        ({}, "take.wav: 1 one-shot\n", None),
        ({"timedOut": True}, "", "by the clock"),
        ({"seconds": 61.0}, "", "61 s"),
        ({"peakMb": 513.0}, "", "513 MB"),
        ({}, "Traceback (most recent call last):\n", "traceback"),
        ({}, "\x1b[2J", "control characters"),
        ({}, "\u202e", "control characters"),
    ],
)
def test_given_a_broken_promise_when_judged_then_it_is_a_fault(
    change: dict[str, Any], text: str, fault: str | None
) -> None:
    faults = verdict._faults(GOOD | change, text)
    assert faults == [] if fault is None else fault in faults[0]


@pytest.mark.parametrize(("exit_code", "fault"), [(1, "exit code 1"), (-11, "signal 11"), (137, "exit code 137")])
def test_given_an_exit_that_is_no_verdict_when_judged_then_it_is_a_fault(
    tmp_path: Path, exit_code: int, fault: str
) -> None:
    assert verdict._result(tmp_path, exit_code) == ({}, [fault])


def test_given_text_when_looked_at_then_what_is_not_seen_makes_it_unclean() -> None:
    assert is_clean("Küche 日本 🥁, 1 (2)")
    assert not any(is_clean(text) for text in ("\n", "\x00", "\x9b", "\u2028", "\u202e", "\u200b", "\ud800"))
