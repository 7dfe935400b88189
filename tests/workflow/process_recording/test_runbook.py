"""The runbook's commands, typed by a shell at the engine, while something is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import running_engine
from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.conftest import ENGINE, deploy
from tests.workflow.process_recording.stack import Stack

ROOT = Path(__file__).parents[3]
RUNBOOK = (ROOT / "docs" / "operate.md").read_text()
AWS = ROOT / ".venv-tools" / "bin"

# What the Makefile does with these targets, without its setup.
MAKE = """
make() {
  local module=${1//-/_} REDRIVE= ARGS=
  shift; local "$@"
  "$PYTHON" -m "operate.$module" --stack "$STACK" ${REDRIVE:+--redrive} $ARGS
}
"""


def blocks() -> list[tuple[str, str]]:
    """The shell blocks of the runbook with the sections that they stand in; the first one sets variables for all."""
    (part,) = re.findall(r"^## When an alarm rings\n(.+?)(?=^## )", RUNBOOK, re.MULTILINE | re.DOTALL)
    found, section = [], "What rings"
    for heading, block in re.findall(r"^### ([^\n]+)$|^```sh\n(.+?)^```", part, re.MULTILINE | re.DOTALL):
        section = heading or section
        if block:
            found.append((section, block))
    return found


PREAMBLE = blocks()[0][1]


@pytest.fixture(scope="module")
def shell() -> tuple[Stack, dict[str, str]]:
    """An engine with a failed execution, and the environment of a shell that looks into it."""
    stack = Stack(running_engine.engine_of(ENGINE, deploy))
    (name,) = (each["StackName"] for each in stack.engine.client("cloudformation").describe_stacks()["Stacks"])
    with stack.engine.inject("ExtractMetadata=KeyError", when=lambda given: "runbook.wav" in str(given)):
        _, failed = stack.process("public/unprocessed/demo/runbook.wav", wav_recording(beeps(1)))
    assert failed.status == "FAILED"
    environment = {
        "PATH": f"{AWS}:{os.environ['PATH']}",
        "HOME": os.environ["HOME"],
        "PYTHON": sys.executable,
        "STACK": name,
        "EXECUTION": failed.arn,
        **stack.engine.environment(),
        "AWS_ENDPOINT_URL": stack.engine.endpoint,
    }
    return stack, environment


@pytest.mark.parametrize(
    ("section", "block"), [pytest.param(*each, id=f"{at} {each[0]}") for at, each in enumerate(blocks()[1:], 1)]
)
def test_given_a_failed_execution_when_a_block_of_the_runbook_is_typed_then_its_commands_work(
    section: str, block: str, shell: tuple[Stack, dict[str, str]]
) -> None:
    # The engine knows no quotas, and its queues have addresses at AWS.
    typed = "\n".join(line for line in block.splitlines() if not line.startswith(("aws service-quotas ", "aws sqs ")))

    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", MAKE + PREAMBLE + typed],
        cwd=ROOT, env=shell[1], capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "None" not in done.stdout.split()


def test_given_a_failed_execution_when_looked_for_as_the_runbook_says_then_it_is_found_with_its_error(
    shell: tuple[Stack, dict[str, str]],
) -> None:
    (block,) = (text for section, text in blocks() if section == "Recordings fail" and "describe-execution" in text)

    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", PREAMBLE + block],
        cwd=ROOT, env=shell[1], capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip

    listed, described, recorded = done.stdout.count(shell[1]["EXECUTION"]), done.stdout, done.stdout
    assert listed == 1
    assert re.search(r"^FAILED\tKeyError\t", described, re.MULTILINE)
    assert re.search(r"\t[0-9a-f]{32}\tKeyError\t", recorded)
