"""The names of errors of `aws-sdk` integrations.

moto: takes the service's name as the ARN writes it (`s3.`), and an error that botocore has no class for is a
`ClientError`: HeadObject's 404 among them.
Here: as the SDK that Step Functions uses names them: S3.NoSuchKeyException, S3.S3Exception for any other.
Upstream: no issue found.
"""

from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)

from local.engine.seams.patching import replace

_SERVICES = {"dynamodb": "DynamoDb", "eventbridge": "EventBridge", "s3": "S3", "sfn": "Sfn", "sqs": "Sqs", "sns": "Sns"}
# answers to HEAD have no body, and so no name
_NAMELESS = {("s3", "headObject", "404"): "NoSuchKeyException", ("s3", "headBucket", "404"): "NoSuchBucketException"}
_from_moto = StateTaskServiceAwsSdk._from_error


def install() -> None:
    """Name errors."""
    replace(StateTaskServiceAwsSdk, "_from_error", _from_error)


def _from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
    if not isinstance(ex, ClientError):
        event: FailureEvent = _from_moto(self, env=env, ex=ex)
        return event
    service = _SERVICES.get(self.resource.api_name.lower(), self.resource.api_name.capitalize())
    answer = ex.response["ResponseMetadata"]
    cause = (
        f"{ex.response['Error'].get('Message', '')} (Service: {service}, Status Code: {answer['HTTPStatusCode']}, "
        f"Request ID: {answer.get('RequestId', '')})"
    )
    named: FailureEvent = self._get_task_failure_event(
        env=env, error=f"{service}.{_name(self.resource, service, ex)}", cause=cause
    )
    return named


def _name(resource: Any, service: str, error: ClientError) -> str:
    if type(error) is ClientError:
        asked = (resource.api_name.lower(), resource.api_action, error.response["Error"].get("Code", ""))
        return _NAMELESS.get(asked, f"{service}Exception")
    name = type(error).__name__
    return name if name.endswith("Exception") else f"{name}Exception"
