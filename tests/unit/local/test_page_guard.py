import pytest
from flask import Flask, request
from werkzeug.exceptions import Forbidden

from local.page import guard

OWN = {"Host": "127.0.0.1:4566", "Sec-Fetch-Site": "same-origin"}


def check(method: str = "GET", *, is_index: bool = False, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with Flask(__name__).test_request_context("/", method=method, headers={**OWN, **named}):
        guard.check(request, is_index=is_index)


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost:4566", "LOCALHOST:80", "127.0.0.1"])
def test_given_a_name_of_this_machine_when_it_reads_then_it_may(host: str) -> None:
    check(Host=host)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "bucket.localhost:80", "127.0.0.1:80@x"])
def test_given_another_name_when_it_reads_then_it_is_refused(host: str) -> None:
    with pytest.raises(Forbidden, match="localhost only"):
        check(Host=host)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_given_another_site_when_it_reads_then_it_is_refused(site: str) -> None:
    with pytest.raises(Forbidden, match="Other sites"):
        check(Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")


def test_given_a_link_elsewhere_when_it_opens_the_page_itself_then_it_may() -> None:
    check(is_index=True, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")


def test_given_a_link_elsewhere_when_it_opens_something_below_the_page_then_it_is_refused() -> None:
    with pytest.raises(Forbidden, match="Other sites"):
        check(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_given_the_page_when_it_changes_something_then_it_may(method: str) -> None:
    check(method, Origin="http://127.0.0.1:4566")


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "GET"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:4567", "https://127.0.0.1:4566"])
def test_given_another_origin_when_it_asks_then_it_is_refused(method: str, origin: str) -> None:
    with pytest.raises(Forbidden, match="the page itself"):
        check(method, Origin=origin)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_given_no_origin_when_something_is_to_change_then_it_is_refused(method: str) -> None:
    with pytest.raises(Forbidden, match="the page itself"):
        check(method)
