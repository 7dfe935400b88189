"""The size that ChooseTaskSize gives a task, by what a recording decodes to."""

import re
from typing import Any

import pytest

from local.engine import jsonata

# vCPU (in 1/1024) and the memory (MB) that Fargate sells with it: Amazon ECS Developer Guide, "Task CPU and memory".
FARGATE = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
}
MINUTE, HOUR = 60, 3600


def size_of(state_machine: dict[str, Any], metadata: dict[str, Any], *, steps: int = 0, size_bytes: int = 0) -> Any:
    expression = state_machine["States"]["ChooseTaskSize"]["Assign"]["taskSize"]
    variables = {"metadata": metadata, "job": {"sizeBytes": size_bytes}, "taskSizeSteps": steps}
    return jsonata.evaluate(re.fullmatch(r"\{% (.+) %\}", expression)[1], variables)  # type: ignore[index]


@pytest.mark.parametrize(
    ("seconds", "channels", "rate", "cpu", "memory"),
    [
        (10, 1, 44_100, "256", "1024"),
        (30, 2, 48_000, "256", "1024"),
        (10 * MINUTE, 1, 48_000, "256", "1024"),
        (12 * MINUTE, 1, 44_100, "512", "2048"),
        (20 * MINUTE, 2, 48_000, "512", "2048"),
        (HOUR, 1, 44_100, "1024", "4096"),
        (4 * HOUR, 2, 48_000, "1024", "4096"),
    ],
)
def test_given_a_recording_when_a_size_is_chosen_then_it_is_by_what_it_decodes_to(
    seconds: float, channels: int, rate: int, cpu: str, memory: str, state_machine: dict[str, Any]
) -> None:
    chosen = size_of(state_machine, {"durationSeconds": seconds, "channels": channels, "sampleRate": rate})

    assert (chosen["cpu"], chosen["memory"]) == (cpu, memory)


def test_given_nothing_known_when_a_size_is_chosen_then_it_is_by_the_bytes(state_machine: dict[str, Any]) -> None:
    unknown = {"durationSeconds": None, "channels": None, "sampleRate": None}

    assert size_of(state_machine, unknown, size_bytes=1_000_000)["cpu"] == "256"
    assert size_of(state_machine, unknown, size_bytes=100_000_000)["cpu"] == "1024"


def test_given_each_time_that_memory_ran_out_then_there_is_more_of_it_up_to_the_largest_that_fargate_sells(
    state_machine: dict[str, Any],
) -> None:
    short = {"durationSeconds": 30, "channels": 1, "sampleRate": 44_100}
    sizes = [size_of(state_machine, short, steps=step) for step in range(7)]

    memory = [int(size["memory"]) for size in sizes]
    assert memory[:6] == sorted(set(memory))
    assert [bool(size.get("isLargest")) for size in sizes] == [False] * 5 + [True] * 2
    assert sizes[6] == sizes[5]
    assert all(int(size["memory"]) in FARGATE[int(size["cpu"])] for size in sizes)
