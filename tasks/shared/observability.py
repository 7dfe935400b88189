"""The one logger, tracer and metrics of a function."""

import logging
import os

from aws_lambda_powertools import Logger, Metrics, Tracer

from shared.environment import TaskEnvironment

_environment = TaskEnvironment.read()

logger = Logger(
    service=_environment.powertools_service_name,
    level=_environment.log_level,
    utc=True,
)

metrics = Metrics(
    namespace=_environment.powertools_metrics_namespace,
    service=_environment.powertools_service_name,
)

# Lambda names the X-Ray daemon's address; anywhere else there is none to send segments to.
tracer = Tracer(
    service=_environment.powertools_service_name,
    disabled=None if "AWS_XRAY_DAEMON_ADDRESS" in os.environ else True,
    patch_modules=["botocore"],
)

# The tracer logs every exception that passes, without the ids; each is logged with them where tasks are run.
logging.getLogger("aws_lambda_powertools.tracing").setLevel(logging.CRITICAL)
