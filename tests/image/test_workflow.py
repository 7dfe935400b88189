"""The whole workflow with the image in it: the real template on the embedded engine, its task run by podman."""

from pathlib import Path

import psutil

from local.engine import Engine
from tests.image.conftest import Report
from tests.image.podman import Podman
from tests.workflow.process_recording.stack import Stack

EXAMPLE = Path(__file__).parents[2] / "examples" / "phone-recording.m4a"


def monitors(podman: Podman) -> list[psutil.Process]:
    """Return what still watches over containers of this podman, a moment after the last was removed."""
    storage = str(podman.folder / "graph")
    found = [each for each in psutil.process_iter(["name", "cmdline"]) if each.info["name"] == "conmon"]
    _, alive = psutil.wait_procs([each for each in found if storage in (each.info["cmdline"] or ())], timeout=10)
    return alive


def test_given_the_example_when_uploaded_then_the_image_processes_it_in_the_workflow(
    engine: Engine, podman: Podman, report: Report
) -> None:
    stack = Stack(engine)

    upload, result = stack.process("public/unprocessed/demo/phone recording.m4a", EXAMPLE.read_bytes())

    assert (result.status, result.end_state) == ("SUCCEEDED", "Processed"), result.cause
    record = stack.record(upload)
    assert record is not None
    assert (record["processing_status"], record["one_shot_count"]) == ("COMPLETED", 22)
    assert podman("ps", "--all", "--quiet") == ""
    assert monitors(podman) == []
    for visit in result.states:
        report(f"workflow: {visit.name}  {visit.status}  {visit.seconds or 0:.2f} s")


def test_given_a_container_that_runs_out_of_memory_when_retried_then_a_larger_one_processes_it(
    engine: Engine, podman: Podman
) -> None:
    stack = Stack(engine)

    with engine.inject("ProcessAudio=oom"):
        _, result = stack.process("public/unprocessed/demo/twice.m4a", EXAMPLE.read_bytes())

    assert result.end_state == "Processed", result.cause
    assert [visit.name for visit in result.states].count("ProcessAudio") == 2
    assert podman("ps", "--all", "--quiet") == ""
    assert monitors(podman) == []
