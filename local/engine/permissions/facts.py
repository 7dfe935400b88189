"""What AWS knows and a request doesn't say: whether an object has tags, which roles a task definition has."""

from dataclasses import dataclass
from typing import Any, Protocol

from moto.backends import get_backend


@dataclass(frozen=True)
class TaskDefinition:
    """The revision that a task would run; `roles` are those that it passes on."""

    arn: str
    roles: tuple[str, ...]


class Facts(Protocol):
    """What is asked of the services."""

    def has_tags(self, bucket: str, key: str, version_id: str | None) -> bool:
        """Say whether an object has tags."""

    def task_definition(self, given: str) -> TaskDefinition:
        """Return the task definition that a family, `family:revision` or ARN means."""

    def hash_key(self, table: str) -> str | None:
        """Return the name of a table's partition key."""

    def policy_of(self, arn: str) -> str | None:
        """Return the policy, as JSON, that a resource was given by its API."""


class FactsOfMoto:
    """The facts of an account in moto."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region

    def has_tags(self, bucket: str, key: str, version_id: str | None) -> bool:
        """Say whether an object has tags; one that isn't there has none."""
        backend = self._backend("s3", "aws")
        stored = backend.get_object(bucket, key, version_id=version_id) if bucket in backend.buckets else None
        return bool(stored and backend.tagger.get_tag_dict_for_resource(stored.arn))

    def task_definition(self, given: str) -> TaskDefinition:
        """Return the task definition; without roles when there is none like this."""
        definitions = self._backend("ecs").task_definitions
        family, _, revision = given.rsplit("/", 1)[-1].partition(":")
        revisions = definitions.get(family, {})
        found = revisions.get(int(revision)) if revision.isdigit() else revisions.get(max(revisions, default=0))
        if found is None:
            return TaskDefinition(f"arn:aws:ecs:{self._region}:{self._account}:task-definition/{family}:0", ())
        roles = (getattr(found, "task_role_arn", None), getattr(found, "execution_role_arn", None))
        return TaskDefinition(found.arn, tuple(role for role in roles if role))

    def hash_key(self, table: str) -> str | None:
        """Return the name of the partition key; None for a table that isn't there."""
        found = self._backend("dynamodb").tables.get(table.rsplit("/", 1)[-1])
        return found.hash_key_attr if found else None

    def policy_of(self, arn: str) -> str | None:
        """Return a queue's policy: queues alone are given theirs by tests and tools, for what they want to hear."""
        if not arn.startswith("arn:aws:sqs:"):
            return None
        queue = self._backend("sqs").queues.get(arn.rsplit(":", 1)[-1])
        return str(queue.policy) if queue is not None and queue.policy else None

    def _backend(self, service: str, region: str | None = None) -> Any:
        backends: Any = get_backend
        return backends(service)[self._account][region or self._region]
