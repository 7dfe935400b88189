"""A recording in the page: its cuts drawn, walked and heard; what a browser can't play; what has no sounds."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from local.engine import Engine
from tests.browser.conftest import PHONE, ROOT
from tests.recordings import beeps, encode_recording, wav_recording

SAMPLE = ROOT / "examples" / "phone-recording.m4a"
CUTS = 22
SECONDS = 31.289819
LATE_SECONDS = 0.25  # how long after a cut's start a busy machine may tell that it plays


@pytest.fixture(scope="module")
def sample(engine: Engine) -> str:
    """The sample, processed: the name of its execution."""
    return processed(engine, "sample.m4a", SAMPLE.read_bytes())


def processed(engine: Engine, name: str, body: bytes) -> str:
    key = f"public/unprocessed/eve/{name}"
    engine.client("s3").put_object(Bucket=engine.outputs["RecordingsBucketName"], Key=key, Body=body)
    arn = engine.wait_for_execution(lambda event: event.get("detail", {}).get("object", {}).get("key") == key, 60)
    assert engine.wait(arn, 120).end_state == "Processed"
    return arn.rpartition(":")[2]


@pytest.fixture
def recording(tab: Page, sample: str) -> Page:
    """The sample's recording, opened and drawn."""
    open_recording(tab, sample)
    return tab


def open_recording(tab: Page, execution: str) -> None:
    tab.evaluate("hash => { location.hash = hash; }", f"#/executions/ProcessRecording/{execution}")
    tab.get_by_role("tab", name="Recording", exact=True).click()
    expect(tab.locator(".waveform-box[aria-busy=false]")).to_be_visible()


def row(tab: Page, index: int) -> Locator:
    return tab.locator(f"tr[data-index='{index}']")


def source(tab: Page) -> Locator:
    return tab.locator("audio").nth(0)


def one_shot(tab: Page) -> Locator:
    return tab.locator("audio").nth(1)


def state_of(audio: Locator) -> dict[str, Any]:
    """Say where an audio element stands."""
    return audio.evaluate("audio => ({ paused: audio.paused, at: audio.currentTime })")


def expect_to_play(audio: Locator) -> None:
    """Wait until an audio element has really moved on while it plays, or has played to its end."""
    moved = """audio => new Promise((resolve) => {
      const from = audio.currentTime;
      const look = () => (audio.currentTime > from || audio.ended ? resolve(true) : setTimeout(look, 5));
      look();
    })"""
    assert audio.evaluate(moved)


def expect_to_rest(audio: Locator) -> None:
    """Wait until an audio element is paused."""
    audio.evaluate("""audio => new Promise((resolve) => {
      const look = () => (audio.paused ? resolve() : setTimeout(look, 5));
      look();
    })""")


def test_given_a_recording_when_it_is_opened_then_its_cuts_are_drawn_and_listed(recording: Page) -> None:
    expect(recording.locator(".waveform-surface canvas").first).to_be_attached()
    expect(recording.locator(".waveform-surface [part~=region]")).to_have_count(CUTS)
    expect(recording.locator("tr.one-shot")).to_have_count(CUTS)
    expect(row(recording, 2)).to_contain_text("C2")
    expect(recording.get_by_role("region", name="Cut 1")).to_contain_text("6.66 kHz")


def test_given_a_cut_when_its_one_shot_is_asked_for_then_it_plays_and_the_recording_does_not(recording: Page) -> None:
    row(recording, 5).get_by_role("button", name="One-shot 5").click()

    expect_to_play(one_shot(recording))
    assert state_of(source(recording))["paused"]
    expect(row(recording, 5)).to_have_attribute("aria-current", "true")


def test_given_a_cut_when_its_source_region_is_asked_for_then_it_plays_from_its_start_to_its_end(
    recording: Page,
) -> None:
    source(recording).evaluate(
        "audio => audio.addEventListener('playing', () => { audio.startedAt = audio.currentTime; }, { once: true })"
    )
    recording.get_by_role("button", name="Source region of 5").first.click()

    expect_to_play(source(recording))
    expect_to_rest(source(recording))
    started = source(recording).evaluate("audio => audio.startedAt")
    assert started == pytest.approx(5.377098, abs=LATE_SECONDS)
    assert state_of(source(recording))["at"] == pytest.approx(6.523991, abs=0.001)


def test_given_a_one_shot_that_sounds_when_the_source_is_asked_for_then_only_that_sounds(recording: Page) -> None:
    row(recording, 18).get_by_role("button", name="One-shot 18").click()
    expect_to_play(one_shot(recording))

    row(recording, 18).get_by_role("button", name="Source region of 18").click()

    expect_to_play(source(recording))
    assert state_of(one_shot(recording))["paused"]


