import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
import jsonschema
import pytest
import requests
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.server import ThreadedMotoServer

import oneshots
from oneshots import task
from tests.unit.audio.signals import noise, scene, write_by_ffmpeg, write_by_soundfile

BUCKET = "recordings"
RECORDING_ID = "0123456789abcdef0123456789abcdef"
PREFIX = f"public/processed/user-1/{RECORDING_ID}/"
PACKAGE = Path(oneshots.__file__).parent
SCHEMA = json.loads((PACKAGE / "manifest.schema.json").read_text())


@pytest.fixture(autouse=True)
def _process_state(monkeypatch, tmp_path):
    """Credentials of nobody, a temporary folder to look into, and the logging and signals as they were."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    handlers, level, on_term = logging.root.handlers[:], logging.root.level, signal.getsignal(signal.SIGTERM)
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    signal.signal(signal.SIGTERM, on_term)


@pytest.fixture
def s3():
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-1")
        make_bucket(client)
        yield client


def make_bucket(client):
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


def upload(client, content, name="take.wav"):
    """The task's environment for a fresh upload."""
    key = f"public/unprocessed/user-1/{name}"
    version = client.put_object(Bucket=BUCKET, Key=key, Body=content)["VersionId"]
    return {
        "S3_BUCKET": BUCKET,
        "S3_KEY": key,
        "S3_VERSION_ID": version,
        "USER_ID": "user-1",
        "RECORDING_ID": RECORDING_ID,
        "PROCESSING_PARAMS": "{}",
        "OUTPUT_PREFIX": PREFIX,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "LOG_LEVEL": "INFO",
    }


def keys(client):
    return [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX).get("Contents", [])]


