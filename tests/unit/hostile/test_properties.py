"""What must hold for any input, with a few examples of each; `make fuzz` takes as many as its time allows."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from fuzz.strategies import PROPERTIES

EXAMPLES = {"keys": 300, "parameters": 200, "magic bytes": 100, "metadata": 60, "decode": 30, "manifest": 100}


@pytest.mark.parametrize("name", PROPERTIES)
def test_given_any_input_when_it_is_judged_then_there_is_a_verdict_of_our_own(name: str) -> None:
    strategy, holds = PROPERTIES[name]
    any_input(strategy, holds, examples=EXAMPLES[name])()


def any_input(strategy: st.SearchStrategy[Any], holds: Callable[[Any], None], *, examples: int) -> Callable[[], None]:
    """A test of `holds` with the same examples on every run, however long each takes."""
    configured = settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    return configured(seed(1)(given(strategy)(holds)))
