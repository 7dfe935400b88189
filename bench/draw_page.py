"""Draw the pictures of the page in the README: `python -m bench.draw_page --output docs/pictures`.

The sample goes through the real stack: its container runs out of memory once, and PersistResult is throttled twice.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from bench.chromium import ARGUMENTS, chromium
from bench.page import READY
from local.engine import Engine
from local.page.application import PREFIX, page_of
from local.recordings import Recordings

ROOT = Path(__file__).resolve().parents[1]
_SAMPLE = ROOT / "examples" / "phone-recording.m4a"
_FAULTS = ("ProcessAudio=oomx1", "PersistResult=Lambda.TooManyRequestsExceptionx2")
_EXECUTION = ViewportSize(width=1280, height=960)
_RECORDING = ViewportSize(width=1280, height=1010)


def main() -> None:
    """Draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="a folder")
    folder = parser.parse_args().output
    with Engine.deploy(ROOT / "template.yaml", time_scale=0.2, warm=True) as engine, sync_playwright() as playwright:
        engine.mount(PREFIX, page_of(engine))
        recordings = Recordings(engine)
        with engine.inject(*_FAULTS):
            (arn,) = recordings.executions_of([recordings.upload(_SAMPLE)])
            engine.wait(str(arn))
        address = f"{engine.endpoint}{PREFIX}/#/executions/ProcessRecording/{str(arn).rpartition(':')[2]}"
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        _draw_execution(browser, address, folder / "page-execution.png")
        _draw_recording(browser, address, folder / "page-recording.png")
        browser.close()


def _draw_execution(browser: Browser, address: str, path: Path) -> None:
    tab = browser.new_page(viewport=_EXECUTION, locale="en-GB")
    tab.goto(address)
    tab.locator("[data-state=PersistResult]").click()
    panel = tab.get_by_role("region", name="PersistResult")
    panel.get_by_role("tab", name="Attempts").click()
    panel.get_by_role("row").nth(1).wait_for()
    tab.screenshot(path=path)


def _draw_recording(browser: Browser, address: str, path: Path) -> None:
    tab = browser.new_page(viewport=_RECORDING, locale="en-GB", color_scheme="dark")
    tab.goto(address)
    tab.get_by_role("tab", name="Recording", exact=True).click()
    tab.locator(READY).wait_for()
    tab.locator("tr[data-index='5']").click()
    tab.locator(".spectrogram img").evaluate("image => image.decode()")
    tab.evaluate("scrollTo(0, 0)")
    tab.screenshot(path=path)


if __name__ == "__main__":
    main()
