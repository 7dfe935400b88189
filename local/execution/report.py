"""One self-contained file that shows an execution: the page, what it shows, and the sound, with no network.

Only the modules that were written into it run: the policy in its head names the import map and the start by their
hashes, and trusts nothing but what these load.
"""

import base64
import hashlib
import html
import json
from pathlib import Path
from typing import Any

from local.execution.contents import Contents
from local.execution.fitting import embedded
from local.file_names import safe_name
from local.page.modules import licences_of, modules_of, styles_of

NAME = "report.html"
_ENTRY = "page/report.js"
_UNTIL_DRAWN = (
    "The scripts in this file draw the report. If this stays, they may not run here, or the browser is older than "
    "Chrome 123, Firefox 120 or Safari 17.5."
)
# what the parser meets is trusted by its hash alone; 'strict-dynamic' trusts an element that a trusted script adds
_START = f'''const entry = document.createElement("script");
entry.type = "module";
entry.src = import.meta.resolve("{_ENTRY}");
document.head.append(entry);'''


def report_path(contents: Contents, output: Path) -> Path:
    """Return where a report goes: to a folder named after the recording, or else after the execution."""
    document = contents.document
    name = document["recording"]["id"] if document["recording"] else document["execution"]["name"]
    return output / safe_name(name) / NAME


def save_report(contents: Contents, path: Path) -> None:
    """Write a report.

    Raises:
        OSError: the file can't be written.

    """
    text = report_html(contents)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def report_html(contents: Contents) -> str:
    """Return the report's text."""
    modules = modules_of(_ENTRY)
    import_map = json.dumps({"imports": {name: _data_url("text/javascript", text) for name, text in modules.items()}})
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(import_map, _START)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{html.escape(_title(contents.document))}</title>",
            '<link rel="icon" href="data:,">',
            f"<style>\n{styles_of(modules)}</style>",
            f'<script type="importmap">{import_map}</script>',
            "</head>",
            "<body>",
            f'<main id="report"><p class="empty">{_UNTIL_DRAWN}</p></main>',
            _notices(modules),
            f'<script type="application/json" id="report-contents">{embedded(contents.as_json())}</script>',
            f'<script type="module">{_START}</script>',
            "</body>",
            "</html>",
            "",
        ]
    )


def _policy(*scripts: str) -> str:
    hashes = " ".join(f"'sha256-{_base64(hashlib.sha256(script.encode()).digest())}'" for script in scripts)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {hashes} 'strict-dynamic'",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "media-src data: blob:",
            "connect-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _title(document: dict[str, Any]) -> str:
    execution, recording = document["execution"], document["recording"]
    subject = recording["source"]["name"] if recording else execution["name"]
    title = f"{subject} · {execution['machine']} {execution['status']}"
    return title.encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair, a file may not


def _notices(names: dict[str, str]) -> str:
    licences = licences_of(names)
    lines = ['<footer id="notices">', "<details>", "<summary>Libraries in this file, and their licences</summary>"]
    for each in licences:
        lines.append(f"<h3>{html.escape(f'{each.package} {each.version}, {each.name}')}</h3>")
        lines.append(f"<pre>{html.escape(each.text)}</pre>")
    return "\n".join([*lines, "</details>", "</footer>"])


def _data_url(content_type: str, text: str) -> str:
    return f"data:{content_type};charset=utf-8;base64,{_base64(text.encode())}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
