"""Lambda invocations, and where functions log.

moto: runs functions in Docker, or not at all; drops LoggingConfig.
Here: in warm processes under the real runtime client (local.engine.functions); GetFunctionConfiguration names the
log group.
Upstream: none; moto means it so. No issue found on LoggingConfig.
"""

import base64
import threading
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.engine.functions import LATEST
from local.engine.seams import faults, host
from local.engine.seams.patching import original, replace

_create = original(LambdaFunction, "create_from_cloudformation_json")
_get_configuration = LambdaFunction.get_configuration


def install() -> None:
    """Invoke processes, and tell where they log."""
    replace(LambdaFunction, "invoke", _invoke)
    replace(LambdaFunction, "create_from_cloudformation_json", classmethod(_create_logging))
    replace(LambdaFunction, "get_configuration", _configuration)


def _create_logging(cls: Any, resource_name: str, cloudformation_json: Any, *given: Any, **named: Any) -> Any:
    function = _create(cls, resource_name, cloudformation_json, *given, **named)
    function.logging = cloudformation_json["Properties"].get("LoggingConfig", {})
    return function


def _configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
    logging = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"} | getattr(self, "logging", {})
    return {**_get_configuration(self, on_create), "LoggingConfig": logging}


def _invoke(self: Any, body: Any, request_headers: Any, response_headers: dict[str, str]) -> bytes:
    payload = body if isinstance(body, bytes) else str(body or "{}").encode()
    invocation = (request_headers or {}).get("x-amz-invocation-type", "RequestResponse")
    if invocation == "DryRun":
        return b""
    version = str(self.version)
    name = self.function_name if version == LATEST else f"{self.function_name}:{version}"
    if invocation == "Event":
        threading.Thread(target=host.current().invoke_function, args=(name, payload), daemon=True).start()
        return b""
    fault = faults.from_client_context((request_headers or {}).get("x-amz-client-context"))
    result = host.current().invoke_function(name, payload, fault)
    if result.error:
        response_headers["x-amz-function-error"] = result.error
    response_headers["x-amz-log-result"] = base64.b64encode(result.log_tail.encode()).decode()
    response_headers["x-amz-executed-version"] = version
    return result.payload
