"""Names, tags, settings and messages that would be markup or scripts: in every view they are text."""

import io
import re
from typing import Any

import av
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from local.engine import Engine
from local.execution.contents import contents_of
from local.execution.reader import ExecutionReader
from local.execution.report import save_report
from tests.browser.conftest import Watched
from tests.browser.test_page import outcome, upload
from tests.recordings import beeps, wav_recording

NAMES = [
    "<img src=x onerror=alert(1)>.wav",
    "\"'><script>alert(1)<!--.wav",
    "</script></title><svg onload=alert(1)>.wav",
    "javascript:alert(1).wav",
    "${alert(1)}{{alert(1)}}%22.wav",
    "\u202egnp.wav",
]
TAG = '</pre><img src=x onerror="alert(1)">&lt;b&gt;'
VIEWS = ("Graph", "Timeline", "Events", "Recording", "Record", "Input and output")


def tagged(text: str) -> bytes:
    """Return a FLAC file whose tags are `text`."""
    written = io.BytesIO()
    samples = (beeps(2) * 32767).astype("int16").reshape(1, -1)
    with av.open(written, "w", format="flac") as container:
        container.metadata.update({"title": text, "artist": text, "comment": text})
        stream = container.add_stream("flac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return written.getvalue()


def look_at_everything(tab: Page) -> None:
    """Open every view, every state that was visited, and every tab of its panel."""
    for view in VIEWS:
        tab.get_by_role("tab", name=view, exact=True).click()
        expect(tab.get_by_role("tabpanel", name=view)).to_be_visible()
        if view == "Graph":
            for state in ("ValidateUpload", "ExtractMetadata", "ProcessAudio"):
                tab.get_by_role("button", name=re.compile(rf"^{state}\b")).click()
                panel = tab.get_by_role("region", name=state)
                for part in panel.get_by_role("tab").all():
                    part.click()


def markup_of(tab: Page) -> Any:
    """What stands in the document that only markup of a name could have put there."""
    return tab.evaluate(
        """() => [...document.querySelectorAll("img[src=x], svg[onload], [onerror], body script:not([type])")].length"""
    )


@pytest.mark.parametrize("name", NAMES)
def test_given_a_hostile_name_when_every_view_is_opened_then_it_is_text(tab: Page, name: str) -> None:
    upload(tab, name, wav_recording(beeps(2)))
    expect(outcome(tab)).to_have_text(re.compile("Processed|Rejected"))

    look_at_everything(tab)

    expect(tab.locator("h1")).to_contain_text(name)
    assert markup_of(tab) == 0
    tab.get_by_role("link", name="Executions").click()
    expect(tab.get_by_role("link", name=name, exact=True).first).to_be_visible()
    assert markup_of(tab) == 0


def test_given_hostile_tags_when_every_view_is_opened_then_they_are_text(tab: Page) -> None:
    upload(tab, "tagged.flac", tagged(TAG))
    expect(outcome(tab)).to_have_text("Processed")

    look_at_everything(tab)

    assert markup_of(tab) == 0
    tab.get_by_role("tab", name="Graph", exact=True).click()
    tab.get_by_role("button", name=re.compile(r"^ExtractMetadata\b")).click()
    panel = tab.get_by_role("region", name="ExtractMetadata")
    panel.get_by_role("tab", name="Output").click()
    expect(panel).to_contain_text("<img src=x onerror=")


def test_given_a_hostile_setting_when_it_is_rejected_then_its_message_is_text(tab: Page) -> None:
    upload(tab, "setting.wav", wav_recording(beeps(1)), ui_version="<img src=x onerror=alert(1)>")
    expect(outcome(tab)).to_have_text("Rejected")

    look_at_everything(tab)

    assert markup_of(tab) == 0


@pytest.mark.parametrize("name", NAMES)
def test_given_a_hostile_name_when_its_report_is_opened_then_it_is_text(
    context: BrowserContext, watched: Watched, engine: Engine, tmp_path: Any, name: str
) -> None:
    arn = uploaded(engine, name, wav_recording(beeps(1)))
    report = tmp_path / "report.html"
    save_report(contents_of(ExecutionReader(engine.client), arn), report)
    context.set_offline(True)
    tab = context.new_page()
    tab.goto(report.as_uri())

    look_at_everything(tab)

    expect(tab.locator("h1")).to_contain_text(name)
    assert name in tab.title()
    assert markup_of(tab) == 0


def uploaded(engine: Engine, name: str, body: bytes) -> str:
    key = f"public/unprocessed/demo/{name}"
    version = engine.client("s3").put_object(
        Bucket=engine.outputs["RecordingsBucketName"], Key=key, Body=body
    )["VersionId"]  # fmt: skip
    arn = engine.wait_for_execution(
        lambda event: event.get("detail", {}).get("object", {}).get("version-id") == version, 60
    )
    engine.wait(arn, 60)
    return arn
