"""The list of an engine's executions, kept up while they go by."""

import threading
from collections import Counter
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

from botocore.exceptions import ClientError
from werkzeug.exceptions import NotFound

from local.engine import Engine, StateVisit
from local.execution.history import parsed
from local.execution.reader import summary


@dataclass
class _Row:
    """An execution in the list. `revision` is the list's when it last changed."""

    facts: dict[str, Any]
    revision: int


class ExecutionList:
    """Executions in the order in which they began, each with what a line of the list shows.

    Attributes:
        identity: tells this list from those of other engines, which answered at the same port or will.

    """

    def __init__(self, engine: Engine) -> None:
        self.identity = token_urlsafe(8)
        self._engine = engine
        self._lock = threading.Lock()
        self._rows: dict[str, _Row] = {}
        self._revision = 0
        engine.watch_states(self._state)
        engine.watch_ends(self._end)

    def since(self, revision: int) -> tuple[int, list[dict[str, Any]]]:
        """Return the list's revision, and the executions that have changed since another one."""
        with self._lock:
            return self._revision, [row.facts for row in self._rows.values() if row.revision > revision]

    def arn(self, machine: str, name: str) -> str:
        """Return the ARN of an execution in the list.

        Raises:
            NotFound: there is none of that name.

        """
        with self._lock:
            rows = list(self._rows.values())
        for row in rows:
            if (row.facts["machine"], row.facts["name"]) == (machine, name):
                return str(row.facts["arn"])
        raise NotFound(f"There is no execution {name} of {machine}.")

    def name(self, arn: str) -> dict[str, str]:
        """Return the names that stand for an execution in the page's addresses, taking it into the list if need be."""
        self._update(arn)
        with self._lock:
            facts = self._rows[arn].facts
        return {"machine": facts["machine"], "name": facts["name"]}

    def revision_of(self, arn: str) -> int:
        """Return the list's revision when an execution last changed."""
        with self._lock:
            return self._rows[arn].revision

    def _state(self, arn: str, visit: StateVisit) -> None:
        visits = self._engine.executions.visits(arn)
        self._update(
            arn,
            state=visits[-1].name,
            retries=_retries(visits),
            # what a row of an execution that goes on tells beside its state
            error=visit.error if visit.seconds is None else None,
        )

    def _end(self, arn: str) -> None:
        described = self._described(arn)
        if described is not None:
            ended = {name: described[name] for name in ("status", "stoppedAt", "error")}
            self._update(arn, **ended, result=_result(described))

    def _update(self, arn: str, **facts: Any) -> None:
        with self._lock:
            row = self._rows.get(arn)
        if row is None:
            described = self._described(arn)
            if described is None:
                return
            row = _Row(_line(described), 0)
        with self._lock:
            self._revision += 1
            self._rows[arn] = _Row({**row.facts, **facts}, self._revision)

    def _described(self, arn: str) -> dict[str, Any] | None:
        try:
            return summary(self._engine.client("stepfunctions").describe_execution(executionArn=arn))
        except ClientError as error:  # moto forgets the executions of a machine that is deleted
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return None


def _result(described: dict[str, Any]) -> str | None:
    """Return what came of an execution that has ended, in a few words; None where its output tells nothing."""
    output = described["output"] if isinstance(described["output"], dict) else {}
    if described["error"]:
        return described["cause"]
    if output.get("outcome") == "completed":
        count = output.get("oneShotCount")
        return "1 one-shot" if count == 1 else f"{count} one-shots"
    error, counts = output.get("error"), output.get("counts")
    if isinstance(error, dict):
        return f"{error.get('code')}: {error.get('message')}"
    if isinstance(counts, dict):
        return f"{counts.get('listed')} listed, {counts.get('started')} started"
    return None


def _retries(visits: list[StateVisit]) -> int:
    """Return how often Task states were tried again: by a Retry, or because a Catch led back to them."""
    attempts = Counter[str]()
    for visit in visits:
        if visit.type == "Task":
            attempts[visit.name] += visit.attempts
    return attempts.total() - len(attempts)


def _line(described: dict[str, Any]) -> dict[str, Any]:
    given = parsed(described["input"])
    uploaded = given.get("detail", {}).get("object", {}) if isinstance(given, dict) else {}
    key = str(uploaded.get("key", ""))
    folders = key.removeprefix("public/").split("/")
    return {
        "arn": described["arn"],
        "machine": described["machine"],
        "name": described["name"],
        "status": described["status"],
        "startedAt": described["startedAt"],
        "stoppedAt": described["stoppedAt"],
        "error": described["error"],
        "recording": folders[-1] if key else "",
        "user": folders[1] if len(folders) > 2 else "",
        "state": None,
        "result": None,
        "retries": 0,
    }
