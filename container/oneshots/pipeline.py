"""From a file to one-shots: decode, find, cut, write, describe. No AWS, no names of objects, no JSON."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oneshots import loudness
from oneshots.blocks import mean_per_channel
from oneshots.cut import bounds_with_pre_roll, cut
from oneshots.decode import DEFAULT_MAX_SECONDS, Recording, RecordingWarning, decode
from oneshots.encode import Encoding, choose_encoding, encode
from oneshots.parameters import Parameters
from oneshots.samples import Samples
from oneshots.segmentation import Segmentation, segment_adaptively, segment_by_threshold
from oneshots.waveform import waveform

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OneShot:
    """One sound that was written to `path`. Seconds are in the recording; `descriptors` None if not asked for."""

    index: int
    path: Path
    format: str
    start_seconds: float
    end_seconds: float
    duration_seconds: float
    sample_rate: int
    channels: int
    size_bytes: int
    confidence: float
    lufs: float | None
    true_peak_dbtp: float | None
    gain_db: float
    descriptors: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """Everything found out about a recording, and the one-shots written; `descriptors` None if not asked for."""

    recording: Recording
    loudness: loudness.Loudness
    noise_floor_dbfs: float | None
    threshold_dbfs: float | None
    descriptors: dict[str, Any] | None
    waveform: dict[str, Any]
    pictures: dict[str, bytes]
    """PNGs by the name that the manifest gives them; empty when none were drawn."""
    one_shots: list[OneShot]
    warnings: list[RecordingWarning]


def process(
    path: Path,
    *,
    parameters: Parameters,
    output_dir: Path,
    stem: str = "one-shot",
    max_seconds: float = DEFAULT_MAX_SECONDS,
) -> Result:
    """Turn the file at `path` into one-shots in `output_dir`, named `{stem}-001.wav` and so on.

    Raises `Rejection` when the file cannot be processed.
    """
    recording = decode(path, max_seconds=max_seconds)
    samples, rate = recording.samples, recording.sample_rate
    logger.info("decoded %.2f s at %d Hz, %d channel(s)", recording.duration_seconds, rate, recording.channels)
    dc_offset = mean_per_channel(samples)
    segmentation = find_sounds(samples, rate, parameters=parameters, dc_offset=dc_offset)
    logger.info("found %d sound(s)", len(segmentation.segments))
    writer = _Writer(recording, parameters, dc_offset=dc_offset, output_dir=output_dir, stem=stem)
    one_shots = writer.write(segmentation) if parameters.processing_enabled else []
    measured = loudness.measure(samples, rate)
    return Result(
        recording=recording,
        loudness=measured,
        noise_floor_dbfs=segmentation.noise_floor_dbfs,
        threshold_dbfs=segmentation.threshold_dbfs,
        descriptors=_describe_recording(samples, rate) if parameters.describes else None,
        waveform=waveform(samples, rate, is_integer_pcm=recording.source.is_integer_pcm),
        pictures=_draw(samples, rate, one_shots) if parameters.describes else {},
        one_shots=one_shots,
        warnings=[*recording.warnings, *_no_sounds(segmentation, parameters, peak_dbfs=measured.sample_peak_dbfs)],
    )


def _no_sounds(
    segmentation: Segmentation, parameters: Parameters, *, peak_dbfs: float | None
) -> list[RecordingWarning]:
    """Say that nothing was found, and why: an empty list of one-shots alone might be taken for a fault."""
    if segmentation.segments:
        return []
    threshold = parameters.fixed_threshold_dbfs
    if peak_dbfs is None:
        text = "the recording is silent: there is no sound to cut out"
    elif threshold is not None:
        text = f"nothing in the recording is louder than the threshold of {threshold:g} dBFS"
    else:
        text = "no sound stands out of the recording's own noise"
    return [RecordingWarning(code="NO_SOUNDS", message=text)]


def find_sounds(samples: Samples, rate: int, *, parameters: Parameters, dc_offset: np.ndarray) -> Segmentation:
    """Find the sounds of `samples`, shape (channels, n): by the user's threshold if there is one, else adaptively."""
    threshold = parameters.fixed_threshold_dbfs
    if threshold is None:
        return segment_adaptively(samples, rate, min_silence_ms=parameters.min_silence_ms, dc_offset=dc_offset)
    return segment_by_threshold(
        samples,
        rate,
        silence_threshold_dbfs=threshold,
        min_silence_ms=parameters.min_silence_ms,
        dc_offset=dc_offset,
    )


def _draw(samples: Samples, rate: int, one_shots: Sequence[OneShot]) -> dict[str, bytes]:
    """Draw `samples`, shape (channels, n), with its one-shots: overview and spectrogram, as PNGs."""
    # Imported here, as are the descriptors below: who only wants cuts need not pay for it.
    from oneshots.overview import overview_png
    from oneshots.spectrogram import spectrogram_png

    spans = [(one.start_seconds, one.end_seconds) for one in one_shots]
    return {
        "overview": overview_png(samples, rate, spans=spans),
        "spectrogram": spectrogram_png(samples, rate, spans=spans),
    }


def _describe_recording(samples: Samples, rate: int) -> dict[str, Any]:
    from oneshots.descriptors import describe_recording

    return describe_recording(samples, rate)


def _describe_one_shot(samples: Samples, rate: int) -> dict[str, Any]:
    from oneshots.descriptors import describe_one_shot

    return describe_one_shot(samples, rate)


class _Writer:
    """Cuts, writes and describes the sounds of one recording, one after the other."""

    def __init__(
        self, recording: Recording, parameters: Parameters, *, dc_offset: np.ndarray, output_dir: Path, stem: str
    ) -> None:
        self._recording = recording
        self._target_lufs = parameters.target_loudness_lufs if parameters.normalize_audio else None
        self._describes = parameters.describes
        self._encoding: Encoding = choose_encoding(parameters.output_format, recording.source)
        self._dc_offset = dc_offset
        self._output_dir = output_dir
        self._stem = stem

    def write(self, segmentation: Segmentation) -> list[OneShot]:
        bounds = bounds_with_pre_roll(segmentation.segments, self._recording.sample_rate)
        return [
            self._write_one(index, start, end, segment.confidence)
            for index, (segment, (start, end)) in enumerate(zip(segmentation.segments, bounds, strict=True), start=1)
        ]

    def _write_one(self, index: int, start: int, end: int, confidence: float) -> OneShot:
        rate = self._recording.sample_rate
        piece = cut(
            self._recording.samples,
            rate,
            start=start,
            end=end,
            dc_offset=self._dc_offset,
            target_lufs=self._target_lufs,
        )
        path = self._output_dir / f"{self._stem}-{index:03d}.{self._encoding.format}"
        written_rate = encode(path, piece.samples, rate, encoding=self._encoding)
        return OneShot(
            index=index,
            path=path,
            format=self._encoding.format,
            start_seconds=start / rate,
            end_seconds=end / rate,
            duration_seconds=(end - start) / rate,
            sample_rate=written_rate,
            channels=piece.samples.shape[0],
            size_bytes=path.stat().st_size,
            confidence=confidence,
            lufs=piece.lufs,
            true_peak_dbtp=piece.true_peak_dbtp,
            gain_db=piece.gain_db,
            descriptors=_describe_one_shot(piece.samples, rate) if self._describes else None,
        )
