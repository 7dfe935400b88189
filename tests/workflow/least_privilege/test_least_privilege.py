"""Each role may do just what the workflow needs of it: `make iam` prints the table.

A statement that is new is dropped here like the others: some scenario must need it, or an excuse be written.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests import running_engine
from tests.workflow.least_privilege.excuses import EXCUSED, STAR_RESOURCES, Part
from tests.workflow.least_privilege.proof import Dropped, Proof, as_list, part_of
from tests.workflow.least_privilege.report import unexcused
from tests.workflow.least_privilege.stage import ROOT, Stage, deploy

PAGE = ROOT / "docs" / "permissions.md"
ADVICE = "needed by no run: add a scenario that needs it to scenarios.py, remove it from template.yaml, or excuse it"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    engine: Engine = running_engine.engine_of("permissions enforced", deploy)
    with Stage(engine) as stage:
        yield stage
    running_engine.stop()


@pytest.fixture(scope="module")
def proof(stage: Stage) -> Proof:
    return Proof.begin(stage)


@pytest.fixture(scope="module")
def dropped(proof: Proof) -> list[Dropped]:
    return [each for each in map(proof.drop, proof.statements()) if each]


def test_given_the_template_s_rights_when_all_is_run_then_no_call_is_denied_and_all_ends_as_it_must(
    proof: Proof,
) -> None:
    assert {str(run.scenario): run.surprises for run in proof.runs if run.surprises} == {}


def test_given_all_that_is_run_then_every_state_that_calls_something_was_in_it(proof: Proof) -> None:
    calling: set[str] = set()
    for definition in (ROOT / "statemachine").glob("*.asl.json"):
        calling |= set(states_of_type(json.loads(definition.read_text()), "Task", "Map"))

    # children of a Distributed Map are not watched: their calls tell of them
    assert calling - proof.stage.visited - {call.place for run in proof.runs for call in run.calls} == set()


def states_of_type(definition: dict[str, Any], *types: str) -> Iterator[str]:
    for name, state in definition["States"].items():
        if state["Type"] in types:
            yield name
        if "ItemProcessor" in state:
            yield from states_of_type(state["ItemProcessor"], *types)


def test_given_any_one_statement_less_when_it_is_run_then_a_call_is_denied_and_it_ends_otherwise(
    proof: Proof, dropped: list[Dropped]
) -> None:
    excused = {statement.id for statement in proof.statements() if part_of(statement.id) in EXCUSED}

    assert [problem for each in dropped for problem in each.problems] == []
    assert {each.statement for each in dropped} == {each.id for each in proof.statements()} - excused


def test_given_statements_their_actions_and_resources_then_a_run_needs_each_or_it_is_excused(proof: Proof) -> None:
    assert {str(part): ADVICE for part in unexcused(proof)} == {}


def test_given_the_excuses_then_each_is_for_something_that_is_there_and_that_no_run_needs(proof: Proof) -> None:
    unused = set(proof.parts()) - proof.used_parts()

    assert [str(part) for part in EXCUSED if part not in unused] == []


def test_given_a_condition_or_a_resource_that_speaks_of_something_else_then_a_call_is_judged_otherwise(
    proof: Proof,
) -> None:
    assert [problem for statement in proof.statements() for problem in proof.narrowed(statement)] == []


def test_given_the_statements_of_a_role_then_each_has_a_name_of_its_own(stage: Stage) -> None:
    names = [part_of(statement.id) for statement in stage.permissions.policies.statements()]

    assert sorted(names) == sorted(set(names))


def test_given_statements_about_everything_then_each_has_its_reason_and_each_reason_its_statement(
    stage: Stage,
) -> None:
    stars = {
        part_of(statement.id)
        for statement in stage.permissions.policies.statements()
        if "*" in as_list(statement.body.get("Resource", []))
    }

    assert stars == set(STAR_RESOURCES)


def test_given_the_page_then_it_has_a_row_for_each_statement_and_none_for_another(proof: Proof) -> None:
    rows = PAGE.read_text().partition("<!-- permissions -->\n")[2].partition("\n\n")[0].splitlines()[2:]

    told = {Part(*(cell.strip() for cell in row.split("|")[1:3])) for row in rows}

    assert told == {part_of(statement.id) for statement in proof.statements()}, "`make iam WRITE=1` writes the page"