def test_given_the_waveform_when_keys_are_pressed_then_they_walk_the_cuts_and_play_them(recording: Page) -> None:
    recording.get_by_role("group", name=re.compile("^Waveform of")).focus()

    recording.keyboard.press("ArrowRight")
    recording.keyboard.press("ArrowRight")
    recording.keyboard.press("ArrowLeft")
    expect(row(recording, 2)).to_have_attribute("aria-current", "true")
    recording.keyboard.press("Enter")

    expect_to_play(one_shot(recording))
    assert one_shot(recording).get_attribute("src").endswith("/one-shots/2")
    recording.keyboard.press("s")
    expect_to_play(source(recording))
    assert state_of(one_shot(recording))["paused"]


def test_given_the_waveform_when_a_cut_is_clicked_then_its_one_shot_plays_and_a_click_more_ends_it(
    recording: Page,
) -> None:
    click_at(recording, 24.5)

    expect(row(recording, 18)).to_have_attribute("aria-current", "true")
    expect_to_play(one_shot(recording))
    assert one_shot(recording).get_attribute("src").endswith("/one-shots/18")
    assert state_of(source(recording))["paused"]
    assert state_of(source(recording))["at"] == pytest.approx(24.5, abs=0.1)
    click_at(recording, 24.5)
    expect_to_rest(one_shot(recording))
    assert state_of(one_shot(recording))["at"] > 0


def test_given_the_waveform_when_a_cut_is_clicked_with_shift_then_its_source_region_plays(recording: Page) -> None:
    click_at(recording, 24.5, modifiers=["Shift"])

    expect(row(recording, 18)).to_have_attribute("aria-current", "true")
    expect_to_play(source(recording))
    assert state_of(one_shot(recording))["paused"]


def test_given_the_waveform_when_it_is_clicked_beside_every_cut_then_the_recording_only_goes_there(
    recording: Page,
) -> None:
    click_at(recording, 0.3)

    assert state_of(source(recording)) == {"paused": True, "at": pytest.approx(0.3, abs=0.1)}
    assert state_of(one_shot(recording))["paused"]
    expect(row(recording, 1)).to_have_attribute("aria-current", "true")


def click_at(tab: Page, seconds: float, **how: Any) -> None:
    """Click where a time of the sample is drawn."""
    surface = tab.locator(".waveform-surface")
    box = surface.bounding_box()
    assert box is not None
    surface.click(position={"x": box["width"] * seconds / SECONDS, "y": 60}, **how)


def test_given_a_row_whose_button_has_the_focus_when_one_walks_on_then_enter_plays_what_is_selected(
    recording: Page,
) -> None:
    row(recording, 5).click(position={"x": 5, "y": 5})
    row(recording, 5).get_by_role("button", name="One-shot 5").focus()

    recording.keyboard.press("ArrowDown")
    expect(row(recording, 6).get_by_role("button", name="One-shot 6")).to_be_focused()
    recording.keyboard.press("Enter")

    expect_to_play(one_shot(recording))
    assert one_shot(recording).get_attribute("src").endswith("/one-shots/6")


def test_given_the_keyboard_when_keys_for_places_are_pressed_then_the_recording_goes_there(recording: Page) -> None:
    recording.get_by_role("group", name=re.compile("^Waveform of")).focus()

    for key, seconds in ((".", 1), (".", 2), (",", 1), ("End", SECONDS), ("Home", 0)):
        recording.keyboard.press(key)
        assert state_of(source(recording))["at"] == pytest.approx(seconds, abs=0.01)


def test_given_a_view_that_was_left_when_one_comes_back_then_cut_zoom_and_place_are_as_they_were(
    recording: Page,
) -> None:
    click_at(recording, 24.5)
    recording.get_by_role("button", name="Zoom to cut").click()
    seen = seen_of(recording)
    at = state_of(source(recording))["at"]

    recording.get_by_role("tab", name="Graph", exact=True).click()
    recording.get_by_role("tab", name="Recording", exact=True).click()
    expect(recording.locator(".waveform-box[aria-busy=false]")).to_be_visible()

    expect(row(recording, 18)).to_have_attribute("aria-current", "true")
    assert seen_of(recording) == pytest.approx(seen, abs=2)
    assert state_of(source(recording))["at"] == pytest.approx(at, abs=0.01)


def seen_of(tab: Page) -> list[float]:
    """Return how wide the waveform is drawn, and how far it is scrolled, in pixels."""
    seen: list[float] = tab.locator(".waveform-surface [part=scroll]").evaluate(
        "scroll => [scroll.scrollWidth, scroll.scrollLeft]"
    )
    return seen


def test_given_seconds_only_when_they_are_drawn_then_times_are_written_along_them(tab: Page, engine: Engine) -> None:
    open_recording(tab, processed(engine, "short.wav", wav_recording(beeps(2))))

    expect(tab.locator(".waveform-surface [part~=timeline-notch-primary]").nth(2)).to_have_text("0:00.4")


