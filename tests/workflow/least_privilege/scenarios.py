"""What is run: every state of the three state machines, and every way of theirs that needs a right of its own.

A scenario returns what came of it. Without a right that it needs, something else must come of it.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.recordings import RATE, beeps, wav_recording
from tests.workflow.least_privilege.stage import Outcome, Stage, until
from tests.workflow.process_recording.stack import Upload
from tests.workflow.settle_recordings.settlements import recording
from tests.workflow.test_dead_letters import without_machine

BEEP = wav_recording(beeps(1))
NO_RECORDING = b"no recording"
CHEAP = {"features": "cut-only"}
KEPT = {**CHEAP, "preserve-original": "true"}
OTHER_FOLDER = "unprocessed/demo"
HOLDER = "arn:aws:states:us-east-1:123456789012:execution:ProcessRecording:holder"


@dataclass(frozen=True)
class Scenario:
    """Something that is run.

    Attributes:
        name: what it is about.
        run: runs it, and returns what came of it.
        expects: what must come of it, as far as it is said.
        in_plain_http: whether clients don't use TLS in it.
        by_chance: the role whose calls in it depend on who is quicker, and prove nothing.

    """

    name: str
    run: Callable[[Stage], Outcome]
    expects: Outcome = field(hash=False)
    in_plain_http: bool = False
    by_chance: str = ""

    def __str__(self) -> str:
        return self.name


def processed(stage: Stage) -> Outcome:
    return stage.outcome_of(stage.upload("kept.wav", BEEP, **KEPT))


def processed_from_the_other_folder(stage: Stage) -> Outcome:
    return stage.outcome_of(stage.upload("kept.wav", BEEP, folder=OTHER_FOLDER, **KEPT))


def processed_in_parts(stage: Stage) -> Outcome:
    """A sound so long that its file is uploaded in parts."""
    time = np.arange(100 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    tone[:RATE] = tone[-RATE:] = 0
    outcome = stage.outcome_of(stage.upload("long.wav", wav_recording(tone.astype(np.float32)), **CHEAP))
    return {**outcome, "in parts": "CompleteMultipartUpload" in stage.operations()}


def rejected(stage: Stage) -> Outcome:
    return stage.outcome_of(stage.upload("text.wav", NO_RECORDING))


def uploaded_twice_over(stage: Stage) -> Outcome:
    upload = stage.upload("twice.wav", BEEP, **CHEAP)
    stage.outcome_of(upload)
    (again,) = stage.stack.start_again(upload, times=1)
    return stage.outcome_of_execution(again, upload)


def gone_before_it_is_validated(stage: Stage) -> Outcome:
    return _gone_before(stage, "ValidateUpload")


def gone_before_its_metadata_are_read(stage: Stage) -> Outcome:
    return _gone_before(stage, "ExtractMetadata")


def _gone_before(stage: Stage, function: str) -> Outcome:
    uploaded: list[Upload] = []
    is_uploaded = threading.Event()

    def delete() -> None:
        is_uploaded.wait(20)
        stage.delete(uploaded[0])

    with stage.before(function, delete):
        uploaded.append(stage.upload("gone.wav", BEEP, **CHEAP))
        is_uploaded.set()
        return stage.outcome_of(uploaded[0])


def gone_before_its_container_reads_it(stage: Stage) -> Outcome:
    uploaded: list[Upload] = []
    with stage.before_tasks(lambda: stage.delete(uploaded[0])):
        uploaded.append(stage.upload("gone.wav", BEEP, **CHEAP))
        return stage.outcome_of(uploaded[0])


def ended_without_a_result(stage: Stage) -> Outcome:
    """The container says that it is done and has written nothing: it is run again."""
    with stage.engine.inject("ProcessAudio=exit:0"):
        return stage.outcome_of(stage.upload("nothing.wav", BEEP, **CHEAP))


def stopped_at_its_time(stage: Stage) -> Outcome:
    """The execution's time is up while its container runs: the container is stopped, the record settled."""
    upload = stage.upload("slow.wav", wav_recording(beeps(3)), **CHEAP)
    execution = stage.stack.execution_of(upload)
    if until(lambda: _is_at_work(stage, upload, execution)):
        stage.settlements.time_out(execution)
    outcome = stage.outcome_of_execution(execution, upload)
    return {**outcome, "outputs": None, "stopped": stage.stop_codes(upload)}


def _is_at_work(stage: Stage, upload: Upload, execution: str) -> bool:
    return stage.stack.is_ended(execution) or bool(stage.stack._tasks_of(upload))


def start_that_fails(stage: Stage) -> Outcome:
    with without_machine(stage.stack, "ProcessRecordingArn"):
        stage.upload("unstarted.wav", NO_RECORDING)
        return {"dead letters": stage.dead_letters("FailedStartsQueueUrl")}


