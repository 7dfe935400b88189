"""What FFmpeg finds in the headers of a recording. Nothing is decoded beyond what it takes to know the codec."""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from metadata.s3_file import S3File
from shared.errors import InvalidUpload, RefusalCode
from shared.id3 import ID3_HEADER_BYTES, id3_tag_bytes
from shared.quoting import printable, quoted

MAX_TAGS = 32
MAX_TAG_NAME_LENGTH = 64
MAX_TAG_VALUE_LENGTH = 256

# The demuxer is named, not guessed: a playlist or script that passes for audio must not choose one that opens URLs.
_DEMUXERS = {
    "m4a": "mov", "mp4": "mov", "3gp": "mov",
    "wav": "wav", "mp3": "mp3", "aac": "aac", "flac": "flac",
    "ogg": "ogg", "opus": "ogg", "webm": "matroska", "aiff": "aiff",
}  # fmt: skip

_OPTIONS = {"probesize": str(1024 * 1024), "analyzeduration": str(1_000_000)}

# Where the phone was is nobody's business here; the others describe the container, not the recording.
_TAGS_LEFT_OUT = re.compile(
    r"location|^(major_brand|minor_version|compatible_brands|handler_name|vendor_id|duration)$", re.I
)

_PCM_BITS = re.compile(r"pcm_[suf](\d+)")

# The names of the three tags that state the number of frames of an MP3, in its first frame.
_MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
_MP3_FIRST_FRAME_BYTES = 4096


class ContainerFacts(NamedTuple):
    """The facts of the first audio track; None where the container does not say.

    Rates in Hz and bit/s, the depth in bits per sample (of codecs without loss). `duration_is_stated` is False where
    the duration is reckoned from size and bit rate.
    """

    codec: str | None
    sample_rate: int | None
    channels: int | None
    bit_rate: int | None
    bit_depth: int | None
    duration_seconds: float | None
    duration_is_stated: bool
    tags: dict[str, str]


def probe(file: S3File, *, audio_format: str, name: str, walk_fragments: bool = True) -> ContainerFacts:
    """Return the facts of the first audio track of a recording.

    Args:
        file: the recording.
        audio_format: the container by its content, as ValidateUpload tells it.
        name: the file's name, for messages.
        walk_fragments: whether to add up the fragments of a fragmented mp4. It takes a read at each of them;
            without it the duration of an mp4 or m4a is not known.

    Raises:
        ReadBudgetExceededError: the headers are farther apart than the file's budget goes.
        InvalidUpload: NOT_AUDIO, CORRUPT or NO_AUDIO_TRACK.

    """
    if audio_format not in _DEMUXERS:
        raise InvalidUpload(
            RefusalCode.NOT_AUDIO, f"format {quoted(audio_format)} of {quoted(name)} is none of {', '.join(_DEMUXERS)}"
        )
    options = _OPTIONS if walk_fragments else _OPTIONS | {"fflags": "ignidx"}
    try:
        with av.open(file, "r", format=_DEMUXERS[audio_format], options=options) as container:
            facts = _facts(container, file, audio_format=audio_format, name=name)
    except av.FFmpegError as error:
        raise InvalidUpload(
            RefusalCode.CORRUPT,
            f"recording {quoted(name)} cannot be read as {audio_format} ({error.strerror}); "
            "its header is damaged or missing",
        ) from error
    if _DEMUXERS[audio_format] == "mov" and not walk_fragments:
        # What there is comes from the first fragment alone.
        return facts._replace(duration_seconds=None, duration_is_stated=False)
    return facts


def _facts(container: InputContainer, file: S3File, *, audio_format: str, name: str) -> ContainerFacts:
    track = _first_audio_track(container, name)
    codec = track.codec_context.codec.canonical_name
    sample_rate = track.codec_context.sample_rate or None
    duration = _stated_duration(track, container)
    pcm_bits = _PCM_BITS.match(codec)
    bit_rate = track.codec_context.bit_rate or (container.bit_rate if len(container.streams) == 1 else None) or None
    if pcm_bits and bit_rate and duration:
        # Interrupted recorders leave any length in the header; the data cannot last longer than the file.
        duration = min(duration, file.size_bytes * 8 / bit_rate)
    return ContainerFacts(
        codec=codec,
        sample_rate=sample_rate,
        channels=track.codec_context.channels or None,
        bit_rate=bit_rate,
        bit_depth=int(pcm_bits[1]) if pcm_bits else track.codec_context.bits_per_raw_sample or None,
        duration_seconds=round(duration, 3) if duration else None,
        duration_is_stated=_states_duration(file, audio_format),
        tags=_tags(container.metadata, track.metadata),
    )


def _first_audio_track(container: InputContainer, name: str) -> AudioStream:
    tracks = container.streams.audio
    if not tracks:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "none at all"
        raise InvalidUpload(
            RefusalCode.NO_AUDIO_TRACK,
            f"recording {quoted(name)} has no audio track (its tracks: {kinds}); one is needed",
        )
    # PyAV gives no context to a track whose codec FFmpeg does not know, protected music for one.
    if cast("object | None", tracks[0].codec_context) is None:
        raise InvalidUpload(
            RefusalCode.CORRUPT, f"the audio track of {quoted(name)} is in a codec that cannot be decoded"
        )
    return tracks[0]


def _stated_duration(track: AudioStream, container: InputContainer) -> float | None:
    if track.duration is not None and track.time_base is not None:
        seconds = float(track.duration * track.time_base)
    elif container.duration is not None:
        seconds = container.duration / av.time_base
    else:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _states_duration(file: S3File, audio_format: str) -> bool:
    """Whether the file says how long it is. ADTS never does, an MP3 only with a tag in its first frame."""
    if audio_format == "mp3":
        file.seek(0)
        file.seek(id3_tag_bytes(file.read(ID3_HEADER_BYTES)))
        first_frame = file.read(_MP3_FIRST_FRAME_BYTES)
        return any(tag in first_frame for tag in _MP3_LENGTH_TAGS)
    return audio_format != "aac"


def _tags(*sources: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of all sources, the first to name one wins; hostile text is made printable and cut."""
    tags: dict[str, str] = {}
    for name, value in (pair for source in sources for pair in source.items()):
        if _TAGS_LEFT_OUT.search(name) or (name, value) == ("language", "und"):
            continue
        shown = printable(name.strip().lower(), max_length=MAX_TAG_NAME_LENGTH)
        if shown and len(tags) < MAX_TAGS:
            tags.setdefault(shown, printable(value.strip(), max_length=MAX_TAG_VALUE_LENGTH))
    return tags
