"""The container's run in the execution's trace, as X-Ray's daemon hears of it."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder

from persist.manifest import ProcessingTimes, _times
from persist.processing_trace import trace_processing
from shared.observability import tracer
from tests.unit.tasks.conftest import RECORDING_ID

ROOT, PARENT = "1-67891233-abcdef012345678912345678", "463ac35c9f6413ad"
TIMES = ProcessingTimes(1_790_000_000.25, 1_790_000_002.5)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """A daemon, and what it was sent: a header and a segment in a datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.setblocking(False)
        monkeypatch.setattr(tracer, "disabled", False)
        monkeypatch.setattr(xray_recorder.emitter, "_ip", "127.0.0.1")
        monkeypatch.setattr(xray_recorder.emitter, "_port", daemon.getsockname()[1])

        def receive() -> list[dict[str, Any]]:
            segments = []
            while True:
                try:
                    datagram = daemon.recv(65536)
                except BlockingIOError:
                    return segments
                header, _, segment = datagram.partition(b"\n")
                assert json.loads(header) == {"format": "json", "version": 1}
                segments.append(json.loads(segment))

        yield receive


def test_given_a_sampled_trace_when_the_run_is_traced_then_it_is_a_segment_of_it_with_the_container_s_times(
    heard: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0")

    trace_processing(TIMES, recording_id=RECORDING_ID)

    (segment,) = heard()
    assert (segment["trace_id"], segment["parent_id"], segment["name"]) == (ROOT, PARENT, "ProcessAudio")
    assert (segment["start_time"], segment["end_time"]) == TIMES
    assert segment["annotations"] == {"recordingId": RECORDING_ID}
    assert "in_progress" not in segment or segment["in_progress"] is False
    assert len(segment["id"]) == 16


@pytest.mark.parametrize(
    ("times", "trace"),
    [
        (None, f"Root={ROOT};Parent={PARENT};Sampled=1"),
        (TIMES, f"Root={ROOT};Parent={PARENT};Sampled=0"),
        (TIMES, "Sampled=1"),
        (TIMES, ""),
    ],
)
def test_given_no_times_or_no_sampled_trace_when_the_run_is_traced_then_nothing_is_sent(
    times: ProcessingTimes | None,
    trace: str,
    heard: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    trace_processing(times, recording_id=RECORDING_ID)
    assert heard() == []


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"began-at": "1790000000"},
        {"began-at": "soon", "ended-at": "1790000000"},
        {"began-at": "1790000001", "ended-at": "1790000000"},
        {"began-at": "nan", "ended-at": "nan"},
        {"began-at": "1", "ended-at": "inf"},
        {"began-at": "-1", "ended-at": "1"},
    ],
)
def test_given_times_that_make_no_sense_when_read_then_there_are_none(metadata: dict[str, str]) -> None:
    assert _times(metadata) is None


def test_given_the_container_s_times_when_read_then_they_are_seconds() -> None:
    assert _times({"began-at": "1790000000.250", "ended-at": "1790000002.500"}) == TIMES