def settlement_that_cannot_start(stage: Stage) -> Outcome:
    with without_machine(stage.stack, "SettleRecordingsArn"):
        upload = Upload(stage.stack.bucket, "public/unprocessed/demo/unsettled.wav", "v1")
        stage.engine.wait(stage.settlements.fail_to_start(upload), 60)
        return {"dead letters": stage.dead_letters("FailedSettlementsQueueUrl")}


def sweep_that_cannot_start(stage: Stage) -> Outcome:
    with without_machine(stage.stack, "SettleRecordingsArn"):
        stage.engine.fire_schedule("SettleRecordingsSweep")
        return {"dead letters": stage.dead_letters("FailedSettlementsQueueUrl")}


def lease_that_ran_out(stage: Stage) -> Outcome:
    """A record that nobody settles is found by the sweep."""
    upload = Upload(stage.stack.bucket, "public/unprocessed/demo/lapsed.wav", "v1")
    stage.settlements.write(recording(upload, HOLDER, "PROCESSING", lapsed_for=60))
    heard = len(stage.stack.announcements(upload))
    try:
        fired = stage.engine.fire_schedule("SettleRecordingsSweep")
        try:
            sweep = stage.engine.wait_for_execution(lambda event: event.get("id") == fired["id"], 1)
        except TimeoutError:
            return {"started": False, "dead letters": stage.dead_letters("FailedSettlementsQueueUrl")}
        result = stage.engine.wait(sweep, 60)
        record = stage.stack.record(upload) or {}
        return {
            "end": result.end_state,
            "record": record.get("processing_status"),
            "announced": len(stage.stack.announcements(upload)) - heard,
        }
    finally:
        stage.settlements.delete(upload)


def reprocessed_by_prefix(stage: Stage) -> Outcome:
    return _reprocessed_by_prefix(stage, "public/unprocessed")


def reprocessed_from_the_other_folder(stage: Stage) -> Outcome:
    return _reprocessed_by_prefix(stage, "unprocessed")


def _reprocessed_by_prefix(stage: Stage, root: str) -> Outcome:
    with stage.reprocessing.unnoticed():
        one = stage.upload("one.wav", NO_RECORDING, folder=f"{root}/backfill")
        gone = stage.upload("gone.wav", NO_RECORDING, folder=f"{root}/backfill")
    try:
        return _run_of(stage, {"prefix": f"{root}/backfill/", "dryRun": False})
    finally:
        for upload in (one, gone):
            stage.delete(upload)


def reprocessed_while_an_object_vanishes(stage: Stage) -> Outcome:
    with stage.reprocessing.unnoticed():
        uploads = [stage.upload(f"{n}.wav", NO_RECORDING, folder="public/unprocessed/vanishing") for n in range(2)]
    by_key = sorted(uploads, key=lambda upload: upload.key)
    try:
        with stage.before("ValidateUpload", lambda: stage.delete(by_key[1])):
            return _run_of(stage, {"prefix": "public/unprocessed/vanishing/", "dryRun": False, "maxConcurrency": 1})
    finally:
        for upload in uploads:
            stage.delete(upload)


def reprocessed_after_failing(stage: Stage) -> Outcome:
    with stage.reprocessing.invoking(lambda *_: "it burns"):
        upload = stage.upload("failed.wav", NO_RECORDING)
        stage.outcome_of(upload)
    record = stage.stack.record(upload) or {}
    request = {"source": "failed", "dryRun": False, "failedSince": record.get("processing_started_at", "2026-01-01")}
    return {**_run_of(stage, request), "code": ((stage.stack.record(upload) or {})["processing_error"])["code"]}


def reprocessing_that_fails_too_often(stage: Stage) -> Outcome:
    """One of two recordings fails while the other is at work, which is then stopped."""
    folder = "public/unprocessed/doomed"
    with stage.reprocessing.unnoticed():
        uploads = [stage.upload(f"{n}.wav", NO_RECORDING, folder=folder) for n in range(2)]
    first = min(upload.key for upload in uploads)
    at_work, over = threading.Event(), threading.Event()

    def fail_beside_one_at_work(function: str, event: dict[str, Any]) -> str | None:
        if event["key"] == first:
            at_work.wait(20)
            return "it burns"
        at_work.set()
        # whoever may not be stopped goes on
        until(lambda: over.is_set() or stage.is_denied("states:StopExecution"), 20)
        return None

    try:
        with ExitStack() as stack:
            stack.enter_context(stage.reprocessing.invoking(fail_beside_one_at_work))
            stack.callback(over.set)
            return _run_of(stage, {"prefix": f"{folder}/", "dryRun": False, "maxConcurrency": 2,
                                   "toleratedFailurePercentage": 0})  # fmt: skip
    finally:
        for upload in uploads:
            stage.delete(upload)


