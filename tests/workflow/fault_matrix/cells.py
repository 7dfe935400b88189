"""What can go wrong at each Task state of ProcessRecording, and what must then come of it.

A cell is a state, a class of fault, and how often it strikes: once or for ever. The numbers of attempts are written
out, not computed from the definition: whoever changes a Retry must change what is promised here.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

type Strikes = Literal["once", "for ever"]
type End = Literal["Processed", "Rejected", "AlreadyProcessed", "Failed", "ExplainFailure"]
type Leaves = Literal["result", "rejection", "failure", "settled", "claim", "nothing"]

FUNCTION_STATES = ("ValidateUpload", "ExtractMetadata", "PersistResult")
TABLE_STATES = ("ClaimRecording", "RecordRejection", "RecordFailure")
BUS_STATES = ("AnnounceResult", "AnnounceFailure")
TASK_ROWS = ("ProcessAudio",)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One thing that goes wrong, and what must come of it.

    Attributes:
        state: where.
        column: the class of fault.
        strikes: how often.
        fault: what is injected there, as `--fault` takes it, without the state; several one after the other with ` + `
            between them; None for nothing.
        end: the state in which the execution ends.
        leaves: what the table holds when it has ended: a `claim` is a record that is still PROCESSING, for whoever
            holds it; a failure is `settled` when SettleRecordings recorded it.
        attempts: how often the state is tried in all.
        code: the record's processing_error.code, for a failure.

    """

    state: str
    column: str
    strikes: Strikes
    fault: str | None
    end: End
    leaves: Leaves
    attempts: int
    code: str | None = None

    @property
    def name(self) -> str:
        return f"{self.state}: {self.column}, {self.strikes}"

    @property
    def faults(self) -> list[str]:
        """All that is injected: the fault itself, and what leads there."""
        if self.fault is None:
            return []
        times = "*" if self.strikes == "for ever" else "1"
        faults = [f"{self.state}={fault}x{times}" for fault in self.fault.split(" + ")]
        return [*faults, *_LEADING_TO.get(self.state, ())]

    @property
    def is_of_a_text_file(self) -> bool:
        """Whether the upload must be one that is rejected, for the state to be reached."""
        return self.state == "RecordRejection"


# RecordFailure is reached by a bug in the last task, when there is a claim that it must settle.
_LEADING_TO = {
    "RecordFailure": ("PersistResult=KeyError:'oneShots'",),
    "AnnounceFailure": ("PersistResult=KeyError:'oneShots'",),
}


@dataclass(frozen=True)
class _Transient:
    """A fault that passes: `attempts` are those of a state which it strikes for ever."""

    column: str
    fault: str
    attempts: int
    code: str


