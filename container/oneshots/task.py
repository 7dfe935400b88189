"""The task: one recording out of S3, its one-shots into S3, `manifest.json` last of all.

The only module that knows AWS. Its job is in the environment (`docs/architecture.md`, The container). Exit codes: 0 a
manifest was written (a rejection too), 2 the job itself is wrong, 124 out of time, 137 out of memory, 143 stopped by
SIGTERM, 1 anything else.
"""

import json
import logging
import math
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from oneshots import manifest, waveform
from oneshots.encode import CONTENT_TYPES
from oneshots.limits import OUT_OF_MEMORY, DiskFullError, LimitError, Limits, check_room, enforced, read_limits
from oneshots.naming import fitting_stem, split_name
from oneshots.parameters import ParameterError, Parameters, parse_parameters
from oneshots.pipeline import OneShot, Result, process
from oneshots.rejection import Rejection
from oneshots.run_metrics import RunMetrics

_MAX_KEY_BYTES = 1024
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# boto3's threads would outlive a SIGTERM's unwinding.
_TRANSFER = TransferConfig(use_threads=False)

logger = logging.getLogger("oneshots.task")


class JobError(Exception):
    """The environment does not describe a job; the message names the variable, its value and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to process and where the results go, from the environment."""

    bucket: str
    key: str
    version_id: str
    user_id: str
    recording_id: str
    parameters: Parameters
    output_prefix: str
    region: str
    log_level: str
    max_seconds: float
    limits: Limits

    @property
    def name(self) -> str:
        """The recording's file name, verbatim."""
        return self.key.rpartition("/")[2]


def read_job(environment: Mapping[str, str]) -> Job:
    """Check and type the environment. Raises `JobError`."""
    prefix = _required(environment, "OUTPUT_PREFIX")
    if not prefix.endswith("/") or prefix.startswith("/"):
        raise JobError(f"OUTPUT_PREFIX is {prefix!r:.80}; it must end in a slash and not start with one")
    log_level = environment.get("LOG_LEVEL", "INFO").upper()
    if log_level not in _LOG_LEVELS:
        raise JobError(f"LOG_LEVEL is {log_level!r:.80}; it must be one of {', '.join(_LOG_LEVELS)}")
    return Job(
        bucket=_required(environment, "S3_BUCKET"),
        key=_required(environment, "S3_KEY"),
        version_id=_required(environment, "S3_VERSION_ID"),
        user_id=_required(environment, "USER_ID"),
        recording_id=_required(environment, "RECORDING_ID"),
        parameters=_parameters(environment.get("PROCESSING_PARAMS") or "{}"),
        output_prefix=prefix,
        region=_required(environment, "AWS_DEFAULT_REGION"),
        log_level=log_level,
        max_seconds=_seconds(environment.get("MAX_DECODED_SECONDS", "14400")),
        limits=_limits(environment),
    )


def main(environment: Mapping[str, str]) -> int:
    """Run the task and return its exit code."""
    signal.signal(signal.SIGTERM, _stop)
    _log_as_json(environment)
    metrics = RunMetrics(environment)
    metrics.began()
    code = 1
    try:
        code = _exit_code(environment, metrics)
    finally:
        # A SystemExit passes through here: stopped, or out of time.
        if code != 0:
            metrics.failed()
    return code


def _exit_code(environment: Mapping[str, str], metrics: RunMetrics) -> int:
    try:
        job = read_job(environment)
    except JobError as error:
        logger.error("invalid job: %s", error)
        return 2
    logging.getLogger("oneshots").setLevel(job.log_level)
    try:
        metrics.ended(run(job, began_at=metrics.began_at))
    except MemoryError as error:
        logger.error("out of memory: %s", error)
        return OUT_OF_MEMORY
    except DiskFullError as error:
        logger.error("%s", error.strerror)
        return 1
    except Exception:
        # The process ends here either way: the traceback belongs in the log as one JSON line, not as forty.
        logger.exception("the task failed")
        return 1
    return 0


def run(job: Job, *, began_at: float) -> dict[str, Any]:
    """Process the job's recording and return its manifest, which is in place then. Temporary files are gone either way.

    `began_at` (epoch seconds) is kept beside the manifest, with when it ended.

    Raises MemoryError, `DiskFullError` and SystemExit (out of time) at the job's limits.
    """
    store = _Store(job)
    store.delete_manifest()
    with (
        tempfile.TemporaryDirectory(prefix="oneshots-") as folder,
        enforced(job.limits, say=logger.error, folder=Path(folder)),
    ):
        work_dir = Path(folder)
        # A name of our own: the upload's name is the user's and may be anything.
        recording_path = work_dir / "recording"
        try:
            store.download(recording_path)
            result = process(
                recording_path, parameters=job.parameters, output_dir=work_dir, max_seconds=job.max_seconds
            )
            document = store.upload(result)
        except Rejection as rejection:
            logger.warning("rejected: %s", rejection)
            size_bytes = recording_path.stat().st_size if recording_path.exists() else None
            document = manifest.rejected(rejection, **store.identity, size_bytes=size_bytes)
    store.commit(document, began_at=began_at)
    logger.info("done: %s, %d one-shot(s)", document["outcome"], len(document["oneShots"]))
    return document