def _run_of(stage: Stage, request: dict[str, Any]) -> Outcome:
    run = stage.reprocessing.run(request)
    stage.engine.settle_events(60)
    return {
        "end": run.result.end_state,
        "error": run.result.error,
        "counts": run.counts if run.report else None,
        "executions": sorted(run.statuses),
    }


def alarm_that_fires(stage: Stage) -> Outcome:
    """CloudWatch tells both topics. No alarm fires on the engine: it is asked whether CloudWatch may."""
    return {topic: stage.may_be_told(topic) for topic in ("OnCallTopic", "AttentionTopic")}


def in_plain_http(scenario: Callable[[Stage], Outcome]) -> Callable[[Stage], Outcome]:
    def run(stage: Stage) -> Outcome:
        stage.permissions.secure_transport = False
        try:
            return scenario(stage)
        finally:
            stage.permissions.secure_transport = True

    return run


_DONE = {"end": "Processed", "record": "COMPLETED", "one-shots": 1, "announced": ["Recording Processed"]}
_GONE = {"end": "Rejected", "record": "FAILED", "code": "OBJECT_GONE", "announced": ["Recording Rejected"]}
_REJECTED = {"end": "Rejected", "code": "NOT_AUDIO", "announced": ["Recording Rejected"]}
_TIMED_OUT = {"status": "TIMED_OUT", "settled": "Settled", "record": "FAILED", "stopped": ["UserInitiated"]}
_SWEPT = {"end": "Swept", "record": "FAILED", "announced": 1}
_ONE_LETTER, _NO_LETTER = {"dead letters": 1}, {"dead letters": 0}
_BOTH = {"end": "Reprocessed", "counts": {"listed": 2, "started": 2, "rejected": 2}}
_ONE_VANISHED = {"end": "Reprocessed", "counts": {"listed": 2, "started": 1, "rejected": 1, "skipped": 1}}
_TOO_OFTEN = {
    "end": "ReprocessingFailed",
    "counts": {"listed": 2, "started": 2, "failed": 1, "stopped": 1},
    "executions": ["ABORTED", "FAILED"],
}

# The quick ones come first: a statement is dropped in the first that needs it.
SCENARIOS = (
    Scenario("rejected", rejected, _REJECTED),
    Scenario("gone before it is validated", gone_before_it_is_validated, _GONE),
    Scenario("gone before its metadata are read", gone_before_its_metadata_are_read, _GONE),
    Scenario("a start that fails", start_that_fails, _ONE_LETTER),
    Scenario("a settlement that cannot start", settlement_that_cannot_start, _ONE_LETTER),
    Scenario("a sweep that cannot start", sweep_that_cannot_start, _ONE_LETTER),
    Scenario("an alarm that fires", alarm_that_fires, {"OnCallTopic": True, "AttentionTopic": True}),
    Scenario("a lease that ran out", lease_that_ran_out, _SWEPT),
    Scenario("stopped when its time is up", stopped_at_its_time, _TIMED_OUT, by_chance="ProcessAudioTaskRole"),
    Scenario("reprocessed while an object vanishes", reprocessed_while_an_object_vanishes, _ONE_VANISHED),
    Scenario("reprocessed by prefix", reprocessed_by_prefix, _BOTH),
    Scenario("reprocessed from the other folder", reprocessed_from_the_other_folder, _BOTH),
    Scenario("reprocessed after failing", reprocessed_after_failing, {"end": "Reprocessed", "code": "NOT_AUDIO"}),
    Scenario("a reprocessing that fails too often", reprocessing_that_fails_too_often, _TOO_OFTEN),
    Scenario("processed, the original kept", processed, _DONE),
    Scenario("processed from the other folder", processed_from_the_other_folder, _DONE),
    Scenario("gone before its container reads it", gone_before_its_container_reads_it, _GONE),
    Scenario("ended without a result", ended_without_a_result, _DONE),
    Scenario("uploaded twice over", uploaded_twice_over, {**_DONE, "end": "AlreadyProcessed"}),
    Scenario("processed in parts", processed_in_parts, {**_DONE, "in parts": True}),
    Scenario("processed, in plain HTTP", in_plain_http(processed), {"end": "Failed"}, in_plain_http=True),
    Scenario("a start that fails, in plain HTTP", in_plain_http(start_that_fails), _NO_LETTER, in_plain_http=True),
    Scenario("an alarm in plain HTTP", in_plain_http(alarm_that_fires), {"OnCallTopic": False}, in_plain_http=True),
    Scenario("a sweep in plain HTTP", in_plain_http(sweep_that_cannot_start), _NO_LETTER, in_plain_http=True),
)