def read(client, key):
    return client.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def manifest_of(client):
    document = json.loads(read(client, f"{PREFIX}manifest.json"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


@pytest.fixture
def take(tmp_path):
    return write_by_soundfile(tmp_path / "take.wav", scene([0.5, 1.5], seconds=2.5)).read_bytes()


def test_given_an_upload_when_the_task_runs_then_one_shots_pictures_and_manifest_are_in_the_bucket(s3, take, tmp_path):
    environment = upload(s3, take)
    assert task.main(environment) == 0
    pictures = [f"{PREFIX}overview.png", f"{PREFIX}spectrogram.png"]
    assert keys(s3) == [
        f"{PREFIX}manifest.json",
        *pictures,
        f"{PREFIX}take-001.wav",
        f"{PREFIX}take-002.wav",
        f"{PREFIX}waveform.json",
    ]
    document = manifest_of(s3)
    assert document["recordingId"] == RECORDING_ID
    assert document["source"]["versionId"] == environment["S3_VERSION_ID"]
    assert [one["key"] for one in document["oneShots"]] == [f"{PREFIX}take-001.wav", f"{PREFIX}take-002.wav"]
    assert s3.head_object(Bucket=BUCKET, Key=f"{PREFIX}take-001.wav")["ContentType"] == "audio/wav"
    assert [document["files"][name] for name in ("overview", "spectrogram")] == pictures
    for key in pictures:
        assert s3.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "image/png"
        assert read(s3, key).startswith(b"\x89PNG")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_given_an_upload_when_the_task_runs_then_it_is_counted_and_the_manifest_tells_when_it_was_made(s3, take, capfd):
    environment = upload(s3, take) | {"EXECUTION_ARN": "arn:execution", "CAPACITY_PROVIDER": "FARGATE"}
    assert task.main(environment) == 0
    out, err = capfd.readouterr()
    began, ended = (json.loads(line) for line in out.splitlines())
    assert (began["TasksStarted"], began["capacityProvider"]) == (1, "FARGATE")
    assert (ended["outcome"], ended["OneShots"], ended["UploadSize"]) == ("completed", 2, len(take))
    lines = [began, ended, *map(json.loads, err.splitlines())]
    assert {(line["recordingId"], line["executionArn"]) for line in lines} == {(RECORDING_ID, "arn:execution")}
    times = s3.head_object(Bucket=BUCKET, Key=f"{PREFIX}manifest.json")["Metadata"]
    assert 0 < float(times["began-at"]) < float(times["ended-at"])


@pytest.mark.parametrize("ends", [MemoryError("more"), OSError(28, "No space left"), SystemExit(143)])
def test_given_a_task_that_leaves_no_manifest_then_it_counts_as_failed(s3, take, monkeypatch, capfd, ends):
    def fail(*_, **__):
        raise ends

    monkeypatch.setattr(task, "process", fail)
    with contextlib.suppress(SystemExit):
        task.main(upload(s3, take))
    _, failed = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert (failed["outcome"], failed["TasksFailed"]) == ("failed", 1)


def test_given_a_newer_upload_under_the_name_when_the_task_runs_then_it_takes_its_own_version(s3, take):
    environment = upload(s3, take) | {"PROCESSING_PARAMS": '{"preserve-original": true}'}
    upload(s3, b"something else by now")
    assert task.main(environment) == 0
    assert manifest_of(s3)["files"]["original"] == f"{PREFIX}take-original.wav"
    assert read(s3, f"{PREFIX}take-original.wav") == take


@pytest.mark.parametrize("name", ["a+b 100%25.wav", "naïve take.wav", "日本.wav", "x" * 990 + ".wav"])
def test_given_a_hostile_name_when_the_task_runs_then_the_keys_carry_it(s3, take, name):
    assert task.main(upload(s3, take, name)) == 0
    stem = name.removesuffix(".wav")
    first = manifest_of(s3)["oneShots"][0]["key"]
    assert read(s3, first)
    assert first.startswith(PREFIX + stem[:900])
    assert len(first.encode()) <= 1024
    assert len(name) > 900 or first == f"{PREFIX}{stem}-001.wav"


def test_given_a_video_alone_when_the_task_runs_then_the_manifest_is_a_rejection_and_the_exit_code_0(s3, tmp_path):
    clip = write_by_ffmpeg(tmp_path / "clip.mp4", None, muxer="mp4", video=True)
    assert task.main(upload(s3, clip.read_bytes(), "clip.mp4")) == 0
    document = manifest_of(s3)
    assert (document["outcome"], document["reason"]["code"]) == ("rejected", "NO_AUDIO_TRACK")
    assert document["source"]["sizeBytes"] == clip.stat().st_size
    assert keys(s3) == [f"{PREFIX}manifest.json"]


def test_given_too_long_a_recording_when_the_task_runs_then_it_is_rejected(s3, take):
    assert task.main(upload(s3, take) | {"MAX_DECODED_SECONDS": "1"}) == 0
    assert manifest_of(s3)["reason"]["code"] == "TOO_LONG"


@pytest.mark.parametrize("how", ["deleted for good", "never there"])
def test_given_the_object_is_gone_when_the_task_runs_then_it_is_rejected_as_gone(s3, take, how):
    environment = upload(s3, take)
    if how == "never there":
        environment["S3_KEY"] += ".other"
    else:
        s3.delete_object(Bucket=BUCKET, Key=environment["S3_KEY"], VersionId=environment["S3_VERSION_ID"])
    assert task.main(environment) == 0
    assert manifest_of(s3)["reason"]["code"] == "OBJECT_GONE"


def test_given_a_manifest_of_an_earlier_attempt_when_this_one_fails_then_none_is_left(
    s3, take, monkeypatch, tmp_path, capfd
):
    environment = upload(s3, take)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}manifest.json", Body=b"{}")

    def run_out_of_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(task, "process", run_out_of_disk)
    assert task.main(environment) == 1
    assert keys(s3) == []
    assert list((tmp_path / "temporary").iterdir()) == []
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert line["recordingId"] == RECORDING_ID
    assert line["level"] == "ERROR"
    assert "No space left" in line["exception"]


def test_given_no_more_memory_when_the_task_runs_then_it_is_one_line_and_137(s3, take, monkeypatch, tmp_path, capfd):
    def ask_for_more(*_, **__):
        raise MemoryError("while decoding")

    monkeypatch.setattr(task, "process", ask_for_more)
    assert task.main(upload(s3, take)) == 137
    assert keys(s3) == []
    assert list((tmp_path / "temporary").iterdir()) == []
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (line["level"], line["message"]) == ("ERROR", "out of memory: while decoding")
    assert "exception" not in line


def test_given_the_time_is_up_when_the_task_runs_then_it_is_one_line_and_124(s3, take, monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(task, "process", lambda *_, **__: signal.raise_signal(signal.SIGALRM))
    with pytest.raises(SystemExit) as stop:
        task.main(upload(s3, take) | {"TIME_LIMIT_SECONDS": "600"})
    assert stop.value.code == 124
    assert keys(s3) == []
    assert list((tmp_path / "temporary").iterdir()) == []
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (line["level"], line["message"]) == ("ERROR", "not done within 600 seconds (TIME_LIMIT_SECONDS)")


def test_given_no_room_for_the_upload_when_the_task_runs_then_nothing_is_downloaded(s3, take, monkeypatch, capfd):
    monkeypatch.setattr("oneshots.limits.free_bytes", lambda place: 64 << 20)
    monkeypatch.setattr(task, "process", lambda *_, **__: pytest.fail("it was downloaded"))
    assert task.main(upload(s3, take)) == 1
    assert keys(s3) == []
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert line["message"].startswith("no room for")
    assert "exception" not in line


def test_given_an_error_with_a_hostile_text_when_logged_then_it_is_one_line_of_ascii(s3, take, monkeypatch, capfd):
    def fail(*_, **__):
        raise ValueError('\x1b[2J\r\n{"level": "INFO"}\u202e\u2028\x85\x9b\ud800')

    monkeypatch.setattr(task, "process", fail)
    assert task.main(upload(s3, take)) == 1
    err = capfd.readouterr().err
    assert err.isascii()
    assert err.replace("\n", "").isprintable()
    assert [json.loads(line)["level"] for line in err.splitlines()] == ["ERROR"]


def test_given_a_bucket_that_is_not_there_when_the_task_runs_then_it_is_no_rejection(s3, take):
    environment = upload(s3, take) | {"S3_BUCKET": "another-bucket"}
    assert task.main(environment) == 1


def test_given_s3_refuses_when_the_task_runs_then_the_error_is_kept_as_it_is():
    error = ClientError({"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "HeadObject")
    assert task._gone_or(error) is error


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"S3_KEY": ""}, "S3_KEY is empty"),
        ({"OUTPUT_PREFIX": "no/slash"}, "OUTPUT_PREFIX is 'no/slash'"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL is 'LOUD'"),
        ({"PROCESSING_PARAMS": "{"}, "not JSON"),
        ({"PROCESSING_PARAMS": '{"target-loudness": 3}'}, "target-loudness is 3"),
        ({"MAX_DECODED_SECONDS": "soon"}, "MAX_DECODED_SECONDS is 'soon'"),
        ({"MEMORY_LIMIT_MB": "12"}, "MEMORY_LIMIT_MB is '12'"),
        ({"TIME_LIMIT_SECONDS": "0"}, "TIME_LIMIT_SECONDS is '0'"),
    ],
)
def test_given_a_wrong_environment_when_the_task_starts_then_it_names_what_is_wrong(s3, take, capfd, change, words):
    assert task.main(upload(s3, take) | change) == 2
    assert words in json.loads(capfd.readouterr().err)["message"]
    assert keys(s3) == []


def test_given_a_variable_is_missing_when_the_job_is_read_then_the_error_names_it(s3, take):
    environment = upload(s3, take)
    del environment["RECORDING_ID"]
    with pytest.raises(task.JobError, match="RECORDING_ID is not set"):
        task.read_job(environment)


@pytest.fixture
def server():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    # moto keeps its state for the process, not for the server.
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10)
    server.stop()


