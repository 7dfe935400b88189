from datetime import UTC, datetime, timedelta
from typing import Any

from local.engine.executions import follow, visits_of

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _event(second: float, kind: str, **details: Any) -> dict[str, Any]:
    return {"timestamp": _START + timedelta(seconds=second), "type": kind, **details}


def _entered(second: float, name: str, kind: str = "Task") -> dict[str, Any]:
    return _event(second, f"{kind}StateEntered", stateEnteredEventDetails={"name": name})


def _exited(second: float, name: str, kind: str = "Task") -> dict[str, Any]:
    return _event(second, f"{kind}StateExited", stateExitedEventDetails={"name": name})


def _failed(second: float, error: str) -> dict[str, Any]:
    return _event(second, "TaskFailed", taskFailedEventDetails={"error": error, "cause": "because"})


def test_given_a_retried_task_when_followed_then_attempts_and_seconds_are_counted() -> None:
    visits = visits_of(
        [
            _entered(0, "Work"),
            _event(0, "TaskScheduled"),
            _failed(1, "Odd"),
            _event(2, "TaskScheduled"),
            _event(3, "TaskSucceeded"),
            _exited(3.5, "Work"),
        ]
    )

    assert [(v.name, v.status, v.attempts, v.seconds, v.error) for v in visits] == [
        ("Work", "SUCCEEDED", 2, 3.5, "Odd")
    ]


def test_given_a_first_attempt_when_it_is_scheduled_then_the_visit_has_changed_and_is_what_it_was() -> None:
    visits = visits_of([_entered(0, "Work")])

    changed = follow(visits, _event(0.1, "TaskScheduled"))

    assert changed is visits[0]
    assert (changed.status, changed.attempts, changed.seconds, changed.error) == ("RUNNING", 1, None, None)


def test_given_a_visit_that_was_left_when_another_states_attempt_is_scheduled_then_it_has_not_changed() -> None:
    visits = visits_of([_entered(0, "Work"), _entered(0, "Beside", "Pass"), _exited(0.1, "Beside", "Pass")])

    assert follow(visits, _event(0.2, "TaskScheduled")) is None


def test_given_a_caught_error_when_followed_then_the_visit_is_caught() -> None:
    visits = visits_of(
        [
            _entered(0, "Work"),
            _event(0, "TaskScheduled"),
            _failed(1, "Odd"),
            _exited(1, "Work"),
            _entered(1, "Sorry", "Pass"),
            _exited(1, "Sorry", "Pass"),
            _event(1, "ExecutionSucceeded"),
        ]
    )

    assert [(v.name, v.type, v.status) for v in visits] == [("Work", "Task", "CAUGHT"), ("Sorry", "Pass", "SUCCEEDED")]
    assert visits[0].cause == "because"


def test_given_a_fail_state_when_followed_then_it_failed() -> None:
    visits = visits_of([_entered(0, "Failed", "Fail"), _event(2, "ExecutionFailed")])

    assert [(v.status, v.seconds) for v in visits] == [("FAILED", 2.0)]


def test_given_a_state_visited_twice_when_followed_then_there_are_two_visits() -> None:
    visits = visits_of(
        [
            _entered(0, "Loop", "Pass"),
            _exited(1, "Loop", "Pass"),
            _entered(1, "Loop", "Pass"),
            _exited(4, "Loop", "Pass"),
        ]
    )

    assert [v.seconds for v in visits] == [1.0, 3.0]


def test_given_an_aborted_execution_when_followed_then_its_last_state_says_so() -> None:
    assert [v.status for v in visits_of([_entered(0, "Work"), _event(1, "ExecutionAborted")])] == ["ABORTED"]
