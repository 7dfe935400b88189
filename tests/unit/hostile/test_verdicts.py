"""A sample of the corpus, each file in a whole process; `make verdicts` takes thousands."""

import pytest

from fuzz.corpus import Case, mutated, special_cases
from fuzz.verdict import judge

CUTS_ONLY = ("--params", '{"features": "cut-only"}')
SAMPLE = list(mutated(60, seed=7))
SPECIALS = list(special_cases())


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_given_a_mutated_recording_when_run_as_a_process_then_there_is_a_verdict(case: Case) -> None:
    assert judge(case, arguments=CUTS_ONLY).faults == []


@pytest.mark.parametrize("case", SPECIALS, ids=lambda case: case.kind)
def test_given_a_file_made_to_hurt_when_run_as_a_process_then_there_is_a_verdict(case: Case) -> None:
    assert judge(case).faults == []
