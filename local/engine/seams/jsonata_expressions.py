"""JSONata expressions in state machines.

moto: the evaluator is a function pointer that is never set, so every expression is a TypeError; the values
of variables are pasted into the expression as text, and strings without escaping, so a quotation mark in
one breaks it.
Here: jsonata-python with the variables bound as values (local.engine.jsonata); what fails or is undefined
is a States.QueryEvaluationError that the state's Retry and Catch see.
Upstream: https://github.com/getmoto/moto/issues/10105
"""

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringJSONata,
    StringVariableSample,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import ConditionStringJSONata

from local.engine import jsonata
from local.engine.seams.casing import response_value
from local.engine.seams.patching import replace


def install() -> None:
    """Evaluate with jsonata-python."""
    replace(StringJSONata, "_eval_body", _evaluate)
    replace(StringVariableSample, "_eval_body", _evaluate)
    replace(ConditionStringJSONata, "_eval_body", _evaluate_condition)


def _evaluate(self: Any, env: Any) -> None:
    try:
        env.stack.append(jsonata.evaluate(self.expression, _variables(env)))
    except jsonata.QueryEvaluationError as error:
        raise _failure(env, str(error)) from error


def _evaluate_condition(self: Any, env: Any) -> None:
    self.string_jsonata.eval(env=env)
    if not isinstance(env.stack[-1], bool):
        expression = self.string_jsonata.expression
        raise _failure(env, f"The JSONata expression '{expression}' of a Condition must return a boolean.")


def _variables(env: Any) -> dict[str, Any]:
    states = {name: value for name, value in env.states._states_data.items() if name in {"input", "context"}}
    # moto resets these two to None where AWS has none: there, they are undefined
    for name in ("result", "errorOutput"):
        if env.states._states_data.get(name) is not None:
            states[name] = env.states._states_data[name]
    store = env.variable_store
    variables = {**store._outer_scope, **store._inner_scope, "states": states}
    return {name: response_value(value, None, epoch_times=False) for name, value in variables.items()}


def _failure(env: Any, cause: str) -> FailureEventException:
    error = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details: Any = {
        "evaluationFailedEventDetails": {
            "error": error.error_name,
            "cause": cause,
            "state": env.next_state_name,
        }
    }
    return FailureEventException(
        FailureEvent(env=env, error_name=error, event_type=HistoryEventType.EvaluationFailed, event_details=details)
    )
