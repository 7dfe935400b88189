"""From a file to one-shots: decode, find, cut, write, describe. No AWS, no names of objects, no JSON."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oneshots import loudness
from oneshots.blocks import mean_per_channel
from oneshots.ceiling import encode_under_ceiling, excess_when_decoded
from oneshots.cut import Bounds, Cut, Level, amplify, bounds_with_surroundings, cut, gain_db_for, measure_level
from oneshots.decode import DEFAULT_MAX_SECONDS, Recording, RecordingWarning, decode
from oneshots.encode import Encoding, choose_encoding, encode
from oneshots.envelope import signal_to_noise_db
from oneshots.faults import clipped_samples, clipping_warnings, noise_warnings, quantisation_unit
from oneshots.parameters import Parameters
from oneshots.samples import Samples
from oneshots.segmentation import Segmentation, segment_adaptively, segment_by_threshold
from oneshots.surroundings import noise_floors_dbfs
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
    signal_to_noise_db: float | None
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
    clipped = clipped_samples(samples, dc_offset=dc_offset, quantisation_unit=quantisation_unit(recording.source))
    return Result(
        recording=recording,
        loudness=measured,
        noise_floor_dbfs=segmentation.noise_floor_dbfs,
        threshold_dbfs=segmentation.threshold_dbfs,
        descriptors=_describe_recording(samples, rate, clipped=clipped) if parameters.describes else None,
        waveform=waveform(samples, rate, is_integer_pcm=recording.source.is_integer_pcm),
        pictures=_draw(samples, rate, one_shots) if parameters.describes else {},
        one_shots=one_shots,
        warnings=[
            *recording.warnings,
            *_no_sounds(segmentation, parameters, peak_dbfs=measured.sample_peak_dbfs),
            *clipping_warnings(clipped / rate, channel_seconds=samples.shape[0] * samples.shape[1] / rate),
            *noise_warnings([one.signal_to_noise_db for one in one_shots if one.signal_to_noise_db is not None]),
        ],
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


def _describe_recording(samples: Samples, rate: int, *, clipped: int) -> dict[str, Any]:
    from oneshots.descriptors import describe_recording

    return describe_recording(samples, rate) | {"clippingShare": clipped / np.prod(samples.shape)}


class _Writer:
    """Cuts, writes and describes the sounds of one recording, one after the other."""

    def __init__(
        self, recording: Recording, parameters: Parameters, *, dc_offset: np.ndarray, output_dir: Path, stem: str
    ) -> None:
        self._recording = recording
        self._parameters = parameters
        self._encoding: Encoding = choose_encoding(parameters.output_format, recording.source)
        self._dc_offset = dc_offset
        self._output_dir = output_dir
        self._stem = stem

    def write(self, segmentation: Segmentation) -> list[OneShot]:
        recording = self._recording
        bounds = bounds_with_surroundings(
            segmentation.segments, recording.sample_rate, length=recording.samples.shape[1]
        )
        is_shared = self._parameters.normalize_audio and self._parameters.normalize_mode == "together"
        shared_gain_db = self._shared_gain_db(bounds) if is_shared else None
        rate = recording.sample_rate
        floors = noise_floors_dbfs(segmentation.level_dbfs, [(each.start / rate, each.end / rate) for each in bounds])
        sounds = zip(segmentation.segments, bounds, floors, strict=True)
        return [
            self._write_one(index, each, segment.confidence, shared_gain_db=shared_gain_db, noise_floor_dbfs=floor)
            for index, (segment, each, floor) in enumerate(sounds, start=1)
        ]

    def _write_one(
        self,
        index: int,
        bounds: Bounds,
        confidence: float,
        *,
        shared_gain_db: float | None,
        noise_floor_dbfs: float | None,
    ) -> OneShot:
        rate = self._recording.sample_rate
        samples = self._cut(bounds)
        level = measure_level(samples, rate)
        gain_db = self._gain_db(level) if shared_gain_db is None else shared_gain_db
        amplify(samples, gain_db)
        path = self._path(index)
        if self._parameters.normalize_audio and shared_gain_db is None:
            written_rate, lowered_db = encode_under_ceiling(path, samples, rate, encoding=self._encoding)
            gain_db += lowered_db
        else:
            written_rate = encode(path, samples, rate, encoding=self._encoding)
        floor_dbfs = None if noise_floor_dbfs is None else noise_floor_dbfs + gain_db
        return OneShot(
            index=index,
            path=path,
            format=self._encoding.format,
            start_seconds=bounds.start / rate,
            end_seconds=bounds.end / rate,
            duration_seconds=(bounds.end - bounds.start) / rate,
            sample_rate=written_rate,
            channels=samples.shape[0],
            size_bytes=path.stat().st_size,
            confidence=confidence,
            lufs=level.after(gain_db).lufs,
            true_peak_dbtp=level.after(gain_db).true_peak_dbtp,
            gain_db=gain_db,
            signal_to_noise_db=signal_to_noise_db(samples, rate, noise_floor_dbfs=floor_dbfs),
            descriptors=self._describe(samples, floor_dbfs),
        )

    def _describe(self, samples: Samples, noise_floor_dbfs: float | None) -> dict[str, Any] | None:
        if not self._parameters.describes:
            return None
        from oneshots.descriptors import describe_one_shot

        return describe_one_shot(samples, self._recording.sample_rate, noise_floor_dbfs=noise_floor_dbfs)

    def _gain_db(self, level: Level) -> float:
        if not self._parameters.normalize_audio:
            return 0.0
        return gain_db_for([level], target_lufs=self._parameters.target_loudness_lufs)

    def _shared_gain_db(self, bounds: list[Bounds]) -> float:
        """Return the one gain for all: the loudest sound comes to the target, no file's true peak over the ceiling."""
        rate = self._recording.sample_rate
        levels = [measure_level(self._cut(each), rate) for each in bounds]
        gain_db = gain_db_for(levels, target_lufs=self._parameters.target_loudness_lufs)
        if not self._encoding.is_lossy:
            return gain_db
        excesses = [self._excess_db(index, each, gain_db) for index, each in enumerate(bounds, start=1)]
        return gain_db - max(excesses, default=0.0)

    def _excess_db(self, index: int, bounds: Bounds, gain_db: float) -> float:
        """How far over the ceiling the sound would be decoded; its file is written anew later."""
        rate = self._recording.sample_rate
        samples = amplify(self._cut(bounds), gain_db)
        encode(self._path(index), samples, rate, encoding=self._encoding)
        return excess_when_decoded(self._path(index), samples, rate, encoding=self._encoding)

    def _cut(self, bounds: Bounds) -> Cut:
        return cut(self._recording.samples, self._recording.sample_rate, bounds=bounds, dc_offset=self._dc_offset)

    def _path(self, index: int) -> Path:
        return self._output_dir / f"{self._stem}-{index:03d}.{self._encoding.format}"
