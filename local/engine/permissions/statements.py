"""Statements of policies, each with a name of its own, and the policies that they make up."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

VERSION = "2012-10-17"


class StatementId(NamedTuple):
    """Names a statement.

    Attributes:
        holder: the logical id of the role, or of the policy of a resource.
        policy: the policy's name; `trust` for who may take a role on, `resource` for a resource's; an AWS managed
            policy's ARN.
        name: the statement's Sid, or `#` and its position where it has none.

    """

    holder: str
    policy: str
    name: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True)
class Statement:
    """A statement as deployed: every reference in `body` is resolved."""

    id: StatementId
    body: Mapping[str, Any] = field(hash=False)

    @property
    def is_of_aws(self) -> bool:
        """Whether it is of a policy that AWS manages, and not of the template."""
        return self.id.policy.startswith("arn:aws:iam::aws:")


@dataclass(frozen=True)
class RolePolicies:
    """A role: who may take it on, and what it may then do."""

    logical_id: str
    arn: str
    trust: tuple[Statement, ...]
    identity: tuple[Statement, ...]


class Policies:
    """The policies of roles, by the roles' ARNs, and of resources, by theirs."""

    def __init__(
        self,
        roles: Iterable[RolePolicies] = (),
        resources: Mapping[str, Iterable[Statement]] | None = None,
        elsewhere: Callable[[str], Iterable[Statement]] = lambda arn: (),
    ):
        """Hold what the template says; `elsewhere` tells the policies of resources that it doesn't speak of."""
        self._elsewhere = elsewhere
        self._roles = {role.arn: role for role in roles}
        self._resources = {arn: tuple(statements) for arn, statements in (resources or {}).items()}
        self._changed: dict[StatementId, Mapping[str, Any] | None] = {}

    @property
    def roles(self) -> list[RolePolicies]:
        """The roles, as deployed."""
        return list(self._roles.values())

    def statements(self) -> list[Statement]:
        """Return every statement, as deployed."""
        of_roles = [each for role in self._roles.values() for each in (*role.trust, *role.identity)]
        of_resources = {each.id: each for statements in self._resources.values() for each in statements}
        return [*of_roles, *of_resources.values()]

    def identity_of(self, role_arn: str) -> list[Statement]:
        """Return what a role may do now; nothing for a role that isn't known."""
        role = self._roles.get(role_arn)
        return self._as_they_are_now(role.identity if role else ())

    def trust_of(self, role_arn: str) -> list[Statement]:
        """Return who may take a role on now."""
        role = self._roles.get(role_arn)
        return self._as_they_are_now(role.trust if role else ())

    def of_resource(self, resource_arn: str) -> list[Statement]:
        """Return the policy that a resource has now; the bucket's for an object, the function's for its alias."""
        holder = _holder_of(resource_arn)
        deployed = self._resources.get(holder)
        return self._as_they_are_now(self._elsewhere(holder) if deployed is None else deployed)

    @contextmanager
    def without(self, statement: StatementId) -> Iterator[None]:
        """Judge without a statement while the block lasts."""
        with self.changed(statement, None):
            yield

    @contextmanager
    def changed(self, statement: StatementId, body: Mapping[str, Any] | None) -> Iterator[None]:
        """Judge with `body` in a statement's place while the block lasts; with nothing there for None.

        Raises:
            KeyError: there is no such statement.

        """
        if statement not in {each.id for each in self.statements()}:
            raise KeyError(str(statement))
        self._changed[statement] = copy.deepcopy(body)
        try:
            yield
        finally:
            del self._changed[statement]

    def _as_they_are_now(self, statements: Iterable[Statement]) -> list[Statement]:
        changed = dict(self._changed)
        now = [Statement(each.id, changed[each.id] or {}) if each.id in changed else each for each in statements]
        return [each for each in now if each.body]


def _holder_of(resource_arn: str) -> str:
    parts = resource_arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "s3":
        return resource_arn.partition("/")[0]
    if len(parts) == 6 and parts[2] == "lambda":
        return ":".join(resource_arn.split(":")[:7])
    return resource_arn
