"""How long Retry and Wait wait.

moto: as long as they say, in tests too; and a Retry's pause can't be interrupted by StopExecution.
Here: times the engine's time scale, 1 being real time; an execution that is stopped stops waiting.
Upstream: none; moto means it so.
"""

import time
from typing import Any

from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from local.engine.seams import host
from local.engine.seams.patching import replace

_POLL_SECONDS = 0.05


def install() -> None:
    """Scale the waiting."""
    replace(RetrierDecl, "_eval_body", _retry)
    replace(WaitFunction, "_wait_interval", _wait)


def _retry(self: Any, env: Any) -> None:
    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env=env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for part in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
        part.eval(env=env)
    _pause(env, env.stack.pop())
    env.stack.append(RetrierOutcome.Executed)


def _wait(self: Any, env: Any, wait_seconds: float) -> None:
    _pause(env, wait_seconds)


def _pause(env: Any, seconds: float) -> None:
    context = env.states.context_object.context_object_data
    host.current().execution_paused(context["Execution"]["Id"], context["State"]["Name"], seconds)
    deadline = time.monotonic() + max(0.0, seconds) * host.current().time_scale
    while env.is_running() and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, _POLL_SECONDS))
