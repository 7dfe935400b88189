"""kill -9 at random moments of their work: of containers, and of the functions' processes."""

import json
import os
import random
import re
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from local.engine import ExecutionResult
from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack, Upload

_SOUNDS = 4
# A container of these tests works for about this long, from its start to the manifest.
_CONTAINER_SECONDS = 1.2
# A warm function works for about this long on one of these recordings.
_FUNCTION_SECONDS = {"ValidateUpload": 0.055, "ExtractMetadata": 0.085, "PersistResult": 0.08}
_LOOK_SECONDS = 0.01
_WATCH_SECONDS = 0.001
_AT_A_TIME = 2
# In the description of a stopped task: 128 and the signal.
_KILLED_CONTAINER = re.compile(r'"ExitCode":\s*137\b')
# For each kill that is to hit: a moment that comes too late is drawn again, but not for ever.
_MOST_RECORDINGS = 10


@dataclass(frozen=True)
class _Passage:
    """A recording on its way through: whether the kill hit work in progress, whether that was tried again."""

    hit: bool
    retried: bool
    end: str
    problems: list[str]


@dataclass
class Toll:
    """What was killed, and what came of it; `problems` says what is not as it must be."""

    kills: int = 0
    missed: int = 0
    retried: int = 0
    ends: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, passage: _Passage) -> None:
        """Count a recording."""
        self.kills += passage.hit
        self.missed += not passage.hit
        self.retried += passage.retried
        self.ends.append(passage.end)
        self.problems += passage.problems


def kill_containers(stack: Stack, count: int, *, seed: int) -> Toll:
    """Kill the containers of `count` recordings, each once and at a random moment of its work."""
    chance = random.Random(seed)  # noqa: S311 - it chooses moments
    return _kill(count, lambda: chance.uniform(0, _CONTAINER_SECONDS), lambda moment: _kill_container(stack, moment))


def kill_functions(stack: Stack, count: int, *, seed: int) -> Toll:
    """Kill functions at work on `count` recordings: one of the three for each, once, at a random moment of it."""
    chance = random.Random(seed)  # noqa: S311 - it chooses functions and moments

    def draw() -> tuple[str, float]:
        function = chance.choice(list(_FUNCTION_SECONDS))
        return function, chance.uniform(0, _FUNCTION_SECONDS[function])

    return _kill(count, draw, lambda drawn: _kill_function(stack, *drawn))


def _kill[Draw](count: int, draw: Callable[[], Draw], kill: Callable[[Draw], _Passage]) -> Toll:
    """Draw and kill, a few at a time, until `count` have hit; what missed is drawn again."""
    toll = Toll()
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        while toll.kills < count and len(toll.ends) < count * _MOST_RECORDINGS:
            for passage in pool.map(kill, [draw() for _ in range(count - toll.kills)]):
                toll.add(passage)
    if toll.kills != count:
        toll.problems.append(f"{toll.kills} kills of {count} have hit")
    return toll


def _kill_container(stack: Stack, moment: float) -> _Passage:
    upload = _upload(stack)
    execution = stack.execution_of(upload)
    pid = stack.wait_for_task(upload)
    # Not to wait for anything: the moment itself is what is tried.
    threading.Event().wait(moment)
    _kill_process(pid)
    half = _half_results(stack, upload, execution)
    result = stack.engine.wait(execution, WAIT_SECONDS)
    visits = [visit for visit in result.states if visit.name == "ProcessAudio"]
    hit = bool(_KILLED_CONTAINER.search(visits[0].cause or ""))
    return _passage(stack, upload, result, half, hit=hit, retried=hit and len(visits) == 2)


def _kill_function(stack: Stack, state: str, moment: float) -> _Passage:
    """Kill a state's function at work on a recording; the function has the state's name."""
    upload = _upload(stack)
    execution = stack.execution_of(upload)
    _kill_at_work(stack, state, execution, moment)
    half = _half_results(stack, upload, execution)
    result = stack.engine.wait(execution, WAIT_SECONDS)
    (visit,) = (visit for visit in result.states if visit.name == state)
    hit = visit.error == "Runtime.ExitError"
    return _passage(stack, upload, result, half, hit=hit, retried=hit and visit.attempts == 2)


def _kill_at_work(stack: Stack, state: str, execution_arn: str, moment: float) -> None:
    """Wait until the function works on the recording, let the moment pass, kill it if it is still at that work."""
    function = stack.engine.resources[state]

    def working() -> dict[str, int]:
        return {
            each.request_id: each.pid
            for each in stack.engine.running_invocations()
            if each.function == function and json.loads(each.payload)["executionArn"] == execution_arn
        }

    while not (begun := working()) and not stack.is_ended(execution_arn):
        threading.Event().wait(_WATCH_SECONDS)
    threading.Event().wait(moment)
    for request_id, pid in working().items():
        if request_id in begun:
            _kill_process(pid)


def _kill_process(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _passage(
    stack: Stack, upload: Upload, result: ExecutionResult, half: list[str], *, hit: bool, retried: bool
) -> _Passage:
    end = str(result.end_state)
    problems = half + _problems(stack, upload, end)
    if hit and not retried:
        problems.append(f"{upload.key}: killed, and not tried once more: {result.states}")
    if (failures := sum(visit.failures for visit in result.states)) != hit:
        problems.append(f"{upload.key}: {failures} attempts failed, {int(hit)} of them killed: {result.states}")
    return _Passage(hit, retried, end, problems)


def _half_results(stack: Stack, upload: Upload, execution_arn: str) -> list[str]:
    """Look again and again until the execution ends, as a reader would; tells what should not have been seen."""
    seen = set()
    while not stack.is_ended(execution_arn):
        names, record, shots = stack.outputs(upload), stack.record(upload), stack.one_shots(upload)
        if "manifest.json" in names and len(names) < _SOUNDS + 2:
            seen.add(f"{upload.key}: a manifest beside {sorted(names)}")
        if record and record["processing_status"] == "COMPLETED" and len(shots) != _SOUNDS:
            seen.add(f"{upload.key}: COMPLETED with {len(shots)} one-shots")
        threading.Event().wait(_LOOK_SECONDS)
    return sorted(seen)


def _upload(stack: Stack) -> Upload:
    key = f"public/unprocessed/demo/killed-{random.getrandbits(64):016x}.wav"
    return stack.upload(key, wav_recording(beeps(_SOUNDS)), features="cut-only")


def _problems(stack: Stack, upload: Upload, end: str) -> list[str]:
    record, shots, names = stack.record(upload), stack.one_shots(upload), stack.outputs(upload)
    if end != "Processed" or record is None or record["processing_status"] != "COMPLETED":
        return [f"{upload.key}: ended {end}, the record is {record and record['processing_status']}"]
    if len(shots) != _SOUNDS or not {shot["name"] for shot in shots} <= set(names):
        return [f"{upload.key}: {len(shots)} one-shots of {_SOUNDS}, files {sorted(names)}"]
    return []
