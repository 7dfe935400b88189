"""Lambda invocations.

moto: runs functions in Docker, or not at all.
Here: in warm processes under the real runtime client (local.engine.functions).
Upstream: none; moto means it so.
"""

import base64
import threading
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.engine.functions import LATEST
from local.engine.seams import faults, host
from local.engine.seams.patching import replace


def install() -> None:
    """Invoke processes."""
    replace(LambdaFunction, "invoke", _invoke)


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
