"""`make invoke`: the events, the command, and what sam is told and heard."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from local.invoke.build import machine_architecture
from local.invoke.cases import Case, case_of, cases, recording_id
from local.invoke.command import app, as_text
from local.invoke.container import ContainerEngine, answer_of, command_for, docker_hosts, environment_for, template_for
from local.invoke.emulator import BuiltFunction, error_of
from local.invoke.errors import InvokeError
from local.invoke.relay import Relay, own_address, relayed

ENGINE = ContainerEngine("unix:///run/podman/podman.sock", has_image=True)
RELAY = Relay("http://10.1.2.3:40000", "RELAY0123")
FUNCTION = BuiltFunction(
    name="local-ValidateUpload-1",
    code=Path("/built/ValidateUpload"),
    handler="validate.app.handler",
    environment={"PATH": "/usr/bin", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "MAX_UPLOAD_BYTES": "5"},
    timeout=20,
    memory=512,
)


class Engine(BaseHTTPRequestHandler):
    """What the engine is here: it says what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = {"Host": self.headers["Host"], "Asked": f"{self.command} {self.path}", "Got": body.decode()}
        content = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amz-version-id", "1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_POST = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Engine) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def ask(relay: Relay, method: str, path: str, key: str, body: bytes = b"") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(relay.endpoint.removeprefix("http://"), timeout=10)
    scope = f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    connection.request(method, path, body, {"Authorization": scope, "Connection": "close"})
    return connection.getresponse()


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.mark.parametrize("arguments", [(), ("conquer",), ("validate", "--event", "accents")])
def test_given_no_task_or_an_unknown_one_when_invoked_then_it_lists_what_there_is(arguments: tuple[str, ...]) -> None:
    exit_code, output = run(*arguments)

    assert exit_code == 2
    for case in cases():
        assert f"make invoke TASK={case.task}" + (f" EVENT={case.name}\n" if case.name != case.task else "\n") in output


def test_given_a_hostile_task_when_invoked_then_the_terminal_is_not_written_to_by_it() -> None:
    exit_code, output = run("\x1b[31mvalidate")

    assert exit_code == 2
    assert "\x1b" not in output


def test_given_an_endpoint_where_nothing_listens_when_invoked_then_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)

    assert run("validate", "--by", "engine") == (3, f"Nothing answers at {nowhere} (AWS_ENDPOINT_URL).\n")


def test_given_no_container_engine_when_one_is_asked_for_then_it_says_how_to_name_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    exit_code, output = run("validate", "--by", "container")

    assert exit_code == 3
    assert "DOCKER_HOST" in output


def test_given_an_event_by_its_file_name_then_it_is_found() -> None:
    assert case_of("validate", "validate-accents.json") == case_of("validate", "validate-accents")


def test_given_a_file_that_is_no_event_then_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "validate-broken.json"
    path.write_text("{")

    with pytest.raises(InvokeError, match="validate-broken"):
        Case("validate", "validate-broken", path).template()


def test_given_an_upload_then_its_recording_id_is_that_of_the_sample_event() -> None:
    event = case_of("validate").template()

    assert recording_id(event["bucket"], event["key"], event["versionId"]) == event["recordingId"]


def test_given_text_that_a_terminal_would_obey_when_printed_then_it_is_escaped_and_still_json() -> None:
    value = {"name": "naïve \x1b[2J\u202e\x9b\U000e0001"}

    text = as_text(value)

    assert json.loads(text) == value
    assert "naïve" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_given_answers_then_errors_are_told_from_results() -> None:
    assert error_of(b'{"format": "m4a"}') is None
    assert error_of(b"[1]") is None
    assert error_of(b'{"errorType": "InvalidUpload", "errorMessage": "m"}') == {
        "errorType": "InvalidUpload",
        "errorMessage": "m",
    }
    assert error_of(b"Task timed out after 1.00 seconds") == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "Task timed out after 1.00 seconds",
    }


# ---------------------------------------------------------------- sam local invoke


def test_given_lambdas_image_when_sam_is_called_then_it_is_not_pulled_again() -> None:
    there, missing = command_for("ValidateUpload", ENGINE), command_for("ValidateUpload", ContainerEngine("x", False))

    assert there[1:4] == ["local", "invoke", "ValidateUpload"]
    assert there[4:] == ["--template-file", "template.json", "--event", "event.json", "--skip-pull-image"]
    assert missing == there[:-1]


