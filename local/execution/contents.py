"""What goes into a report of an execution, and what is left out of it because it is too large."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.execution.media_types import media_type
from local.execution.reader import SOURCE, ExecutionReader, NotRead
from local.execution.waveform import reduced

_SOURCE_BYTES = 2_000_000
_ONE_SHOTS_BYTES = 2_000_000
_PICTURE_BYTES = 1_000_000
_WAVEFORM_BYTES = 20_000_000


@dataclass(frozen=True)
class LeftOut:
    """Something that is not in a report. `size` in bytes, None where nobody knows it."""

    what: str
    size: int | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return it as the report reads it."""
        return {"what": self.what, "bytes": self.size, "why": self.why}


@dataclass(frozen=True)
class Contents:
    """All that a report shows. `files` are data: URLs by name, `logs` those of a visit by the visit's event."""

    document: dict[str, Any]
    files: dict[str, str]
    logs: dict[str, list[dict[str, Any]]]
    left_out: list[LeftOut]

    def as_json(self) -> dict[str, Any]:
        """Return it as the report reads it."""
        return {
            "document": self.document,
            "files": self.files,
            "logs": self.logs,
            "leftOut": [each.as_json() for each in self.left_out],
        }


def contents_of(reader: ExecutionReader, arn: str) -> Contents:
    """Read what a report of an execution shows, as much of it as is small enough."""
    document = reader.document(arn)
    files = _Files(reader, document["recording"])
    files.take_all()
    return Contents(document, files.urls, {}, files.left_out)


class _Files:
    """A recording's files, each taken if it is small enough."""

    def __init__(self, reader: ExecutionReader, recording: dict[str, Any] | None) -> None:
        self.urls: dict[str, str] = {}
        self.left_out: list[LeftOut] = []
        self._reader = reader
        self._recording = recording

    def take_all(self) -> None:
        """Take the pictures, the source and as many one-shots as fit, in order."""
        if self._recording is None:
            return
        self._take_waveform()
        for name in ("overview.png", "spectrogram.png"):
            self._take(name, name, _PICTURE_BYTES)
        if self._recording["source"]["isThere"]:
            self._take(SOURCE, "The recording itself", _SOURCE_BYTES)
        left = _ONE_SHOTS_BYTES
        for index in _indexes(self._recording["manifest"]):
            left -= self._take(f"one-shots/{index}", f"One-shot {index}", left)

    def _take(self, name: str, called: str, most: int) -> int:
        """Take a file of at most so many bytes; returns how many it has, 0 if it is not taken."""
        read = self._read(name, called, most)
        if read is None:
            return 0
        data, media = read
        self.urls[name] = f"data:{media};base64,{base64.b64encode(data).decode()}"
        return len(data)

    def _take_waveform(self) -> None:
        read = self._read("waveform.json", "The waveform", _WAVEFORM_BYTES)
        if read is None:
            return
        try:
            data = json.dumps(reduced(json.loads(read[0])), separators=(",", ":")).encode()
        except (ValueError, TypeError, KeyError) as error:
            self.left_out.append(LeftOut("The waveform", len(read[0]), f"it is not understood: {error}"))
            return
        self.urls["waveform.json"] = f"data:application/json;base64,{base64.b64encode(data).decode()}"

    def _read(self, name: str, called: str, most: int) -> tuple[bytes, str] | None:
        stored = self._reader.file(self._recording, name)
        if stored is None:
            return None
        try:
            size, data = self._reader.read(stored, most)
        except NotRead as error:
            self.left_out.append(LeftOut(called, None, str(error)))
            return None
        if data is None:
            self.left_out.append(LeftOut(called, size, f"larger than the {most:,} bytes there is room for"))
            return None
        return data, media_type(stored.key)


def _indexes(manifest: dict[str, Any] | None) -> Iterator[int]:
    for shot in (manifest or {}).get("oneShots", []):
        yield shot["index"]
