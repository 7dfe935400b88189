"""The run of a Distributed Map.

moto: tolerated failures have no effect: a child that failed is an output of null among the others, and the Map
succeeds; a worker calls itself for its next item, so that a thousand items are too deep; the children's events
are kept until the end; a child sees its parent's variables and believes to be its parent's execution; a
percentage by JSONata loses its fraction; DescribeMapRun fails while any execution is just starting.
Here: failures beyond what is tolerated end the run with States.ExceedToleratedFailureThreshold, and what is at
work then is stopped; a child has an execution's id and name of its own, its item as its input, and no variables but
its own; its events are dropped when it ends. A child is no execution that DescribeExecution knows.
The role must be allowed to start executions of its own state machine, and to stop them.
Upstream: no issue found.
"""

import contextvars
import logging
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.exceptions import ResourceNotFound
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_map.tolerated_failure import (
    ToleratedFailurePercentageStringJSONata,
)
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local.engine.permissions.calls import Need
from local.engine.permissions.needs import state_machine_need
from local.engine.seams import acting
from local.engine.seams.casing import iso_milliseconds
from local.engine.seams.patching import replace

_LOG = logging.getLogger(__name__)
_COUNTERS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "ABORTED": "aborted", "TIMED_OUT": "timed_out"}
_map_state = StateMap._eval_execution


def install() -> None:
    """Run children like this."""
    replace(StateMap, "_eval_execution", _eval_execution)
    replace(DistributedIterationComponent, "_map_run", _map_run)
    replace(ToleratedFailurePercentageStringJSONata, "_eval_tolerated_failure_percentage", _percentage)
    replace(StepFunctionsParserBackend, "describe_map_run", _describe_map_run)


@dataclass(frozen=True)
class Child:
    """How one item fared. `status` is SUCCEEDED, FAILED, TIMED_OUT, ABORTED, or PENDING for one never taken."""

    arn: str
    machine_arn: str
    given: Any
    status: str
    began: datetime | None = None
    ended: datetime | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True)
class MapResults:
    """What stands for the outputs until the ResultWriter has written them."""

    children: list[Child]
    map_run_arn: str


def _eval_execution(self: Any, env: Any) -> None:
    # a run that fails must write its results too, and nothing else tells it of the writer
    env.result_writer = self.result_writer
    _map_state(self, env)


def _map_run(self: Any, env: Any, eval_input: Any) -> None:
    _check_start(env)
    run = _MapRun(self._get_iteration_program(), env, eval_input, items=env.stack.pop())
    run.execute()
    writer = env.result_writer
    env.stack.append(MapResults(run.results(), eval_input.map_run_record.map_run_arn) if writer else run.outputs())
    if run.exceeded:
        if writer:
            writer.eval(env)
        raise _threshold_exceeded(env)


