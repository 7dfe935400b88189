"""A recording by the page, from the drop to the sound; what is rejected, what fails, what is tried again."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from local.engine import Engine
from tests.browser.conftest import ROOT, Watched
from tests.recordings import beeps, wav_recording

SAMPLE = ROOT / "examples" / "phone-recording.m4a"


def upload(tab: Page, name: str, body: bytes, **settings: str) -> None:
    """Choose a file in the dialog, fill the form, send it; the page then opens the execution."""
    tab.get_by_role("banner").get_by_role("button", name="Upload").click()
    dialog = tab.get_by_role("dialog", name="Upload recordings")
    dialog.get_by_label("Files").set_input_files({"name": name, "mimeType": "audio/x", "buffer": body})
    for setting, value in settings.items():
        field = dialog.locator(f"[name={setting.replace('_', '-')}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    dialog.get_by_role("button", name="Upload").click()
    expect(dialog).to_be_hidden()


def drop(tab: Page, file: Path) -> None:
    """Drop a file on the page, as a hand would."""
    transfer = tab.evaluate_handle(
        """([name, bytes]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(bytes)], name, { type: "audio/mp4" }));
          return transfer;
        }""",
        [file.name, list(file.read_bytes())],
    )
    for event in ("dragover", "drop"):
        tab.dispatch_event("main", event, {"dataTransfer": transfer})


def outcome(tab: Page) -> Any:
    return tab.locator("h1 .chip")


def test_given_nothing_yet_when_the_page_opens_then_it_says_how_to_begin(
    context: BrowserContext, watched: Watched, address: str
) -> None:
    # the engine is shared, and other tests may have run something
    nothing = {"list": "", "revision": 0, "executions": [], "faults": 0}
    context.route("**/api/executions?*", lambda route: route.fulfill(json=nothing))
    tab = context.new_page()
    tab.goto(address)

    expect(tab.get_by_role("heading", name="Nothing has run yet")).to_be_visible()


def test_given_a_recording_when_it_is_dropped_then_it_goes_live_to_processed(tab: Page) -> None:
    drop(tab, SAMPLE)
    dialog = tab.get_by_role("dialog", name="Upload recordings")
    expect(dialog.get_by_text("phone-recording.m4a")).to_be_visible()
    dialog.get_by_role("button", name="Upload").click()

    expect(outcome(tab)).to_have_text("Running")
    expect(outcome(tab)).to_have_text("Processed")
    expect(tab.get_by_role("heading", name="phone-recording.m4a")).to_be_visible()
    tab.get_by_role("link", name="Executions").click()
    row = tab.get_by_role("row").filter(has_text="phone-recording.m4a")
    expect(row.get_by_role("cell").nth(0)).to_have_text("Processed")
    expect(row.get_by_role("cell").nth(2)).to_have_text("demo")


def test_given_a_list_when_something_runs_then_it_shows_without_reloading(tab: Page, engine: Engine) -> None:
    body = wav_recording(beeps(2))
    engine.client("s3").put_object(
        Bucket=engine.outputs["RecordingsBucketName"], Key="public/unprocessed/ada/from the app.wav", Body=body
    )

    row = tab.get_by_role("row").filter(has_text="from the app.wav")
    expect(row.get_by_role("cell").nth(2)).to_have_text("ada")
    expect(row.get_by_role("cell").nth(0)).to_have_text("Processed")


def test_given_settings_of_the_app_when_a_recording_is_uploaded_then_they_count(tab: Page, engine: Engine) -> None:
    upload(tab, "settings.wav", wav_recording(beeps(2)), output_format="flac", target_loudness="-14")

    expect(outcome(tab)).to_have_text("Processed")
    tab.get_by_role("tab", name="Record", exact=True).click()
    expect(tab.get_by_role("tabpanel")).to_contain_text("settings-001.flac")


def test_given_a_setting_out_of_range_when_a_recording_is_uploaded_then_it_is_rejected_by_name(tab: Page) -> None:
    upload(tab, "loud.wav", wav_recording(beeps(1)), target_loudness="3")

    expect(outcome(tab)).to_have_text("Rejected")
    tab.get_by_role("tab", name="Recording", exact=True).click()
    expect(tab.get_by_role("tabpanel")).to_contain_text(
        re.compile("target-loudness is .3.; it must be a number of LUFS")
    )


def test_given_what_is_no_audio_when_it_is_uploaded_then_it_is_rejected_and_the_state_tells_why(tab: Page) -> None:
    upload(tab, "letter.m4a", b"Dear Sir or Madam, " * 100)

    expect(outcome(tab)).to_have_text("Rejected")
    state(tab, "ValidateUpload").click()
    panel = tab.get_by_role("region", name="ValidateUpload")
    expect(panel).to_contain_text("InvalidUpload")
    expect(panel).to_contain_text("NOT_AUDIO")


def state(tab: Page, name: str) -> Any:
    return tab.get_by_role("button", name=re.compile(rf"^{name}\b"))


def set_fault(tab: Page, example: str) -> None:
    tab.get_by_role("button", name=re.compile("^Faults")).click()
    dialog = tab.get_by_role("dialog", name="Faults")
    dialog.get_by_role("button", name=example).click()
    dialog.get_by_role("button", name="Set the fault").click()
    expect(dialog.get_by_role("button", name="Take away")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()


@pytest.fixture
def faulty(tab: Page) -> Any:
    """Set one of the dialog's examples; it is taken away in the end."""
    yield lambda example: set_fault(tab, example)
    tab.get_by_role("button", name=re.compile("^Faults")).click()
    dialog = tab.get_by_role("dialog", name="Faults")
    dialog.get_by_role("button", name="Take away").click()
    expect(dialog.get_by_text("No faults are set.")).to_be_visible()


