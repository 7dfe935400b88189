"""The functions as `sam build` makes them: what is in them, and that each works under Lambda's own runtime client."""

import ast
import importlib.util
import json
import re
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.engine import Engine
from local.invoke import command
from local.invoke.build import build, machine_architecture
from local.invoke.cases import FUNCTIONS, Case, cases
from local.invoke.emulator import BuiltFunction, RuntimeEmulator, error_of, runtime_client
from local.invoke.stack import UPLOAD_RULE, Stack
from tests import running_engine

ROOT = Path(__file__).parents[2]
TASKS = ROOT / "tasks"
ELF_MACHINES = {"x86_64": 62, "arm64": 183}
MEGABYTE = 1_000_000

# What each sample event comes to: a part of the result, or the error's name and how its message begins.
OUTCOMES: dict[str, dict[str, Any] | tuple[str, str]] = {
    "validate": {"format": "m4a", "userId": "demo", "name": "kitchen take.m4a"},
    "validate-accents": {"format": "m4a", "name": "naïve take.m4a"},
    "validate-lookalike": ("InvalidUpload", "INVALID_KEY: "),
    "validate-object-gone": ("InvalidUpload", "OBJECT_GONE: "),
    "validate-traversal": ("InvalidUpload", "INVALID_KEY: "),
    "validate-unsupported": ("InvalidUpload", "UNSUPPORTED_EXTENSION: "),
    "validate-verbatim-name": {"format": "wav", "name": "a+b 100%.wav"},
    "metadata": {"codec": "aac", "sampleRate": 44100, "channels": 1},
    "metadata-film": ("InvalidUpload", "NO_AUDIO_TRACK: "),
    "metadata-moov-at-end": {"container": "m4a", "codec": "aac"},
    "persist": {"outcome": "completed"},
    "persist-claim-lost": ("ClaimLost", "recording '"),
    "persist-result-missing": ("ResultMissing", ""),
}


class Lines:
    """Keeps what a function writes."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, content: bytes, /) -> None:
        self.written += content


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All functions, built for this machine, as `make invoke TASK=validate` has it done."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MAKEFLAGS", " -- TASK=validate PYTHON=")
        return build(tmp_path_factory.mktemp("built"), machine_architecture())


@pytest.fixture(scope="module")
def built_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The function with most in it, built for the other architecture."""
    (other,) = set(ELF_MACHINES) - {machine_architecture()}
    return other, build(tmp_path_factory.mktemp("elsewhere"), other, function="ExtractMetadata")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    engine = running_engine.engine_of("little-bit-audio built", lambda: Engine.deploy(ROOT / "template.yaml"))
    stack = Stack(engine.endpoint)
    stack.start_nothing_on_uploads()
    yield stack
    running_engine.stop()


@pytest.fixture(scope="module")
def client() -> Iterator[Path]:
    with runtime_client() as folder:
        yield folder


@pytest.fixture(scope="module")
def functions(stack: Stack, built: Path) -> dict[str, BuiltFunction]:
    return {name: stack.function(name, built) for name in FUNCTIONS.values()}


@pytest.fixture(scope="module")
def emulators(functions: dict[str, BuiltFunction], client: Path) -> Iterator[dict[str, RuntimeEmulator]]:
    with ExitStack() as running:
        yield {
            name: running.enter_context(RuntimeEmulator(function, client=client, log=Lines()))
            for name, function in functions.items()
        }


@pytest.fixture
def with_workflow(stack: Stack) -> Iterator[None]:
    """Have uploads start the workflow meanwhile."""
    stack.client("events").enable_rule(Name=stack.physical_id(UPLOAD_RULE))
    yield
    stack.start_nothing_on_uploads()


def prepared(case: Case, stack: Stack) -> bytes:
    return json.dumps(case.prepared(stack)).encode()


def check_outcome(answer: bytes, expected: dict[str, Any] | tuple[str, str]) -> None:
    error = error_of(answer)
    if isinstance(expected, tuple):
        name, beginning = expected
        assert error
        assert error["errorType"] == name
        assert error["errorMessage"].startswith(beginning)
        assert error["stackTrace"]
    else:
        assert error is None, error
        result = json.loads(answer)
        assert {key: result[key] for key in expected} == expected


def test_given_the_sample_events_then_what_comes_of_each_is_known() -> None:
    assert {case.name for case in cases()} == set(OUTCOMES)


