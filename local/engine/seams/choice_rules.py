"""A Choice whose rule leads where its Default leads.

moto: tells "the Default was taken" by the next state's name, so the state's own Assign and Output are
evaluated as well when a rule with the same Next matched.
Here: they are evaluated when no rule matched, and only then.
Upstream: no issue found.
"""

from typing import Any

from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice

from local.engine.seams.patching import replace

_state_output = StateChoice._eval_state_output


class _TakenByRule(str):
    """The name of the next state when a rule matched: never equal to the Default's, as far as moto asks."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return super().__hash__()


def install() -> None:
    """Tell rules from the Default."""
    replace(StateChoice, "_eval_state", _eval_state)
    replace(StateChoice, "_eval_state_output", _eval_state_output)


def _eval_state(self: Any, env: Any) -> None:
    for rule in self.choices_decl.rules:
        rule.eval(env)
        if env.stack.pop() is True:
            env.stack.append(_TakenByRule(rule.next_stmt.name))
            return
    if self.default_state is None:
        raise RuntimeError(f"No rule of the Choice '{self.name}' matched, and it has no Default.")
    env.stack.append(self.default_state.state_name)


def _eval_state_output(self: Any, env: Any) -> None:
    taken = env.stack[-1]
    _state_output(self, env)
    env.next_state_name = str.__str__(taken)
