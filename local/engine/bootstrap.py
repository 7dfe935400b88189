"""A runtime client in plain Python, for machines where the native `awslambdaric` doesn't import.

    python bootstrap.py package.module.handler

It speaks the Runtime API as `awslambdaric` does: init errors, the context object, responses and errors with
their types and stack traces. It is a script, and imports nothing of the engine.
"""

import importlib
import json
import os
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable
from typing import Any

_API = "http://{}/2018-06-01/runtime/"


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, headers: Any) -> None:
        self.aws_request_id: str = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn: str = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


def describe(error: BaseException) -> bytes:
    """Return an error as Lambda reports it."""
    return json.dumps(
        {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
    ).encode()


def load(handler: str) -> Callable[[Any, Context], Any]:
    """Import `package.module.function`."""
    module, _, function = handler.rpartition(".")
    loaded: Callable[[Any, Context], Any] = getattr(importlib.import_module(module.replace("/", ".")), function)
    return loaded


def post(path: str, body: bytes) -> None:
    """Post to the Runtime API."""
    request = urllib.request.Request(_api() + path, data=body, method="POST")  # noqa: S310 - loopback http
    urllib.request.urlopen(request).read()  # noqa: S310


def serve(handler: Callable[[Any, Context], Any]) -> None:
    """Answer invocations until the API goes away."""
    while True:
        with urllib.request.urlopen(_api() + "invocation/next", timeout=None) as response:  # noqa: S310
            context, event = Context(response.headers), json.load(response)
        os.environ["_X_AMZN_TRACE_ID"] = response.headers["Lambda-Runtime-Trace-Id"]
        try:
            body, outcome = json.dumps(handler(event, context)).encode(), "response"
        except Exception as error:  # noqa: BLE001 - the handler's: reported to the caller, as Lambda does
            body, outcome = describe(error), "error"
        sys.stdout.flush()
        post(f"invocation/{context.aws_request_id}/{outcome}", body)


def main() -> None:
    """Load the handler and serve."""
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    try:
        handler = load(sys.argv[1])
    except BaseException as error:
        post("init/error", describe(error))
        raise
    serve(handler)


def _api() -> str:
    return _API.format(os.environ["AWS_LAMBDA_RUNTIME_API"])


if __name__ == "__main__":
    main()
