"""The objects that a Distributed Map lists in S3.

moto: reads the first page of the listing alone, fails with a KeyError where there is no object, and hands on
times as datetimes.
Here: every page; no object is no item; an item is as Step Functions makes it: Etag, Key, LastModified in epoch
seconds, Size, StorageClass. A listing that fails is States.ItemReaderFailed.
Upstream: no issue found.
"""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (
    ResourceEvalS3,
)

from local.engine.seams import clients
from local.engine.seams.patching import replace


def install() -> None:
    """List to the end."""
    replace(ResourceEvalS3, "_handle_list_objects_v2", staticmethod(_list_objects))


def _list_objects(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
    parameters = env.stack.pop()
    try:
        env.stack.append(
            list(_items(clients.client_for(resource_runtime_part.region, "s3", state_credentials), parameters))
        )
    except ClientError as error:
        raise _failure(env, str(error)) from error


def _items(s3: Any, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(**parameters):
        for listed in page.get("Contents", []):
            yield {
                "Etag": listed["ETag"],
                "Key": listed["Key"],
                "LastModified": int(listed["LastModified"].timestamp()),
                "Size": listed["Size"],
                "StorageClass": listed.get("StorageClass", "STANDARD"),
            }


def _failure(env: Any, cause: str) -> FailureEventException:
    error = StatesErrorName(typ=StatesErrorNameType.StatesItemReaderFailed)
    details: Any = {"mapRunFailedEventDetails": {"error": error.error_name, "cause": cause}}
    return FailureEventException(
        FailureEvent(env=env, error_name=error, event_type=HistoryEventType.MapRunFailed, event_details=details)
    )