def test_given_a_function_when_sam_gets_its_template_then_its_variables_lead_to_the_relay() -> None:
    template = template_for(FUNCTION, "ValidateUpload", RELAY)

    function = template["Resources"]["ValidateUpload"]
    properties = function["Properties"]
    assert function["Type"] == "AWS::Serverless::Function"
    assert (properties["CodeUri"], properties["Handler"]) == ("/built/ValidateUpload", "validate.app.handler")
    assert (properties["Timeout"], properties["MemorySize"]) == (20, 512)
    assert properties["Architectures"] == [machine_architecture()]
    assert properties["Environment"]["Variables"] == {
        "AWS_ENDPOINT_URL": RELAY.endpoint,
        "AWS_ACCESS_KEY_ID": RELAY.key,
        "AWS_SECRET_ACCESS_KEY": "local",
        "MAX_UPLOAD_BYTES": "5",
    }


def test_given_variables_of_this_shell_when_sam_is_called_then_the_functions_own_win(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "6")

    environment = environment_for(template_for(FUNCTION, "ValidateUpload", RELAY), "ValidateUpload", ENGINE)

    assert environment["AWS_ENDPOINT_URL"] == RELAY.endpoint
    assert environment["MAX_UPLOAD_BYTES"] == "5"
    assert environment["DOCKER_HOST"] == ENGINE.host


def test_given_what_sam_printed_when_read_then_the_last_line_is_the_answer() -> None:
    assert answer_of(0, b'Update available\n{"errorType": "InvalidUpload"}\n', "") == b'{"errorType": "InvalidUpload"}'


def test_given_a_function_that_ran_out_of_time_when_sam_is_read_then_it_is_told_as_lambda_does() -> None:
    error = error_of(answer_of(0, b"\n", "Function 'ValidateUpload' timed out after 20 seconds\n"))

    assert error == {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 20 seconds"}


def test_given_sam_fails_when_read_then_its_words_are_passed_on() -> None:
    with pytest.raises(InvokeError, match=r"exit code 1(.|\n)*no space left"):
        answer_of(1, b"", "Error: no space left")


def test_given_docker_host_then_that_engine_is_asked_and_no_other() -> None:
    assert docker_hosts({"DOCKER_HOST": "tcp://127.0.0.1:2375", "HOME": "/"}) == ["tcp://127.0.0.1:2375"]


def test_given_a_socket_of_podmans_then_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "podman").mkdir()
    monkeypatch.chdir(tmp_path)  # a socket's path may be 107 bytes long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("podman/podman.sock")

        found = docker_hosts({"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)})

    assert f"unix://{tmp_path}/podman/podman.sock" in found


# ---------------------------------------------------------------- the relay


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_given_the_calls_key_when_a_container_asks_then_the_engine_answers_under_its_own_name(
    engine: str, method: str
) -> None:
    with relayed(f"http://{engine}") as relay:
        answer = ask(relay, method, "/bucket/a%2Bb?versionId=1", relay.key, b"" if method == "HEAD" else b"body")
        content = answer.read()

    assert (answer.status, answer.headers["x-amz-version-id"]) == (200, "1")
    if method == "HEAD":
        assert content == b""
        assert int(answer.headers["Content-Length"]) > 0
    else:
        assert json.loads(content) == {"Host": engine, "Asked": f"{method} /bucket/a%2Bb?versionId=1", "Got": "body"}


@pytest.mark.parametrize("key", ["", "local", "RELAY"])
def test_given_another_key_when_anybody_asks_then_the_engine_hears_nothing(engine: str, key: str) -> None:
    with relayed(f"http://{engine}") as relay:
        answer = ask(relay, "POST", "/", key, b"{}")

        assert answer.status == 403
        assert b"Host" not in answer.read()


def test_given_boto3_with_the_calls_key_when_it_asks_then_it_is_let_through_and_signs_as_the_relay_expects(
    engine: str,
) -> None:
    with relayed(f"http://{engine}") as relay:
        asked = []
        for key in (relay.key, "other"):
            s3 = boto3.Session(key, "secret", region_name="us-east-1").client(
                "s3", endpoint_url=relay.endpoint, config=Config(proxies={}, retries={"total_max_attempts": 1})
            )
            try:
                asked.append(s3.get_object(Bucket="bucket", Key="a b")["Body"].read())
            except ClientError as error:
                asked.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

    assert json.loads(asked[0])["Asked"].startswith("GET /bucket/a%20b")
    assert asked[1] == 403


def test_given_an_engine_that_is_gone_when_asked_then_the_relay_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"

    with relayed(nowhere) as relay:
        assert ask(relay, "GET", "/", relay.key).status == 502


def test_given_a_call_that_is_over_when_anybody_asks_then_nothing_listens(engine: str) -> None:
    with relayed(f"http://{engine}") as relay:
        pass

    with pytest.raises(ConnectionRefusedError):
        ask(relay, "GET", "/", relay.key)


def test_given_this_machine_then_it_has_an_address_that_can_be_listened_on() -> None:
    with socket.create_server((own_address(), 0)) as listening:
        assert listening.getsockname()[0] == own_address()
