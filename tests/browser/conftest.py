"""The page in a real browser: Chromium, headless, driven by Playwright, against the real stack on one engine."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect, sync_playwright

from bench.chromium import ARGUMENTS, chromium
from local.engine import Engine
from local.page.application import PREFIX, page_of

ROOT = Path(__file__).parents[2]
DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
_PATIENCE_MS = 60_000  # for a machine with much else to do; nothing here is timed
expect.set_options(timeout=_PATIENCE_MS)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The real stack; backoffs and waits pass at a fiftieth."""
    with Engine.deploy(ROOT / "template.yaml", time_scale=0.02, warm=True) as engine:
        engine.mount(PREFIX, page_of(engine))
        yield engine


@pytest.fixture(scope="session")
def address(engine: Engine) -> str:
    return f"{engine.endpoint}{PREFIX}/"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    arguments = [*ARGUMENTS, "--autoplay-policy=user-gesture-required"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield browser
        browser.close()


class Watched:
    """What went wrong in a context while a test ran, unseen by its user."""

    def __init__(self, context: BrowserContext) -> None:
        self.problems: list[str] = []
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        context.on("dialog", self._dialog)
        context.on("console", lambda said: said.type == "error" and self.problems.append(f"console: {said.text}"))
        context.route("**/*", self._keep_here)

    def _dialog(self, dialog: object) -> None:
        self.problems.append(f"dialog: {getattr(dialog, 'message', '')}")
        dialog.dismiss()

    def _keep_here(self, route: Route) -> None:
        asked = urlsplit(route.request.url)
        if asked.scheme in {"data", "blob", "file"} or asked.hostname == "127.0.0.1":
            route.continue_()
        else:
            self.problems.append(f"asked for {route.request.url}")
            route.abort()


@pytest.fixture
def watched(context: BrowserContext) -> Iterator[Watched]:
    """Tell of errors, dialogs and requests to elsewhere; a test that expects some takes them out."""
    watched = Watched(context)
    yield watched
    assert watched.problems == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=DESKTOP, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(_PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext, watched: Watched, address: str) -> Page:
    """The page, opened."""
    tab = context.new_page()
    tab.goto(address)
    return tab