def test_given_a_fault_that_passes_when_a_recording_is_uploaded_then_the_retries_show(tab: Page, faulty: Any) -> None:
    faulty("PersistResult is throttled three times")
    upload(tab, "throttled.wav", wav_recording(beeps(1)))

    expect(outcome(tab)).to_have_text("Processed")
    expect(tab.get_by_text("3 retries").first).to_be_visible()
    expect(state(tab, "PersistResult")).to_have_accessible_name(re.compile("3 retries"))
    state(tab, "PersistResult").click()
    panel = tab.get_by_role("region", name="PersistResult")
    panel.get_by_role("tab", name="Attempts").click()
    expect(panel.get_by_role("row").filter(has_text="Lambda.TooManyRequestsException")).to_have_count(3)


def test_given_a_fault_for_good_when_a_recording_is_uploaded_then_it_fails_and_tells_what_was_tried(
    tab: Page, faulty: Any
) -> None:
    faulty("ExtractMetadata times out for good")
    upload(tab, "lost.wav", wav_recording(beeps(1)))

    expect(outcome(tab)).to_have_text("Failed")
    expect(tab.get_by_role("article")).to_contain_text("Sandbox.Timedout")
    state(tab, "ExtractMetadata").click()
    panel = tab.get_by_role("region", name="ExtractMetadata")
    panel.get_by_role("tab", name="Attempts").click()
    expect(panel.get_by_role("row").filter(has_text="Sandbox.Timedout")).to_have_count(4)
    tab.get_by_role("link", name="Executions").click()
    row = tab.get_by_role("row").filter(has_text="lost.wav")
    expect(row.get_by_role("cell").nth(0)).to_have_text("Failed")
    expect(row.get_by_role("cell").nth(4)).to_have_text("↻ 3")


def test_given_a_filter_when_it_is_typed_then_only_what_matches_shows(tab: Page) -> None:
    upload(tab, "needle.wav", wav_recording(beeps(1)))
    upload(tab, "hay.wav", wav_recording(beeps(1)))
    tab.get_by_role("link", name="Executions").click()

    tab.get_by_role("searchbox").fill("NEEDLE")

    expect(tab.locator("[role=row] a")).to_have_text(["needle.wav"])
    tab.get_by_role("searchbox").fill("nothing like it")
    expect(tab.get_by_text("None of them is like this.")).to_be_visible()
    tab.get_by_role("button", name="Show all").click()
    expect(tab.get_by_role("row").filter(has_text="hay.wav")).to_be_visible()


def test_given_a_processed_recording_when_it_is_uploaded_again_then_the_new_execution_opens(tab: Page) -> None:
    upload(tab, "twice.wav", wav_recording(beeps(1)))
    expect(outcome(tab)).to_have_text("Processed")
    first = tab.url

    tab.get_by_role("button", name="Upload again").click()

    tab.wait_for_url(lambda url: url != first)
    expect(outcome(tab)).to_have_text("Processed")


def test_given_a_processed_recording_when_it_is_started_again_then_it_is_already_processed(
    tab: Page,
) -> None:
    upload(tab, "claimed.wav", wav_recording(beeps(1)))
    expect(outcome(tab)).to_have_text("Processed")

    tab.get_by_role("button", name="Start again").click()

    expect(outcome(tab)).to_have_text("Already processed")


def test_given_an_engine_that_answers_no_more_when_the_page_asks_then_it_says_so_and_goes_on_asking(
    tab: Page, watched: Watched
) -> None:
    tab.context.route("**/api/executions?*", lambda route: route.abort())

    expect(tab.get_by_role("alert")).to_contain_text("The engine does not answer. Is make up still running?")

    tab.context.unroute("**/api/executions?*")
    expect(tab.get_by_role("alert")).to_be_hidden()
    watched.problems = [problem for problem in watched.problems if "ERR_FAILED" not in problem]


