"""What is shown of an execution, made to fit into a report; what is cut is told with its size."""

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

_LOGS_BYTES = 1_500_000
_DOCUMENT_BYTES = 4_000_000
_RECORDING_BYTES = 8_000_000
_MOST_ONE_SHOTS = (2_000, 1_000, 500, 200)
_LONGEST_VALUES = (32_000, 8_000, 2_000, 500)
_MOST_EVENTS = (5_000, 2_000, 500)
_VALUES = ("input", "output", "error", "cause")
_MEGABYTE = 1_000_000
_SHARE = f"{_DOCUMENT_BYTES // _MEGABYTE} MB"
# so that nothing in a script element of JSON ends the element
_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&"}


def embedded(value: Any) -> str:
    """Return a value as ASCII JSON that may stand in a script element."""
    return json.dumps(value, separators=(",", ":")).translate(_ESCAPES)


@dataclass(frozen=True)
class LeftOut:
    """Something that is not in a report. `size` in bytes, None where nobody knows it."""

    what: str
    size: int | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return it as the report reads it."""
        return {"what": self.what, "bytes": self.size, "why": self.why}


def fitting_logs(visits: list[dict[str, Any]], left_out: list[LeftOut]) -> dict[str, list[dict[str, Any]]]:
    """Return the attempts' lines by the visit's event, of each attempt the last ones where all are too many."""
    attempts = [attempt for visit in visits for attempt in visit["attempts"]]
    share = _LOGS_BYTES // max(1, len(attempts))
    spare = _LOGS_BYTES - sum(min(share, _size(attempt["lines"])) for attempt in attempts)
    dropped = 0
    for attempt in attempts:
        room = share + spare
        size = _size(attempt["lines"])
        kept = _last_fitting(attempt["lines"], room)
        spare -= max(0, min(size, room) - share)
        dropped += size - _size(kept)
        attempt["lines"] = kept
    if dropped:
        left_out.append(
            LeftOut("The first lines of long logs", dropped, f"there is room for {shown_size(_LOGS_BYTES)} of them")
        )
    return {str(visit["eventId"]): visit["attempts"] for visit in visits}


def _last_fitting(lines: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    kept = deque[dict[str, Any]]()
    for line in reversed(lines):
        room -= _size(line) + 1
        if room < 0:
            break
        kept.appendleft(line)
    return list(kept)


def fitting_document(document: dict[str, Any], left_out: list[LeftOut]) -> dict[str, Any]:
    """Return a document that is not too large for a report: first long values are cut, then events are left out."""
    document = document | {"recording": _fitting_recording(document["recording"], left_out)}
    whole = _size_beside(document)
    if whole <= _DOCUMENT_BYTES:
        return document
    kept = document
    for longest in _LONGEST_VALUES:
        kept = document | {
            "execution": document["execution"] | {name: _cut(document["execution"][name], longest) for name in _VALUES},
            "visits": [_cut_visit(visit, longest) for visit in document["visits"]],
            "events": [_cut_each(event, longest) for event in document["events"]],
        }
        if _size_beside(kept) <= _DOCUMENT_BYTES:
            why = f"values of more than {shown_size(longest)} are cut, for there is room for {_SHARE}"
            left_out.append(LeftOut("Inputs, outputs and events in full", whole - _size_beside(kept), why))
            return kept
    return _without_middle(kept, whole, left_out)


def _without_middle(document: dict[str, Any], whole: int, left_out: list[LeftOut]) -> dict[str, Any]:
    kept = document
    for most in _MOST_EVENTS:
        kept = document | {name: _ends(document[name], most) for name in ("visits", "events", "mapRuns")}
        if _size_beside(kept) <= _DOCUMENT_BYTES:
            break
    counts = f"{len(document['events']) - len(kept['events']):,} events in the middle, and the states they tell of"
    left_out.append(LeftOut(counts, whole - _size_beside(kept), f"there is room for {_SHARE}"))
    return kept


def _fitting_recording(recording: dict[str, Any] | None, left_out: list[LeftOut]) -> dict[str, Any] | None:
    """Return a recording with as many of its one-shots' descriptions as there is room for."""
    whole = _size(recording)
    if recording is None or whole <= _RECORDING_BYTES:
        return recording
    manifest = recording["manifest"] or {}
    count = max(len(recording["oneShots"]), len(manifest.get("oneShots", [])))
    for most in (*_MOST_ONE_SHOTS, 0):
        kept = recording | {"oneShots": recording["oneShots"][:most]}
        if manifest:
            kept["manifest"] = manifest | {"oneShots": manifest.get("oneShots", [])[:most]}
        if _size(kept) <= _RECORDING_BYTES:
            break
    why = f"there is room for {shown_size(_RECORDING_BYTES)} of what is told of the recording"
    left_out.append(LeftOut(f"{count - most:,} of {count:,} one-shots", whole - _size(kept), why))
    return kept


def _size_beside(document: dict[str, Any]) -> int:
    """Return how large a document is beside its recording."""
    return _size(document | {"recording": None})


def _ends(items: list[Any], most: int) -> list[Any]:
    return items if len(items) <= most else [*items[: most // 2], *items[-(most // 2) :]]


def _cut_visit(visit: dict[str, Any], longest: int) -> dict[str, Any]:
    attempts = [
        attempt | {"parameters": _cut(attempt["parameters"], longest), "cause": _cut(attempt["cause"], longest)}
        for attempt in visit["attempts"]
    ]
    return visit | {name: _cut(visit[name], longest) for name in (*_VALUES, "assigned")} | {"attempts": attempts}


def _cut(value: Any, longest: int) -> Any:
    """Return a value, or what is left of it as a text where it is too long."""
    if value is None or _size(value) <= longest:
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text[:longest]} ... cut: {len(text):,} characters in all"


def _cut_each(value: Any, longest: int) -> Any:
    match value:
        case dict():
            return {name: _cut_each(member, longest) for name, member in value.items()}
        case list():
            return [_cut_each(member, longest) for member in value]
        case _:
            return _cut(value, longest)


def _size(value: Any) -> int:
    return len(embedded(value))


def shown_size(size: int) -> str:
    """Return a number of bytes as it reads."""
    return f"{size / 1e6:g} MB" if size >= _MEGABYTE else f"{size / 1e3:g} KB"
