"""The browser that draws the page for benchmarks, pictures and tests: the machine's own Chromium, headless."""

import os
import shutil

# nothing of it asks anything of anywhere but the page
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NoBrowser(Exception):  # noqa: N818 - it says what there is not
    """There is no Chromium."""


def chromium() -> str:
    """Return the browser's path.

    Raises:
        NoBrowser: there is none.

    """
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        raise NoBrowser("There is no chromium on the PATH; install Debian's package or name another by CHROMIUM.")
    return found
