"""The file itself: nothing in it is loaded from elsewhere, and nothing runs but what it was made of."""

import base64
import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from local.execution.contents import Contents
from local.execution.fitting import LeftOut
from local.execution.report import report_html, report_path, save_report
from local.page.modules import UnknownModule, licences_of, modules_of

HOSTILE = "</title></script><script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)>\"'&.m4a"
_LOADING = {"action", "background", "data", "formaction", "href", "ping", "poster", "src", "srcset", "xlink:href"}


def _contents(name: str = "a.m4a", *, recording: bool = True) -> Contents:
    execution = {"arn": "arn", "name": "e1", "machine": "M", "status": "SUCCEEDED", "input": name, "output": None}
    source = {"bucket": "b", "key": name, "name": name}
    document: dict[str, Any] = {
        "execution": execution,
        "recording": {"id": "r/1", "source": source} if recording else None,
    }
    files = {"source": "data:audio/mp4;base64,AAAA"}
    return Contents(document, files, {"2": []}, [LeftOut(name, 5_000_000, "there is room for 2 MB")])


class Parsed(HTMLParser):
    """A report as a browser's parser takes it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within = [tag]
        self.texts.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self._within:
            self.texts[self._within[0]][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._within = []

    def scripts(self) -> dict[str, str]:
        """Return the scripts' texts by their types."""
        types = [str(attributes.get("type")) for tag, attributes in self.elements if tag == "script"]
        return dict(zip(types, self.texts["script"], strict=True))

    def policy(self) -> dict[str, list[str]]:
        content = next(a["content"] for t, a in self.elements if a.get("http-equiv") == "Content-Security-Policy")
        return {name: values for name, *values in (part.split() for part in str(content).split("; "))}


@pytest.fixture(scope="module")
def parsed() -> Parsed:
    return Parsed(report_html(_contents(HOSTILE)))


def test_given_a_report_when_taken_apart_then_nothing_in_it_is_loaded_from_elsewhere(parsed: Parsed) -> None:
    loaded = [
        value for _, attributes in parsed.elements for name, value in attributes.items() if name in _LOADING and value
    ]
    style = "\n".join(parsed.texts["style"])
    assert loaded == ["data:,"]
    assert "@import" not in style
    assert [url for url in re.findall(r"url\(([^)]*)\)", style) if "data:" not in url] == []
    assert set(parsed.scripts()) == {"importmap", "application/json", "module"}


def test_given_a_report_when_its_policy_is_read_then_only_its_own_scripts_run(parsed: Parsed) -> None:
    policy = parsed.policy()
    scripts = parsed.scripts()

    hashes = [
        f"'sha256-{base64.b64encode(sha256(scripts[kind].encode()).digest()).decode()}'"
        for kind in ("importmap", "module")
    ]
    assert policy == {
        "default-src": ["'none'"],
        "script-src": [*hashes, "'strict-dynamic'"],
        "style-src": ["'unsafe-inline'"],
        "img-src": ["data:", "blob:"],
        "media-src": ["data:", "blob:"],
        "connect-src": ["data:", "blob:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    kinds = [tag for tag, _ in parsed.elements]
    policy_at = next(n for n, (_, a) in enumerate(parsed.elements) if a.get("http-equiv") == "Content-Security-Policy")
    assert policy_at < kinds.index("script")


def test_given_the_import_map_when_followed_then_every_module_is_there_as_it_is_served(parsed: Parsed) -> None:
    imports = json.loads(parsed.scripts()["importmap"])["imports"]

    texts = {name: base64.b64decode(url.partition(",")[2]).decode() for name, url in imports.items()}
    assert texts == modules_of("page/report.js")
    assert {url.partition(",")[0] for url in imports.values()} == {"data:text/javascript;charset=utf-8;base64"}
    assert {"page/report.js", "page/execution.js", "preact", "htm"} <= set(texts)
    assert "page/report.js" in parsed.scripts()["module"]


def test_given_hostile_names_when_written_then_they_are_text_and_read_back_as_they_were(parsed: Parsed) -> None:
    told = json.loads(parsed.scripts()["application/json"])

    assert parsed.texts["title"] == [f"{HOSTILE} · M SUCCEEDED"]
    assert told == _contents(HOSTILE).as_json()
    assert "img" not in [tag for tag, _ in parsed.elements]
    assert not any(name.startswith("on") for _, attributes in parsed.elements for name in attributes)


def test_given_half_a_surrogate_pair_when_written_then_the_file_is_utf_8(tmp_path: Path) -> None:
    save_report(_contents("a\ud800.m4a"), tmp_path / "report.html")

    parsed = Parsed((tmp_path / "report.html").read_text("utf-8"))
    assert parsed.texts["title"] == ["a?.m4a · M SUCCEEDED"]
    assert json.loads(parsed.scripts()["application/json"])["document"]["execution"]["input"] == "a\ud800.m4a"


def test_given_the_libraries_when_written_then_each_ones_licence_goes_with_it(parsed: Parsed) -> None:
    licences = licences_of(modules_of("page/report.js"))

    assert {each.package for each in licences} >= {"preact", "htm", "wavesurfer.js", "@dagrejs/dagre"}
    assert parsed.texts["h3"] == [f"{each.package} {each.version}, {each.name}" for each in licences]
    assert parsed.texts["pre"] == [each.text for each in licences]
    assert all("Copyright" in each.text or "Apache License" in each.text for each in licences)


def test_given_the_folder_when_a_report_goes_there_then_by_the_recording_or_else_the_execution(tmp_path: Path) -> None:
    assert report_path(_contents(), tmp_path) == tmp_path / "r_1" / "report.html"
    assert report_path(_contents(recording=False), tmp_path) == tmp_path / "e1" / "report.html"


def test_given_half_a_surrogate_pair_in_a_recordings_id_when_its_report_is_written_then_the_folder_does_without(
    tmp_path: Path,
) -> None:
    contents = _contents()
    contents.document["recording"]["id"] = "r\ud800"

    save_report(contents, report_path(contents, tmp_path))

    assert (tmp_path / "r_" / "report.html").is_file()


def test_given_a_module_that_is_not_there_when_followed_then_it_is_named() -> None:
    with pytest.raises(UnknownModule, match=r"There is no module 'page/nothing\.js'"):
        modules_of("page/nothing.js")
