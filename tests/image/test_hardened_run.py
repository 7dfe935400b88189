"""The image at work, confined as on ECS and further: the example out of the engine's S3, the results into it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine
from tests.image.conftest import Report
from tests.image.podman import HARDENED, Podman

EXAMPLE = Path(__file__).parents[2] / "examples" / "phone-recording.m4a"
BUCKET, KEY, PREFIX = "recordings-alone", "public/unprocessed/demo/a+b 100% naïve.m4a", "public/processed/demo/0a/"


@pytest.fixture(scope="module")
def job(engine: Engine) -> dict[str, str]:
    """Return the container's environment for the example, uploaded to a bucket that starts no execution."""
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=BUCKET, Key=KEY, Body=EXAMPLE.read_bytes())["VersionId"]
    return {
        "S3_BUCKET": BUCKET,
        "S3_KEY": KEY,
        "S3_VERSION_ID": version,
        "USER_ID": "demo",
        "RECORDING_ID": "0a",
        "PROCESSING_PARAMS": "{}",
        "OUTPUT_PREFIX": PREFIX,
        "LOG_LEVEL": "INFO",
        **engine.environment(),
    }


def options(job: dict[str, str]) -> list[str]:
    return [word for name, value in job.items() for word in ("--env", f"{name}={value}")]


def outputs(engine: Engine) -> dict[str, Any]:
    listed = engine.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=PREFIX).get("Contents", [])
    return {item["Key"].removeprefix(PREFIX): item for item in listed}


def test_given_the_example_when_run_hardened_then_its_one_shots_and_the_manifest_are_there(
    podman: Podman, image: str, engine: Engine, job: dict[str, str], report: Report
) -> None:
    for attempt in ("first", "second"):
        began = time.monotonic()
        done = podman.attempt("run", *HARDENED, "--network", "host", *options(job), image)
        seconds = time.monotonic() - began
        assert done.returncode == 0, done.stderr
        report(f"{attempt} hardened run of {EXAMPLE.name}, from start to exit: {seconds:.1f} s, exit code 0")

    found = outputs(engine)
    manifest = json.loads(engine.client("s3").get_object(Bucket=BUCKET, Key=f"{PREFIX}manifest.json")["Body"].read())
    assert manifest["outcome"] == "completed"
    assert len(manifest["oneShots"]) == 22
    assert {one_shot["key"].removeprefix(PREFIX) for one_shot in manifest["oneShots"]} <= set(found)
    assert found["manifest.json"]["LastModified"] == max(item["LastModified"] for item in found.values())
    assert podman("ps", "--all", "--quiet") == ""


def test_given_too_little_memory_when_run_then_the_exit_code_says_so_and_no_manifest_is_left(
    podman: Podman, image: str, engine: Engine, job: dict[str, str]
) -> None:
    elsewhere = {**job, "OUTPUT_PREFIX": "public/processed/demo/0b/"}
    small = [*HARDENED, "--memory", "40m", "--network", "host"]

    done = podman.attempt("run", *small, *options(elsewhere), image)

    assert done.returncode == 137, done.stdout + done.stderr
    assert "Contents" not in engine.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="public/processed/demo/0b/")


def test_given_no_job_when_run_then_it_is_the_command_for_a_file(podman: Podman, image: str) -> None:
    done = podman.attempt("run", *HARDENED, "--network", "none", image, "/tmp/nothing-here.wav")

    assert done.returncode == 2, done.stdout + done.stderr
