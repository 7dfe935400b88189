"""The list of an engine's executions, kept up while they go by."""

import threading
import time
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

from botocore.exceptions import ClientError
from werkzeug.exceptions import NotFound

from local.engine import Engine, StateVisit
from local.execution.reader import summary
from local.execution.uploaded import UploadedObject, uploaded_object

_LONGEST_RESULT = 300  # characters of a cause, for a line of the list


@dataclass(frozen=True)
class _Row:
    """An execution in the list. `revision` is the list's when it last changed; `upload` what it is about."""

    facts: dict[str, Any]
    revision: int
    upload: UploadedObject | None


class ExecutionList:
    """Executions in the order in which they began, each with what a line of the list shows.

    Attributes:
        identity: tells this list from those of other engines, which answered at the same port or will.

    """

    def __init__(self, engine: Engine) -> None:
        self.identity = token_urlsafe(8)
        self._engine = engine
        self._changed = threading.Condition()
        self._rows: dict[str, _Row] = {}
        self._arns: dict[tuple[str, str], str] = {}
        self._machines: dict[str, str] = {}
        self._revision = 0
        engine.watch_states(self._state)
        engine.watch_ends(self._end)

    def since(self, revision: int) -> tuple[int, list[dict[str, Any]]]:
        """Return the list's revision, and the executions that have changed since another one."""
        with self._changed:
            return self._revision, [row.facts for row in self._rows.values() if row.revision > revision]

    def arn(self, machine: str, name: str) -> str:
        """Return the ARN of an execution in the list.

        Raises:
            NotFound: there is none of that name.

        """
        with self._changed:
            arn = self._arns.get((machine, name))
        if arn is None:
            raise NotFound(f"There is no execution {name} of {machine}.")
        return arn

    def name(self, arn: str) -> dict[str, str]:
        """Return the names that stand for an execution in the page's addresses, taking it into the list if need be.

        Raises:
            NotFound: there is none of that ARN.

        """
        if arn not in self._rows:
            self._update(arn)
        with self._changed:
            row = self._rows.get(arn)
        if row is None:
            raise NotFound(f"There is no execution {arn}.")
        return {"machine": row.facts["machine"], "name": row.facts["name"]}

    def revision_of(self, arn: str) -> int:
        """Return the list's revision when an execution last changed."""
        with self._changed:
            return self._rows[arn].revision

    def wait_for_upload(self, key: str, version: str | None, seconds: float) -> str | None:
        """Wait for an execution that is about an upload; returns its ARN, None where none has begun in time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for arn, row in reversed(self._rows.items()):
                    if row.upload and (row.upload.key, row.upload.version) == (key, version):
                        return arn
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    return None

    def _state(self, arn: str, visit: StateVisit) -> None:
        visits = self._engine.executions.visits(arn)
        self._update(
            arn,
            state=visits[-1].name,
            retries=retries_of(visits),
            # what a row of an execution that goes on tells beside its state
            error=visit.error if visit.seconds is None else None,
        )

    def _end(self, arn: str) -> None:
        described = self._described(arn)
        if described is None:
            self._update(arn, status="ABORTED", result="Its state machine was deleted.")
            return
        ended = {name: described[name] for name in ("status", "stoppedAt", "error")}
        self._update(arn, **ended, result=_result(described))

    def _update(self, arn: str, **facts: Any) -> None:
        described = None if arn in self._rows else self._described(arn)
        with self._changed:
            row = self._rows.get(arn)
            if row is None:
                if described is None:
                    return
                upload = uploaded_object(described["input"])
                row = _Row(_line(described, upload, self._label(arn, described["machine"])), 0, upload)
                self._arns[row.facts["machine"], row.facts["name"]] = arn
            self._revision += 1
            self._rows[arn] = _Row({**row.facts, **facts}, self._revision, row.upload)
            self._changed.notify_all()

    def _label(self, arn: str, short: str) -> str:
        """Return a machine's name in the page: the short one, unless another machine has it."""
        machine = arn.split(":")[6]
        taken = self._machines.setdefault(short, machine)
        return short if taken == machine else machine

    def _described(self, arn: str) -> dict[str, Any] | None:
        try:
            return summary(self._engine.client("stepfunctions").describe_execution(executionArn=arn))
        except ClientError as error:  # moto forgets the executions of a machine that is deleted
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return None


def retries_of(visits: list[StateVisit]) -> int:
    """Return how often a Task that had failed was tried again: by a Retry, or because a Catch led back to it."""
    failures: dict[str, int] = {}
    did_last_fail: dict[str, bool] = {}
    for visit in visits:
        if visit.type == "Task":
            failures[visit.name] = failures.get(visit.name, 0) + visit.failures
            did_last_fail[visit.name] = visit.failures == visit.attempts
    return sum(count - did_last_fail[name] for name, count in failures.items())


def _result(described: dict[str, Any]) -> str | None:
    """Return what came of an execution that has ended, in a few words; None where its output tells nothing."""
    output = described["output"] if isinstance(described["output"], dict) else {}
    if described["error"]:
        return (described["cause"] or "").removeprefix(f"{described['error']}: ")[:_LONGEST_RESULT]
    if output.get("outcome") == "completed":
        count = output.get("oneShotCount")
        return "1 one-shot" if count == 1 else f"{count} one-shots"
    error, counts = output.get("error"), output.get("counts")
    if isinstance(error, dict):
        return f"{error.get('code')}: {error.get('message')}"[:_LONGEST_RESULT]
    if isinstance(counts, dict):
        return f"{counts.get('listed')} listed, {counts.get('started')} started"
    return None


def _line(described: dict[str, Any], upload: UploadedObject | None, machine: str) -> dict[str, Any]:
    folders = upload.key.removeprefix("public/").split("/") if upload else []
    return {
        "arn": described["arn"],
        "machine": machine,
        "name": described["name"],
        "status": described["status"],
        "startedAt": described["startedAt"],
        "stoppedAt": described["stoppedAt"],
        "error": described["error"],
        "recording": folders[-1] if folders else "",
        "user": folders[1] if len(folders) > 2 else "",
        "state": None,
        "result": None,
        "retries": 0,
    }