@pytest.mark.parametrize("case", [case for case in cases() if not case.needs_result], ids=lambda case: case.name)
def test_given_a_built_function_when_invoked_with_an_event_then_it_does_what_the_source_does(
    case: Case, stack: Stack, emulators: dict[str, RuntimeEmulator]
) -> None:
    answer = emulators[case.function].invoke(prepared(case, stack))

    check_outcome(answer, OUTCOMES[case.name])


@pytest.mark.parametrize("case", [case for case in cases() if case.needs_result], ids=lambda case: case.name)
def test_given_a_processed_recording_when_its_built_function_is_invoked_then_it_does_what_the_source_does(
    case: Case, stack: Stack, emulators: dict[str, RuntimeEmulator], with_workflow: None
) -> None:
    event = case.prepared(stack)

    answer = emulators[case.function].invoke(json.dumps(event).encode())

    check_outcome(answer, OUTCOMES[case.name])
    one_shots = stack.client("dynamodb").query(
        TableName=stack.table,
        KeyConditionExpression="id = :id AND begins_with(#item, :one_shot)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":id": {"S": event["recordingId"]}, ":one_shot": {"S": "ONESHOT#"}},
    )
    assert one_shots["Count"] == json.loads(answer).get("oneShotCount", 0)


def test_given_their_errors_then_the_state_machine_decides_on_each_by_that_name(state_machine: dict[str, Any]) -> None:
    named = set(re.findall(r'"(\w+)"', json.dumps([each["ErrorEquals"] for each in _deciders(state_machine)])))

    assert {expected[0] for expected in OUTCOMES.values() if isinstance(expected, tuple)} <= named


def _deciders(node: Any) -> Iterator[dict[str, Any]]:
    """Every retrier and catcher."""
    if isinstance(node, dict):
        if "ErrorEquals" in node:
            yield node
        for value in node.values():
            yield from _deciders(value)
    elif isinstance(node, list):
        for value in node:
            yield from _deciders(value)


def test_given_an_event_that_breaks_the_contract_when_invoked_then_the_error_says_which_field(
    emulators: dict[str, RuntimeEmulator],
) -> None:
    for name, emulated in emulators.items():
        error = error_of(emulated.invoke(b'{"executionArn": "arn"}'))
        assert error, name
        assert error["errorType"] == "ValidationError", name
        assert "recordingId" in error["errorMessage"], name


def test_given_s3_that_never_answers_when_invoked_then_the_timeout_ends_it(
    functions: dict[str, BuiltFunction], stack: Stack, client: Path
) -> None:
    (case,) = [case for case in cases("validate") if case.name == "validate"]
    event = prepared(case, stack)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        elsewhere = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        function = functions["ValidateUpload"]
        hurried = replace(function, environment={**function.environment, **elsewhere}, timeout=1)
        with RuntimeEmulator(hurried, client=client, log=Lines()) as emulated:
            assert error_of(emulated.invoke(b"{}"))  # it has started, and is quick with what needs no S3
            error = error_of(emulated.invoke(event))

    assert error == {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 1.00 seconds"}


@pytest.mark.parametrize("missing", ["av.open", "metadata.app.handler"])
def test_given_what_this_environment_has_and_a_build_lacks_when_invoked_then_it_is_not_found(
    missing: str, functions: dict[str, BuiltFunction], client: Path
) -> None:
    other = replace(functions["ValidateUpload"], handler=missing)

    with RuntimeEmulator(other, client=client, log=Lines()) as emulated:
        error = error_of(emulated.invoke(b"{}"))

    assert error
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert f"No module named '{missing.partition('.')[0]}'" in error["errorMessage"]


def test_given_make_invoke_when_it_runs_a_built_function_then_the_result_is_printed_and_the_exit_code_is_its_own(
    monkeypatch: pytest.MonkeyPatch, built: Path, stack: Stack
) -> None:
    monkeypatch.setattr(command, "build", lambda folder, architecture: built)
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)

    done = CliRunner().invoke(command.app, ["validate", "--by", "emulator"])
    refused = CliRunner().invoke(command.app, ["validate", "--event", "validate-traversal", "--by", "emulator"])

    assert (done.exit_code, json.loads(done.stdout)["format"]) == (0, "m4a")
    assert (refused.exit_code, json.loads(refused.stdout)["errorType"]) == (1, "InvalidUpload")
    assert "under the Lambda runtime emulator" in done.stderr
    assert '"message":"task done"' in done.stderr


# ---------------------------------------------------------------- what is in them