def test_given_sigterm_when_the_task_works_then_it_leaves_no_file_no_manifest_and_exits_143(server, tmp_path):
    client = boto3.client("s3", region_name="eu-west-1", endpoint_url=server)
    make_bucket(client)
    # Ten minutes: long enough to be stopped in the middle on any machine.
    content = write_by_soundfile(tmp_path / "long.flac", noise(seconds=600, level_dbfs=-30, rate=16000), rate=16000)
    environment = {**os.environ, **upload(client, content.read_bytes(), "long.flac"), "AWS_ENDPOINT_URL": server}
    environment |= {"TMPDIR": str(tmp_path / "temporary")}
    process = subprocess.Popen(
        [sys.executable, "-m", "oneshots"], cwd=PACKAGE.parent, env=environment, stderr=subprocess.PIPE, text=True
    )
    lines = iter(process.stderr.readline, "")
    assert any("decoded" in line for line in lines)
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 143
    assert list((tmp_path / "temporary").iterdir()) == []
    assert keys(client) == []
    process.stderr.close()


def test_given_the_environment_alone_when_run_as_a_process_then_it_is_the_task(server, take, tmp_path):
    client = boto3.client("s3", region_name="eu-west-1", endpoint_url=server)
    make_bucket(client)
    environment = {**os.environ, **upload(client, take), "AWS_ENDPOINT_URL": server}
    done = subprocess.run(
        [sys.executable, "-m", "oneshots"], cwd=PACKAGE.parent, env=environment, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {json.loads(line)["recordingId"] for line in done.stderr.splitlines()} == {RECORDING_ID}
    assert len(manifest_of(client)["oneShots"]) == 2
