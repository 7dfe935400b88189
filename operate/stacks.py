"""CloudFormation stacks."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from operate.aws import Aws, Outputs
from operate.environments import ROOT
from operate.errors import NotDone

BOOTSTRAP = "little-bit-audio-bootstrap"
REPOSITORY = "little-bit-audio/oneshots"
# What CloudFormation lets nobody update: the stack's resources were never all there.
_NEVER_MADE = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
_BOOTSTRAP_TEMPLATE = ROOT / "bootstrap.yaml"
_POLL = {"Delay": 5, "MaxAttempts": 720}
_POLL_STAND_IN = {"Delay": 1, "MaxAttempts": 60}


@dataclass(frozen=True)
class Resource:
    """A resource of a stack: its name in the template, its type, and its own name or ARN."""

    name: str
    type: str
    id: str


class Stacks:
    """The stacks of an account and region."""

    def __init__(self, aws: Aws, *, patient: bool = True) -> None:
        self._cloudformation, self._ecr = aws.client("cloudformation"), aws.client("ecr")
        self._poll = _POLL if patient else _POLL_STAND_IN

    def status(self, name: str) -> str | None:
        """Return a stack's status; None where there is none."""
        found = self._find(name)
        return str(found["StackStatus"]) if found else None

    def outputs(self, name: str) -> Outputs:
        """Return a stack's outputs by name.

        Raises:
            NotDone: there is no such stack.

        """
        found = self._find(name)
        if not found:
            raise NotDone(f"There is no stack {name} in this account and region.")
        return Outputs(found)

    def resources(self, name: str) -> list[Resource]:
        """Return what a stack has, or has kept while it was taken back.

        Raises:
            NotDone: there is no such stack.

        """
        if not self._find(name):
            raise NotDone(f"There is no stack {name} in this account and region.")
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        return [
            Resource(each["LogicalResourceId"], each["ResourceType"], each["PhysicalResourceId"])
            for page in pages
            for each in page["StackResourceSummaries"]
            if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
        ]

    def change_sets_in_review(self, name: str) -> set[str]:
        """Return the ARNs of a stack's change sets that could be executed, and were not."""
        if not self._find(name):
            return set()
        pages = self._cloudformation.get_paginator("list_change_sets").paginate(StackName=name)
        return {
            str(each["ChangeSetId"])
            for page in pages
            for each in page["Summaries"]
            if each["StackName"] == name and each["ExecutionStatus"] == "AVAILABLE"
        }

    def bootstrap(self) -> Outputs:
        """Make what is there before the stacks, or bring it up to date; returns the outputs.

        Raises:
            NotDone: it could not be made.

        """
        self._apply(BOOTSTRAP, _BOOTSTRAP_TEMPLATE)
        return self.outputs(BOOTSTRAP)

    def guard(self, name: str) -> None:
        """Protect a stack from being deleted."""
        self._cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=True)

    def unguard(self, name: str) -> None:
        """Let a stack be deleted, if it is protected."""
        if (self._find(name) or {}).get("EnableTerminationProtection"):
            self._cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)

    def delete(self, name: str) -> None:
        """Delete a stack, and wait for its end.

        Raises:
            NotDone: it could not be deleted.

        """
        self._cloudformation.delete_stack(StackName=name)
        self._wait("stack_delete_complete", name)

    def cancel_update(self, name: str) -> None:
        """Have a deployment that is going on taken back, and wait for its end.

        Raises:
            NotDone: it was not taken back.

        """
        self._cloudformation.cancel_update_stack(StackName=name)
        self._wait("stack_rollback_complete", name)

    def _apply(self, name: str, template: Path) -> None:
        given: dict[str, Any] = {"StackName": name, "TemplateBody": template.read_text(encoding="utf-8")}
        status = self._settled(name)
        if status in _NEVER_MADE:
            self.unguard(name)
            self.delete(name)
            status = None
        if not status:
            self._look_for_a_repository_that_was_left()
            self._cloudformation.create_stack(**given, EnableTerminationProtection=True)
            self._wait("stack_create_complete", name)
            return
        parameters = self._keep_parameters(name)
        try:
            self._cloudformation.update_stack(**given, Parameters=parameters)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return
        self._wait("stack_update_complete", name)

    def _settled(self, name: str) -> str | None:
        """Return a stack's status, once what is done with it has come to its end."""
        for _ in range(self._poll["MaxAttempts"]):
            status = self.status(name)
            if not status or not status.endswith("_IN_PROGRESS") or status in _NEVER_MADE:
                return status
            time.sleep(self._poll["Delay"])
        raise NotDone(f"The stack {name} is {status}, and comes to no end.")

    def _look_for_a_repository_that_was_left(self) -> None:
        """Tell what ends it, where a bootstrap stack that was deleted has left its repository: its name is taken."""
        try:
            self._ecr.describe_repositories(repositoryNames=[REPOSITORY])
        except ClientError as error:
            if error.response["Error"]["Code"] == "RepositoryNotFoundException":
                return
            raise
        raise NotDone(
            f"The repository {REPOSITORY} is there without the stack {BOOTSTRAP}, which would make it.\n"
            "If no stack runs an image of it any more, delete it with all its images:\n"
            f"  aws ecr delete-repository --force --repository-name {REPOSITORY}"
        )

    def _keep_parameters(self, name: str) -> list[dict[str, Any]]:
        found = self._find(name) or {}
        return [
            {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in found.get("Parameters", [])
        ]

    def _find(self, name: str) -> dict[str, Any] | None:
        try:
            (found,) = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return dict(found)

    def _wait(self, end: str, name: str) -> None:
        try:
            self._cloudformation.get_waiter(end).wait(StackName=name, WaiterConfig=self._poll)
        except WaiterError as error:
            look = f"aws cloudformation describe-stack-events --stack-name {name} --max-items 20"
            raise NotDone(f"The stack {name} is {self.status(name)}; its events say why:\n  {look}") from error


def make_ecs_role(iam: Any) -> None:
    """Make the role that ECS itself uses, where an account has none yet: a cluster with capacity providers needs it."""
    try:
        iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    except ClientError as error:
        # it is there: AWS says the first, moto the second
        if error.response["Error"]["Code"] not in {"InvalidInput", "EntityAlreadyExists"}:
            raise
