import pytest

from local.engine.containers import Containers
from local.engine.errors import EngineError

HARDENED = {
    "name": "carton",
    "user": "10001:10001",
    "readonlyRootFilesystem": True,
    "linuxParameters": {"initProcessEnabled": True},
    "mountPoints": [
        {"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False},
        {"sourceVolume": "data", "containerPath": "/data", "readOnly": True},
    ],
}


def _arguments(program: str = "podman", definition: dict | None = None, **given) -> list[str]:
    told = {"command": None, "memory": None, "variables": {}} | given
    return Containers(program, "box:1").arguments("box-1", definition or {}, **told)


@pytest.mark.parametrize(
    ("text", "program", "image"),
    [
        ("podman:oneshots", "podman", "oneshots"),
        ("docker:localhost:5000/box/carton:1.2@sha256:0a", "docker", "localhost:5000/box/carton:1.2@sha256:0a"),
    ],
)
def test_given_an_engine_and_an_image_when_parsed_then_both_are_known(text: str, program: str, image: str) -> None:
    assert Containers.parse(text) == Containers(program, image)


@pytest.mark.parametrize("text", ["oneshots", "podman", "podman:", "nerdctl:x", "podman:--privileged", "docker:a b"])
def test_given_something_else_when_parsed_then_the_error_says_what_is_allowed(text: str) -> None:
    with pytest.raises(EngineError, match="is not podman:IMAGE or docker:IMAGE"):
        Containers.parse(text)


def test_given_a_confined_definition_when_run_then_the_container_is_confined_so() -> None:
    arguments = _arguments(definition=HARDENED, memory=2048)

    for expected in (
        ["--cap-drop", "ALL"],
        ["--user", "10001:10001"],
        ["--read-only", "--read-only-tmpfs=false"],
        ["--memory", "2048m"],
        ["--mount", "type=volume,destination=/tmp"],
        ["--mount", "type=volume,destination=/data,readonly"],
    ):
        assert " ".join(expected) in " ".join(arguments)
    assert "--init" in arguments
    assert arguments[-1] == "box:1"


def test_given_docker_when_run_then_it_gets_no_option_of_podman_s() -> None:
    arguments = _arguments("docker", HARDENED)

    assert "--read-only" in arguments
    assert not [argument for argument in arguments if "tmpfs" in argument]


def test_given_an_open_definition_when_run_then_it_is_not_confined_further_than_by_capabilities() -> None:
    arguments = _arguments()

    assert not {"--read-only", "--init", "--user", "--memory", "--mount"} & set(arguments)


def test_given_variables_when_run_then_their_values_stand_in_no_argument_and_the_image_keeps_its_path(
    monkeypatch,
) -> None:
    monkeypatch.setenv("PATH", "/here")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    variables = {"SECRET": "of two\nlines", "PATH": "/there", "TMPDIR": "/there"}

    arguments = _arguments(variables=variables)
    environment = Containers.environment(variables)

    assert [arguments[at + 1] for at, word in enumerate(arguments) if word == "--env"] == ["SECRET"]
    assert "of two" not in " ".join(arguments)
    assert (environment["SECRET"], environment["PATH"]) == ("of two\nlines", "/here")
    assert "TMPDIR" not in environment


def test_given_a_command_and_an_entrypoint_when_run_then_they_replace_the_image_s() -> None:
    assert _arguments(command=["a", "b"])[-3:] == ["box:1", "a", "b"]
    assert _arguments(definition={"entryPoint": ["sh", "-c"]}, command=["a"])[-5:] == [
        "--entrypoint",
        "sh",
        "box:1",
        "-c",
        "a",
    ]
