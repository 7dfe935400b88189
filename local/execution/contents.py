"""What goes into a report of an execution, and what is left out of it because it is too large."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from local.execution.fitting import LeftOut, fitting_document, fitting_logs, shown_size
from local.execution.media_types import media_type
from local.execution.reader import SOURCE, ExecutionReader, NotRead, StoredFile
from local.execution.waveform import reduced

_SOURCE_BYTES = 2_000_000
_ONE_SHOTS_BYTES = 2_000_000
_PICTURE_BYTES = 1_000_000
_WAVEFORM_BYTES = 50_000_000  # before it is reduced


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
    left_out: list[LeftOut] = []
    logs = fitting_logs(reader.logs(arn), left_out)
    return Contents(fitting_document(document, left_out), files.urls, logs, [*files.left_out, *left_out])


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
        self._take_waveform(self._stored("waveform.json"))
        for name in ("overview.png", "spectrogram.png"):
            self._take(name, name, self._stored(name), _PICTURE_BYTES)
        if self._recording["source"]["isThere"]:
            self._take(SOURCE, "The recording itself", self._stored(SOURCE), _SOURCE_BYTES)
        shots = (self._recording["manifest"] or {}).get("oneShots", [])
        self._take_one_shots(shots, self._recording["source"]["bucket"])

    def _stored(self, name: str) -> StoredFile | None:
        return self._reader.file(self._recording, name)

    def _take_one_shots(self, shots: list[dict[str, Any]], bucket: str) -> None:
        room = _ONE_SHOTS_BYTES
        too_large = []
        for shot in shots:
            if shot["sizeBytes"] <= room:
                stored = StoredFile(bucket, shot["key"])
                room -= self._take(f"one-shots/{shot['index']}", f"One-shot {shot['index']}", stored, room)
            else:
                too_large.append(shot)
        if too_large:
            what = (
                f"The sound of {len(too_large):,} of {len(shots):,} one-shots, number {too_large[0]['index']} the first"
            )
            size = sum(shot["sizeBytes"] for shot in too_large)
            self.left_out.append(LeftOut(what, size, f"there is room for {shown_size(_ONE_SHOTS_BYTES)} of them"))

    def _take(self, name: str, called: str, stored: StoredFile | None, most: int) -> int:
        """Take a file of at most so many bytes; returns how many it has, 0 if it is not taken."""
        read = self._read(called, stored, most)
        if read is None:
            return 0
        data, media = read
        self.urls[name] = f"data:{media};base64,{base64.b64encode(data).decode()}"
        return len(data)

    def _take_waveform(self, stored: StoredFile | None) -> None:
        read = self._read("The waveform", stored, _WAVEFORM_BYTES)
        if read is None:
            return
        try:
            waveform = json.loads(read[0])
            drawn = reduced(waveform)
            data = json.dumps(drawn, separators=(",", ":")).encode()
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            self.left_out.append(LeftOut("The waveform", len(read[0]), f"it is not understood: {error}"))
            return
        if drawn is not waveform:
            why = f"{drawn['length']:,} stand for {int(waveform['length']):,}"
            self.left_out.append(LeftOut("The waveform's single points", len(read[0]) - len(data), why))
        self.urls["waveform.json"] = f"data:application/json;base64,{base64.b64encode(data).decode()}"

    def _read(self, called: str, stored: StoredFile | None, most: int) -> tuple[bytes, str] | None:
        if stored is None:
            return None
        try:
            size, data = self._reader.read(stored, most)
        except NotRead as error:
            self.left_out.append(LeftOut(called, None, str(error)))
            return None
        if data is None:
            self.left_out.append(LeftOut(called, size, f"there is room for {shown_size(most)}"))
            return None
        return data, media_type(stored.key)
