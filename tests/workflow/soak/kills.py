"""kill -9 at random moments: of containers at work, and of the functions' processes."""

import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import WAIT_SECONDS, Stack, Upload

_SOUNDS = 4
# A container of these tests works for about this long, from its start to the manifest.
_CONTAINER_SECONDS = 1.2
# Between two kills of functions: a recording passes through all three in some two seconds.
_FUNCTION_SECONDS = 0.5
_LOOK_SECONDS = 0.01
_AT_A_TIME = 2


@dataclass
class Toll:
    """What was killed, and what came of it; `problems` says what is not as it must be."""

    kills: int = 0
    retried: int = 0
    ends: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def kill_containers(stack: Stack, count: int, *, seed: int) -> Toll:
    """Kill each of `count` recordings' containers once, at a random moment of its work."""
    chance = random.Random(seed)  # noqa: S311 - it chooses moments
    moments = [chance.uniform(0, _CONTAINER_SECONDS) for _ in range(count)]
    toll = Toll()
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for killed, retried, problems in pool.map(lambda moment: _kill_container(stack, moment), moments):
            toll.kills += killed
            toll.retried += retried
            toll.problems += problems
            toll.ends.append("not Processed" if problems else "Processed")
    return toll


def _kill_container(stack: Stack, moment: float) -> tuple[bool, bool, list[str]]:
    upload = _upload(stack)
    execution = stack.execution_of(upload)
    pid = stack.wait_for_task(upload)
    # Not to wait for anything: the moment itself is what is tried.
    threading.Event().wait(moment)
    killed = False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        killed = True
    half = _half_results(stack, upload, execution)
    result = stack.engine.wait(execution, WAIT_SECONDS)
    tasks = sum(visit.name == "ProcessAudio" for visit in result.states)
    return killed, tasks > 1, half + _problems(stack, upload, str(result.end_state))


def kill_functions(stack: Stack, count: int, *, seed: int) -> Toll:
    """Kill a random process of the functions, `count` times at random moments, while recordings pass through them."""
    chance = random.Random(seed)  # noqa: S311 - it chooses moments
    toll = Toll()
    done = threading.Event()
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        passing = [pool.submit(_pass_through, stack, done) for _ in range(_AT_A_TIME)]
        while toll.kills < count:
            threading.Event().wait(chance.uniform(0, _FUNCTION_SECONDS))
            toll.kills += _kill_one(sorted(stack.engine.function_pids()), chance)
        done.set()
        for each in passing:
            for retried, end, problems in each.result():
                toll.retried += retried
                toll.ends.append(end)
                toll.problems += problems
    return toll


def _kill_one(pids: list[int], chance: random.Random) -> bool:
    if not pids:
        return False
    with suppress(ProcessLookupError):
        os.kill(chance.choice(pids), signal.SIGKILL)
        return True
    return False


def _pass_through(stack: Stack, done: threading.Event) -> list[tuple[int, str, list[str]]]:
    """Process one recording after another until `done`; how many attempts were retried, and the end, of each."""
    passed = []
    while not done.is_set():
        upload = _upload(stack)
        execution = stack.execution_of(upload)
        half = _half_results(stack, upload, execution)
        result = stack.engine.wait(execution, WAIT_SECONDS)
        end = str(result.end_state)
        retried = sum(visit.attempts - 1 for visit in result.states)
        passed.append((retried, end, half + _problems(stack, upload, end)))
    return passed


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
