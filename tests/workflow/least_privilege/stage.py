"""The deployed stack with its permissions enforced, and what the scenarios do on it."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from local.engine import Engine
from local.engine.permissions.calls import Call, Need
from local.engine.permissions.permissions import DeniedError, Permissions
from tests.workflow.process_recording.stack import Stack, Upload
from tests.workflow.reprocess_recordings.reprocessing import Reprocessing
from tests.workflow.settle_recordings.settlements import Settlements

ROOT = Path(__file__).parents[3]
WAIT_SECONDS = 60.0
_SOON_SECONDS = 2.0
_ARN = re.compile(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:\d*:")

Outcome = dict[str, Any]


def deploy() -> Engine:
    """Deploy with permissions enforced. No pause lasts, and nothing fires by the clock."""
    return Engine.deploy(ROOT / "template.yaml", time_scale=0, enforce_permissions=True)


class Stage:
    """Uploads, hooks and outcomes; as a context it can be hooked into. `visited` names the states that were run."""

    def __init__(self, engine: Engine) -> None:
        assert engine.permissions is not None
        self.engine = engine
        self.permissions: Permissions = engine.permissions
        self.stack = Stack(engine)
        self.settlements = Settlements(self.stack)
        self.reprocessing = Reprocessing(self.stack)
        self._calls: list[Call] = []
        self.permissions.observers.append(self._calls.append)
        self.visited: set[str] = set()
        engine.watch_states(lambda _, visit: self.visited.add(visit.name))
        names = {_name(physical): logical for logical, physical in engine.resources.items() if _name(physical)}
        self._logical_ids = {name: names[name] for name in sorted(names, key=len, reverse=True)}

    def __enter__(self) -> Self:
        self.reprocessing.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.reprocessing.__exit__()

    def take_calls(self) -> list[Call]:
        """Return the calls that were judged since this was asked last."""
        self.engine.settle_events(WAIT_SECONDS)
        taken = list(self._calls)
        del self._calls[: len(taken)]
        return taken

    def operations(self) -> set[str]:
        """Return the operations that were called since the calls were taken last."""
        return {call.operation for call in self._calls}

    def is_denied(self, action: str) -> bool:
        """Say whether an action was denied since the calls were taken last."""
        return any(call.need.action == action and not call.allowed for call in self._calls)

    def readable(self, text: str) -> str:
        """Return an ARN, or the name of something that is deployed, as the template names it."""
        text = _ARN.sub("", text)
        for physical, logical in self._logical_ids.items():
            text = text.replace(physical, logical)
        return text

    def upload(self, name: str, body: bytes, *, folder: str = "public/unprocessed/demo", **metadata: str) -> Upload:
        """Upload under a name that no other upload has, with a tag."""
        key = f"{folder}/{uuid.uuid4().hex[:8]} {name}"
        answer = self.stack.s3.put_object(
            Bucket=self.stack.bucket, Key=key, Body=body, Metadata=metadata, Tagging="made-by=test"
        )
        return Upload(self.stack.bucket, key, answer["VersionId"])

    def delete(self, upload: Upload) -> None:
        """Delete an upload for good."""
        self.stack.s3.delete_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version_id)

    def outcome_of(self, upload: Upload) -> Outcome:
        """Wait until all that an upload starts has ended; returns what came of it."""
        try:
            execution = self.engine.wait_for_execution(_is_about(upload), _SOON_SECONDS)
        except TimeoutError:
            return {"started": False, "dead letters": self.dead_letters("FailedStartsQueueUrl")}
        return {"started": True, **self.outcome_of_execution(execution, upload)}

    def outcome_of_execution(self, execution: str, upload: Upload) -> Outcome:
        """Wait for an execution, and for its settlement where it ended badly; returns what came of it."""
        result = self.engine.wait(execution, WAIT_SECONDS)
        settled = None if result.status == "SUCCEEDED" else self._settlement_of(execution)
        record = self.stack.record(upload) or {}
        return {
            "end": result.end_state,
            "status": result.status,
            "error": result.error,
            "settled": settled,
            "record": record.get("processing_status"),
            "code": (record.get("processing_error") or {}).get("code"),
            "one-shots": len(self.stack.one_shots(upload)),
            "outputs": sorted(name.removeprefix(f"{_mark(upload)} ") for name in self.stack.outputs(upload)),
            "announced": [event["detail-type"] for event in self.stack.announcements(upload)],
        }

    def dead_letters(self, queue: str) -> int:
        """Empty a dead-letter queue, by the name of its output; returns how many messages it held."""
        self.engine.settle_events(WAIT_SECONDS)
        sqs, url, count = self.engine.client("sqs"), self.engine.outputs[queue], 0
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                count += 1
        return count

    def may_be_told(self, topic: str) -> bool:
        """Say whether CloudWatch may tell a topic, by its logical id, of an alarm."""
        alarms = f"arn:aws:cloudwatch:{self.engine.region}:{self.engine.account}:alarm:any"
        session = self.permissions.in_own_name("cloudwatch.amazonaws.com", source=alarms)
        need = Need("sns:Publish", self.engine.resources[topic])
        try:
            self.permissions.check(session.caller, [need], operation="Publish", place="alarms")
        except DeniedError:
            return False
        return True

    @contextmanager
    def before(self, function: str, do: Callable[[], Any]) -> Iterator[None]:
        """Do something each time before a function, by its logical id, is invoked."""
        physical = self.engine.resources[function]

        def hook(invoked: str, event: dict[str, Any]) -> None:
            if invoked.partition(":")[0] in (physical, function):
                do()

        with self.reprocessing.invoking(hook):
            yield

    @contextmanager
    def before_tasks(self, do: Callable[[], Any]) -> Iterator[None]:
        """Do something each time before a container task is started."""
        start = self.engine.tasks.start

        def start_after(moto_task: Any, definition: Any) -> None:
            do()
            start(moto_task, definition)

        self.engine.tasks.start = start_after  # type: ignore[method-assign]
        try:
            yield
        finally:
            self.engine.tasks.start = start  # type: ignore[method-assign]

    def stop_codes(self, upload: Upload) -> list[str]:
        """Return how the container tasks of an upload's recording were ended."""
        self.engine.tasks.wait_until_idle(WAIT_SECONDS)
        ecs, cluster = self.engine.client("ecs"), self.engine.resources["Cluster"]
        arns = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
        described = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        return sorted(task["stopCode"] for task in described if upload.recording_id in json.dumps(task["overrides"]))

    def _settlement_of(self, execution: str) -> str | None:
        """Return where the settlement of an execution ended; None when there was none."""

        def is_about_the_execution(event: dict[str, Any]) -> bool:
            return event.get("source") == "aws.states" and event["detail"]["executionArn"] == execution

        self.engine.settle_events(WAIT_SECONDS)
        try:
            settlement = self.engine.wait_for_execution(is_about_the_execution, _SOON_SECONDS)
        except TimeoutError:
            return None
        return self.engine.wait(settlement, WAIT_SECONDS).end_state


def until(look: Callable[[], bool], seconds: float = WAIT_SECONDS) -> bool:
    """Look until something is so, or the time is up."""
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def _is_about(upload: Upload) -> Callable[[dict[str, Any]], bool]:
    def matches(event: dict[str, Any]) -> bool:
        uploaded = event.get("detail", {}).get("object", {})
        is_object = isinstance(uploaded, dict)
        return is_object and (uploaded.get("key"), uploaded.get("version-id")) == (upload.key, upload.version_id)

    return matches


def _mark(upload: Upload) -> str:
    """Return what makes an upload's name its own."""
    return upload.key.rpartition("/")[2].partition(" ")[0]


def _name(physical: str) -> str:
    """Return what of a physical id stands in ARNs; empty for a log group, which is named after what writes there."""
    if physical.startswith("/"):
        return ""
    if ":task-definition/" in physical:
        return physical.rsplit("/", 1)[-1].partition(":")[0]
    return physical.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
