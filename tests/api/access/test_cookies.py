"""What cookies are called, and whose pages they count for."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response

from loopgraph.api.access.cookies import SESSION, Cookies
from loopgraph.api.access.hosts import from_own_page, origin_of, public_origin
from loopgraph.checking import check_settings
from loopgraph.errors import SetupError
from loopgraph.settings import Access, Settings

PUBLIC = "https://loop.example.org"


def asked(method: str = "GET", scheme: str = "http", **headers: str) -> HTTPConnection:
    """A request with these headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    server = ("127.0.0.1", 8053)
    return HTTPConnection(
        {"type": "http", "method": method, "scheme": scheme, "path": "/", "server": server, "headers": raw}
    )


def test_a_service_that_is_known_by_https_takes_what_only_https_can_have_set() -> None:
    cookies = Cookies(origin_of(PUBLIC))
    host = "loop.example.org"
    assert cookies.session(asked(host=host, cookie="__Host-loopgraph=a")) == "a"
    for cookie in ("loopgraph=a", "loopgraph-443=a", "__Host-loopgraph-8053=a", "__host-loopgraph=a"):
        assert cookies.session(asked(host=host, cookie=cookie)) is None, cookie
    response = Response()
    cookies.keep_signing_in(asked(host=host), response, "x")
    assert response.headers["set-cookie"].startswith("__Host-loopgraph-signing-in=x; ")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(response.headers["set-cookie"].split("; "))


def test_services_on_one_host_do_not_take_each_others() -> None:
    one, below = Cookies(None, ""), Cookies(None, "/team/loop")
    assert one.session(asked(host="localhost:8053", cookie="loopgraph-8054=other; loopgraph-8053=own")) == "own"
    assert one.session(asked(host="localhost:8053", cookie="loopgraph-8054=other")) is None
    assert (
        below.session(asked(host="localhost:8053", cookie="loopgraph-8053-team-loop=own; loopgraph-8053=no")) == "own"
    )
    response = Response()
    one.drop(asked(host="localhost:8053"), response, SESSION)
    assert all("Max-Age=0" in line for line in response.headers.getlist("set-cookie"))


@pytest.mark.parametrize(
    ("headers", "reads", "changes"),
    [
        ({}, True, False),
        ({"origin": PUBLIC}, True, True),
        ({"origin": "https://loop.example.org:443"}, True, True),
        ({"origin": "http://127.0.0.1:8053"}, True, True),
        ({"origin": "http://loop.example.org"}, False, False),
        ({"origin": "https://127.0.0.1"}, False, False),
        ({"origin": "null"}, False, False),
        ({"origin": "https://evil.example.org"}, False, False),
        ({"origin": "https://loop.example.org.evil.org"}, False, False),
        ({"sec_fetch_site": "none"}, True, False),
        ({"sec_fetch_site": "same-origin"}, True, True),
        ({"sec_fetch_site": "same-site"}, False, False),
        ({"sec_fetch_site": "cross-site", "origin": PUBLIC}, False, False),
        ({"sec_fetch_site": "same-origin", "origin": "https://evil.example.org"}, False, False),
    ],
)
def test_whose_pages_count(headers: dict[str, Any], reads: bool, changes: bool) -> None:
    request = asked(host="127.0.0.1:8053", **headers)  # as a proxy that changes it may send it
    assert from_own_page(request, origin_of(PUBLIC), changes=False) is reads
    assert from_own_page(request, origin_of(PUBLIC), changes=True) is changes


def test_a_page_by_http_of_a_service_that_is_known_by_https_is_not_its_own() -> None:
    for origin, own in ((PUBLIC, True), (PUBLIC.replace("https", "http"), False)):
        request = asked(host="loop.example.org", origin=origin)
        assert from_own_page(request, origin_of(PUBLIC), changes=True) is own


def test_a_provider_that_cannot_lead_back_is_refused_at_the_start() -> None:
    known = {
        "access": Access.TOKENS,
        "oidc_issuer": "https://id.example.org",
        "oidc_client_id": "console",
        "oidc_roles": ("*=viewer",),
    }
    check_settings(Settings(**known))
    for others in ({"host": "10.0.0.7"}, {"allowed_hosts": ("loop.example.org",)}):
        with pytest.raises(SetupError, match="LOOPGRAPH_PUBLIC_URL is needed"):
            check_settings(Settings(**{**known, **others}))
        check_settings(Settings(**{**known, **others}, public_url=f"{PUBLIC}/loop"))
    with pytest.raises(SetupError, match="LOOPGRAPH_PUBLIC_URL"):
        public_origin(Settings(public_url="https://user@host"))
