"""`states:startExecution.sync` and `.sync:2`.

moto: asks for the execution twenty times a second (twice, as it is made); goes on waiting for it, and leaves it
running, when the state times out or its execution is stopped.
Here: waits for the execution's end, and stops the execution when nobody waits any more.
Upstream: no issue found.
"""

from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)

from local.engine.seams import clients, host
from local.engine.seams.patching import replace

_SLICE_SECONDS = 0.25
_sync = StateTaskServiceSfn._build_sync_resolver
_sync2 = StateTaskServiceSfn._build_sync2_resolver
_pattern = StateTaskServiceCallback._eval_integration_pattern


def install() -> None:
    """Wait like this."""
    replace(StateTaskServiceSfn, "_build_sync_resolver", _patient(_sync))
    replace(StateTaskServiceSfn, "_build_sync2_resolver", _patient(_sync2))
    replace(StateTaskServiceSfn, "_eval_integration_pattern", _integration_pattern)


def _patient(build: Any) -> Any:
    def build_resolver(self: Any, env: Any, *arguments: Any, **named: Any) -> Callable[[], Any]:
        execution_arn = env.stack[-1]["ExecutionArn"]
        resolve = build(self, env, *arguments, **named)

        def resolve_at_the_end() -> Any:
            while not host.current().wait_for_end(execution_arn, _SLICE_SECONDS):
                if not env.is_running():
                    return None
            return resolve()

        return resolve_at_the_end

    return build_resolver


def _integration_pattern(self: Any, env: Any, *arguments: Any, **named: Any) -> None:
    execution_arn = env.stack[-1]["ExecutionArn"]
    try:
        _pattern(self, env, *arguments, **named)
    finally:
        if not env.is_running():
            _stop(execution_arn)


def _stop(execution_arn: str) -> None:
    sfn = clients.client_for(execution_arn.split(":")[3], "stepfunctions")
    sfn.stop_execution(executionArn=execution_arn, cause="The state that started it waits no longer")
