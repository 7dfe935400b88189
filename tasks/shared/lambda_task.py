"""The frame around every task: parse the event, log with both ids, count and trace, return plain JSON."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parser import parse
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.errors import AwsCallFailed, InvalidUpload, RefusalCode
from shared.observability import logger, metrics, tracer

type JsonObject = dict[str, Any]
type Handler = Callable[[JsonObject, LambdaContext], JsonObject]


class WorkflowMessage(BaseModel):
    """A message between states: camelCase outside, snake_case inside, unknown fields ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    def to_json(self) -> JsonObject:
        """Return the message as a JSON-able dict with the contract's names."""
        return self.model_dump(mode="json", by_alias=True)


class TaskEvent(WorkflowMessage):
    """What every task's event carries."""

    recording_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    execution_arn: str = Field(min_length=1, max_length=2048)


def lambda_task[Event: TaskEvent](
    event_model: type[Event],
) -> Callable[[Callable[[Event], WorkflowMessage]], Handler]:
    """Make a Lambda handler of a function from a parsed event to a message.

    The handler raises what the function raises, and:
        pydantic.ValidationError: the event breaks the contract (a fault of the state machine).
        AwsCallFailed: in place of every error of boto3's.

    """

    def decorate(task: Callable[[Event], WorkflowMessage]) -> Handler:
        @wraps(task)
        def handler(event: JsonObject, context: LambdaContext) -> JsonObject:
            ids = {name: event.get(name) for name in ("executionArn", "recordingId")}
            logger.append_keys(**ids)
            for name, value in ids.items():
                tracer.put_annotation(name, str(value))
                metrics.add_metadata(name, value)
            return _run(lambda: task(parse(event=event, model=event_model)))

        # Not as stacked decorators: the order is the point, and `wraps` must stay innermost.
        observed = logger.inject_lambda_context(handler, clear_state=True)
        return tracer.capture_lambda_handler(metrics.log_metrics(observed), capture_response=False)

    return decorate


def _run(task: Callable[[], WorkflowMessage]) -> JsonObject:
    logger.info("task started")
    try:
        result = task().to_json()
    except InvalidUpload as refusal:
        logger.warning("upload refused", code=refusal.code, reason=refusal.message)
        metrics.add_metric(name="UploadsRefused", unit=MetricUnit.Count, value=1)
        metrics.add_dimensions(code=_bounded(refusal.code))
        raise
    except (BotoCoreError, ClientError) as error:
        logger.exception("AWS call failed")
        metrics.add_metric(name="TasksFailed", unit=MetricUnit.Count, value=1)
        raise AwsCallFailed(f"{type(error).__name__}: {error}") from error
    except Exception:
        # The runtime's own line about the error knows neither the execution nor the recording.
        logger.exception("task failed")
        metrics.add_metric(name="TasksFailed", unit=MetricUnit.Count, value=1)
        raise
    logger.info("task done", result=result)
    metrics.add_metric(name="TasksSucceeded", unit=MetricUnit.Count, value=1)
    return result


def _bounded(code: str) -> str:
    """Return the code as a dimension: its values are billed one by one, and a manifest may name any."""
    return code if code in set(RefusalCode) else "OTHER"