_OF_FUNCTIONS = (
    _Transient("throttled", "Lambda.TooManyRequestsException", 9, "Lambda.TooManyRequestsException"),
    _Transient("service error", "Lambda.ServiceException", 6, "Lambda.ServiceException"),
    _Transient("answer lost", "lost:Lambda.SdkClientException", 6, "Lambda.SdkClientException"),
    _Transient("killed", "signal:9", 4, "Runtime.ExitError"),
    _Transient("out of memory", "oom", 4, "Runtime.OutOfMemory"),
    _Transient("function timeout", "timeout", 4, "Sandbox.Timedout"),
    _Transient("hang", "hang", 4, "Timeout"),
)
_OF_TABLES = (
    _Transient("throttled", "DynamoDB.ThrottlingException", 9, "DynamoDB.ThrottlingException"),
    _Transient("service error", "DynamoDB.InternalServerError", 6, "DynamoDB.InternalServerError"),
    _Transient("answer lost", "lost:DynamoDB.SdkClientException", 6, "DynamoDB.SdkClientException"),
    _Transient("hang", "hang", 6, "Timeout"),
)
_OF_BUSES = (
    _Transient("throttled", "EventBridge.ThrottlingException", 7, "EventBridge.ThrottlingException"),
    _Transient("service error", "EventBridge.InternalException", 7, "EventBridge.InternalException"),
    _Transient("entry failed", "EventBridge.FailedEntry", 7, "EventBridge.FailedEntry"),
    _Transient("answer lost", "lost:EventBridge.SdkClientException", 7, "EventBridge.SdkClientException"),
    _Transient("hang", "hang", 7, "Timeout"),
)
# Every other error that the definition tries again, as many in one execution as its retriers take.
_OTHER_NAMES = {
    FUNCTION_STATES: (
        (
            "Lambda.ClientExecutionTimeoutException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
            "Lambda.Unknown", "AwsCallFailed",
        ),
        ("Sandbox.Timedout", "Runtime.ExitError", "Runtime.OutOfMemory"),
    ),
    TABLE_STATES: (
        (
            "DynamoDB.ProvisionedThroughputExceededException", "DynamoDB.ProvisionedThroughputExceeded",
            "DynamoDB.RequestLimitExceeded", "DynamoDB.InternalServerErrorException", "DynamoDB.ServiceUnavailable",
            "DynamoDB.SdkClientException", "DynamoDB.AmazonDynamoDBException",
        ),
    ),
    BUS_STATES: (
        (
            "EventBridge.InternalFailure", "EventBridge.ServiceUnavailable", "EventBridge.SdkClientException",
            "EventBridge.AmazonEventBridgeException",
        ),
    ),
    TASK_ROWS: (("ECS.AmazonECSException", "ECS.SdkClientException"),),
}  # fmt: skip
_UNREADABLE = 'Lambda.ResourceNotFoundException:{"this is": no JSON}'
# A task is tried on ever larger sizes (6), on demand with patience (once on Spot, then 21 times), or anew (5 in all).
_OF_CONTAINERS = (
    _Transient("throttled", "ECS.ThrottlingException", 11, "ECS.ThrottlingException"),
    _Transient("service error", "ECS.ServerException", 4, "ECS.ServerException"),
    _Transient("answer lost", "lost:ECS.SdkClientException", 4, "ECS.SdkClientException"),
    _Transient("no capacity", "no-capacity", 22, "AmazonECS.Unknown"),
    _Transient(
        "quota reached",
        "ECS.ClientException:You've reached the limit on the number of vCPUs",
        22,
        "ECS.ClientException",
    ),
    _Transient(
        "no resources", 'AmazonECS.Unknown:{"Failures": [{"Reason": "RESOURCE:MEMORY"}]}', 22, "AmazonECS.Unknown"
    ),
    _Transient(
        "throttled otherwise", "ECS.InvalidParameterException:Rate exceeded", 5, "ECS.InvalidParameterException"
    ),
    _Transient("cannot start", "cannot-start", 5, "TaskFailed"),
    _Transient("out of memory", "oom", 6, "TaskFailed"),
    _Transient("killed", "signal:9", 6, "TaskFailed"),
    _Transient("exit 137", "exit:137", 6, "TaskFailed"),
    _Transient("exit 1", "exit:1", 5, "TaskFailed"),
    _Transient("exit 0, no result", "exit:0", 6, "ResultMissing"),
)


