"""Histories as visits and attempts."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from local.execution.history import Visit, moment, visits_of
from tests.unit.execution.histories import (
    CAUGHT_AFTER_RETRIES,
    DISTRIBUTED_MAP_RETRIED,
    EVALUATION_FAILED,
    MAP_IN_MAP,
    MAP_RETRIED,
    NESTED_PARALLEL,
    REDRIVEN,
    RETRIED,
    SUCCEEDED_AT_LAST,
    WITHOUT_DATA,
    event,
    function_call,
)


def _statuses(visits: list[Visit]) -> list[tuple[str, Any, str]]:
    return [(visit.state, visit.given, visit.status) for visit in visits]


def _attempts(visit: Visit) -> list[tuple[int, str, str | None, float]]:
    return [(each.number, each.status, each.error, each.wait_seconds) for each in visit.attempts]


def test_given_retries_when_read_then_each_attempt_has_its_error_and_the_wait_before_it() -> None:
    (work,) = visits_of(SUCCEEDED_AT_LAST)

    assert (work.status, work.error, work.output, work.assigned) == ("SUCCEEDED", None, {"b": 2}, {"x": {"y": 1}})
    assert _attempts(work) == [
        (1, "FAILED", "Lambda.Unknown", 0.0),
        (2, "TIMED_OUT", "States.Timeout", 2.0),
        (3, "SUCCEEDED", None, 4.0),
    ]
    assert work.attempts[0].parameters["Payload"] == {"n": 1}
    assert [attempt.resource for attempt in work.attempts] == ["lambda:invoke"] * 3
    assert (work.attempts[0].started, work.attempts[0].ended) == (
        work.entered + _seconds(0.1),
        work.entered + _seconds(1.1),
    )


def test_given_an_attempt_at_work_when_read_then_visit_and_attempt_run_and_the_last_error_is_known() -> None:
    (work,) = visits_of(RETRIED)

    assert (work.status, work.left, work.error) == ("RUNNING", None, "States.Timeout")
    assert [attempt.status for attempt in work.attempts] == ["FAILED", "TIMED_OUT", "RUNNING"]
    assert work.attempts[-1].ended is None


def test_given_a_catch_after_retries_when_read_then_caught_with_the_last_error_and_the_fail_state_has_its_own() -> None:
    work, failed = visits_of(CAUGHT_AFTER_RETRIES)

    assert (work.status, work.error, work.cause) == ("CAUGHT", "Broken", "last")
    assert [attempt.status for attempt in work.attempts] == ["FAILED", "TIMED_OUT", "FAILED"]
    assert (failed.status, failed.error, failed.cause) == ("FAILED", "Broken", "because")
    assert failed.left == failed.entered


def test_given_a_map_that_is_retried_when_read_then_iterations_are_told_apart_and_the_map_has_two_attempts() -> None:
    visits = visits_of(MAP_RETRIED)

    assert _statuses(visits) == [
        ("Each", [1, 2, 3], "SUCCEEDED"),
        ("Work", 1, "SUCCEEDED"),
        ("Work", 2, "FAILED"),
        ("Work", 3, "ABORTED"),
        ("Skip", 1, "SUCCEEDED"),
    ]
    each, one, two, three, _ = visits
    assert (one.output, two.error, two.cause, three.error) == (10, "Broken", "two", None)
    assert three.attempts[0].status == "ABORTED"
    assert _attempts(each) == [(1, "FAILED", "Broken", 0.0), (2, "SUCCEEDED", None, 2.0)]
    assert each.error is None
    assert one.parent is two.parent is three.parent is each


def test_given_a_map_at_work_when_read_then_every_iteration_is_where_it_is() -> None:
    visits = visits_of(MAP_RETRIED[:15])

    assert _statuses(visits) == [
        ("Each", [1, 2, 3], "RUNNING"),
        ("Work", 1, "SUCCEEDED"),
        ("Work", 2, "RUNNING"),
        ("Work", 3, "RUNNING"),
    ]
    assert [attempt.status for attempt in visits[0].attempts] == ["RUNNING"]


def test_given_a_map_with_one_started_and_no_word_of_its_failure_when_retried_then_the_next_attempt_tells() -> None:
    told = [
        each
        for each in MAP_RETRIED
        if each["type"] not in {"MapStateFailed", "MapIterationAborted", "TaskStateAborted"}
    ]
    told = [each | {"previousEventId": 17} if each["id"] == 21 else each for each in told]

    each, _, _, three, _ = visits_of(told)

    assert _attempts(each) == [(1, "FAILED", "Broken", 0.0), (2, "SUCCEEDED", None, 0.0)]
    assert (three.status, three.left) == ("ABORTED", each.entered + _seconds(4))


def test_given_a_map_in_a_map_when_the_inner_fails_then_each_of_them_is_told_of_its_own_failure() -> None:
    outer, first, inner, work = visits_of(MAP_IN_MAP)

    assert (outer.status, outer.error, outer.cause) == ("CAUGHT", "Broken", "deep inside")
    assert (inner.status, work.status, first.status) == ("FAILED", "FAILED", "SUCCEEDED")
    assert [_attempts(visit) for visit in (outer, inner)] == [[(1, "FAILED", "Broken", 0.0)]] * 2
    assert (work.parent, inner.parent, first.parent) == (inner, outer, outer)


def test_given_a_fail_state_in_a_map_when_it_is_caught_then_so_though_no_event_tells_its_error() -> None:
    events = [
        *MAP_IN_MAP[:4],
        event(5, "FailStateEntered", 4, name="Failed", input="1"),
        event(6, "MapIterationFailed", 5, 1.0, name="Outer", index=0),
        event(7, "MapStateFailed", 6, 1.0),
        event(8, "MapStateExited", 7, 1.0, name="Outer", output="{}"),
    ]

    outer, failed = visits_of(events)

    assert (outer.status, outer.error, failed.status) == ("CAUGHT", None, "FAILED")


def test_given_a_parallel_whose_failure_does_not_tell_which_branch_when_read_then_the_branch_that_failed_did() -> None:
    failure = event(10, "ParallelStateFailed", 5, 1.0)
    caught = event(11, "ParallelStateExited", 10, 1.0, name="Inner", output="{}")

    visits = {visit.state: (visit.status, visit.error) for visit in visits_of([*NESTED_PARALLEL[:9], failure, caught])}

    assert visits == {
        "Outer": ("RUNNING", None),
        "Inner": ("CAUGHT", "Broken"),
        "Beside": ("RUNNING", None),
        "Work": ("FAILED", "Broken"),
    }


def test_given_a_parallel_in_a_parallel_when_it_fails_and_is_caught_then_each_has_what_befell_it() -> None:
    visits = {visit.state: visit for visit in visits_of(NESTED_PARALLEL)}

    assert {name: (visit.status, visit.error) for name, visit in visits.items()} == {
        "Outer": ("CAUGHT", "Broken"),
        "Inner": ("FAILED", "Broken"),
        "Beside": ("ABORTED", None),
        "Work": ("FAILED", "Broken"),
        "Done": ("SUCCEEDED", None),
    }
    assert _attempts(visits["Outer"]) == [(1, "FAILED", "Broken", 0.0)]


def test_given_a_distributed_map_that_is_retried_when_read_then_its_runs_are_its_attempts() -> None:
    prefix, failed = visits_of(DISTRIBUTED_MAP_RETRIED)

    assert (prefix.status, prefix.error) == ("CAUGHT", "States.ExceedToleratedFailureThreshold")
    assert _attempts(prefix) == [
        (1, "FAILED", "States.ItemReaderFailed", 0.0),
        (2, "FAILED", "States.ExceedToleratedFailureThreshold", 15.0),
    ]
    assert [each.resource for each in prefix.attempts] == ["mapRun", "mapRun"]
    assert prefix.attempts[1].parameters["mapRunArn"].endswith(":2")
    assert failed.status == "FAILED"


def test_given_an_evaluation_that_fails_when_read_then_the_state_failed_and_its_attempt_did_not() -> None:
    (work,) = visits_of(EVALUATION_FAILED)

    assert (work.status, work.error, work.cause) == ("FAILED", "States.QueryEvaluationError", "$x is not there")
    assert [attempt.status for attempt in work.attempts] == ["SUCCEEDED"]


@pytest.mark.parametrize(
    ("kind", "status", "attempt"),
    [("ExecutionAborted", "ABORTED", "ABORTED"), ("ExecutionTimedOut", "TIMED_OUT", "ABORTED")],
)
def test_given_an_execution_that_is_ended_from_outside_when_read_then_what_ran_ended_with_it(
    kind: str, status: str, attempt: str
) -> None:
    visits = visits_of(
        [
            event(1, "ExecutionStarted", 0, input="{}"),
            event(2, "TaskStateEntered", 0, name="Work", input="{}"),
            function_call(3, 2, 0.1),
            event(4, kind, 0, 5.0, error="Ours", cause="enough"),
        ]
    )

    assert [(visit.status, visit.left) for visit in visits] == [(status, visits[0].entered + _seconds(5))]
    assert visits[0].attempts[0].status == attempt


def test_given_a_state_beside_the_one_that_fails_an_execution_when_read_then_it_was_aborted() -> None:
    fatal = event(10, "ExecutionFailed", 9, 1.0, error="Broken", cause="as the execution tells it")

    visits = {visit.state: (visit.status, visit.cause) for visit in visits_of([*NESTED_PARALLEL[:9], fatal])}

    assert visits == {
        "Outer": ("FAILED", "as the execution tells it"),
        "Inner": ("FAILED", "as the execution tells it"),
        "Work": ("FAILED", "inside"),
        "Beside": ("ABORTED", None),
    }


def test_given_a_history_without_data_when_read_then_times_and_statuses_stay() -> None:
    (work,) = visits_of(WITHOUT_DATA)

    assert (work.status, work.given, work.output, work.assigned) == ("SUCCEEDED", None, None, None)
    assert _attempts(work) == [(1, "SUCCEEDED", None, 0.0)]
    assert work.attempts[0].parameters is None


def test_given_a_truncated_input_when_read_then_it_is_shown_as_the_text_that_is_there() -> None:
    (work,) = visits_of(
        [event(2, "PassStateEntered", 0, name="P", input='{"a": "bcd', inputDetails={"truncated": True})]
    )

    assert work.given == '{"a": "bcd'


def test_given_an_input_nested_beyond_reading_when_read_then_it_stays_a_text() -> None:
    (work,) = visits_of([event(2, "PassStateEntered", 0, name="P", input="[" * 100_000 + "]" * 100_000)])

    assert work.given.startswith("[[[")


def test_given_a_redriven_execution_when_read_then_the_failed_state_is_taken_up_again() -> None:
    (work,) = visits_of(REDRIVEN)

    assert work.status == "SUCCEEDED"
    assert _attempts(work)[-1] == (4, "SUCCEEDED", None, 90.0)


def test_given_a_redriven_map_run_when_read_then_it_is_another_attempt() -> None:
    redriven = [
        *DISTRIBUTED_MAP_RETRIED[:8],
        event(9, "ExecutionFailed", 8, 90.0, error="States.ExceedToleratedFailureThreshold"),
        event(10, "ExecutionRedriven", 9, 200.0, redriveCount=1),
        event(11, "MapRunRedriven", 10, 200.0, mapRunArn="arn:run:2", redriveCount=1),
        event(12, "MapRunSucceeded", 11, 300.0),
        event(13, "MapStateSucceeded", 12, 300.0),
        event(14, "MapStateExited", 13, 300.0, name="Prefix", output="{}"),
    ]

    (prefix,) = visits_of(redriven)

    assert (prefix.status, prefix.error) == ("SUCCEEDED", None)
    assert _attempts(prefix)[-1] == (3, "SUCCEEDED", None, 110.0)


def test_given_times_of_any_zone_when_shown_then_in_utc() -> None:
    somewhere = timezone(timedelta(hours=-3, minutes=-30))

    assert moment(datetime(2026, 11, 26, 4, 30, 0, 1500, tzinfo=somewhere)) == "2026-11-26T08:00:00.001Z"
    assert moment(datetime(2026, 11, 26, 8, 0, tzinfo=UTC)) == "2026-11-26T08:00:00.000Z"
    assert moment(None) is None


def test_given_ten_thousand_states_when_read_then_each_is_there() -> None:
    events = []
    for number in range(1, 20_001, 2):
        events.append(event(number, "PassStateEntered", number - 1, name=f"S{number}", input="{}"))
        events.append(event(number + 1, "PassStateExited", number, name=f"S{number}", output="{}"))

    visits = visits_of(events)

    assert len(visits) == 10_000
    assert {visit.status for visit in visits} == {"SUCCEEDED"}


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
