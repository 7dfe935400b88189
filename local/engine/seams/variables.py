"""When a variable has its new value.

moto: Assign takes effect at once, so the Output of the same state sees the new values; the text of a string
variable goes unescaped into the history; a Pass state has a `$states.result`.
Here: as on AWS, every field of a state sees the values from before it; Assign takes effect when the state
is left.
Upstream: no issue found.
"""

import json
from typing import Any

from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.component.state.state_pass.state_pass import StatePass
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from local.engine.seams.patching import replace

_pass = StatePass._eval_state
_exit_details = CommonStateField._get_state_exited_event_details


def install() -> None:
    """Hold assignments back until the state's end."""
    replace(StatePass, "_eval_state", _eval_pass)
    replace(AssignDecl, "_eval_body", _evaluate)
    replace(CommonStateField, "_get_state_exited_event_details", _commit_and_describe)
    replace(VariableStore, "get_assigned_variables", _assigned_variables)


def _eval_pass(self: Any, env: Any) -> None:
    if self._is_language_query_jsonpath():
        _pass(self, env)
    elif self.assign_decl:
        self.assign_decl.eval(env=env)


def discard(env: Any) -> None:
    """Forget what a failed attempt assigned."""
    env.variable_store.__dict__.pop("_held_back", None)


def _evaluate(self: Any, env: Any) -> None:
    held_back = env.variable_store.__dict__.setdefault("_held_back", {})
    for binding in self.declaration_bindings:
        binding.eval(env=env)
        held_back.update(env.stack.pop())


def _commit_and_describe(self: Any, env: Any) -> Any:
    for name, value in env.variable_store.__dict__.pop("_held_back", {}).items():
        env.variable_store.set(variable_identifier=name, variable_value=value)
    return _exit_details(self, env)


def _assigned_variables(self: Any) -> dict[str, str]:
    return {name: json.dumps(self.get(name), separators=(",", ":")) for name in self._declaration_tracing}
