"""What Lambda and ECS do in the name of functions' and tasks' roles, and under their execution roles.

Each does nothing, and allows everything, where permissions are not enforced.
"""

import re
from typing import Self

from moto.awslambda.exceptions import LambdaClientError

from local.engine.permissions.calls import Need
from local.engine.permissions.permissions import DeniedError, Permissions, Session

_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)[:@].+")


class _Agent:
    service = ""

    def __init__(self, permissions: Permissions | None, account: str, region: str) -> None:
        self._permissions = permissions
        self._account = account
        self._region = region

    @classmethod
    def of_nobody(cls) -> Self:
        """Return an agent that judges nobody."""
        return cls(None, "", "")

    def _session(self, role_arn: str, *, name: str, source: str) -> Session | None:
        if self._permissions is None:
            return None
        return self._permissions.take_on(role_arn, service=self.service, name=name, source=source, place=name)

    def _check(self, session: Session | None, needs: list[Need], operation: str) -> None:
        if self._permissions and session:
            self._permissions.check(session.caller, needs, operation=operation)

    def _stream(self, group: str, stream: str) -> str:
        return f"arn:aws:logs:{self._region}:{self._account}:log-group:{group}:log-stream:{stream}"


class FunctionAgent(_Agent):
    """What Lambda does for a function."""

    service = "lambda.amazonaws.com"

    def take_on(self, role_arn: str, function: str) -> Session | None:
        """Take a function's role on.

        Raises:
            LambdaClientError: the role's trust policy doesn't let Lambda; its API answers so.

        """
        source = f"arn:aws:lambda:{self._region}:{self._account}:function:{function}"
        try:
            return self._session(role_arn, name=function, source=source)
        except DeniedError as error:
            raise LambdaClientError("AccessDeniedException", str(error)) from error

    def may_log(self, session: Session | None, group: str, stream: str) -> bool:
        """Say whether the function's role may write its log; a function runs without one, too."""
        needs = [Need(f"logs:{action}", self._stream(group, stream)) for action in ("CreateLogStream", "PutLogEvents")]
        try:
            self._check(session, needs, "the function's log")
        except DeniedError:
            return False
        return True


class TaskAgent(_Agent):
    """What ECS does for a task."""

    service = "ecs-tasks.amazonaws.com"

    def take_on(self, role_arn: str, family: str) -> Session | None:
        """Take a task's role on; a task without one has a session that may do nothing.

        Raises:
            DeniedError: the role's trust policy doesn't let ECS.

        """
        if not role_arn:
            return self._permissions.in_own_name("task-without-role", source=family) if self._permissions else None
        return self._session(role_arn, name=family, source=self._source())

    def pull(self, role_arn: str, image: str, family: str) -> None:
        """Pull an image from the account's registry, as ECS does under the execution role.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam-awsmanpol.html (PullOnly)

        Raises:
            DeniedError: the role may not.

        """
        found = _IMAGE.fullmatch(image)
        if found is None:
            return
        account, region, name = found.groups()
        repository = f"arn:aws:ecr:{region}:{account}:repository/{name}"
        needs = [
            Need("ecr:GetAuthorizationToken", "*"),
            Need("ecr:BatchGetImage", repository),
            Need("ecr:GetDownloadUrlForLayer", repository),
        ]
        self._check(self._execution_session(role_arn, family), needs, "the pull of the image")

    def open_log(self, role_arn: str, group: str, stream: str, family: str) -> None:
        """Make a container's log stream, as ECS does under the execution role.

        Raises:
            DeniedError: the role may not.

        """
        needs = [Need(f"logs:{action}", self._stream(group, stream)) for action in ("CreateLogStream", "PutLogEvents")]
        self._check(self._execution_session(role_arn, family), needs, "the container's log")

    def _execution_session(self, role_arn: str, family: str) -> Session | None:
        return self._session(role_arn, name=family, source=self._source()) if role_arn else None

    def _source(self) -> str:
        return f"arn:aws:ecs:{self._region}:{self._account}:*"