def cells() -> Iterator[Cell]:
    """Return every cell of the matrix."""
    for state in FUNCTION_STATES:
        yield from _passing(state, _OF_FUNCTIONS)
        yield _final(state, "bug", "KeyError:'sizeBytes'", code="KeyError")
        yield _final(
            state,
            "user's fault",
            "InvalidUpload:NOT_AUDIO: it is none",
            end="Rejected",
            leaves="rejection",
            code="NOT_AUDIO",
        )
    for state in TABLE_STATES:
        yield from _passing(state, _OF_TABLES)
        yield _final(state, "bug", "DynamoDB.ValidationException", code="DynamoDB.ValidationException")
    yield _final("ClaimRecording", "held by another", _NOT_OURS, end="AlreadyProcessed", leaves="nothing")
    yield _final("RecordRejection", "held by another", _NOT_OURS, end="AlreadyProcessed", leaves="nothing")
    yield _final("PersistResult", "held by another", "ClaimLost:taken over", end="AlreadyProcessed", leaves="claim")
    yield _final("RecordFailure", "held by another", _NOT_OURS)
    for state in BUS_STATES:
        yield from _passing(state, _OF_BUSES)
        yield _final(state, "bug", "EventBridge.ValidationException", code="EventBridge.ValidationException")
    yield from _passing("ProcessAudio", _OF_CONTAINERS)
    yield _mended("ProcessAudio", "Spot interruption", "spot")
    yield _final("ProcessAudio", "hang", "hang", code="Timeout")
    yield _final("ProcessAudio", "refused", "ECS.InvalidParameterException", code="ECS.InvalidParameterException")
    yield _final("ProcessAudio", "not allowed", "ECS.AccessDeniedException", code="ECS.AccessDeniedException")

    for states, names in _OTHER_NAMES.items():
        for state, some in itertools.product(states, names):
            yield _mended(state, "each other error", " + ".join(some), attempts=len(some) + 1)
    for state in (*FUNCTION_STATES, *TABLE_STATES, *BUS_STATES, *TASK_ROWS):
        yield _mended(state, "slow", "slow:25", attempts=1)
    for state in FUNCTION_STATES:
        yield _final(
            state, "unreadable cause", _UNREADABLE, end="ExplainFailure", leaves="settled", code="QueryEvaluationError"
        )


_NOT_OURS = "DynamoDB.ConditionalCheckFailedException"


def _passing(state: str, transients: tuple[_Transient, ...]) -> Iterator[Cell]:
    for each, strikes in itertools.product(transients, ("once", "for ever")):
        if strikes == "once":
            yield _mended(state, each.column, each.fault)
        else:
            yield _final(state, each.column, each.fault, code=each.code, attempts=each.attempts)


def _mended(state: str, column: str, fault: str, *, attempts: int = 2) -> Cell:
    """Return the cell of a fault that strikes once and is got over."""
    end, leaves = _WHEN_MENDED.get(state, ("Processed", "result"))
    return Cell(
        state=state, column=column, strikes="once", fault=fault, end=end, leaves=leaves, attempts=attempts,
        code=_CODES_WHEN_MENDED.get(state),
    )  # fmt: skip


def _final(
    state: str,
    column: str,
    fault: str,
    *,
    end: End = "Failed",
    leaves: Leaves | None = None,
    code: str | None = None,
    attempts: int = 1,
) -> Cell:
    left, kept = _WHEN_FAILED.get((state, column), _WHEN_FAILED.get((state, None), ("failure", None)))
    return Cell(
        state=state, column=column, strikes="for ever", fault=fault, end=end, attempts=attempts,
        leaves=leaves or left, code=kept or code,
    )  # fmt: skip


# Where the way leads once the state has got through.
_WHEN_MENDED: dict[str, tuple[End, Leaves]] = {
    "RecordRejection": ("Rejected", "rejection"),
    "RecordFailure": ("Failed", "failure"),
    "AnnounceFailure": ("Failed", "failure"),
}
_CODES_WHEN_MENDED = {"RecordRejection": "NOT_AUDIO", "RecordFailure": "KeyError", "AnnounceFailure": "KeyError"}
# What is left where it is not simply a recorded failure. RecordRejection's own failure is recorded by RecordFailure,
# unless its write got through and only its answer was lost: then the rejection stands.
_WHEN_FAILED: dict[tuple[str, str | None], tuple[Leaves, str | None]] = {
    ("RecordFailure", None): ("settled", "KeyError"),
    ("RecordFailure", "answer lost"): ("failure", "KeyError"),
    ("RecordRejection", "answer lost"): ("rejection", "NOT_AUDIO"),
    ("AnnounceResult", None): ("result", None),
    ("AnnounceFailure", None): ("failure", "KeyError"),
    ("PersistResult", "answer lost"): ("result", None),
}
