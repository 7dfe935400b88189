"""From a file to one-shots: decode, find, cut, write, describe. No AWS, no names of objects, no JSON."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oneshots import loudness
from oneshots.blocks import mean_per_channel
from oneshots.ceiling import Written, excess_when_decoded, write_under_ceiling
from oneshots.cut import (
    Bounds,
    Cut,
    Level,
    amplify,
    bounds_with_surroundings,
    cut,
    gain_db_for,
    gain_db_within_full_scale,
    measure_level,
)
from oneshots.decode import DEFAULT_MAX_SECONDS, Recording, RecordingWarning, decode
from oneshots.encode import Encoding, choose_encoding, encode
from oneshots.envelope import signal_to_noise_db
from oneshots.faults import clipped_samples, clipping_warnings, noise_warnings, quantisation_unit
from oneshots.parameters import Parameters
from oneshots.samples import Samples
from oneshots.segmentation import (
    FIXED_FRAME_MS,
    Segmentation,
    noise_floor_dbfs,
    rms_dbfs,
    segment_adaptively,
    segment_by_threshold,
)
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
    one_shots = writer.write(segmentation)
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
    if segmentation.segments or not parameters.processing_enabled:
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
    """Find the sounds of `samples`, shape (channels, n): by the user's threshold if there is one, else adaptively.

    With processing off none are looked for: only the levels are told.
    """
    if not parameters.processing_enabled:
        return _levels_alone(samples, rate, dc_offset=dc_offset)
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


def _levels_alone(samples: Samples, rate: int, *, dc_offset: np.ndarray) -> Segmentation:
    level = rms_dbfs(samples, rate, frame_ms=FIXED_FRAME_MS, dc_offset=dc_offset)
    return Segmentation(segments=[], noise_floor_dbfs=noise_floor_dbfs(level), threshold_dbfs=None, level_dbfs=level)


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


@dataclass(frozen=True, kw_only=True)
class _Sound:
    """One sound to be written; `noise_floor_dbfs` is that of the recording around it, None when unknown."""

    index: int
    bounds: Bounds
    confidence: float
    noise_floor_dbfs: float | None


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
        self._latest: tuple[_Sound, Cut] | None = None

    def write(self, segmentation: Segmentation) -> list[OneShot]:
        sounds = self._sounds(segmentation)
        is_together = self._parameters.normalize_audio and self._parameters.normalize_mode == "together"
        groups = [sounds] if is_together else [[sound] for sound in sounds]
        return [one_shot for group in groups if group for one_shot in self._write_with_one_gain(group)]

    def _sounds(self, segmentation: Segmentation) -> list[_Sound]:
        rate, length = self._recording.sample_rate, self._recording.samples.shape[1]
        bounds = bounds_with_surroundings(segmentation.segments, rate, length=length)
        floors = noise_floors_dbfs(segmentation.level_dbfs, [(each.start / rate, each.end / rate) for each in bounds])
        return [
            _Sound(index=index, bounds=each, confidence=segment.confidence, noise_floor_dbfs=floor)
            for index, (segment, each, floor) in enumerate(
                zip(segmentation.segments, bounds, floors, strict=True), start=1
            )
        ]

    def _write_with_one_gain(self, sounds: list[_Sound]) -> list[OneShot]:
        levels = [measure_level(self._cut(sound), self._recording.sample_rate) for sound in sounds]
        written = self._write_levelled(sounds, levels)
        return [self._one_shot(sound, level, written) for sound, level in zip(sounds, levels, strict=True)]

    def _write_levelled(self, sounds: list[_Sound], levels: list[Level]) -> Written:
        if not self._parameters.normalize_audio:
            return self._write_files(sounds, self._unasked_gain_db(sounds))
        gain_db = gain_db_for(levels, target_lufs=self._parameters.target_loudness_lufs)
        return write_under_ceiling(lambda gain_db: self._write_files(sounds, gain_db, is_measured=True), gain_db)

    def _unasked_gain_db(self, sounds: list[_Sound]) -> float:
        """0, unless the file would cut off what the recording did not: without its DC a sound may pass full scale."""
        if self._encoding.holds_overs:
            return 0.0
        return min(gain_db_within_full_scale(self._cut(sound)) for sound in sounds)

    def _write_files(self, sounds: list[_Sound], gain_db: float, *, is_measured: bool = False) -> Written:
        """Write `sounds` with a gain; `is_measured` says that what a player decodes of them counts."""
        rate = written_rate = self._recording.sample_rate
        excess_db = 0.0
        for sound in sounds:
            path, samples = self._path(sound), amplify(self._cut(sound), gain_db)
            written_rate = encode(path, samples, rate, encoding=self._encoding)
            if is_measured:
                excess_db = max(excess_db, excess_when_decoded(path, samples, rate, encoding=self._encoding))
        return Written(gain_db=gain_db, sample_rate=written_rate, excess_db=excess_db)

    def _one_shot(self, sound: _Sound, level: Level, written: Written) -> OneShot:
        rate, bounds, path = self._recording.sample_rate, sound.bounds, self._path(sound)
        level = level.after(written.gain_db)
        samples = amplify(self._cut(sound), written.gain_db)
        floor = sound.noise_floor_dbfs
        floor_dbfs = None if floor is None else floor + written.gain_db
        return OneShot(
            index=sound.index,
            path=path,
            format=self._encoding.format,
            start_seconds=bounds.start / rate,
            end_seconds=bounds.end / rate,
            duration_seconds=(bounds.end - bounds.start) / rate,
            sample_rate=written.sample_rate,
            channels=self._recording.channels,
            size_bytes=path.stat().st_size,
            confidence=sound.confidence,
            lufs=level.lufs,
            true_peak_dbtp=level.true_peak_dbtp,
            gain_db=written.gain_db,
            signal_to_noise_db=signal_to_noise_db(samples, rate, noise_floor_dbfs=floor_dbfs),
            descriptors=self._describe(samples, floor_dbfs),
        )

    def _describe(self, samples: Samples, noise_floor_dbfs: float | None) -> dict[str, Any] | None:
        if not self._parameters.describes:
            return None
        from oneshots.descriptors import describe_one_shot

        return describe_one_shot(samples, self._recording.sample_rate, noise_floor_dbfs=noise_floor_dbfs)

    def _cut(self, sound: _Sound) -> Cut:
        """Cut `sound` out, or return what was cut last: a sound is measured, written and described in turn."""
        if self._latest is None or self._latest[0] is not sound:
            recording = self._recording
            samples = cut(recording.samples, recording.sample_rate, bounds=sound.bounds, dc_offset=self._dc_offset)
            self._latest = (sound, samples)
        return self._latest[1]

    def _path(self, sound: _Sound) -> Path:
        return self._output_dir / f"{self._stem}-{sound.index:03d}.{self._encoding.format}"
