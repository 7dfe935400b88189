"""The command: `python -m oneshots FILE --output DIR`."""

import argparse
import errno
import hashlib
import io
import json
import logging
import math
import os
import shutil
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from oneshots import __version__
from oneshots.limits import OUT_OF_MEMORY, DiskFullError, LimitError, Limits, enforced, read_limits
from oneshots.naming import fitting_stem, split_name
from oneshots.parameters import ParameterError, Parameters, parse_parameters
from oneshots.printable import printable
from oneshots.rejection import Rejection

if TYPE_CHECKING:
    from oneshots.pipeline import Result

PROCESSED, FAILED, REJECTED = 0, 1, 3
# A laptop has more, and needs it for other things.
_MOST_MEMORY_BYTES = 4 << 30
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_MAX_NAME_BYTES = 255

_EPILOG = """\
exit codes: 0 processed, 2 usage error, 3 the recording was rejected (one line on standard error says why), 1 it failed,
124 out of time (TIME_LIMIT_SECONDS, default 2700), 137 out of memory (MEMORY_LIMIT_MB, default 4096 or what there is)

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
    limits: Limits

    @property
    def shown_name(self) -> str:
        """The file's name as a terminal may show it."""
        return printable(self.path.name)


def main(arguments: Sequence[str]) -> int:
    """Run the command on `arguments` (without the program's name) and return its exit code."""
    parser = _parser()
    job = _check(parser, parser.parse_args(arguments))
    logging.basicConfig(level=_log_level(parser), stream=sys.stderr)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name may hold what the terminal's encoding does not.
        sys.stdout.reconfigure(errors="backslashreplace")

    def say(message: str) -> None:
        print(f"{job.shown_name}: {message}", file=sys.stderr)  # noqa: T201 - the command's answer

    try:
        with enforced(job.limits, say=say):
            return _run(job, say)
    except DiskFullError as error:
        say(error.strerror or "no room")
        return FAILED
    except MemoryError:
        say("out of memory (MEMORY_LIMIT_MB)")
        return OUT_OF_MEMORY


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
    fault = _fault(path)
    if fault is not None:
        parser.error(f"FILE {str(path)!r} {fault}")
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
    try:
        limits = read_limits(os.environ, most_memory_bytes=_MOST_MEMORY_BYTES)
    except LimitError as error:
        parser.error(str(error))
    return _Job(path, arguments.output, parameters, arguments.max_seconds, limits)


def _fault(path: Path) -> str | None:
    """Say why `path` cannot be a recording, without opening it: a FIFO would wait for a writer for ever."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP) and path.is_symlink():
            return f"is a symbolic link that leads nowhere: {error.strerror}"
        return "does not exist" if error.errno == errno.ENOENT else f"cannot be looked at: {error.strerror}"
    if stat.S_ISREG(mode):
        return None
    return f"is not a file but {_KINDS.get(stat.S_IFMT(mode), 'something else')}"


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _log_level(parser: argparse.ArgumentParser) -> str:
    level = os.environ.get("LOG_LEVEL", "WARNING").upper()
    if level not in _LOG_LEVELS:
        parser.error(f"LOG_LEVEL is {level!r:.80}; it must be one of {', '.join(_LOG_LEVELS)}")
    return level


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


def _run(job: _Job, say: Callable[[str], None]) -> int:
    # Imported here, so that --help and usage errors answer at once.
    from oneshots import manifest, waveform
    from oneshots.pipeline import process

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
        say(str(rejection))
        return REJECTED
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
        f"{job.shown_name}: {count} one-shot{'' if count == 1 else 's'} from {result.recording.duration_seconds:.2f} s"
        f" in {printable(str(job.output_dir))}"
    ]
    lines += [
        f"  {printable(one.path.name)}  {one.start_seconds:8.3f} .. {one.end_seconds:.3f} s"
        f"  {'silent' if one.lufs is None else format(one.lufs, '.1f') + ' LUFS'}"
        f"  {(one.descriptors or {}).get('noteName') or '-'}"
        for one in result.one_shots
    ]
    lines += [f"  warning {each.code}: {each.message}" for each in result.warnings]
    return "\n".join(lines)
