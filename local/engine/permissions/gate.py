"""Stands before the services: what a role's session asks for is judged, and refused where it is denied."""

import logging
import uuid
from collections.abc import Iterable
from typing import Any

from moto.core.errors import COMMON_ERROR_CODES
from moto.core.exceptions import ServiceException
from moto.core.serialize import get_serializer_class

from local.engine.permissions.calls import Need
from local.engine.permissions.evaluator import EvaluatorError
from local.engine.permissions.facts import Facts
from local.engine.permissions.needs import needs_of
from local.engine.permissions.permissions import DeniedError, Permissions, Session
from local.engine.permissions.requests import AwsRequest, UnreadableRequestError, access_key_of, place_of, read
from local.engine.permissions.s3_needs import source_of

_LOG = logging.getLogger(__name__)
# Every service answers so, and no model says it: moto would warn.
COMMON_ERROR_CODES.extend(("AccessDenied", "AccessDeniedException"))
_READS = {"GetObject", "HeadObject"}
_NOT_FOUND = "404"
_REQUEST_ID = {"s3": "x-amz-request-id"}


class Gate:
    """A WSGI application that lets another one answer only what is allowed.

    Only sessions of roles and services are judged; whoever else uses the engine is its user, who may do everything.
    """

    def __init__(self, application: Any, permissions: Permissions, *, account: str, facts: Facts) -> None:
        self._application = application
        self._permissions = permissions
        self._account = account
        self._facts = facts

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a refusal, or have the application answer."""
        session = self._permissions.session(access_key_of(environ))
        if session is None:
            return self._answer(environ, start_response)
        try:
            request = read(environ)
        except UnreadableRequestError as error:
            _LOG.warning("%s %s is refused: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], error)
            return _refused(start_response, str(error))
        place = place_of(environ)
        try:
            needs = needs_of(request, account=self._account, facts=self._facts)
            self._permissions.check(session.caller, needs, operation=request.operation, place=place)
        except (DeniedError, EvaluatorError) as error:
            if isinstance(error, EvaluatorError):
                _LOG.warning("%s", error)
            return _denied(start_response, request, str(error))
        return self._answer_without_telling_what_is_there(environ, start_response, session, request, place)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer

    def _answer_without_telling_what_is_there(
        self, environ: dict[str, Any], start_response: Any, session: Session, request: AwsRequest, place: str
    ) -> Iterable[bytes]:
        """Whoever may not list a bucket is not told that an object isn't there: 403 and not 404.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Permissions)
        """
        bucket = _bucket_read_of(request)
        if bucket is None:
            return self._answer(environ, start_response)
        started: list[Any] = []
        answer = self._answer(environ, lambda *given: started.extend(given))
        if started[0].startswith(_NOT_FOUND):
            need = Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")
            try:
                self._permissions.check(
                    session.caller, [need], operation=f"{request.operation} of what isn't there", place=place
                )
            except DeniedError as error:
                return _denied(start_response, request, str(error))
        start_response(*started)
        return answer


def _bucket_read_of(request: AwsRequest) -> str | None:
    if request.service != "s3":
        return None
    if request.operation in _READS:
        return str(request.parameters["Bucket"])
    source = request.parameters.get("CopySource")
    return source_of(source)[0] if source else None


class _AccessDeniedError(ServiceException):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _denied(start_response: Any, request: AwsRequest, message: str) -> Iterable[bytes]:
    """Refuse as the service does: in its protocol, with its code."""
    error = _AccessDeniedError("AccessDenied" if _is_brief(request) else "AccessDeniedException", message)
    serializer = get_serializer_class(request.service_model.service_name, request.protocol)
    answer = serializer(operation_model=request.model).serialize(error)
    body = answer["body"].encode() if isinstance(answer["body"], str) else bytes(answer["body"])
    # DynamoDB and its like answer 400, REST APIs and S3 403
    status = "400 Bad Request" if request.protocol == "json" else "403 Forbidden"
    headers = {str(name): str(value) for name, value in answer["headers"].items()}
    headers |= {
        "Content-Length": str(len(body)),
        _REQUEST_ID.get(request.service, "x-amzn-requestid"): str(uuid.uuid4()),
    }
    start_response(status, list(headers.items()))
    return [b"" if request.operation.startswith("Head") and request.service == "s3" else body]


def _is_brief(request: AwsRequest) -> bool:
    return request.protocol in ("rest-xml", "query", "ec2") or request.service == "sqs"


def _refused(start_response: Any, message: str) -> Iterable[bytes]:
    body = message.encode()
    start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
