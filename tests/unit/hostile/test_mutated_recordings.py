"""A sample of the corpus, each file in a whole process; `make verdicts` takes thousands, with all features."""

import pytest

from fuzz.corpus import Case, mutated
from fuzz.verdict import judge


@pytest.mark.parametrize("case", list(mutated(60, seed=7)), ids=lambda case: case.name)
def test_given_a_mutated_recording_when_run_as_a_process_then_there_is_a_verdict(case: Case) -> None:
    assert judge(case, arguments=("--params", '{"features": "cut-only"}')).faults == []
