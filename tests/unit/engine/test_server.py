from collections.abc import Iterable
from typing import Any

import pytest

from local.engine.errors import EngineStoppedError
from local.engine.server import LocalProgramsOnly, UnavailableOnceStopped


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
    [{"HTTP_ORIGIN": "https://evil.example"}, {"HTTP_ORIGIN": "null"}, {"HTTP_SEC_FETCH_SITE": "cross-site"}],
)
def test_given_a_web_page_when_it_asks_then_it_is_refused(headers: dict[str, str]) -> None:
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