def test_given_a_long_name_when_it_is_listed_then_it_is_cut_with_a_mark(tab: Page, engine: Engine) -> None:
    name = f"{'long ' * 30}.wav"
    processed(engine, name, wav_recording(beeps(1)))

    cell = tab.get_by_role("cell", name=name)
    expect(cell).to_have_css("display", "block")
    expect(cell).to_have_css("text-overflow", "ellipsis")


def test_given_a_sorted_table_when_one_walks_down_then_the_order_is_the_tables(recording: Page) -> None:
    recording.get_by_role("button", name="Duration").click()
    shortest = [recording.locator("tr.one-shot").nth(at).get_attribute("data-index") for at in range(2)]
    recording.locator("tr.one-shot").first.click()

    recording.get_by_role("group", name=re.compile("^Waveform of")).focus()
    recording.keyboard.press("ArrowDown")

    expect(row(recording, int(shortest[1]))).to_have_attribute("aria-current", "true")


def test_given_a_one_shot_when_it_is_downloaded_then_it_has_its_own_name(recording: Page, tmp_path: Path) -> None:
    with recording.expect_download() as download:
        recording.get_by_role("link", name=re.compile("^Download m4a")).click()

    assert download.value.suggested_filename == "sample-001.m4a"


def test_given_a_view_that_is_left_when_something_sounds_then_it_is_silent(recording: Page) -> None:
    recording.get_by_role("button", name="▶ Recording").click()
    expect_to_play(source(recording))
    left = source(recording).element_handle()

    recording.get_by_role("tab", name="Graph", exact=True).click()

    expect(recording.locator("audio")).to_have_count(0)
    assert left.evaluate("audio => audio.paused")


def test_given_a_format_that_browsers_do_not_know_when_it_is_opened_then_that_is_said_and_its_one_shots_play(
    tab: Page, engine: Engine
) -> None:
    open_recording(tab, processed(engine, "beeps.aiff", encode_recording(beeps(2), "aiff")))

    expect(tab.get_by_text("This browser can't play pcm_s16be in aiff")).to_be_visible()
    expect(tab.get_by_role("link", name="Download the recording")).to_have_attribute("download", "beeps.aiff")
    expect(tab.get_by_role("button", name="Source region of 1").first).to_be_disabled()
    tab.get_by_role("button", name="One-shot 1").first.click()
    expect_to_play(one_shot(tab))


def test_given_silence_when_it_is_opened_then_it_says_that_there_are_no_sounds(tab: Page, engine: Engine) -> None:
    open_recording(tab, processed(engine, "silence.wav", wav_recording(beeps(1) * 0)))

    expect(tab.get_by_text("No sounds were found in it.")).to_be_visible()
    expect(tab.get_by_text("NO_SOUNDS")).to_be_visible()
    expect(tab.locator(".recording-head")).not_to_contain_text("–")
    expect(tab.get_by_text("In brackets the confidence")).to_have_count(0)


def test_given_a_phone_when_a_recording_is_opened_then_nothing_scrolls_sideways(recording: Page) -> None:
    recording.set_viewport_size(PHONE)

    expect(recording.locator("tr.one-shot").first).to_have_css("display", "grid")
    assert recording.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_given_a_name_that_turns_text_around_when_it_is_shown_then_what_stands_beside_it_stays(
    tab: Page, engine: Engine
) -> None:
    key = "public/unprocessed/eve/\u202egnp.wav"
    engine.client("s3").put_object(Bucket=engine.outputs["RecordingsBucketName"], Key=key, Body=b"no sound")
    arn = engine.wait_for_execution(lambda event: event.get("detail", {}).get("object", {}).get("key") == key, 60)
    engine.wait(arn, 60)
    tab.evaluate("hash => { location.hash = hash; }", f"#/executions/ProcessRecording/{arn.rpartition(':')[2]}")
    tab.get_by_role("tab", name="Recording", exact=True).click()

    head = tab.get_by_role("region", name="Recording").get_by_role("heading", level=2)
    name, status = head.locator("bdi").first.bounding_box(), head.locator(".chip").bounding_box()
    assert name is not None
    assert status is not None
    assert name["x"] + name["width"] <= status["x"]


def test_given_descriptors_when_no_pointer_hovers_then_what_they_mean_can_be_read(recording: Page) -> None:
    cut = recording.get_by_role("region", name="Cut 1")
    cut.get_by_text("What these mean").press("Enter")

    expect(cut.get_by_text("Share of the energy above 1500 Hz, 0 to 1")).to_be_visible()


def test_given_a_cut_when_it_is_zoomed_to_then_its_one_shot_is_drawn_to_the_millisecond(recording: Page) -> None:
    recording.get_by_role("button", name="Zoom to cut").click()

    detail = recording.get_by_role("figure").filter(has_text="One-shot 1, as finished")
    expect(detail.locator("canvas").first).to_be_attached()
    expect(detail.get_by_text("10 ms", exact=True)).to_be_visible()
    detail.get_by_role("button", name="Close the one-shot's drawing").click()
    expect(detail).to_have_count(0)
