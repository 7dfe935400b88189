"""What fits: the graphs at 1280 px, every view at phone width, the page by keyboard alone."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from local.engine import Engine
from tests.browser.conftest import PHONE
from tests.browser.test_page import outcome, upload
from tests.recordings import beeps, wav_recording

SMALLEST_TEXT = 11  # CSS pixels, as they are seen
# an upload that is not there: rejected at once
_UPLOAD = {
    "region": "us-east-1",
    "time": "2026-11-26T08:00:00Z",
    "detail": {"bucket": {"name": "b"}, "object": {"key": "k"}},
}
INPUTS: dict[str, Any] = {
    "ProcessRecording": _UPLOAD,
    "ReprocessRecordings": {"source": "prefix", "dryRun": True},
    "SettleRecordings": {},
}


def start(tab: Page, engine: Engine, machine: str) -> None:
    """Start an execution and open it."""
    started = engine.client("stepfunctions").start_execution(
        stateMachineArn=engine.resources[machine], input=json.dumps(INPUTS[machine])
    )
    engine.wait(started["executionArn"], 60)
    name = started["executionArn"].rpartition(":")[2]
    tab.evaluate("hash => { location.hash = hash; }", f"#/executions/{machine}/{name}")
    expect(tab.locator(".graph-box")).to_be_visible()


@pytest.mark.parametrize("machine", INPUTS)
def test_given_a_state_machine_when_it_is_drawn_at_1280_px_then_it_is_read_without_scrolling_sideways(
    tab: Page, engine: Engine, machine: str
) -> None:
    start(tab, engine, machine)

    expect(tab.locator(".graph-name").first).to_be_visible()
    box = tab.locator(".graph-box").evaluate("box => [box.scrollWidth, box.clientWidth]")
    sizes = tab.locator(".graph-sheet").evaluate(
        """sheet => {
          const scale = sheet.getBoundingClientRect().width / sheet.offsetWidth;
          return [...sheet.querySelectorAll(".graph-name, .graph-service")]
            .map((each) => parseFloat(getComputedStyle(each).fontSize) * scale);
        }"""
    )
    overflowing = tab.locator(".graph-name").evaluate_all(
        "names => names.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent)"
    )
    assert box[0] <= box[1]
    assert min(sizes) >= SMALLEST_TEXT
    assert overflowing == []
    assert tab.evaluate("document.documentElement.scrollWidth") == 1280


@pytest.mark.parametrize("machine", INPUTS)
def test_given_a_phone_when_an_execution_is_opened_then_no_view_scrolls_the_page_sideways(
    tab: Page, engine: Engine, machine: str
) -> None:
    tab.set_viewport_size(PHONE)
    start(tab, engine, machine)

    for view in tab.get_by_role("tablist", name="Views").get_by_role("tab").all():
        view.click()
        expect(tab.get_by_role("tabpanel").first).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"], view.inner_text()


@pytest.mark.parametrize("dialog", ["Upload", "Faults"])
def test_given_a_phone_when_the_list_and_its_dialogs_are_opened_then_nothing_scrolls_sideways(
    tab: Page, engine: Engine, dialog: str
) -> None:
    tab.set_viewport_size(PHONE)
    upload(tab, f"{'a long name ' * 12}.wav", wav_recording(beeps(1)))
    tab.get_by_role("link", name="Executions").click()
    expect(tab.get_by_role("row").last).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    tab.get_by_role("banner").get_by_role("button", name=dialog).click()

    assert tab.get_by_role("dialog").evaluate("dialog => dialog.scrollWidth - dialog.clientWidth") == 0


def test_given_a_keyboard_alone_when_a_state_is_looked_at_then_it_opens_and_closes(tab: Page) -> None:
    upload(tab, "keys.wav", wav_recording(beeps(1)))
    expect(outcome(tab)).to_have_text("Processed")
    tab.get_by_role("tab", name="Graph", exact=True).focus()
    tab.keyboard.press("ArrowRight")
    expect(tab.get_by_role("tab", name="Timeline")).to_be_focused()
    tab.keyboard.press("ArrowLeft")

    state = tab.get_by_role("button", name=re.compile(r"^ValidateUpload\b"))
    state.focus()
    tab.keyboard.press("Enter")

    panel = tab.get_by_role("region", name="ValidateUpload")
    expect(panel).to_be_visible()
    tab.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_given_an_execution_that_goes_on_when_it_changes_then_what_is_open_stays_open(
    tab: Page, engine: Engine
) -> None:
    with engine.inject("ExtractMetadata=Lambda.ServiceExceptionx5"):
        upload(tab, "goes on.wav", wav_recording(beeps(1)))
        state = tab.get_by_role("button", name=re.compile(r"^ValidateUpload\b"))
        state.click()
        panel = tab.get_by_role("region", name="ValidateUpload")
        panel.get_by_role("tab", name="Definition").click()
        expect(outcome(tab)).to_have_text("Processed")

    expect(panel.get_by_role("tab", name="Definition")).to_have_attribute("aria-selected", "true")
