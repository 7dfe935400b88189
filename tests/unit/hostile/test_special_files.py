"""Every file made to hurt, in a whole process; `make verdicts` takes them with all features."""

import pytest

from fuzz.corpus import Case, special_cases
from fuzz.verdict import judge


@pytest.mark.parametrize("case", list(special_cases()), ids=lambda case: case.kind)
def test_given_a_file_made_to_hurt_when_run_as_a_process_then_there_is_a_verdict(case: Case) -> None:
    assert judge(case, arguments=("--params", '{"features": "cut-only"}')).faults == []
