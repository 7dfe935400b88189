"""Faults on demand: what attempts at Task states run into, so that Retry, Catch and timeouts can be watched at work.

The definition of the state machine stays as it is: a fault comes from where the service would be. In text a fault is
`STATE=FAULT`, `STATE=FAULTxN` or `STATE=FAULTx*`: each execution's first attempt at STATE, its first N, or all of them
run into it, and attempts after those into the next fault named for STATE. docs/local-engine.md lists the FAULTs.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from local.engine.errors import EngineError

_TEXT = re.compile(r"(?P<state>[^=]{1,80})=(?P<fault>.+?)(?:x(?P<times>[1-9][0-9]{0,3}|\*))?", re.DOTALL)
_ERROR = re.compile(r"(?P<name>[A-Z][A-Za-z0-9.]*)(?::(?P<message>.*))?", re.DOTALL)
_LARGEST_EXIT_CODE = 255
_LARGEST_SIGNAL = 64
_DEFAULT_MESSAGE = "a fault asked for by --fault"


class FaultError(EngineError):
    """The text of a fault is none."""


class Kind(StrEnum):
    """What can go wrong. The names are those of the text."""

    ERROR = "error"
    LOST = "lost"
    HANG = "hang"
    SLOW = "slow"
    TIMEOUT = "timeout"
    EXIT = "exit"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "oom"
    SPOT = "spot"
    NO_CAPACITY = "no-capacity"
    CANNOT_START = "cannot-start"


OF_FUNCTIONS = frozenset({Kind.TIMEOUT, Kind.EXIT, Kind.SIGNAL, Kind.OUT_OF_MEMORY})
OF_CONTAINERS = frozenset({Kind.HANG, Kind.EXIT, Kind.SIGNAL, Kind.OUT_OF_MEMORY, Kind.SPOT, Kind.CANNOT_START})
_ANYWHERE = frozenset({Kind.ERROR, Kind.LOST, Kind.HANG, Kind.SLOW})
_ALONE = frozenset({Kind.HANG, Kind.TIMEOUT, Kind.OUT_OF_MEMORY, Kind.SPOT, Kind.NO_CAPACITY, Kind.CANNOT_START})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What an attempt runs into.

    Attributes:
        state: the Task state whose attempts it hits.
        kind: what happens.
        times: how many attempts of an execution it hits, None for all.
        error: the error's name, for ERROR and LOST.
        message: the error's text.
        number: the exit code (EXIT), the signal (SIGNAL), or the seconds (SLOW).

    """

    state: str
    kind: Kind
    times: int | None = 1
    error: str = ""
    message: str = _DEFAULT_MESSAGE
    number: float = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a fault from its text.

        Raises:
            FaultError: it is none; says what is allowed.

        """
        found = _TEXT.fullmatch(text)
        if not found:
            raise FaultError(f"{text!r} is not STATE=FAULT, STATE=FAULTxN or STATE=FAULTx*.")
        times = found["times"] or "1"
        return cls(
            state=found["state"], times=None if times == "*" else int(times), **_what_happens(found["fault"], text)
        )


def _what_happens(fault: str, text: str) -> dict[str, Any]:
    word, colon, rest = fault.partition(":")
    if fault in _ALONE:
        return {"kind": Kind(fault)}
    if word == Kind.EXIT and rest.isdecimal() and int(rest) <= _LARGEST_EXIT_CODE:
        return {"kind": Kind.EXIT, "number": int(rest)}
    if word == Kind.SIGNAL and rest.isdecimal() and 1 <= int(rest) <= _LARGEST_SIGNAL:
        return {"kind": Kind.SIGNAL, "number": int(rest)}
    if word == Kind.SLOW and re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", rest):
        return {"kind": Kind.SLOW, "number": float(rest)}
    lost = word == Kind.LOST and bool(colon)
    if error := _ERROR.fullmatch(rest if lost else fault):
        kind = Kind.LOST if lost else Kind.ERROR
        return {"kind": kind, "error": error["name"], "message": error["message"] or _DEFAULT_MESSAGE}
    raise FaultError(
        f"{text!r}: {fault!r} is no fault. There are: an error's name (Lambda.ServiceException, InvalidUpload:TEXT), "
        f"lost:ERROR, {', '.join(sorted(_ALONE))}, exit:CODE, signal:NUMBER, slow:SECONDS."
    )


def check(fault: Fault, resources: Mapping[str, str]) -> None:
    """Check that a fault can happen; `resources` are the Resource ARNs of the Task states, by name.

    Raises:
        FaultError: there is no such Task state, or what it calls can't run into this.

    """
    if fault.state not in resources:
        raise FaultError(f"There is no Task state {fault.state!r}; there are {', '.join(sorted(resources))}.")
    service = _service(resources[fault.state])
    possible = possible_kinds(resources[fault.state])
    if fault.kind not in possible:
        words = ", ".join(sorted(possible - {Kind.ERROR}))
        raise FaultError(f"{fault.state} calls {service}, which knows no {fault.kind}; possible are ERROR, {words}.")


def possible_kinds(resource: str) -> frozenset[Kind]:
    """Return what a call of a Task's Resource can run into."""
    of_service = {"lambda": OF_FUNCTIONS, "ecs": OF_CONTAINERS | {Kind.NO_CAPACITY}}
    return _ANYWHERE | of_service.get(_service(resource), frozenset())


def _service(resource: str) -> str:
    return resource.removeprefix("arn:aws:states:::").partition(":")[0]


def task_resources(definition: Any) -> dict[str, str]:
    """Return the Resource ARNs of the Task states of a state machine's definition, by name, however deep they lie."""
    found: dict[str, str] = {}
    for value in definition.values() if isinstance(definition, dict) else definition:
        if isinstance(value, dict | list):
            found |= task_resources(value)
    states = definition.get("States") if isinstance(definition, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        if state.get("Type") == "Task":
            found[name] = state["Resource"]
    return found


InputFilter = Callable[[dict[str, Any]], bool]


@dataclass(eq=False)
class _Plan:
    """Faults for the executions whose input `when` takes, and how many attempts each has had."""

    faults: Sequence[Fault]
    when: InputFilter
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)

    def next(self, execution_arn: str, state: str, given: dict[str, Any]) -> Fault | None:
        of_state = [fault for fault in self.faults if fault.state == state]
        if not of_state or not self.when(given):
            return None
        number = self.attempts.get((execution_arn, state), 0)
        self.attempts[execution_arn, state] = number + 1
        for fault in of_state:
            if fault.times is None or number < fault.times:
                return fault
            number -= fault.times
        return None


class Faults:
    """The faults that an engine's executions run into: none until some are injected."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: list[_Plan] = []

    @contextmanager
    def injected(self, faults: Sequence[Fault], when: InputFilter) -> Iterator[None]:
        """Inject faults into executions whose input `when` takes, while the block runs."""
        plan = _Plan(faults, when)
        with self._lock:
            self._plans.append(plan)
        try:
            yield
        finally:
            with self._lock:
                self._plans.remove(plan)

    def next(self, execution_arn: str, state: str, given: Any) -> Fault | None:
        """Count an attempt at a state of an execution with this input; returns what it runs into."""
        if not isinstance(given, dict):
            return None
        with self._lock:
            found = [plan.next(execution_arn, state, given) for plan in self._plans]
        return next((fault for fault in found if fault), None)
