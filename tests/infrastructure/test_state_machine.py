"""The shape that every state of every state machine keeps: bounded, retried by name, caught."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DEFINITIONS = sorted((ROOT / "statemachine").glob("*.asl.json"))


def all_states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state by its name, those inside a Map too."""
    for name, state in definition["States"].items():
        yield name, state
        yield from all_states(state.get("ItemProcessor", {"States": {}}))


def task_states() -> list[Any]:
    return [
        pytest.param(state, id=f"{path.name.split('.')[0]}.{name}")
        for path in DEFINITIONS
        for name, state in all_states(json.loads(path.read_text()))
        if state["Type"] == "Task"
    ]


@pytest.mark.parametrize("state", task_states())
def test_given_a_task_state_then_it_cannot_run_for_ever(state: dict[str, Any], state_machine: dict[str, Any]) -> None:
    # an execution that is waited for may take its whole time
    longest = state_machine["TimeoutSeconds"] + 600 if "startExecution.sync" in state["Resource"] else 3600

    assert 0 < state["TimeoutSeconds"] <= longest


@pytest.mark.parametrize("state", task_states())
def test_given_a_task_state_then_it_retries_named_errors_with_full_jitter_and_bounds(
    state: dict[str, Any],
) -> None:
    assert state["Retry"]
    for retrier in state["Retry"]:
        assert "States.ALL" not in retrier["ErrorEquals"]
        assert "States.TaskFailed" not in retrier["ErrorEquals"]
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["BackoffRate"] > 1
        assert retrier["IntervalSeconds"] >= 1
        assert retrier["MaxDelaySeconds"] >= retrier["IntervalSeconds"]
        # Half a day is for what nobody else would take up again: SettleRecording.
        assert 1 <= retrier["MaxAttempts"] <= (99 if retrier["MaxDelaySeconds"] == 900 else 10)


@pytest.mark.parametrize("state", task_states())
def test_given_a_task_state_then_its_last_catch_takes_everything(state: dict[str, Any]) -> None:
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize("state", task_states())
def test_given_a_task_state_then_the_user_s_fault_is_never_retried(state: dict[str, Any]) -> None:
    assert all("InvalidUpload" not in retrier["ErrorEquals"] for retrier in state["Retry"])


def test_given_the_states_then_they_carry_the_names_that_on_call_reads(state_machine: dict[str, Any]) -> None:
    assert {
        "ValidateUpload", "ClaimRecording", "ExtractMetadata", "ChooseTaskSize", "ProcessAudio", "PersistResult",
        "AnnounceResult", "Processed", "Rejected", "AlreadyProcessed", "Failed", "RecordRejection", "RecordFailure",
        "AnnounceFailure",
    } <= state_machine["States"].keys()  # fmt: skip


def test_given_the_ends_then_only_what_is_ours_to_mend_fails_the_execution(
    state_machine: dict[str, Any],
) -> None:
    ends = {n: s["Type"] for n, s in state_machine["States"].items() if s["Type"] in {"Succeed", "Fail"}}

    assert ends == {
        "Processed": "Succeed",
        "Rejected": "Succeed",
        "AlreadyProcessed": "Succeed",
        "Failed": "Fail",
    }


def test_given_the_claim_s_lease_then_it_outlasts_the_execution_that_holds_it(
    state_machine: dict[str, Any],
) -> None:
    values = state_machine["States"]["ClaimRecording"]["Arguments"]["ExpressionAttributeValues"]

    assert f"+ {state_machine['TimeoutSeconds']})" in values[":lease"]["N"]


def test_given_a_settlement_when_it_names_the_recording_then_it_does_so_as_the_execution_did(
    state_machine: dict[str, Any], settlement: dict[str, Any]
) -> None:
    by_the_execution = state_machine["States"]["IdentifyRecording"]["Assign"]
    by_the_settlement = settlement["States"]["IdentifyRecording"]["Assign"]

    for name in ("recordingId", "userId"):
        assert by_the_settlement[name] == by_the_execution[name].replace("$states.input", "$uploadEvent")


def test_given_a_settlement_when_it_writes_a_record_then_with_the_attributes_of_a_recorded_failure(
    state_machine: dict[str, Any], settlement: dict[str, Any]
) -> None:
    recorded = state_machine["States"]["RecordFailure"]["Arguments"]
    settled = settlement["States"]["SettleRecording"]["Arguments"]

    written = settled["UpdateExpression"].replace(", settled_by = :settlement", "")
    assert written == recorded["UpdateExpression"].removesuffix(", settled_by")
    assert settled["Key"] == recorded["Key"]
    assert settled["ExpressionAttributeValues"][":error"] == recorded["ExpressionAttributeValues"][":error"]


def test_given_a_settlement_when_it_tells_the_reason_then_with_the_same_characters_as_a_recorded_failure(
    state_machine: dict[str, Any], settlement: dict[str, Any]
) -> None:
    replacements = re.compile(r"/(\[.x00\S+|arn:[^/]+)/, '")
    told = (state_machine["States"]["ExplainFailure"], settlement["States"]["ExplainEnd"])
    recorded, settled = (replacements.findall(state["Assign"]["processingError"]) for state in told)

    assert recorded == settled
    assert len(recorded) == 2


def test_given_a_settlement_when_it_fails_then_because_something_was_not_settled_or_not_announced(
    settlement: dict[str, Any],
) -> None:
    fails = {name for name, state in all_states(settlement) if state["Type"] == "Fail"}

    assert fails == {"NotSettled", "NotAnnounced", "LeasesNotSettled"}


def test_given_a_reprocessing_then_it_waits_longer_than_the_execution_that_it_waits_for(
    state_machine: dict[str, Any],
) -> None:
    definition = json.loads((ROOT / "statemachine" / "reprocess_recordings.asl.json").read_text())
    waits = [state for _, state in all_states(definition) if "startExecution.sync" in state.get("Resource", "")]

    assert len(waits) == 2
    assert all(state["TimeoutSeconds"] > state_machine["TimeoutSeconds"] for state in waits)


def test_given_a_definition_then_no_arn_of_an_account_stands_in_it() -> None:
    for path in DEFINITIONS:
        arns = [word for word in path.read_text().replace('"', " ").split() if word.startswith("arn:")]
        assert all(arn.startswith("arn:aws:states:::") for arn in arns), path