def imports(path: Path) -> set[str]:
    """The modules that a file imports anywhere in it, in full."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def reached(task: str) -> tuple[set[Path], set[str]]:
    """Return the files under tasks/ that a handler's import reaches, and what they import from elsewhere."""
    files, foreign, ahead = set[Path](), set[str](), {f"{task}.app"}
    while ahead:
        module = ahead.pop()
        path = TASKS / (module.replace(".", "/") + ".py")
        path = path if path.exists() else path.with_suffix("") / "__init__.py"
        if not path.exists():
            foreign.add(module.partition(".")[0])
        elif path not in files:
            files.add(path)
            ahead |= imports(path)
    return files, foreign - sys.stdlib_module_names


@pytest.mark.parametrize("task", FUNCTIONS)
def test_given_what_a_handler_imports_then_it_is_built_with_that_and_with_no_other_task(task: str, built: Path) -> None:
    folder = built / FUNCTIONS[task]
    files, foreign = reached(task)

    assert {path.relative_to(TASKS) for path in files if not (folder / path.relative_to(TASKS)).exists()} == set()
    assert {name for name in foreign if not (folder / name).is_dir() and not (folder / f"{name}.py").exists()} == set()
    assert {path.name for path in TASKS.iterdir() if (folder / path.name).exists()} == {"shared", task}


@pytest.mark.parametrize("task", FUNCTIONS)
def test_given_what_a_handler_imports_then_its_lock_holds_that_and_its_requirements_no_more(task: str) -> None:
    _, foreign = reached(task)
    names = {name: {each.lower().replace("_", "-") for each in packages_distributions()[name]} for name in foreign}
    locked = set(re.findall(r"^([a-z0-9-]+)==", (TASKS / task / "requirements.txt").read_text(), re.MULTILINE))
    asked = [(TASKS / each / "requirements.in").read_text() for each in ("shared", task)]
    wanted = set(re.findall(r"^([a-z][a-z0-9-]*)", "\n".join(asked), re.MULTILINE))

    assert {name for name, distributions in names.items() if not distributions & locked} == set()
    assert {each for each in wanted if not any(each in distributions for distributions in names.values())} == set()


@pytest.mark.parametrize("function", FUNCTIONS.values())
def test_given_a_built_function_then_botocore_knows_the_services_that_are_called_and_no_more(
    function: str, built: Path
) -> None:
    called = set(re.findall(r'\.(?:client|resource)\("(\w+)"', (TASKS / "shared" / "clients.py").read_text()))

    described = {path.name for path in (built / function / "botocore" / "data").iterdir() if path.is_dir()}

    assert described == called


@pytest.mark.parametrize("function", FUNCTIONS.values())
def test_given_a_built_function_then_all_of_it_is_compiled_for_a_folder_that_cannot_be_written_to(
    function: str, built: Path
) -> None:
    sources = list((built / function).rglob("*.py"))

    headers = {}
    for source in sources:
        compiled = Path(importlib.util.cache_from_source(str(source)))
        headers[source] = compiled.read_bytes()[:8] if compiled.exists() else b""

    # PEP 552: bit 0 says that a hash stands for the source, bit 1 (not set) that it is to be checked
    right = importlib.util.MAGIC_NUMBER + struct.pack("<I", 0b01)
    assert [source for source, header in headers.items() if header != right] == []
    assert sources


def test_given_the_built_functions_then_ffmpeg_is_in_the_one_that_needs_it_and_they_fit(built: Path) -> None:
    sizes = {name: size(built / name) for name in FUNCTIONS.values()}

    assert {name for name in sizes if (built / name / "av.libs").exists()} == {"ExtractMetadata"}
    assert sizes["ValidateUpload"] < 40 * MEGABYTE
    assert sizes["PersistResult"] < 40 * MEGABYTE
    assert sizes["ExtractMetadata"] < 250 * MEGABYTE  # Lambda's limit


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_given_the_other_architecture_when_built_here_then_its_machine_code_is_of_that_architecture(
    built: Path, built_elsewhere: tuple[str, Path]
) -> None:
    other, folder = built_elsewhere

    assert machines(built / "ExtractMetadata") == {ELF_MACHINES[machine_architecture()]}
    assert machines(folder / "ExtractMetadata") == {ELF_MACHINES[other]}


def machines(folder: Path) -> set[int]:
    """The e_machine of every shared library's ELF header."""
    libraries = [path for path in folder.rglob("*") if ".so" in path.suffixes and path.is_file()]
    return {struct.unpack_from("<H", path.read_bytes()[:20], 18)[0] for path in libraries}


def test_given_the_locks_then_what_was_built_for_the_other_architecture_is_all_that_the_others_need() -> None:
    def pins(task: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9-]+==\S+", (TASKS / task / "requirements.txt").read_text(), re.MULTILINE))

    assert pins("validate") | pins("persist") <= pins("metadata")
