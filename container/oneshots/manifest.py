"""The manifest: what readers of the results rely on. Its contract is `manifest.schema.json` beside this file."""

import json
import math
from collections.abc import Callable
from typing import Any

from oneshots import __version__
from oneshots.decode import Source
from oneshots.parameters import Parameters
from oneshots.pipeline import OneShot, Result
from oneshots.rejection import Rejection

MANIFEST_VERSION = 1

_NO_FILES: dict[str, str | None] = {"waveform": None, "overview": None, "spectrogram": None, "original": None}

type Place = Callable[[OneShot], dict[str, str]]
"""Where a one-shot is: `{"key": ...}` in the bucket or `{"path": ...}` on disk."""


def completed(
    result: Result,
    *,
    recording_id: str,
    source: dict[str, Any],
    parameters: Parameters,
    place: Place,
    files: dict[str, str],
) -> dict[str, Any]:
    """Build the manifest of a processed recording.

    `source` says where it came from: name, bucket, key, versionId. `files` has the keys or paths of what was written
    beside the one-shots, by the schema's names; what it leaves out is null.
    """
    recording, measured = result.recording, result.loudness
    return {
        **_head(recording_id, parameters, threshold_dbfs=result.threshold_dbfs),
        "outcome": "completed",
        "reason": None,
        "source": {**source, **_source_facts(recording.source)},
        "durationSeconds": _rounded(recording.duration_seconds, 6),
        "sampleRate": recording.sample_rate,
        "channels": recording.channels,
        "loudness": {
            "integratedLufs": _rounded(measured.integrated_lufs, 2),
            "loudnessRangeLu": _rounded(measured.loudness_range_lu, 2),
            "truePeakDbtp": _rounded(measured.true_peak_dbtp, 2),
            "samplePeakDbfs": _rounded(measured.sample_peak_dbfs, 2),
            "noiseFloorDbfs": _rounded(result.noise_floor_dbfs, 2),
        },
        "descriptors": _finite(result.descriptors),
        "warnings": [{"code": each.code, "message": each.message} for each in result.warnings],
        "files": _NO_FILES | files,
        "oneShots": [_one_shot(one_shot, place) for one_shot in result.one_shots],
    }


def rejected(
    rejection: Rejection,
    *,
    recording_id: str,
    source: dict[str, Any],
    parameters: Parameters,
    size_bytes: int | None,
) -> dict[str, Any]:
    """Build the manifest of a recording that could not be processed: same fields, null or empty where unknown."""
    return {
        **_head(recording_id, parameters, threshold_dbfs=None),
        "outcome": "rejected",
        "reason": {"code": rejection.code, "message": rejection.message},
        "source": {**source, **_source_facts(Source(size_bytes=size_bytes))},
        "durationSeconds": None,
        "sampleRate": None,
        "channels": None,
        "loudness": None,
        "descriptors": None,
        "warnings": [],
        "files": _NO_FILES,
        "oneShots": [],
    }


def to_json(document: dict[str, Any]) -> bytes:
    """UTF-8 JSON on one line: a long recording's is many MB. Raises ValueError rather than write NaN or Infinity."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _head(recording_id: str, parameters: Parameters, *, threshold_dbfs: float | None) -> dict[str, Any]:
    return {
        "manifestVersion": MANIFEST_VERSION,
        "recordingId": recording_id,
        "engine": {"name": "oneshots", "version": __version__},
        "settings": {
            "processingEnabled": parameters.processing_enabled,
            "autoDetectThreshold": parameters.fixed_threshold_dbfs is None,
            "silenceThresholdDbfs": parameters.silence_threshold_dbfs,
            "effectiveThresholdDbfs": _rounded(threshold_dbfs, 2),
            "minSilenceMs": parameters.min_silence_ms,
            "preserveOriginal": parameters.preserve_original,
            "outputFormat": parameters.output_format,
            "normalizeAudio": parameters.normalize_audio,
            "targetLoudnessLufs": parameters.target_loudness_lufs,
            "normalizeMode": parameters.normalize_mode,
            "features": parameters.features,
            "processingVersion": parameters.processing_version,
            "uiVersion": parameters.ui_version,
        },
    }


def _source_facts(source: Source) -> dict[str, Any]:
    return {
        "container": source.container,
        "codec": source.codec,
        "sampleRate": source.sample_rate,
        "channels": source.channels,
        "bitRate": source.bit_rate,
        "bitDepth": source.bit_depth,
        "sizeBytes": source.size_bytes,
        "durationSeconds": _rounded(source.duration_seconds, 6),
    }


def _one_shot(one_shot: OneShot, place: Place) -> dict[str, Any]:
    return {
        "index": one_shot.index,
        **place(one_shot),
        "format": one_shot.format,
        "startSeconds": _rounded(one_shot.start_seconds, 6),
        "endSeconds": _rounded(one_shot.end_seconds, 6),
        "durationSeconds": _rounded(one_shot.duration_seconds, 6),
        "sampleRate": one_shot.sample_rate,
        "channels": one_shot.channels,
        "sizeBytes": one_shot.size_bytes,
        "confidence": _rounded(one_shot.confidence, 3),
        "loudness": {
            "lufs": _rounded(one_shot.lufs, 2),
            "truePeakDbtp": _rounded(one_shot.true_peak_dbtp, 2),
            "gainDb": _rounded(one_shot.gain_db, 2),
        },
        "descriptors": _finite(one_shot.descriptors),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    # 0.0 added: what rounds to -0.0 is 0.
    return round(float(value), digits) + 0.0 if value is not None and math.isfinite(value) else None


def _finite(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: _rounded(value, 5) if isinstance(value, float) else value for name, value in values.items()}