@dataclass
class _MapRun:
    """The children of one Map state, as many at a time as MaxConcurrency says; 0 is no limit."""

    program: Any
    env: Any
    eval_input: Any
    items: list[Any]
    exceeded: bool = False
    _children: dict[int, Child] = field(default_factory=dict)
    _frames: dict[Any, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._left: Iterator[tuple[int, Any]] = iter(enumerate(self.items))
        self._record = self.eval_input.map_run_record
        self._counters = (self._record.item_counter, self._record.execution_counter)
        for counter in self._counters:
            counter.total.offset(len(self.items))
            counter.pending.offset(len(self.items))

    def execute(self) -> None:
        """Run every child, or until too many have failed or the execution is stopped."""
        # a context each, so that they act as the Map state does
        contexts = [contextvars.copy_context() for _ in range(self._worker_count())]
        workers = [threading.Thread(target=each.run, args=(self._work,), daemon=True) for each in contexts]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def outputs(self) -> list[Any]:
        """Return the outputs of the children that succeeded, in the items' order."""
        return [child.output for child in self.results() if child.status == "SUCCEEDED"]

    def results(self) -> list[Child]:
        """Return every child, and the items never taken."""
        return [
            self._children[index] if index in self._children else Child("", self._machine_arn(), item, "PENDING")
            for index, item in enumerate(self.items)
        ]

    def _worker_count(self) -> int:
        return min(self._record.max_concurrency or len(self.items), len(self.items))

    def _work(self) -> None:
        while taken := self._next():
            index, item = taken
            self._ended(index, self._run_child(index, item))

    def _next(self) -> tuple[int, Any] | None:
        with self._lock:
            if self.exceeded or not self.env.is_running():
                return None
            taken = next(self._left, None)
            if taken:
                self._count("pending", -1)
                self._count("running", 1)
            return taken

    def _run_child(self, index: int, item: Any) -> Child:
        frame = self.env.open_inner_frame(event_history_context=EventHistoryContext.of_program_start())
        frame.event_manager = EventManager()
        with self._lock:
            self._frames[frame] = ""
        began = datetime.now(UTC)
        try:
            given = self._selected(frame, index, item)
            execution = self._become_an_execution(frame, given, began)
            self._frames[frame] = execution
            self.program.eval(frame)
        except FailureEventException as failure:
            error, cause = failure.extract_error_cause_pair() or (None, None)
            return Child("", self._machine_arn(), item, "FAILED", began, datetime.now(UTC), error=error, cause=cause)
        finally:
            with self._lock:
                del self._frames[frame]
            self.env.delete_frame(frame)
        return self._child(frame, execution, given, began)

    def _selected(self, frame: Any, index: int, item: Any) -> Any:
        selector = self.eval_input.item_selector or self.eval_input.parameters
        if not selector:
            return item
        frame.states.context_object.context_object_data["Map"] = {"Item": {"Index": index, "Value": item}}
        frame.states.reset(self.env.states.get_input())
        selector.eval(frame)
        return frame.stack.pop()

    def _become_an_execution(self, frame: Any, given: Any, began: datetime) -> str:
        name = str(uuid.uuid4())
        arn = self._machine_arn().replace(":stateMachine:", ":execution:") + f":{name}"
        context = frame.states.context_object.context_object_data
        context["Execution"] = {
            **context["Execution"],
            "Id": arn,
            "Name": name,
            "Input": given,
            "StartTime": iso_milliseconds(began),
        }
        frame.variable_store._outer_scope.clear()
        frame.states.reset(given)
        return arn

    def _child(self, frame: Any, arn: str, given: Any, began: datetime) -> Child:
        ended, state = datetime.now(UTC), frame.program_state()
        told: dict[str, Any] = {}
        if isinstance(state, ProgramError):
            failure: Any = state.error or {}
            status, told = "FAILED", {"error": failure.get("error"), "cause": failure.get("cause")}
        elif isinstance(state, ProgramStopped):
            status = "ABORTED"
        elif isinstance(state, ProgramTimedOut):
            status = "TIMED_OUT"
        else:
            status, told = "SUCCEEDED", {"output": frame.states.get_input()}
        return Child(arn, self._machine_arn(), given, status, began, ended, **told)

    def _ended(self, index: int, child: Child) -> None:
        with self._lock:
            self._children[index] = child
            self._count("running", -1)
            self._count(_COUNTERS[child.status], 1)
            if not self.exceeded and self._is_exceeded():
                self.exceeded = True
                for frame, arn in self._frames.items():
                    if _may_stop(arn):
                        frame.set_stop(stop_date=datetime.now(UTC), cause="The map run failed.", error=None)

    def _is_exceeded(self) -> bool:
        failed = self._record.item_counter.failed.get() + self._record.item_counter.timed_out.get()
        count, percentage = self._record.tolerated_failure_count, self._record.tolerated_failure_percentage
        if not count and not percentage:
            return bool(failed)
        return bool((count and failed > count) or (percentage and failed * 100 > percentage * len(self.items)))

    def _count(self, name: str, change: int) -> None:
        for counter in self._counters:
            getattr(counter, name).offset(change)

    def _machine_arn(self) -> str:
        return str(self._record.map_state_machine_arn)


def _check_start(env: Any) -> None:
    machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
    try:
        acting.check("StartExecution", state_machine_need("states:StartExecution", machine))
    except ClientError as error:
        raise _run_failed(env, CustomErrorName("StepFunctions.AccessDeniedException"), str(error)) from error


def _may_stop(execution_arn: str) -> bool:
    try:
        acting.check("StopExecution", Need("states:StopExecution", execution_arn))
    except ClientError as error:
        _LOG.warning("%s", error)
        return False
    return True


def _threshold_exceeded(env: Any) -> FailureEventException:
    error = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
    return _run_failed(env, error, "The specified tolerated failure threshold was exceeded")


def _run_failed(env: Any, error: ErrorName, cause: str) -> FailureEventException:
    details: Any = {"mapRunFailedEventDetails": {"error": error.error_name, "cause": cause}}
    return FailureEventException(
        FailureEvent(env=env, error_name=error, event_type=HistoryEventType.MapRunFailed, event_details=details)
    )


def _percentage(self: Any, env: Any) -> float:
    self.string_jsonata.eval(env=env)
    return float(env.stack.pop())


def _describe_map_run(self: Any, map_run_arn: str) -> dict[str, Any]:
    for execution in self._get_executions():
        env = execution.exec_worker.env if execution.exec_worker else None
        record = env.map_run_record_pool_manager.get(map_run_arn) if env else None
        if record:
            described: dict[str, Any] = record.describe()
            return described
    raise ResourceNotFound(map_run_arn)
