"""One attempt at a Task, Map or Parallel state.

moto: an attempt that timed out goes on in its thread and reports TaskSucceeded later; StopExecution and the
execution's own timeout wait for the attempt; a retried `.sync` or callback task times out at once, because
its token was used up by the first attempt; an error in Output passes the state's Retry and Catch by.
Here: the attempt is waited for until it ends, its time is up or the execution is stopped; what it reports
later is dropped; each attempt has a token of its own; Output is evaluated inside the attempt.
Upstream: no issue found.
"""

import copy
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)

from local.engine.seams import acting, faults, variables
from local.engine.seams.patching import replace

_POLL_SECONDS = 0.05
_state_output = ExecutionState._eval_state_output
_after_service = StateTaskService._after_eval_execution
_after_callback = StateTaskServiceCallback._after_eval_execution


def install() -> None:
    """Run attempts like this."""
    replace(ExecutionState, "_evaluate_with_timeout", _attempt)
    replace(ExecutionState, "_eval_state_output", _eval_state_output)
    replace(state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", _POLL_SECONDS)
    replace(StateTaskService, "_after_eval_execution", _unless_over(_after_service))
    replace(StateTaskServiceCallback, "_after_eval_execution", _unless_over(_after_callback))


@dataclass(frozen=True)
class _Output:
    """A state's output, already evaluated."""

    value: Any


@dataclass
class _Attempt:
    """A state's work in a thread of its own."""

    state: Any
    frame: Any
    ended: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"state {self.state.name}", daemon=True).start()

    def wait(self, seconds: float, env: Any) -> bool:
        """Wait until it has ended (True), its time is up or the execution no longer runs (False)."""
        deadline = time.monotonic() + seconds
        while not self.ended.wait(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic()))):
            if not env.is_running() or time.monotonic() >= deadline:
                return False
        return True

    def _run(self) -> None:
        try:
            with acting.as_state(self.frame, self.state.name):
                self.state._eval_execution(self.frame)
        except Exception as error:  # noqa: BLE001 - raised again where the attempt is waited for
            self.error = error
        self.ended.set()


def _attempt(self: Any, env: Any) -> None:
    variables.discard(env)
    self.timeout.eval(env=env)
    seconds = env.stack.pop()
    _renew_task_token(self, env)
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    frame.fault = faults.of_attempt(self, env)
    attempt = _Attempt(self, frame)
    attempt.start()
    in_time = attempt.wait(faults.seconds_until_timeout(frame.fault, seconds), env)
    frame.set_ended()
    env.close_frame(frame)
    if not in_time:
        if env.is_running():
            raise EvalTimeoutError
        env.stack.append(None)
        return
    if attempt.error:
        raise attempt.error
    env.stack.append(frame.stack.pop())
    _shape_result(self, env)


def _renew_task_token(self: Any, env: Any) -> None:
    if (
        isinstance(self, StateTaskServiceCallback)
        and self._is_integration_pattern()
        and ResourceCondition.WaitForTaskToken in self._supported_integration_patterns
    ):
        env.callback_pool_manager.add(env.states.context_object.update_task_token())


def _shape_result(self: Any, env: Any) -> None:
    if self._is_language_query_jsonpath():
        if self.assign_decl:
            self.assign_decl.eval(env=env)
        for shaping in (self.result_selector, self.result_path):
            if shaping:
                shaping.eval(env=env)
        return
    result = env.stack.pop()
    env.states.set_result(result)
    if self.assign_decl:
        self.assign_decl.eval(env=env)
    if self.output:
        self.output.jsonata_template_value.eval(env=env)
        result = env.stack.pop()
    env.stack.append(_Output(result))


def _eval_state_output(self: Any, env: Any) -> None:
    if isinstance(env.stack[-1], _Output):
        env.states.reset(input_value=env.stack.pop().value)
    else:
        _state_output(self, env)


def _unless_over(original: Any) -> Any:
    def after_eval_execution(self: Any, env: Any, *arguments: Any, **named: Any) -> None:
        if env.is_running():
            original(self, env, *arguments, **named)

    return after_eval_execution
