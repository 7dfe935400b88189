"""What the sample events' uploads hold: made of the example recording."""

import io
from collections.abc import Callable, Mapping

import av
from av.audio.resampler import AudioResampler

from local.invoke.build import PROJECT

_EXAMPLE = PROJECT / "examples" / "phone-recording.m4a"
_TWO_HOURS = 7200.0


def recording() -> bytes:
    """Return the example as it is: half a minute of m4a."""
    return _EXAMPLE.read_bytes()


def wav() -> bytes:
    """Return the example as a 16-bit WAV."""
    written = io.BytesIO()
    with av.open(str(_EXAMPLE)) as source, av.open(written, "w", format="wav") as target:
        track = source.streams.audio[0]
        output = target.add_stream("pcm_s16le", rate=track.rate, layout=track.layout.name)
        resampler = AudioResampler("s16", track.layout.name, track.rate)
        for frame in source.decode(track):
            for piece in resampler.resample(frame):
                target.mux(output.encode(piece))
        target.mux(output.encode(None))
    return written.getvalue()


def two_hours() -> bytes:
    """Return two hours of m4a with its index at the end: the example's packets, over and over."""
    written = io.BytesIO()
    with av.open(str(_EXAMPLE)) as source:
        track = source.streams.audio[0]
        packets = [(bytes(packet), packet.duration or 0) for packet in source.demux(track) if packet.size]
        with av.open(written, "w", format="ipod") as target:
            output = target.add_stream_from_template(track)
            time, index = 0, 0
            while time * track.time_base < _TWO_HOURS:
                content, duration = packets[index % len(packets)]
                packet = av.Packet(content)
                packet.stream, packet.time_base, packet.is_keyframe = output, track.time_base, True
                packet.pts = packet.dts = time
                packet.duration = duration
                target.mux(packet)
                time, index = time + duration, index + 1
    return written.getvalue()


def film() -> bytes:
    """Return a second of grey mp4 without a sound track."""
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as target:
        picture = target.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        for index in range(10):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([120]) * plane.buffer_size)
            frame.pts = index
            target.mux(picture.encode(frame))
        target.mux(picture.encode(None))
    return written.getvalue()


def notes() -> bytes:
    """Return what is no recording."""
    return b"Bring the microphone back.\n"


# By the event's name; what isn't named holds the example recording.
_OTHERS: Mapping[str, Callable[[], bytes]] = {
    "validate-verbatim-name": wav,
    "validate-unsupported": notes,
    "metadata-film": film,
    "metadata-moov-at-end": two_hours,
}


def content_for(case: str) -> bytes:
    """Return what is uploaded for an event of that name."""
    return _OTHERS.get(case, recording)()