def test_given_another_engine_at_the_same_port_when_the_page_stays_open_then_it_shows_that_ones_executions(
    context: BrowserContext, watched: Watched, address: str, engine: Engine
) -> None:
    ghost = {
        "arn": "arn:ghost",
        "machine": "ProcessRecording",
        "name": "ghost",
        "recording": "ghost.wav",
        "user": "gone",
        "status": "SUCCEEDED",
        "state": "Processed",
        "result": None,
        "error": None,
        "retries": 0,
        "startedAt": "2026-11-26T08:00:00.000Z",
        "stoppedAt": "2026-11-26T08:00:01.000Z",
    }
    before = {"list": "of the engine before", "revision": 1_000_000, "executions": [ghost], "faults": 0}
    context.route("**/api/executions?*", lambda route: route.fulfill(json=before))
    tab = context.new_page()
    tab.goto(address)
    expect(tab.get_by_text("ghost.wav")).to_be_visible()

    context.unroute("**/api/executions?*")
    upload(tab, "of this one.wav", wav_recording(beeps(1)))
    tab.get_by_role("link", name="Executions").click()

    expect(tab.get_by_text("of this one.wav")).to_be_visible()
    expect(tab.get_by_text("ghost.wav")).to_have_count(0)


def test_given_files_dropped_one_after_another_when_they_are_sent_then_none_is_lost(tab: Page, tmp_path: Path) -> None:
    for name in ("first.wav", "second.wav"):
        (tmp_path / name).write_bytes(wav_recording(beeps(1)))
        drop(tab, tmp_path / name)
    dialog = tab.get_by_role("dialog", name="Upload recordings")

    dialog.get_by_role("button", name="Upload 2 files").click()

    expect(dialog).to_be_hidden()
    for name in ("first.wav", "second.wav"):
        expect(tab.get_by_role("row").filter(has_text=name).first).to_contain_text("1 one-shot")


def test_given_a_file_that_is_refused_when_it_is_sent_again_then_those_that_went_are_not(
    tab: Page, watched: Watched
) -> None:
    sent: list[str] = []
    tab.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    tab.get_by_role("banner").get_by_role("button", name="Upload").click()
    dialog = tab.get_by_role("dialog", name="Upload recordings")
    files = [
        {"name": f"{'x' * length}.wav", "mimeType": "audio/x", "buffer": wav_recording(beeps(1))}
        for length in (3, 1100, 4)
    ]
    dialog.get_by_label("Files").set_input_files(files)
    dialog.get_by_role("button", name="Upload 3 files").click()
    expect(dialog.get_by_role("alert")).to_contain_text("S3 takes 1024 of UTF-8")
    expect(dialog.get_by_text("uploaded")).to_have_count(2)

    dialog.get_by_role("button", name="Upload", exact=True).click()

    expect(dialog.get_by_role("alert")).to_contain_text("S3 takes 1024 of UTF-8")
    assert len(sent) == 4
    watched.problems = [problem for problem in watched.problems if "400" not in problem]


def test_given_an_upload_that_goes_on_when_its_dialog_closes_then_the_page_stays_where_it_is(
    tab: Page, watched: Watched
) -> None:
    tab.context.route("**/api/uploads?*", lambda route: None)  # it is never answered
    tab.get_by_role("banner").get_by_role("button", name="Upload").click()
    dialog = tab.get_by_role("dialog", name="Upload recordings")
    dialog.get_by_label("Files").set_input_files(SAMPLE)
    dialog.get_by_role("button", name="Upload", exact=True).click()
    with tab.expect_event("requestfailed"):
        tab.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    expect(tab.get_by_role("banner").get_by_role("button", name="Upload")).to_be_focused()
    assert tab.url.endswith("/_page/")


@pytest.mark.parametrize("fragment", ["#/executions/a/%E0%A4%A", "#/nowhere", "#/executions/ProcessRecording/none"])
def test_given_an_address_of_nothing_when_it_is_opened_then_that_is_told(
    tab: Page, watched: Watched, fragment: str
) -> None:
    tab.evaluate("hash => { location.hash = hash; }", fragment)

    expect(tab.locator("body")).to_contain_text(re.compile("There is no"))
    expect(tab.get_by_role("link", name="Executions")).to_be_visible()
    watched.problems = [problem for problem in watched.problems if "404" not in problem]


def test_given_a_view_and_a_state_when_the_page_is_loaded_anew_then_they_are_there_again(tab: Page) -> None:
    upload(tab, "again there.wav", wav_recording(beeps(1)))
    expect(outcome(tab)).to_have_text("Processed")
    expect(tab).to_have_title("again there.wav · Processed")
    state(tab, "ExtractMetadata").click()
    tab.get_by_role("tab", name="Timeline").click()

    tab.reload()

    expect(tab.get_by_role("tab", name="Timeline")).to_have_attribute("aria-selected", "true")
    expect(tab.get_by_role("region", name="ExtractMetadata")).to_be_visible()


def test_given_a_state_that_knows_no_such_fault_when_it_is_chosen_then_the_form_offers_what_it_knows(
    tab: Page,
) -> None:
    tab.get_by_role("button", name=re.compile("^Faults")).click()
    dialog = tab.get_by_role("dialog", name="Faults")
    dialog.get_by_role("button", name="The container runs out of memory once").click()

    dialog.get_by_label("State").select_option("ClaimRecording")

    expect(dialog.get_by_label("What happens")).not_to_have_value("")
    expect(dialog.get_by_text("--fault ClaimRecording=Lambda.TooManyRequestsException")).to_be_visible()
