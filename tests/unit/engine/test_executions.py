from datetime import UTC, datetime, timedelta
from typing import Any

from local.engine.executions import visits_of

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
