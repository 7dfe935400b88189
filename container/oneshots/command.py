"""The command: `python -m oneshots FILE --output DIR`."""

import argparse
import hashlib
import json
import logging
import math
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from oneshots import __version__
from oneshots.naming import fitting_stem, split_name
from oneshots.parameters import ParameterError, Parameters, parse_parameters
from oneshots.rejection import Rejection

if TYPE_CHECKING:
    from oneshots.pipeline import Result

PROCESSED, FAILED, REJECTED = 0, 1, 3
_MAX_NAME_BYTES = 255

_EPILOG = """\
exit codes: 0 processed, 2 usage error, 3 the recording was rejected (one line on standard error says why), 1 it failed

parameters (--params, a JSON object; all optional):
  processing-enabled     true | false       false: cut nothing, only describe, and keep the original
  silence-threshold      -90..0 dBFS        what is quieter is silence (absent: adapts to the recording)
  min-silence-duration   10..5000 ms        shorter silences do not part two sounds
  auto-detect-threshold  true | false       true: adapt even if a threshold is given
  preserve-original      true | false       also copy the file itself
  output-format          original | wav | flac | mp3 | m4a
  normalize-audio        true | false       false: leave the level alone (but cut off no peaks)
  target-loudness        -60..0 LUFS        default -18
  normalize-mode         each | together    together: one gain for all, the loudest comes to the target
  features               all | cut-only     cut-only: no descriptors, tempo, key or pictures, in less time

example:
  python -m oneshots take.m4a --output out --params '{"output-format": "wav"}'

Without arguments this is the task, which takes its job from the environment (S3_BUCKET, S3_KEY ...).
"""


class _Job(NamedTuple):
    path: Path
    output_dir: Path
    parameters: Parameters
    max_seconds: float


def main(arguments: Sequence[str]) -> int:
    """Run the command on `arguments` (without the program's name) and return its exit code."""
    parser = _parser()
    job = _check(parser, parser.parse_args(arguments))
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "WARNING").upper(), stream=sys.stderr)
    return _run(job)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m oneshots",
        description="Find every sound of a recording and write each one to a file of its own: cut, faded and levelled, "
        "with manifest.json, waveform.json, overview.png and spectrogram.png beside them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the recording (m4a, wav, mp3, flac, ogg, webm ...)")
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="made when it is not there")
    parser.add_argument("--params", metavar="JSON", default="{}", help="processing parameters, see below")
    parser.add_argument(
        "--max-seconds",
        metavar="S",
        type=float,
        default=14400.0,
        help="reject recordings that decode to more than this (default: 4 hours)",
    )
    parser.add_argument("--version", action="version", version=f"oneshots {__version__}")
    return parser


def _check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> _Job:
    """Return the job, or exit with code 2 with what is wrong."""
    path: Path = arguments.file
    if not path.is_file():
        parser.error(f"FILE {str(path)!r} {'is not a file' if path.exists() else 'does not exist'}")
    if not os.access(path, os.R_OK):
        parser.error(f"FILE {str(path)!r} cannot be read")
    if not (math.isfinite(arguments.max_seconds) and arguments.max_seconds > 0):
        parser.error(f"--max-seconds is {arguments.max_seconds}; it must be a number above 0")
    parameters = _parameters(parser, arguments.params)
    try:
        arguments.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--output {str(arguments.output)!r} cannot be made: {error.strerror}")
    if not os.access(arguments.output, os.W_OK | os.X_OK):
        parser.error(f"--output {str(arguments.output)!r} cannot be written to")
    return _Job(path, arguments.output, parameters, arguments.max_seconds)


def _parameters(parser: argparse.ArgumentParser, text: str) -> Parameters:
    try:
        raw = json.loads(text)
    except ValueError as error:
        parser.error(f"--params is not JSON: {error}")
    if not isinstance(raw, dict):
        parser.error(f"--params is {text!r:.80}; it must be a JSON object")
    try:
        return parse_parameters(raw)
    except ParameterError as error:
        parser.error(f"--params: {error}")


def _run(job: _Job) -> int:
    # Imported here, so that --help and usage errors answer at once.
    from oneshots import manifest, waveform
    from oneshots.pipeline import process
    from oneshots.samples import ScratchFullError

    basename, extension = split_name(job.path.name)
    stem = fitting_stem(basename, max_bytes=_MAX_NAME_BYTES)
    manifest_path = job.output_dir / "manifest.json"
    manifest_path.unlink(missing_ok=True)
    identity: dict[str, Any] = {
        "recording_id": _content_id(job.path),
        "source": {"name": job.path.name},
        "parameters": job.parameters,
    }
    try:
        result = process(
            job.path, parameters=job.parameters, output_dir=job.output_dir, stem=stem, max_seconds=job.max_seconds
        )
    except Rejection as rejection:
        size_bytes = job.path.stat().st_size
        _commit(manifest_path, manifest.to_json(manifest.rejected(rejection, **identity, size_bytes=size_bytes)))
        print(f"{job.path.name}: {rejection}", file=sys.stderr)  # noqa: T201 - the command's answer
        return REJECTED
    except ScratchFullError as error:
        print(f"{job.path.name}: {error.strerror}", file=sys.stderr)  # noqa: T201 - the command's answer
        return FAILED
    (job.output_dir / "waveform.json").write_bytes(waveform.to_json(result.waveform))
    files = {"waveform": "waveform.json"}
    for name, png in result.pictures.items():
        files[name] = f"{name}.png"
        (job.output_dir / f"{name}.png").write_bytes(png)
    if job.parameters.keeps_original:
        original = f"{stem}-original.{extension}" if extension else f"{stem}-original"
        shutil.copyfile(job.path, job.output_dir / original)
        files["original"] = original
    document = manifest.completed(result, **identity, place=lambda one: {"path": one.path.name}, files=files)
    _commit(manifest_path, manifest.to_json(document))
    print(_summary(job, result))  # noqa: T201 - the command's answer
    return PROCESSED


def _commit(path: Path, content: bytes) -> None:
    """Write all or nothing: the manifest's presence says that the result is whole."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def _content_id(path: Path) -> str:
    """Identify a local file, which is in no bucket, by its content: the first 32 hex digits of its SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def _summary(job: _Job, result: "Result") -> str:
    count = len(result.one_shots)
    lines = [
        f"{job.path.name}: {count} one-shot{'' if count == 1 else 's'} from {result.recording.duration_seconds:.2f} s"
        f" in {job.output_dir}"
    ]
    lines += [
        f"  {one.path.name}  {one.start_seconds:8.3f} .. {one.end_seconds:.3f} s"
        f"  {'silent' if one.lufs is None else format(one.lufs, '.1f') + ' LUFS'}"
        f"  {(one.descriptors or {}).get('noteName') or '-'}"
        for one in result.one_shots
    ]
    lines += [f"  warning {each.code}: {each.message}" for each in result.warnings]
    return "\n".join(lines)
