"""The panel of a state: in sight wherever the state is, without moving it; focus and tabs when it closes or changes."""

import re

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from local.engine import Engine
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_layout import start


def state(tab: Page, name: str) -> Locator:
    return tab.get_by_role("button", name=re.compile(rf"^{name}\b"))


@pytest.mark.parametrize(
    ("machine", "name"), [("ProcessRecording", "AnnounceFailure"), ("ReprocessRecordings", "WriteReport")]
)
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_given_a_state_far_down_when_it_is_chosen_then_its_panel_is_in_sight_beside_it(
    tab: Page, engine: Engine, machine: str, name: str, size: ViewportSize
) -> None:
    tab.set_viewport_size(size)
    start(tab, engine, machine)

    state(tab, name).click()

    panel = tab.get_by_role("region", name=f"State {name}")
    expect(panel.get_by_role("heading", name=name)).to_be_in_viewport()
    expect(panel.get_by_role("button", name="Close")).to_be_in_viewport()
    state(tab, name).click()  # nothing lies over it: a second click closes
    expect(panel).to_be_hidden()


@pytest.mark.parametrize(
    ("machine", "name"), [("ProcessRecording", "IdentifyRecording"), ("ReprocessRecordings", "ReprocessPrefix")]
)
def test_given_a_graph_at_1280_px_when_a_state_is_chosen_then_it_stays_where_it_is(
    tab: Page, engine: Engine, machine: str, name: str
) -> None:
    start(tab, engine, machine)
    state(tab, name).scroll_into_view_if_needed()
    before = state(tab, name).bounding_box()

    state(tab, name).click()

    expect(tab.get_by_role("region", name=f"State {name}")).to_be_visible()
    assert state(tab, name).bounding_box() == before
    assert tab.locator(".graph-box").evaluate("box => box.scrollWidth <= box.clientWidth")


@pytest.mark.parametrize("close", ["Close", "Escape"])
def test_given_an_open_panel_when_it_is_closed_then_the_focus_is_back_on_its_state(
    tab: Page, engine: Engine, close: str
) -> None:
    start(tab, engine, "ProcessRecording")
    state(tab, "ValidateUpload").click()
    panel = tab.get_by_role("region", name="State ValidateUpload")
    panel.get_by_role("tab", name="Definition").focus()

    if close == "Escape":
        tab.keyboard.press("Escape")
    else:
        panel.get_by_role("button", name=close).click()

    expect(panel).to_be_hidden()
    expect(state(tab, "ValidateUpload")).to_be_focused()


def test_given_a_tab_of_a_state_when_another_state_is_chosen_then_the_tab_is_kept(tab: Page, engine: Engine) -> None:
    start(tab, engine, "ProcessRecording")
    state(tab, "IdentifyRecording").click()
    tab.get_by_role("tab", name="Definition").click()

    state(tab, "ClaimRecording").click()

    panel = tab.get_by_role("region", name="State ClaimRecording")
    expect(panel.get_by_role("tab", name="Definition")).to_have_attribute("aria-selected", "true")
