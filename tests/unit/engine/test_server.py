from collections.abc import Iterable
from typing import Any

import pytest

from local.engine.errors import EngineStoppedError
from local.engine.server import LocalProgramsOnly, Mounts, UnavailableOnceStopped


def _status(path: str = "/", host: str = "127.0.0.1:4566", **headers: str) -> str:
    """The status that a request is answered with by an application that answers 200 to everything."""
    statuses: list[str] = []

    def application(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return []

    environ = {"PATH_INFO": path, "HTTP_HOST": host, **headers}
    LocalProgramsOnly(application)(environ, lambda status, _: statuses.append(status))
    return statuses[0].split()[0]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:4566", "localhost:4566", "LOCALHOST", "bucket.localhost:4566"]
)
def test_given_a_program_of_this_machine_when_it_asks_then_it_is_answered(host: str) -> None:
    assert _status(host=host) == "200"


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "evil.example:4566", "localhost.evil.example", "notlocalhost"],
)
def test_given_a_name_that_was_bent_to_this_machine_when_asked_then_it_is_refused(host: str) -> None:
    assert _status(host=host) == "403"


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        # what is stored may be a page: opened by its address it would be one of this origin
        {"HTTP_SEC_FETCH_SITE": "none", "HTTP_SEC_FETCH_MODE": "navigate"},
        {"HTTP_SEC_FETCH_SITE": "same-origin"},
    ],
)
def test_given_a_browser_when_it_asks_then_it_is_refused(headers: dict[str, str]) -> None:
    assert _status(**headers) == "403"


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api", "//moto-api/reset", "/MOTO-API/"])
def test_given_motos_own_pages_when_asked_for_then_there_are_none(path: str) -> None:
    assert _status(path=path) == "403"


def test_given_an_engine_that_has_stopped_when_asked_then_it_is_unavailable() -> None:
    statuses: list[str] = []

    def application(*_: Any) -> Iterable[bytes]:
        raise EngineStoppedError("The engine has stopped.")

    answer = UnavailableOnceStopped(application)({}, lambda status, _: statuses.append(status))

    assert (statuses, list(answer)) == (["503 Service Unavailable"], [b"The engine has stopped."])


def _named(name: str) -> Any:
    """An application that answers with its name and the path that it is asked for."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [f"{name} {environ['SCRIPT_NAME']} {environ['PATH_INFO']}".encode()]

    return application


def _asked(mounts: Mounts, path: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
    told: list[Any] = []
    environ = {"PATH_INFO": path, "SCRIPT_NAME": "", **headers}
    body = mounts(environ, lambda status, headers: told.extend([status, dict(headers)]))
    return told[0], told[1], b"".join(body)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/_page/a/b", b"page /_page /a/b"),
        ("/_page", b"page /_page "),
        ("/_pages", b"services  /_pages"),
        ("/bucket/_page/x", b"services  /bucket/_page/x"),
        ("/", b"services  /"),
    ],
)
def test_given_a_mounted_application_when_asked_then_it_answers_what_is_under_its_prefix_alone(
    path: str, answer: bytes
) -> None:
    mounts = Mounts(_named("services"))
    mounts.mount("/_page", _named("page"))

    assert _asked(mounts, path)[2] == answer


def test_given_a_mounted_application_when_a_browser_opens_the_root_then_it_is_sent_there() -> None:
    mounts = Mounts(_named("services"))
    before = _asked(mounts, "/", HTTP_SEC_FETCH_MODE="navigate")
    mounts.mount("/_page", _named("page"))
    status, headers, _ = _asked(mounts, "/", HTTP_SEC_FETCH_MODE="navigate")

    assert (before[0], status, headers["Location"]) == ("200 OK", "302 Found", "/_page/")
