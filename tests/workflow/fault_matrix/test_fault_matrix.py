"""Every Task state of ProcessRecording, with everything that can go wrong there: `make matrix` prints it."""

from collections.abc import Iterator

import pytest

from tests import running_engine
from tests.workflow.fault_matrix.cells import BUS_STATES, FUNCTION_STATES, TABLE_STATES, TASK_ROWS, Cell, cells
from tests.workflow.fault_matrix.verdicts import DEFINITION, Verdict, deploy, run
from tests.workflow.process_recording.stack import Stack

ALL = list(cells())


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    yield Stack(running_engine.engine_of("fault-matrix", deploy))
    running_engine.stop()


@pytest.fixture(scope="module")
def verdicts(stack: Stack) -> dict[Cell, Verdict]:
    return {verdict.cell: verdict for verdict in run(stack, ALL)}


@pytest.mark.parametrize("cell", ALL, ids=lambda cell: cell.name)
def test_given_a_fault_when_a_recording_is_uploaded_then_it_ends_as_promised(
    verdicts: dict[Cell, Verdict], cell: Cell
) -> None:
    assert verdicts[cell].problems == []


def test_given_the_definition_when_its_task_states_are_listed_then_the_matrix_has_each() -> None:
    tasks = {name for name, state in DEFINITION["States"].items() if state["Type"] == "Task"}

    assert tasks == {*FUNCTION_STATES, *TABLE_STATES, *BUS_STATES, *TASK_ROWS}


def test_given_two_executions_with_the_same_faults_when_they_wait_then_they_wait_differently(stack: Stack) -> None:
    cell = next(each for each in ALL if each.name == "ValidateUpload: throttled, for ever")
    first, second = run(stack, [cell, cell])

    assert first.problems == second.problems == []
    assert len(first.pauses) == len(second.pauses) == 8
    assert first.pauses != second.pauses


def test_given_all_faults_when_everything_has_ended_then_no_container_is_left(
    stack: Stack, verdicts: dict[Cell, Verdict]
) -> None:
    assert len(verdicts) == len(ALL)
    assert stack.engine.tasks.wait_until_idle(30)
