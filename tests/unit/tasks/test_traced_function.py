"""A function as Lambda traces it: in a process of its own with Lambda's variables, and a daemon that listens."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.unit.tasks.conftest import EXECUTION, RECORDING_ID

ROOT = Path(__file__).parents[3]
TRACE = "1-67891233-abcdef012345678912345678"

FUNCTION = """
from types import SimpleNamespace
from shared.lambda_task import TaskEvent, WorkflowMessage, lambda_task
from persist.manifest import ProcessingTimes
from persist.processing_trace import trace_processing

class Answer(WorkflowMessage):
    done: bool = True

@lambda_task(TaskEvent)
def handler(event):
    trace_processing(ProcessingTimes(1790000000.0, 1790000001.5), recording_id=event.recording_id)
    return Answer()

context = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="id")
handler({event!r}, context)
"""


def test_given_lambda_s_variables_when_a_function_runs_then_trace_and_annotations_reach_the_daemon() -> None:
    event = {"recordingId": RECORDING_ID, "executionArn": EXECUTION}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(30)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "tasks"),
            "AWS_REGION": "eu-west-1",
            "LAMBDA_TASK_ROOT": str(ROOT / "tasks"),
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": f"Root={TRACE};Parent=463ac35c9f6413ad;Sampled=1",
        }
        done = subprocess.run(
            [sys.executable, "-c", FUNCTION.replace("{event!r}", repr(event))],
            env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = [json.loads(daemon.recv(65536).partition(b"\n")[2]) for _ in range(2)]

    assert {each["trace_id"] for each in told} == {TRACE}
    assert [each["name"] for each in told] == ["ProcessAudio", "## handler"]
    assert told[1]["annotations"] | event == told[1]["annotations"]
    assert (told[0]["start_time"], told[0]["end_time"]) == (1790000000.0, 1790000001.5)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert TRACE in {line.get("xray_trace_id") for line in lines}
