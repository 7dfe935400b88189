"""A small crowd and a few kills; `make soak` runs 200 uploads and 40 kills."""

from collections.abc import Iterator

import pytest

from tests import running_engine
from tests.workflow.fault_matrix.verdicts import deploy
from tests.workflow.process_recording.stack import Stack
from tests.workflow.soak.crowd import entertain, invite
from tests.workflow.soak.kills import kill_containers, kill_functions


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    yield Stack(running_engine.engine_of("fault-matrix", deploy))
    running_engine.stop()


def test_given_a_crowd_with_faults_and_duplicates_when_all_has_ended_then_each_has_one_right_record(
    stack: Stack,
) -> None:
    account = entertain(stack, invite(24, seed=5))

    assert account.problems == []
    assert account.with_faults == 8
    assert account.delivered_again > 0
    assert sum(account.records.values()) == 24
    assert set(account.records) <= {"COMPLETED", "FAILED"}


def test_given_containers_killed_at_random_moments_when_retried_then_all_are_processed(stack: Stack) -> None:
    toll = kill_containers(stack, 3, seed=5)

    assert toll.problems == []
    assert toll.kills == toll.retried == 3
    assert set(toll.ends) == {"Processed"}


def test_given_functions_killed_at_random_moments_when_retried_then_all_are_processed(stack: Stack) -> None:
    toll = kill_functions(stack, 4, seed=5)

    assert toll.problems == []
    assert toll.kills == toll.retried == 4
    assert set(toll.ends) == {"Processed"}
