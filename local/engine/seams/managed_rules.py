"""The rules by which Step Functions hears of the end of what `.sync` waits for.

moto: waits by asking, and needs no rule.
Here: it is asked for, with the role's own rights, whether the rule could be made, as Step Functions does. AWS asks when
the state machine is made or changed; here it is asked each time, so that a right that is missing shows.
https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
Upstream: none; moto means it so.
"""

from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (
    StateTaskServiceEcs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)

from local.engine.permissions.calls import Need
from local.engine.seams import acting
from local.engine.seams.patching import replace

_RULES: dict[Any, str] = {
    StateTaskServiceEcs: "StepFunctionsGetEventsForECSTaskRule",
    StateTaskServiceSfn: "StepFunctionsGetEventsForStepFunctionsExecutionRule",
}
_ACTIONS = ("events:PutRule", "events:PutTargets", "events:DescribeRule")


def install() -> None:
    """Ask before the work is begun."""
    for service, rule in _RULES.items():
        replace(service, "_eval_service_task", _with_rule(service._eval_service_task, rule))


def _with_rule(call: Callable[..., None], rule: str) -> Callable[..., None]:
    def eval_service_task(self: Any, env: Any, *arguments: Any, **named: Any) -> None:
        if self.resource.condition in (ResourceCondition.Sync, ResourceCondition.Sync2):
            details = env.aws_execution_details
            arn = f"arn:aws:events:{details.region}:{details.account}:rule/{rule}"
            acting.check("the managed rule of .sync", *(Need(action, arn) for action in _ACTIONS))
        call(self, env, *arguments, **named)

    return eval_service_task
