"""How the console is served."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from loopgraph.api.doors import doors
from loopgraph.api.graphql.pace import Pace
from loopgraph.api.http.console import console_routes
from loopgraph.api.http.serving.limits import Room
from loopgraph.api.http.serving.prefix import Prefix
from loopgraph.api.metrics import Metrics
from loopgraph.settings import Settings


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the doors alone; the page needs no graph."""
    async with client(Settings()) as http:
        yield http


def client(settings: Settings) -> httpx.AsyncClient:
    app = Starlette(routes=console_routes(settings))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def test_the_page_allows_no_other_host_and_no_inline_script(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "worker-src", "style-src", "connect-src")} == {"'self'"}
    assert policy["frame-ancestors"] == "'none'"


async def test_the_api_may_be_elsewhere() -> None:
    async with client(Settings(console_api="https://api.example.org/loop/graphql")) as http:
        page = await http.get("/")
    assert 'content="https://api.example.org/loop/graphql"' in page.text
    assert "connect-src 'self' https://api.example.org;" in page.headers["content-security-policy"]


@pytest.mark.parametrize("api", ["javascript:alert(1)", "https://x; script-src *", "https://x' 'unsafe-inline"])
def test_an_address_that_would_change_the_policy_is_refused(api: str) -> None:
    with pytest.raises(ValueError, match="console_api"):
        Settings(console_api=api)


async def test_what_has_not_changed_is_not_sent_again(http: httpx.AsyncClient) -> None:
    first = await http.get("/console/app.js")
    assert (first.status_code, first.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    again = await http.get("/console/app.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "no-cache"


async def test_the_icon_is_kept_for_a_while_as_browsers_ask_for_it_at_every_change_of_the_page(
    http: httpx.AsyncClient,
) -> None:
    icon = await http.get("/console/style/icon.svg")
    assert (icon.status_code, icon.headers["cache-control"]) == (200, "max-age=3600")


@pytest.mark.parametrize(
    "name", ["../settings.py", "__init__.py", "..%2f..%2fsettings.py", "vendor/vendor.json", "lib"]
)
async def test_nothing_else_is_served(http: httpx.AsyncClient, name: str) -> None:
    assert (await http.get(f"/console/{name}")).status_code == 404


async def test_it_can_be_switched_off() -> None:
    settings = Settings(console=False)
    assert "/" not in [getattr(route, "path", None) for route in doors(settings, Pace(), Room(1), Metrics()).routes]


@pytest.mark.parametrize("taken_off", [False, True])
async def test_below_a_path_of_a_proxy_all_is_where_it_is_without_one(taken_off: bool) -> None:
    app = Prefix(Starlette(routes=console_routes(Settings())), "/loop")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
        page = await http.get("/" if taken_off else "/loop/")
        assert "<title>Loopgraph</title>" in page.text
        assert (await http.get("/console/app.js" if taken_off else "/loop/console/app.js")).status_code == 200
        assert (await http.get("/looping/")).status_code == 404
        moved = await http.get("/loop")
        assert (moved.status_code, moved.headers["location"]) == (307, "/loop/")
        moved = await http.get("/loop?x=1&y=%2F")
        assert (moved.status_code, moved.headers["location"]) == (307, "/loop/?x=1&y=%2F")


@pytest.mark.parametrize("path", ["loop", "/loop/", "//evil.example.org", "/a b", "/?x"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="root_path"):
        Settings(root_path=path)


@pytest.mark.parametrize("prefix", ["", "/loop"])
async def test_who_asks_for_the_console_by_its_name_gets_to_the_page(prefix: str) -> None:
    app = Starlette(routes=console_routes(Settings()))
    transport = httpx.ASGITransport(app, root_path=prefix)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", follow_redirects=True) as http:
        page = await http.get(f"{prefix}/console")
    assert (page.status_code, page.url.path) == (200, f"{prefix}/")
