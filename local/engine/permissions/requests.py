"""Requests of AWS clients, read back into the operation and the parameters that a client was called with.

moto has routers and parsers of its own for every protocol, made from botocore's models: they are used here.
"""

import io
import re
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from local.engine.errors import EngineError

# the header in which the engine's own clients say for which state they call
PLACE_HEADER = "X-Engine-Place"
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[^/]*/([^/]*)/([^/]*)/aws4_request")
# a client is named otherwise than what it signs for
_CLIENTS = {"states": "stepfunctions", "monitoring": "cloudwatch"}
# what these carry in their bodies is the user's data, and may be long
_UNREAD = {"PutObject", "UploadPart"}


class UnreadableRequestError(EngineError):
    """A request that is none of any operation that botocore knows."""


@dataclass(frozen=True)
class AwsRequest:
    """A call of an operation. `service` is the name in policies' actions; `parameters` are as botocore names them."""

    service: str
    operation: str
    region: str
    parameters: dict[str, Any]
    model: OperationModel
    protocol: str

    @property
    def service_model(self) -> ServiceModel:
        """Botocore's model of the service."""
        return self.model.service_model


def access_key_of(environ: dict[str, Any]) -> str | None:
    """Return the access key that a WSGI request is signed with, if it is."""
    signed = _signed(environ)
    return signed.access_key if signed else None


def place_of(environ: dict[str, Any]) -> str:
    """Return the state that a request of the interpreter's is made for."""
    return unquote(environ.get(f"HTTP_{PLACE_HEADER.upper().replace('-', '_')}", ""))


def read(environ: dict[str, Any]) -> AwsRequest:
    """Read a signed WSGI request; its body can be read again afterwards.

    Raises:
        UnreadableRequestError: no operation is like this.

    """
    signed = _signed(environ)
    if signed is None:
        raise UnreadableRequestError("It isn't signed.")
    client = _CLIENTS.get(signed.service, signed.service)
    try:
        router = get_service_router(client)
        if client != "s3":
            _rewind(environ)
        operation, uri_parameters = router.match(Request(environ))
        protocol = determine_request_protocol(get_service_model(client), environ.get("CONTENT_TYPE"))
    except (NotFound, NotImplementedError, ValueError) as error:
        raise UnreadableRequestError(f"It is no operation of {client} that is known.") from error
    parameters = _parameters(environ, operation, protocol, uri_parameters)
    service = "cloudwatch" if client == "cloudwatch" else signed.service
    return AwsRequest(service, str(operation.name), signed.region, parameters, operation, protocol)


class _Signed(NamedTuple):
    access_key: str
    region: str
    service: str


def _signed(environ: dict[str, Any]) -> _Signed | None:
    """Return who signed a request, and for what: in its header, or in its address."""
    query = parse_qs(environ.get("QUERY_STRING", ""))
    presigned = "Credential=" + query.get("X-Amz-Credential", [""])[0]
    if found := _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "")) or _CREDENTIAL.search(presigned):
        return _Signed(*found.groups())
    # S3's addresses are still signed the old way where nothing else is asked for
    old = query.get("AWSAccessKeyId")
    return _Signed(old[0], "us-east-1", "s3") if old else None


def _parameters(
    environ: dict[str, Any], operation: OperationModel, protocol: str, uri_parameters: dict[str, Any]
) -> dict[str, Any]:
    body = b"" if operation.name in _UNREAD else _rewind(environ)
    request = Request(environ)
    parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.args if operation.name in _UNREAD else request.values,
            "headers": request.headers,
            "body": body,
            "url_path": request.path,
            "url_params": uri_parameters,
        }
    )
    environ["wsgi.input"].seek(0) if body else None
    return parsed


def _rewind(environ: dict[str, Any]) -> bytes:
    """Return the body, and leave it to be read again."""
    stream = environ["wsgi.input"]
    if not isinstance(stream, io.BytesIO):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        stream = environ["wsgi.input"] = io.BytesIO(stream.read(length) if length else b"")
    stream.seek(0)
    body: bytes = stream.read()
    stream.seek(0)
    return body
