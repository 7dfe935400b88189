"""An embedded engine that runs a SAM project's own template in one process tree: no Docker, no AWS account.

It knows nothing of what the project does. It reads the template, the code that the template points at and
the Dockerfiles of its container tasks; it starts functions and containers as processes; moto plays the
services between them.

    with Engine.deploy("template.yaml", parameters={"Environment": "dev"}) as engine:
        engine.client("s3").upload_file("take.wav", engine.outputs["BucketName"], "incoming/take.wav")
"""

from local.engine import aws_session  # noqa: F401 - before every import of moto's
from local.engine.engine import Engine
from local.engine.errors import DeploymentError, EngineError, TemplateError
from local.engine.executions import ExecutionResult, Pause, StateVisit
from local.engine.faults import Fault, FaultError
from local.engine.logs import LogLine
from local.engine.template import SkippedResource

__all__ = [
    "DeploymentError",
    "Engine",
    "EngineError",
    "ExecutionResult",
    "Fault",
    "FaultError",
    "LogLine",
    "Pause",
    "SkippedResource",
    "StateVisit",
    "TemplateError",
]
