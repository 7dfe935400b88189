"""The report as `make run` leaves it: opened from the disk, with the network off."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE, ROOT, Watched
from tests.browser.test_recording import expect_to_play, one_shot, row, source

LARGEST_REPORT = 5_000_000  # bytes, for the sample


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the sample, out of the command."""
    output = tmp_path_factory.mktemp("out")
    command = [sys.executable, "-m", "local", "run", "--json", "--output", str(output)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Path(json.loads(ran.stdout)["report"])


@pytest.fixture
def opened(context: BrowserContext, watched: Watched, report: Path) -> Page:
    context.set_offline(True)
    tab = context.new_page()
    tab.goto(report.as_uri())
    return tab


def test_given_the_sample_when_its_report_is_weighed_then_it_can_be_mailed(report: Path) -> None:
    assert report.name == "report.html"
    assert report.stat().st_size < LARGEST_REPORT


def test_given_no_network_when_a_report_is_opened_then_the_graph_and_every_view_are_there(opened: Page) -> None:
    expect(opened.locator("h1")).to_contain_text("phone-recording.m4a")
    expect(opened.get_by_role("button", name=re.compile(r"^ProcessAudio\b"))).to_be_visible()
    for view in ("Timeline", "Events", "Recording", "Record", "Input and output"):
        opened.get_by_role("tab", name=view, exact=True).click()
        expect(opened.get_by_role("tabpanel", name=view)).to_be_visible()
    opened.get_by_role("tab", name="Record", exact=True).click()
    expect(opened.get_by_role("tabpanel")).to_contain_text("phone-recording-001.m4a")


def test_given_no_network_when_a_state_is_opened_then_its_log_is_there(opened: Page) -> None:
    opened.get_by_role("button", name=re.compile(r"^ProcessAudio\b")).click()
    panel = opened.get_by_role("region", name="ProcessAudio")
    panel.get_by_role("tab", name="Logs").click()

    expect(panel).to_contain_text("found 22 sound(s)")


def test_given_no_network_when_a_cut_is_played_then_both_its_sounds_are_heard(opened: Page) -> None:
    opened.get_by_role("tab", name="Recording", exact=True).click()
    expect(opened.locator(".waveform-box[aria-busy=false]")).to_be_visible()
    row(opened, 18).get_by_role("button", name="One-shot 18").click()
    expect_to_play(one_shot(opened))

    row(opened, 18).get_by_role("button", name="Source region of 18").click()
    expect_to_play(source(opened))


def test_given_a_report_when_its_document_is_given_another_script_then_that_does_not_run(
    context: BrowserContext, report: Path, tmp_path: Path
) -> None:
    injected = tmp_path / "injected.html"
    evil = "<script>window.injected = 1</script><img src=x onerror='window.injected = 2'>"
    evil += "<script type=module src='data:text/javascript,window.injected=3'></script>"
    injected.write_text(report.read_text("utf-8").replace("</body>", f"{evil}</body>"), "utf-8")
    tab = context.new_page()
    tab.goto(injected.as_uri())

    expect(tab.locator("h1")).to_contain_text("phone-recording.m4a")
    assert tab.evaluate("window.injected") is None


def test_given_a_phone_when_a_report_is_opened_then_no_view_scrolls_sideways(opened: Page) -> None:
    opened.set_viewport_size(PHONE)
    for view in ("Graph", "Timeline", "Events", "Recording", "Record", "Input and output"):
        opened.get_by_role("tab", name=view, exact=True).click()
        assert opened.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], view
