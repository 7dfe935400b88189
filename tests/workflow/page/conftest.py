"""The page of the real stack, mounted on an engine as `make up` does; backoffs and waits pass at a fiftieth."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from local.engine import Engine
from local.page.application import PREFIX, page_of
from tests import running_engine
from tests.recordings import beeps, wav_recording

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
_WAIT_SECONDS = 60.0


def deploy() -> Engine:
    engine = Engine.deploy(TEMPLATE, time_scale=0.02)
    engine.mount(PREFIX, page_of(engine))
    return engine


@pytest.fixture
def engine() -> Engine:
    return running_engine.engine_of("page", deploy)


class Page:
    """The page as a browser that has it open asks for it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._origin = f"http://127.0.0.1:{engine.port}"
        self._client = Client(engine._server._mounts)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self._ask("GET", path, headers)

    def change(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        given = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        return self._ask(method, path, {"Origin": self._origin, **headers}, **given)

    def _ask(self, method: str, path: str, headers: dict[str, str], **given: Any) -> TestResponse:
        named = {"Sec-Fetch-Site": "same-origin", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self._client.open(f"{PREFIX}{path}", method=method, base_url=self._origin, headers=named, **given)

    def upload(self, body: bytes, name: str, **settings: str) -> str:
        """Upload; returns the path of the execution that it started."""
        answer = self._ask(
            "POST", "/api/uploads", {"Origin": self._origin}, data=body,
            query_string={"name": name, "settings": json.dumps({k.replace("_", "-"): v for k, v in settings.items()})},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return path_of(answer.json["execution"])

    def listed(self, recording: str) -> dict[str, Any]:
        """Wait for an execution that is about a recording of this name; returns its line of the list."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            for row in self.get("/api/executions").json["executions"]:
                if row["recording"] == recording:
                    return dict(row)
            time.sleep(0.05)
        raise TimeoutError(recording)

    def ended(self, path: str) -> dict[str, Any]:
        """Wait for an execution's end; returns its document."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            document: dict[str, Any] = self.get(path).json["document"]
            if document["execution"]["stoppedAt"]:
                return document
            time.sleep(0.05)
        raise TimeoutError(path)


def path_of(execution: dict[str, str]) -> str:
    return f"/api/executions/{execution['machine']}/{execution['name']}"


@pytest.fixture
def page(engine: Engine) -> Page:
    return Page(engine)


SOUND = wav_recording(beeps(2))


@pytest.fixture(scope="module")
def finished() -> Callable[[Page], str]:
    """Return a recording of SOUND that the page processed before, as the path of its execution."""
    made: list[str] = []

    def processed(page: Page) -> str:
        if not made:
            made.append(page.upload(SOUND, "files.wav"))
            page.ended(made[0])
        return made[0]

    return processed
