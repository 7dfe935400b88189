"""The processing parameters: names, types and ranges of `docs/architecture.md`, checked strictly."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from re import compile as pattern
from typing import Any

OUTPUT_FORMATS = ("original", "wav", "flac", "mp3", "m4a")
NORMALIZE_MODES = ("each", "together")
FEATURES = ("all", "cut-only")
_VERSION = pattern(r"[A-Za-z0-9._+-]{1,32}")


class ParameterError(ValueError):
    """A parameter is unknown, of the wrong type or out of range; the message names it, its value and the rule."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What the user asked for. `None` leaves the choice to the engine.

    `silence_threshold_dbfs` is in dBFS, `min_silence_ms` in milliseconds, `target_loudness_lufs` in LUFS.
    `normalize_mode` is `each` (every one-shot comes to the target) or `together` (one gain for all).
    """

    processing_enabled: bool = True
    silence_threshold_dbfs: float | None = None
    min_silence_ms: float | None = None
    preserve_original: bool = False
    auto_detect_threshold: bool = True
    output_format: str = "original"
    normalize_audio: bool = True
    target_loudness_lufs: float = -18.0
    normalize_mode: str = "each"
    features: str = "all"
    processing_version: str | None = None
    ui_version: str | None = None

    @property
    def fixed_threshold_dbfs(self) -> float | None:
        """The threshold to obey, or None when the engine adapts to the recording."""
        return None if self.auto_detect_threshold else self.silence_threshold_dbfs

    @property
    def describes(self) -> bool:
        """Whether sounds and recording are described and drawn, beyond their levels."""
        return self.features == "all"

    @property
    def keeps_original(self) -> bool:
        """Whether the original is kept: asked for, or nothing else would remain of the recording."""
        return self.preserve_original or not self.processing_enabled


def parse_parameters(raw: Mapping[str, Any]) -> Parameters:
    """Check `raw`, keyed by the kebab-case names of an upload's metadata, with typed values.

    Raises `ParameterError` for an unknown name, a wrong type or a value outside the engine's range.
    """
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in _RULES:
            raise ParameterError(f"{name!r:.80} is not a parameter; allowed are {', '.join(_RULES)}")
        field, check = _RULES[name]
        values[field] = check(name, value)
    values.setdefault("auto_detect_threshold", "silence_threshold_dbfs" not in values)
    return Parameters(**values)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ParameterError(f"{name} is {value!r:.80}; it must be true or false")
    return value


def _number(low: float, high: float, unit: str) -> Callable[[str, object], float]:
    def check(name: str, value: object) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type,operator]
            raise ParameterError(f"{name} is {value!r:.80}; it must be a number from {low:g} to {high:g} {unit}")
        return float(value)  # type: ignore[arg-type]

    return check


def _one_of(choices: tuple[str, ...]) -> Callable[[str, object], str]:
    def check(name: str, value: object) -> str:
        if value not in choices:
            raise ParameterError(f"{name} is {value!r:.80}; it must be one of {', '.join(choices)}")
        return str(value)

    return check


def _version(name: str, value: object) -> str:
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        raise ParameterError(f"{name} is {value!r:.80}; it must match {_VERSION.pattern}")
    return value


_RULES: dict[str, tuple[str, Callable[[str, object], Any]]] = {
    "processing-enabled": ("processing_enabled", _flag),
    "silence-threshold": ("silence_threshold_dbfs", _number(-90, 0, "dBFS")),
    "min-silence-duration": ("min_silence_ms", _number(10, 5000, "ms")),
    "preserve-original": ("preserve_original", _flag),
    "auto-detect-threshold": ("auto_detect_threshold", _flag),
    "output-format": ("output_format", _one_of(OUTPUT_FORMATS)),
    "normalize-audio": ("normalize_audio", _flag),
    "target-loudness": ("target_loudness_lufs", _number(-60, 0, "LUFS")),
    "normalize-mode": ("normalize_mode", _one_of(NORMALIZE_MODES)),
    "features": ("features", _one_of(FEATURES)),
    "processing-version": ("processing_version", _version),
    "ui-version": ("ui_version", _version),
}
