"""One hostile file through one cold process, and what is wrong with what came of it."""

import json
import os
import subprocess
import sys
import tempfile
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema

import oneshots
from fuzz.corpus import Case

CONTAINER = Path(oneshots.__file__).parents[1]
MOST_SECONDS, MOST_MB = 60.0, 512.0
# What is killed: a process that goes on and on, and one that waits for what never comes.
_KILLED_AFTER_SECONDS, _KILLED_AFTER_WALL_SECONDS = 180, 900
_RUNNER = Path(__file__).with_name("one_process.py")
_SCHEMA = jsonschema.Draft202012Validator(json.loads((CONTAINER / "oneshots" / "manifest.schema.json").read_text()))
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What came of a case: `outcome` is `processed`, `warned`, a rejection's code, or `broken` for `faults`."""

    case: Case
    outcome: str
    seconds: float
    peak_mb: float
    faults: list[str] = field(default_factory=list)
    output: str = ""


def judge(case: Case, *, arguments: tuple[str, ...] = ()) -> Verdict:
    """Run `python -m oneshots` on the case, as a user would: a cold process, with a TMPDIR of its own."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        scratch = Path(folder)
        (scratch / "tmp").mkdir()
        path = scratch / case.name
        path.write_bytes(case.make())
        measured = _measured(path, scratch, arguments)
        text = "".join(
            (scratch / name).read_bytes().decode("utf-8", "surrogateescape") for name in ("stdout", "stderr")
        )
        manifest, faults = _result(scratch / "out", measured["exitCode"])
        faults += _faults(measured, text)
        faults += [f"left {path.name} in TMPDIR" for path in (scratch / "tmp").iterdir()]
    return Verdict(
        case=case,
        outcome="broken" if faults else _outcome(manifest),
        seconds=measured["seconds"],
        peak_mb=measured["peakMb"],
        faults=faults,
        output=text,
    )


def _measured(path: Path, scratch: Path, arguments: tuple[str, ...]) -> dict[str, Any]:
    command = [sys.executable, "-m", "oneshots", str(path), "--output", str(scratch / "out"), *arguments]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    runner = [sys.executable, "-S", str(_RUNNER), str(scratch / "stdout"), str(scratch / "stderr")]
    runner += [str(_KILLED_AFTER_SECONDS), str(_KILLED_AFTER_WALL_SECONDS)]
    done = subprocess.run(
        [*runner, *command], cwd=CONTAINER, env=environment, capture_output=True, text=True, check=True
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _result(folder: Path, exit_code: int) -> tuple[dict[str, Any], list[str]]:
    """Return the manifest, and what is wrong with the result as a whole."""
    if exit_code not in (0, 3):
        return {}, [f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"]
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    faults = [f"manifest: {error.message:.200}" for error in _SCHEMA.iter_errors(manifest)]
    if manifest["outcome"] != ("completed" if exit_code == 0 else "rejected"):
        faults.append(f"exit code {exit_code} for a recording that is {manifest['outcome']}")
    named = {one["path"] for one in manifest["oneShots"]} | {name for name in manifest["files"].values() if name}
    there = {path.name for path in folder.iterdir()} - {"manifest.json"}
    if named != there:
        faults.append(f"the manifest and the folder differ in {sorted(named ^ there)[:5]}")
    texts = [warning["message"] for warning in manifest["warnings"]]
    texts += [manifest["reason"]["message"]] if manifest["reason"] else []
    faults += [f"message {text!r:.200}" for text in texts if not is_clean(text)]
    return manifest, faults


def _faults(measured: dict[str, Any], text: str) -> list[str]:
    faults = []
    if measured["timedOut"]:
        faults.append(f"not done after {_KILLED_AFTER_WALL_SECONDS} s by the clock")
    if measured["seconds"] > MOST_SECONDS:
        faults.append(f"{measured['seconds']:.0f} s")
    if measured["peakMb"] > MOST_MB:
        faults.append(f"{measured['peakMb']:.0f} MB")
    if "Traceback" in text:
        faults.append("traceback")
    if not is_clean(text.replace("\n", "")):
        faults.append("control characters")
    return faults


def is_clean(text: str) -> bool:
    """Whether there is nothing in `text` that is not seen, moves a cursor, ends a line or turns its direction."""
    return not any(unicodedata.category(character) in _UNPRINTABLE for character in text)


def _outcome(manifest: dict[str, Any]) -> str:
    if manifest["outcome"] == "rejected":
        return str(manifest["reason"]["code"])
    return "warned" if manifest["warnings"] else "processed"