class _Store:
    """The recordings bucket, as far as one job sees it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._s3 = boto3.client(
            "s3", region_name=job.region, config=Config(retries={"mode": "standard", "max_attempts": 5})
        )
        basename, self._extension = split_name(job.name)
        self._stem = fitting_stem(basename, max_bytes=_MAX_KEY_BYTES - len(job.output_prefix.encode()))
        self._manifest_key = f"{job.output_prefix}manifest.json"

    @property
    def identity(self) -> dict[str, Any]:
        """What the manifest says of where the recording came from."""
        job = self._job
        source = {"name": job.name, "bucket": job.bucket, "key": job.key, "versionId": job.version_id}
        return {"recording_id": job.recording_id, "source": source, "parameters": job.parameters}

    def delete_manifest(self) -> None:
        """Remove an earlier attempt's manifest: it would commit this attempt's half-written results."""
        self._s3.delete_object(Bucket=self._job.bucket, Key=self._manifest_key)

    def download(self, path: Path) -> None:
        """Fetch the object version.

        Raises `Rejection` OBJECT_GONE when it is not there any more, `DiskFullError` when it would not fit.
        """
        job = self._job
        try:
            size_bytes = self._s3.head_object(Bucket=job.bucket, Key=job.key, VersionId=job.version_id)["ContentLength"]
            # A version never changes: no more than this will come.
            check_room(path.parent, size_bytes)
            self._s3.download_file(
                job.bucket, job.key, str(path), ExtraArgs={"VersionId": job.version_id}, Config=_TRANSFER
            )
        except ClientError as error:
            raise _gone_or(error) from error

    def upload(self, result: Result) -> dict[str, Any]:
        """Upload everything but the manifest, which is returned."""
        for one_shot in result.one_shots:
            self._s3.upload_file(
                str(one_shot.path),
                self._job.bucket,
                self._one_shot_key(one_shot),
                ExtraArgs={"ContentType": CONTENT_TYPES[one_shot.format]},
                Config=_TRANSFER,
            )
        waveform_key = f"{self._job.output_prefix}waveform.json"
        self._put_json(waveform_key, waveform.to_json(result.waveform))
        files = {"waveform": waveform_key, **{name: self._put_png(name, png) for name, png in result.pictures.items()}}
        if self._job.parameters.keeps_original:
            files["original"] = self._copy_original()
        return manifest.completed(
            result,
            **self.identity,
            place=lambda one_shot: {"key": self._one_shot_key(one_shot)},
            files=files,
        )

    def commit(self, document: dict[str, Any], *, began_at: float) -> None:
        """Write the manifest: from here on the result is there.

        When the run began and ended stands in the object's metadata, for the trace: a run that is done again leaves the
        same manifest.
        """
        times = {"began-at": f"{began_at:.3f}", "ended-at": f"{time.time():.3f}"}
        self._put_json(self._manifest_key, manifest.to_json(document), metadata=times)

    def _one_shot_key(self, one_shot: OneShot) -> str:
        return f"{self._job.output_prefix}{self._stem}-{one_shot.index:03d}.{one_shot.format}"

    def _copy_original(self) -> str:
        """Keep the original byte for byte: S3 copies it, it does not pass through here."""
        job = self._job
        ending = f".{self._extension}" if self._extension else ""
        key = f"{job.output_prefix}{self._stem}-original{ending}"
        source = {"Bucket": job.bucket, "Key": job.key, "VersionId": job.version_id}
        try:
            self._s3.copy_object(Bucket=job.bucket, Key=key, CopySource=source)
        except ClientError as error:
            raise _gone_or(error) from error
        return key

    def _put_png(self, name: str, content: bytes) -> str:
        key = f"{self._job.output_prefix}{name}.png"
        self._s3.put_object(Bucket=self._job.bucket, Key=key, Body=content, ContentType="image/png")
        return key

    def _put_json(self, key: str, content: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        self._s3.put_object(
            Bucket=self._job.bucket, Key=key, Body=content, ContentType="application/json", Metadata=metadata or {}
        )


def _gone_or(error: ClientError) -> Exception:
    """OBJECT_GONE when S3 says that the object version is not there; else the error as it is."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code != "NoSuchBucket" and (code in ("NoSuchKey", "NoSuchVersion", "404") or status == 404):
        return Rejection("OBJECT_GONE", "the upload was deleted before it could be processed")
    return error


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise JobError(f"{name} is {'empty' if name in environment else 'not set'}; the task needs it")
    return value


def _parameters(text: str) -> Parameters:
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise JobError(f"PROCESSING_PARAMS is {text!r:.80}, which is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise JobError(f"PROCESSING_PARAMS is {text!r:.80}; it must be a JSON object")
    try:
        return parse_parameters(raw)
    except ParameterError as error:
        raise JobError(f"PROCESSING_PARAMS: {error}") from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise JobError(f"MAX_DECODED_SECONDS is {text!r:.80}; it must be a number above 0")
    return seconds


def _limits(environment: Mapping[str, str]) -> Limits:
    try:
        return read_limits(environment)
    except LimitError as error:
        raise JobError(str(error)) from error


def _stop(signal_number: int, frame: FrameType | None) -> NoReturn:
    """Unwind, so that temporary files go; a second SIGTERM must not interrupt that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logger.warning("stopped by SIGTERM")
    sys.exit(128 + signal_number)


def _log_as_json(environment: Mapping[str, str]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter(environment.get("RECORDING_ID"), environment.get("EXECUTION_ARN")))
    logging.basicConfig(level="WARNING", handlers=[handler], force=True)


class _JsonFormatter(logging.Formatter):
    """One JSON object a line, with the recording's id and the execution's ARN in each."""

    def __init__(self, recording_id: str | None, execution_arn: str | None) -> None:
        super().__init__()
        self._identity = {"recordingId": recording_id, "executionArn": execution_arn}

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            **self._identity,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # In ASCII: some readers of logs take U+0085 or U+2028 for the end of a line, and terminals obey U+009B.
        return json.dumps(line)
