"""Who may use the page: browsers of this machine that have it open, and no other site's page."""

import re
from typing import Any

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Request

_LOCAL_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?", re.IGNORECASE)
_READS = frozenset({"GET", "HEAD"})


def check(request: Request, *, is_index: bool) -> None:
    """Check where a request comes from. `is_index`: it asks for the page itself, which a link anywhere may open.

    Browsers send an Origin with every write, and say of every request to the loopback address whose page made it.

    Raises:
        Forbidden: another site sends it, or it comes under a name that was bent to this machine (DNS rebinding).

    """
    if not _LOCAL_HOST.fullmatch(request.host):
        raise Forbidden("The page answers to 127.0.0.1 and localhost only.")
    site = request.headers.get("Sec-Fetch-Site", "none")
    opened = is_index and request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if site not in {"same-origin", "none"} and not opened:
        raise Forbidden("Other sites can't use the page.")
    origin = request.headers.get("Origin")
    if (request.method not in _READS or origin is not None) and origin != f"http://{request.host}":
        raise Forbidden("Only the page itself can change something.")


def headers(*, script_hash: str, style_nonce: str) -> dict[str, str]:
    """Return the headers of the page's HTML: nothing from elsewhere, no script but ours, no frame around it."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' '{script_hash}'",
        "style-src": f"'self' 'nonce-{style_nonce}'",
        "img-src": "'self' data:",
        "media-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {**EVERYWHERE, "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}


# What lies in S3 is sent as data that runs nowhere, whatever it holds.
STORED: dict[str, str] = {"Content-Security-Policy": "sandbox; default-src 'none'"}
EVERYWHERE: dict[str, Any] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
