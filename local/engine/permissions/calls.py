"""Who calls, what a call needs, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.engine.permissions.statements import StatementId


@dataclass(frozen=True)
class Caller:
    """Who makes calls: a session of a role, or a service in its own name.

    Attributes:
        principal: the ARN of the role's session, or the service's name such as `events.amazonaws.com`.
        role: the role's ARN; empty for a service.
        name: what works under the role: a function, a task, a state machine's execution.
        context: condition keys that come with the caller, such as aws:SourceArn.

    """

    principal: str
    role: str = ""
    name: str = ""
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Need:
    """An action on a resource, with the condition keys that AWS would know of it."""

    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Grant:
    """A statement that speaks of a call, and which of its patterns match."""

    statement: StatementId
    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A call that was judged.

    Attributes:
        caller: who made it.
        need: what it needed.
        place: where it was made: the state of a state machine, or the function or task; empty where none is known.
        operation: the operation of the service's API, or what a service does by itself in the caller's name.
        allowed: what came of it.
        grants: the statements that allow it.
        denials: the statements that deny it.

    """

    caller: Caller
    need: Need
    place: str
    operation: str
    allowed: bool
    grants: tuple[Grant, ...]
    denials: tuple[Grant, ...]

    @property
    def refusal(self) -> str:
        """What AWS tells a caller that is denied."""
        why = (
            "with an explicit deny in a policy"
            if self.denials
            else f"because no identity-based policy allows the {self.need.action} action"
        )
        return (
            f"User: {self.caller.principal} is not authorized to perform: {self.need.action} "
            f'on resource: "{self.need.resource}" {why}'
        )
