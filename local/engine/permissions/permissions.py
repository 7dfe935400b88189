"""The permissions of a deployed stack: who takes which role on, and what is allowed then."""

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.engine.errors import EngineError
from local.engine.permissions.calls import Call, Caller, Grant, Need
from local.engine.permissions.evaluator import Evaluator, EvaluatorError
from local.engine.permissions.statements import VERSION, Policies, Statement, StatementId

NODE_MODULES = Path(__file__).parents[3] / "requirements" / "node" / "node_modules"
_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# Wildcards in a request's resource would ask about many; in an object's key they are letters like others.
_LETTERS_FOR_WILDCARDS = str.maketrans({"*": "_", "?": "_"})

CallObserver = Callable[[Call], None]


class DeniedError(EngineError):
    """What was asked for is not allowed; `call` tells who wanted what."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.refusal)
        self.call = call


@dataclass(frozen=True)
class Session:
    """Credentials that stand for a caller, as STS gives them."""

    caller: Caller
    access_key: str
    secret_key: str
    token: str

    def as_variables(self) -> dict[str, str]:
        """Return the variables that SDKs read."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
        }


class Permissions:
    """Judges calls by the policies that are deployed.

    Args:
        account: the account's id.
        region: the region.
        node_modules: where the evaluator is found.

    Attributes:
        policies: the policies; empty until the stack is deployed.
        observers: called with each call that was judged, from the thread that made it.
        secure_transport: what aws:SecureTransport is. Clients talk to the engine in plain HTTP over the loopback
            address, where they would talk HTTPS to AWS unless told otherwise: so it is true unless a test says not.

    """

    def __init__(self, *, account: str, region: str, node_modules: Path = NODE_MODULES) -> None:
        self._account = account
        self._region = region
        self._evaluator = Evaluator(node_modules)
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._of_callers: dict[tuple[str, str], Session] = {}
        self.policies = Policies()
        self.observers: list[CallObserver] = []
        self.secure_transport = True

    def close(self) -> None:
        """End the evaluator."""
        self._evaluator.close()

    def session(self, access_key: str | None) -> Session | None:
        """Return the session that an access key is of; None for whoever uses the engine from outside."""
        return self._sessions.get(access_key or "")

    def take_on(self, role_arn: str, *, service: str, name: str, source: str = "", place: str = "") -> Session:
        """Have a service take a role on.

        Args:
            role_arn: the role.
            service: which service does, such as `lambda.amazonaws.com`.
            name: what will work under the role.
            source: the ARN of what the service does it for.
            place: the state for which it does.

        Raises:
            DeniedError: the role's trust policy doesn't let it.

        """
        context = {"aws:SourceAccount": self._account, **({"aws:SourceArn": source} if source else {})}
        asks = Caller(principal=service, context=context)
        self._check_trust(asks, role_arn, place)
        with self._lock:
            if (role_arn, name) not in self._of_callers:
                role_name = role_arn.rsplit("/", 1)[-1]
                principal = f"arn:aws:sts::{self._account}:assumed-role/{role_name}/{name[-64:]}"
                self._of_callers[role_arn, name] = self._opened(Caller(principal, role=role_arn, name=name))
            return self._of_callers[role_arn, name]

    def in_own_name(self, service: str, *, source: str) -> Session:
        """Return the session of a service that calls for a resource of the account's, such as a rule."""
        with self._lock:
            if (service, source) not in self._of_callers:
                context = {"aws:SourceAccount": self._account, "aws:SourceArn": source}
                self._of_callers[service, source] = self._opened(Caller(service, name=source, context=context))
            return self._of_callers[service, source]

    def check(self, caller: Caller, needs: Iterable[Need], *, operation: str, place: str = "") -> None:
        """Have everything judged that a call needs.

        Raises:
            DeniedError: something of it is denied.

        """
        for need in needs:
            call = self._judged(
                caller,
                need,
                identity=self.policies.identity_of(caller.role),
                resource=self.policies.of_resource(need.resource),
                operation=operation,
                place=place,
            )
            if not call.allowed:
                raise DeniedError(call)

    def _check_trust(self, asks: Caller, role_arn: str, place: str) -> None:
        # a trust policy is the role's resource policy; its statements name no resource: they are about the role
        trust = [Statement(each.id, {**each.body, "Resource": role_arn}) for each in self.policies.trust_of(role_arn)]
        call = self._judged(
            asks, Need("sts:AssumeRole", role_arn), identity=[], resource=trust, operation="AssumeRole", place=place
        )
        if not call.allowed:
            raise DeniedError(call)

    def _judged(
        self,
        caller: Caller,
        need: Need,
        *,
        identity: list[Statement],
        resource: list[Statement],
        operation: str,
        place: str,
    ) -> Call:
        simulation = _simulation(caller, need, identity, resource, self._context(caller, need), self._account)
        statements = [each.id for each in (*identity, *resource)]
        try:
            answer = self._evaluator.decide(simulation)
        except EvaluatorError as error:
            # what can't be judged isn't allowed
            raise EvaluatorError(f"{operation} by {caller.principal} can't be judged: {error}") from error
        call = Call(
            caller=caller,
            need=need,
            place=place or caller.name,
            operation=operation,
            allowed=answer["result"] == "Allowed",
            grants=tuple(_grant(each, statements) for each in answer["allows"]),
            denials=tuple(_grant(each, statements) for each in answer["denies"]),
        )
        for observer in list(self.observers):
            observer(call)
        return call

    def _context(self, caller: Caller, need: Need) -> dict[str, str | list[str]]:
        told: dict[str, str | list[str]] = {
            "aws:SecureTransport": str(self.secure_transport).lower(),
            "aws:RequestedRegion": self._region,
            "aws:ResourceAccount": self._account,
        }
        if caller.role:
            told |= {"aws:PrincipalArn": caller.role, "aws:PrincipalAccount": self._account}
        return {**told, **caller.context, **need.context}

    def _opened(self, caller: Caller) -> Session:
        session = Session(
            caller=caller,
            access_key="ASIA" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16)),
            secret_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(96),
        )
        self._sessions[session.access_key] = session
        return session


def _simulation(
    caller: Caller,
    need: Need,
    identity: list[Statement],
    resource: list[Statement],
    context: Mapping[str, str | list[str]],
    account: str,
) -> dict[str, Any]:
    numbered = [{**statement.body, "Sid": f"S{n}"} for n, statement in enumerate((*identity, *resource))]
    of_identity, of_resource = numbered[: len(identity)], numbered[len(identity) :]
    policies = [{"name": "identity", "policy": {"Version": VERSION, "Statement": of_identity}}] if of_identity else []
    return {
        "request": {
            "principal": caller.principal,
            "action": need.action,
            "resource": {
                "resource": need.resource if need.resource == "*" else need.resource.translate(_LETTERS_FOR_WILDCARDS),
                "accountId": account,
            },
            "contextVariables": context,
        },
        "identityPolicies": policies,
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
        **({"resourcePolicy": {"Version": VERSION, "Statement": of_resource}} if of_resource else {}),
    }


def _grant(spoken: Mapping[str, Any], statements: list[StatementId]) -> Grant:
    return Grant(statements[int(spoken["sid"][1:])], tuple(spoken["actions"]), tuple(spoken["resources"]))
