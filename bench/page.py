"""How fast the page is in Chromium: 500 executions in the list, a recording of an hour opened.

    make page-bench

Times are the browser's own (performance.now), from the navigation's start to the second frame after what was waited
for is in the document: the medians of five cold tabs.
"""

import json
import os
import statistics
from pathlib import Path
from typing import Annotated, Any

import typer
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from bench.chromium import ARGUMENTS, NoBrowser, chromium
from bench.speed import recording_of
from local.engine import Engine
from local.page.application import PREFIX, page_of

ROOT = Path(__file__).resolve().parents[1]
_EXECUTIONS = 500
_TABS = 5
# a waveform with its cuts
READY = ".waveform-box[aria-busy=false]"
# resolves at the second frame after `selector` matches at least `count` elements
_PAINTED = """([selector, count]) => new Promise((resolve) => {
  const look = () => {
    if (document.querySelectorAll(selector).length < count) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  };
  look();
})"""
# scrolls to the end in steps of a frame each; the longest and the 95th percentile of the frames
_SCROLLED = """() => new Promise((resolve) => {
  const frames = [];
  let last = performance.now();
  const step = () => {
    const now = performance.now();
    frames.push(now - last);
    last = now;
    const before = scrollY;
    scrollBy(0, 400);
    if (scrollY === before && frames.length > 3) {
      frames.sort((a, b) => a - b);
      return resolve([frames[Math.floor(frames.length * 0.95)], frames.at(-1), frames.length]);
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
_FILTERED = """() => new Promise((resolve) => {
  const field = document.querySelector("input[type=search]");
  const began = performance.now();
  field.value = "take 123";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
})"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console()


@app.command()
def measure(
    json_path: Annotated[Path | None, typer.Option("--json", help="also write the figures here")] = None,
) -> None:
    """Measure the page in Chromium."""
    try:
        path = chromium()
    except NoBrowser as error:
        raise typer.BadParameter(str(error)) from error
    with Engine.deploy(ROOT / "template.yaml", time_scale=0.01, warm=True) as engine, sync_playwright() as playwright:
        engine.mount(PREFIX, page_of(engine))
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        figures = {**_hour(engine, browser), **_list(engine, browser)}
        browser.close()
    table = Table("what", "median", "least", "most")
    for what, values in figures.items():
        table.add_row(what, *(f"{value:.0f} ms" for value in (statistics.median(values), min(values), max(values))))
    console.print(table)
    console.print(f"load: {os.getloadavg()[0]:.1f}")
    if json_path:
        json_path.write_text(json.dumps(figures, indent=1))


def _list(engine: Engine, browser: Browser) -> dict[str, list[float]]:
    sfn, machine = engine.client("stepfunctions"), engine.outputs["ProcessRecordingArn"]
    console.print(f"starting {_EXECUTIONS} executions ...")
    arns = [
        sfn.start_execution(stateMachineArn=machine, input=json.dumps(_event(engine, number)))["executionArn"]
        for number in range(_EXECUTIONS)
    ]
    for arn in arns:
        engine.wait(arn, 600)
    painted, p95, longest, filtered = [], [], [], []
    for _ in range(_TABS):
        tab = _open(browser, engine)
        painted.append(tab.evaluate(_PAINTED, [".execution:not(.head)", _EXECUTIONS]))
        at_95, at_most, _frames = tab.evaluate(_SCROLLED)
        p95.append(at_95)
        longest.append(at_most)
        filtered.append(tab.evaluate(_FILTERED))
        tab.context.close()
    return {
        f"{_EXECUTIONS} executions: navigation to all rows painted": painted,
        "scrolling through them: 95% of frames within": p95,
        "scrolling through them: longest frame": longest,
        "a filter typed: its rows painted": filtered,
    }


def _event(engine: Engine, number: int) -> dict[str, Any]:
    """Return an upload's event of what is not there: ValidateUpload rejects it, and no container is needed."""
    return {
        "region": engine.region,
        "time": "2026-11-26T08:00:00Z",
        "detail": {
            "bucket": {"name": engine.outputs["RecordingsBucketName"]},
            "object": {"key": f"public/unprocessed/demo/take {number}.wav", "size": 1000, "version-id": "null"},
        },
    }


def _hour(engine: Engine, browser: Browser) -> dict[str, list[float]]:
    console.print("processing a recording of an hour ...")
    key = "public/unprocessed/demo/an hour.m4a"
    engine.client("s3").upload_file(str(recording_of(3600)), engine.outputs["RecordingsBucketName"], key)
    arn = engine.wait_for_execution(lambda event: event.get("detail", {}).get("object", {}).get("key") == key, 60)
    ended = engine.wait(arn, 1200)
    if ended.end_state != "Processed":
        raise RuntimeError(f"The hour ended in {ended.end_state}: {ended.cause}")
    console.print(f"{ended.output['oneShotCount']} one-shots")
    from_navigation, from_click = [], []
    for _ in range(_TABS):
        tab = _open(browser, engine, f"#/executions/ProcessRecording/{arn.rpartition(':')[2]}")
        tab.get_by_role("tab", name="Recording", exact=True).wait_for()
        clicked = tab.evaluate("performance.now()")
        tab.get_by_role("tab", name="Recording", exact=True).click()
        painted = tab.evaluate(_PAINTED, [READY, 1])
        from_navigation.append(painted)
        from_click.append(painted - clicked)
        tab.context.close()
    return {
        "a recording of an hour: navigation to waveform with its cuts painted": from_navigation,
        "a recording of an hour: its tab clicked to waveform painted": from_click,
    }


def _open(browser: Browser, engine: Engine, fragment: str = "") -> Page:
    tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.goto(f"{engine.endpoint}{PREFIX}/{fragment}")
    return tab


if __name__ == "__main__":
    app()
