"""Decoding: any file a phone or a studio makes, by PyAV, in a stream, into float32 samples.

Frames are collected in a FIFO and converted many at once: a codec's frames are short, and Python's cost of handling
each is several times what decoding it takes. Where the samples are kept is `samples.SampleCollector`'s affair.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from oneshots.file_promises import is_cut_short, is_fragmented, says_its_duration
from oneshots.limits import is_memory_short
from oneshots.rejection import Rejection
from oneshots.samples import SampleCollector, Samples

DEFAULT_MAX_SECONDS = 4 * 3600.0
# 96 kHz is the most the encoders take and far above hearing; 8 kHz is telephone speech (AMR).
RATE_RANGE_HZ = (8000, 96000)

# Only demuxers that read the one file they are given: playlists (hls, concat, dash) would open others.
_DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,wav,w64,mp3,aac,flac,ogg,matroska,webm,aiff,caf,au,amr"
_MOST_CHANNELS = 64
# What a file claims to be slower would grow without bounds on its way to RATE_RANGE_HZ; for what is faster than any
# converter FFmpeg sets hundreds of MB aside.
_LEAST_RATE_HZ, _MOST_RATE_HZ = 1000, 768_000
# No recording of a sound takes less: Opus that pauses when nobody speaks (DTX) takes 370 with a tenth of speech. What
# does is digital silence or made to keep us busy for hours; of that some minutes are taken.
_LEAST_BYTES_A_SECOND = 150
_SECONDS_OF_ANY_SIZE = 600.0
# A file of nothing but headers has millions, each as costly as a good one. An hour of AAC has 150,000 packets in all.
_MOST_DAMAGED_PACKETS = 50_000
_AAC_PRIMING_SAMPLES = 1024
_BATCH_SAMPLES = 1 << 16
# Beyond +120 dBFS nothing is sound any more, and squares would leave float32.
_LARGEST_SAMPLE = 1e6
# How far a header may be off: where samples are counted, where packets are, and where it is an estimate.
_SAMPLES_COUNTED = ("wav", "flac", "aiff", "caf")
_PACKETS_COUNTED = ("m4a", "mp4", "3gp", "ogg", "opus")
_KNOWN_STARTS = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"\x1a\x45\xdf\xa3", b"FORM", b"ID3", b"caff", b".snd", b"#!AMR")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RecordingWarning:
    """Something a listener should know about a recording that was processed all the same."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """What the file says of itself; None where it says nothing."""

    container: str | None = None
    codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bit_rate: int | None = None
    bit_depth: int | None = None
    is_float: bool = False
    size_bytes: int | None = None
    duration_seconds: float | None = None

    @property
    def is_integer_pcm(self) -> bool:
        """Whether the file's samples are integers, losslessly."""
        return self.bit_depth is not None and not self.is_float


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A decoded recording: `samples` float32 of shape (channels, n), channels 1 or 2, at `sample_rate` Hz.

    A long one's samples are in a scratch file (`samples.StoredSamples`) and gone with this object.
    """

    samples: Samples
    sample_rate: int
    source: Source
    warnings: list[RecordingWarning] = field(default_factory=list)

    @property
    def channels(self) -> int:
        """1 or 2."""
        return self.samples.shape[0]

    @property
    def duration_seconds(self) -> float:
        """Length of what was decoded."""
        return self.samples.shape[1] / self.sample_rate


def decode(path: Path, *, max_seconds: float = DEFAULT_MAX_SECONDS) -> Recording:
    """Decode the first audio stream of the file at `path`.

    More than two channels are downmixed to stereo and rates outside `RATE_RANGE_HZ` are resampled into it. What
    decodes before or after damage is kept, with a warning. Encoder priming is trimmed.

    Raises `Rejection`: NOT_AUDIO, NO_AUDIO_TRACK, CORRUPT (nothing decodes), TOO_LONG (over `max_seconds` decoded, or
    over ten minutes of under 150 bytes a second; a header's duration proves nothing). Raises `limits.DiskFullError`
    when a long one does not fit into TMPDIR, and MemoryError when the process is short of memory.
    """
    with _open(path) as container:
        if not container.streams.audio:
            raise Rejection("NO_AUDIO_TRACK", "the file has no audio track")
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise Rejection("NOT_AUDIO", "the audio is in a coding that is not supported")
        if stream.channels > _MOST_CHANNELS:
            raise Rejection(
                "CORRUPT", f"the file claims {stream.channels} channels; at most {_MOST_CHANNELS} make sense"
            )
        if stream.rate and not _LEAST_RATE_HZ <= stream.rate <= _MOST_RATE_HZ:
            raise Rejection(
                "CORRUPT", f"the file claims {stream.rate} Hz; {_LEAST_RATE_HZ} to {_MOST_RATE_HZ} make sense"
            )
        source = _describe(container, stream, path)
        decoder = _Decoder(container, stream, source, max_seconds=max_seconds)
        decoder.run()
    if decoder.is_empty:
        raise _unreadable(path)
    return decoder.finish(
        has_priming=_keeps_priming(path, source, decoder.first_timestamp),
        is_cut_short=is_cut_short(path, source.container),
    )


def _open(path: Path) -> InputContainer:
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise Rejection("NOT_AUDIO", "the file is empty (0 bytes)")
    try:
        # "file:" keeps FFmpeg from reading a name such as `concat:a` as a protocol.
        return av.open(
            f"file:{path.absolute()}",
            container_options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "file"},
        )
    except av.error.FFmpegError as error:
        _raise_if_short_of_memory(error)
        if isinstance(error, OSError):
            _read_through(path)
        raise _unreadable(path) from error


def _read_through(path: Path) -> None:
    """Raise OSError if it is the disk that fails: FFmpeg says "Input/output error" of contents that break off, too."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def _raise_if_short_of_memory(error: Exception) -> None:
    """FFmpeg's MemoryError is mostly about a size that the file claims; it is ours when we have used up our own."""
    if isinstance(error, MemoryError) and is_memory_short():
        raise MemoryError("while decoding") from error


def _unreadable(path: Path) -> Rejection:
    """Say what kind of file this is of which nothing can be decoded."""
    with path.open("rb") as file:
        start = file.read(16)
    if start[4:8] == b"ftyp":
        return Rejection(
            "CORRUPT", "the recording is damaged or unfinished: its index (moov) or its audio cannot be read"
        )
    if start.startswith(_KNOWN_STARTS):
        return Rejection("CORRUPT", "the file starts like audio but nothing in it can be decoded")
    return Rejection("NOT_AUDIO", "the contents are not audio in a supported format")


def _describe(container: InputContainer, stream: AudioStream, path: Path) -> Source:
    context = stream.codec_context
    duration: float | None = None
    if stream.duration is not None and stream.time_base is not None:
        duration = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration = container.duration / 1_000_000
    name = _container_name(container, context.name)
    if duration is not None and (duration < 0 or not says_its_duration(path, name)):
        duration = None
    sample_format = stream.format.name if stream.format else ""
    return Source(
        container=name,
        codec=_codec_name(context.name),
        sample_rate=stream.rate or None,
        channels=stream.channels or None,
        bit_rate=stream.bit_rate or container.bit_rate or None,
        bit_depth=_bit_depth(context.name, sample_format),
        is_float=context.name.startswith("pcm_f"),
        size_bytes=path.stat().st_size,
        duration_seconds=duration,
    )


def _container_name(container: InputContainer, codec: str) -> str:
    name = container.format.name
    if name.startswith("mov,"):
        brand = container.metadata.get("major_brand", "").strip().lower()
        return "m4a" if brand.startswith("m4a") else "3gp" if brand.startswith("3g") else "mp4"
    if name.startswith("matroska"):
        return "webm"
    return "opus" if name == "ogg" and codec in ("opus", "libopus") else name


def _codec_name(decoder: str) -> str:
    """Return the codec's name from the decoder's: `mp3float` decodes mp3."""
    return {"mp3float": "mp3", "libopus": "opus", "libvorbis": "vorbis", "libdav1d": "av1"}.get(decoder, decoder)


def _bit_depth(codec: str, sample_format: str) -> int | None:
    """Bits of a sample where the codec is lossless; None where bits mean nothing (AAC, MP3, Opus ...)."""
    if codec.startswith("pcm_"):
        digits = "".join(character for character in codec.split("_")[1] if character.isdigit())
        return int(digits) if digits else 16
    if codec in ("flac", "alac"):
        return 16 if sample_format.startswith("s16") else 24
    return None


class _Decoder:
    """One pass over the packets of a stream, collecting float32 samples."""

    def __init__(self, container: InputContainer, stream: AudioStream, source: Source, *, max_seconds: float) -> None:
        self._container = container
        self._stream = stream
        self._source = source
        self._max_seconds = max_seconds
        self._conversion: _Conversion | None = None
        self._collector: SampleCollector | None = None
        self._channels = 0
        self._rate = 0
        self._damaged_packets = 0
        self._ended_early = False
        self._bad_samples = 0
        self.first_timestamp: int | None = None

    def run(self) -> None:
        """Decode to the end, past damaged packets unless there is no end of them."""
        packets = self._container.demux(self._stream)
        while self._damaged_packets <= _MOST_DAMAGED_PACKETS:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.error.FFmpegError as error:
                _raise_if_short_of_memory(error)
                logger.info("the container ends in an error: %s", error)
                self._ended_early = True
                break
            if self.first_timestamp is None and packet.pts is not None:
                self.first_timestamp = packet.pts
            with self._damage_counted():
                for frame in packet.decode():
                    self._take(frame)
        with self._damage_counted():
            self._end_conversion()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was decoded."""
        return self._collector is None or self._collector.length == 0

    def finish(self, *, has_priming: bool, is_cut_short: bool) -> Recording:
        """Return the recording, with its warnings; only if it is not empty."""
        assert self._collector is not None  # noqa: S101 - it is not empty
        skip = 0
        if has_priming:
            skip = _AAC_PRIMING_SAMPLES * self._rate // max(self._source.sample_rate or self._rate, 1)
        samples = self._collector.finish(skip=min(skip, self._collector.length - 1))
        seconds = samples.shape[1] / self._rate
        return Recording(
            samples=samples,
            sample_rate=self._rate,
            source=replace(self._source, sample_rate=self._source.sample_rate or self._rate),
            warnings=self._warnings(seconds, is_cut_short=is_cut_short),
        )

    @contextmanager
    def _damage_counted(self) -> Iterator[None]:
        """Go on after a damaged packet: what it was decoded to is lost, what comes next is converted anew."""
        try:
            yield
        except (av.error.FFmpegError, ValueError) as error:
            # PyAV's ValueError: the decoder would not open, its header is damaged. A damaged frame may also claim
            # a format or a rate that nothing converts. FFmpeg's OSErrors are about the file, and Python's about ours.
            _raise_if_short_of_memory(error)
            logger.debug("a damaged packet: %s", error)
            self._damaged_packets += 1

    def _take(self, frame: AudioFrame) -> None:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._conversion is None or shape != self._conversion.frame_shape:
            self._end_conversion()
            if not _LEAST_RATE_HZ <= frame.sample_rate <= _MOST_RATE_HZ:
                raise ValueError(f"a frame that claims {frame.sample_rate} Hz")
            self._begin_conversion(frame, shape)
        assert self._conversion is not None  # noqa: S101 - begun just above
        self._store(self._conversion.take(frame))

    def _begin_conversion(self, frame: AudioFrame, shape: tuple[str, str, int]) -> None:
        if self._collector is None:
            low, high = RATE_RANGE_HZ
            self._rate = min(max(frame.sample_rate, low), high)
            self._channels = min(len(frame.layout.channels), 2)
            self._collector = SampleCollector(self._channels)
        # Several full channels on one must not pass full scale; FFmpeg sees to that for integers only.
        options = {"rematrix_maxval": "1.0"} if len(frame.layout.channels) > 2 else None
        self._conversion = _Conversion(shape, channels=self._channels, rate=self._rate, options=options)

    def _end_conversion(self) -> None:
        conversion, self._conversion = self._conversion, None
        if conversion is not None:
            self._store(conversion.finish())

    def _store(self, frames: list[AudioFrame]) -> None:
        assert self._collector is not None  # noqa: S101 - there is a conversion, so there is a collector
        for frame in frames:
            block = frame.to_ndarray()
            self._check_length((self._collector.length + block.shape[1]) / self._rate)
            self._collector.append(self._sanitised(block))

    def _check_length(self, seconds: float) -> None:
        if seconds > self._max_seconds:
            raise Rejection("TOO_LONG", f"the recording is longer than {self._max_seconds:g} seconds")
        size_bytes = self._source.size_bytes or 0
        if seconds > max(_SECONDS_OF_ANY_SIZE, size_bytes / _LEAST_BYTES_A_SECOND):
            raise Rejection(
                "TOO_LONG",
                f"the file's {size_bytes} bytes hold more than {seconds:.0f} seconds; "
                f"no recording takes less than {_LEAST_BYTES_A_SECOND} bytes a second",
            )

    def _sanitised(self, block: np.ndarray) -> np.ndarray:
        # A NaN makes maximum and minimum NaN, which is never less.
        if block.max(initial=0.0) < _LARGEST_SAMPLE and block.min(initial=0.0) > -_LARGEST_SAMPLE:
            return block
        good = np.abs(block) < _LARGEST_SAMPLE
        self._bad_samples += int(good.size - np.count_nonzero(good))
        return np.where(good, block, np.float32(0))

    def _warnings(self, seconds: float, *, is_cut_short: bool) -> list[RecordingWarning]:
        found = []
        if self._damaged_packets or self._ended_early:
            found.append(RecordingWarning(code="DAMAGED", message="part of the recording is damaged and was left out"))
        expected = self._source.duration_seconds
        if expected is not None and expected - seconds > self._tolerated_seconds(expected):
            text = f"the file says {expected:.2f} seconds but only {seconds:.2f} could be decoded"
            found.append(RecordingWarning(code="TRUNCATED", message=text))
        elif is_cut_short:
            text = f"the file was cut short: {seconds:.2f} seconds are left of it"
            found.append(RecordingWarning(code="TRUNCATED", message=text))
        elif self._says_too_little(expected, seconds):
            text = f"the file says {expected:.2f} seconds but {seconds:.2f} are in it"
            found.append(RecordingWarning(code="HEADER_LIES", message=text))
        if self._bad_samples:
            text = f"{self._bad_samples} samples were not numbers or out of all range and were silenced"
            found.append(RecordingWarning(code="NON_FINITE_SAMPLES", message=text))
        if (self._source.channels or 0) > 2:
            text = f"{self._source.channels} channels were mixed down to stereo"
            found.append(RecordingWarning(code="DOWNMIXED", message=text))
        if self._source.sample_rate and self._source.sample_rate > RATE_RANGE_HZ[1]:
            text = f"resampled from {self._source.sample_rate} Hz to {self._rate} Hz"
            found.append(RecordingWarning(code="RESAMPLED", message=text))
        return found

    def _says_too_little(self, expected: float | None, seconds: float) -> bool:
        """Whether a file that counts its samples has more of them than it says; 0 says nothing (a stream)."""
        if not expected or self._source.container not in _SAMPLES_COUNTED + _PACKETS_COUNTED:
            return False
        return seconds - expected > self._tolerated_seconds(expected)

    def _tolerated_seconds(self, expected: float) -> float:
        if self._source.container in _SAMPLES_COUNTED:
            return 0.005
        return 0.1 if self._source.container in _PACKETS_COUNTED else max(0.5, 0.02 * expected)


class _Conversion:
    """Frames of one shape (format, layout, rate) into planar float32 of `channels` and `rate`, many at once."""

    def __init__(
        self, frame_shape: tuple[str, str, int], *, channels: int, rate: int, options: dict[str, str] | None
    ) -> None:
        self.frame_shape = frame_shape
        self._fifo = AudioFifo()
        layout = "mono" if channels == 1 else "stereo"
        self._resampler = AudioResampler(format="fltp", layout=layout, rate=rate, options=options, threads=1)

    def take(self, frame: AudioFrame) -> list[AudioFrame]:
        """Return what can be converted by now: nothing, most of the time."""
        # Timestamps of damaged files jump; FIFO and resampler would take them for gaps.
        frame.pts = None
        self._fifo.write(frame)
        return self._convert() if self._fifo.samples >= _BATCH_SAMPLES else []

    def finish(self) -> list[AudioFrame]:
        """Return what is left."""
        return [*self._convert(), *self._resampler.resample(None)]

    def _convert(self) -> list[AudioFrame]:
        frame = self._fifo.read()
        return [] if frame is None else self._resampler.resample(frame)


def _keeps_priming(path: Path, source: Source, first_timestamp: int | None) -> bool:
    """Whether the decoder left an AAC encoder's priming in: nothing in raw ADTS or a fragmented MP4 tells it."""
    if source.codec != "aac" or (first_timestamp or 0) < 0:
        return False
    if source.container == "aac":
        return True
    return source.container in ("m4a", "mp4", "3gp") and is_fragmented(path)
