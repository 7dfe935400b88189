"""Clients that give written-out answers, each checked against the service's model."""

from collections.abc import Callable
from typing import Any

import boto3
from botocore.stub import Stubber

Client = Callable[[str], Any]
DENIED = ("AccessDeniedException", "User: arn:aws:iam::123456789012:user/u is not authorized", 403)


class Answers:
    """A session whose clients answer what they were told to, in that order, and nothing else."""

    def __init__(self) -> None:
        self._stubbers: dict[str, tuple[Any, Stubber]] = {}
        self._session = boto3.Session("local", "local", region_name="eu-west-1")

    def client(self, service: str) -> Any:
        return self._stubber(service)[0]

    def give(self, service: str, operation: str, answer: dict[str, Any], asked: dict[str, Any] | None = None) -> None:
        self._stubber(service)[1].add_response(operation, answer, asked)

    def refuse(self, service: str, operation: str, code: str, message: str, status: int) -> None:
        self._stubber(service)[1].add_client_error(operation, code, message, status)

    def all_were_asked_for(self) -> None:
        for _, stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()

    def _stubber(self, service: str) -> tuple[Any, Stubber]:
        if service not in self._stubbers:
            client = self._session.client(service)
            stubber = Stubber(client)
            stubber.activate()
            self._stubbers[service] = (client, stubber)
        return self._stubbers[service]
