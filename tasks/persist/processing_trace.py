"""The container in the execution's X-Ray trace.

Step Functions hands its trace to the functions that it invokes, but not to a task that it runs on ECS; nor does the
container's private subnet reach X-Ray. So PersistResult, which has both, tells of the container's run, by the times
that the container wrote beside its manifest.
"""

import os

from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.trace_header import TraceHeader

from persist.manifest import ProcessingTimes
from shared.observability import tracer

# Lambda keeps the trace of the invocation that is going on here.
_TRACE_VARIABLE = "_X_AMZN_TRACE_ID"
_SEGMENT_NAME = "ProcessAudio"


def trace_processing(times: ProcessingTimes | None, *, recording_id: str) -> None:
    """Send the container's run as a segment of the trace that this invocation is in, if that is recorded at all."""
    trace = TraceHeader.from_header_str(os.environ.get(_TRACE_VARIABLE))
    if times is None or tracer.disabled or not trace.root or trace.sampled != 1:
        return
    segment = Segment(_SEGMENT_NAME, traceid=trace.root, parent_id=trace.parent, sampled=True)
    segment.start_time = times.began_at
    segment.put_annotation("recordingId", recording_id)
    segment.close(times.ended_at)
    xray_recorder.emitter.send_entity(segment)
