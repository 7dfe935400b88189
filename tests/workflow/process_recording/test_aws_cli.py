"""The AWS CLI against the engine: what the README and `make up` tell a person to type."""

import json
import os
import subprocess
from pathlib import Path

from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import Stack, Upload

AWS = Path(__file__).parents[3] / ".venv-tools" / "bin" / "aws"


def aws(stack: Stack, *arguments: str) -> str:
    completed = subprocess.run(
        [AWS, "--endpoint-url", stack.engine.endpoint, *arguments],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **stack.engine.environment()},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return completed.stdout


def test_given_the_aws_cli_when_it_copies_a_recording_in_then_the_history_shows_every_state(
    stack: Stack, tmp_path: Path
) -> None:
    recording = tmp_path / "from the cli.wav"
    recording.write_bytes(wav_recording(beeps(2)))

    aws(stack, "s3", "cp", str(recording), f"s3://{stack.bucket}/public/unprocessed/demo/")

    key = "public/unprocessed/demo/from the cli.wav"
    version = stack.s3.head_object(Bucket=stack.bucket, Key=key)["VersionId"]
    execution = stack.execution_of(Upload(stack.bucket, key, version))
    result = stack.engine.wait(execution, 120)
    history = json.loads(
        aws(stack, "stepfunctions", "get-execution-history", "--execution-arn", execution, "--max-items", "1000")
    )
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for event in history["events"]
        if event["type"].endswith("StateEntered")
    ]
    assert entered == [visit.name for visit in result.states]
    assert entered[-1] == "Processed"
    assert {"ValidateUpload", "ClaimRecording", "ExtractMetadata", "ProcessAudio", "PersistResult"} <= set(entered)
    assert history["events"][-1]["type"] == "ExecutionSucceeded"
