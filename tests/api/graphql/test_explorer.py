"""GraphiQL as browsers get it: whole, from the service alone, as it was published; and switched off."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from conftest import settings_for
from loopgraph.api.graphql.explorer import FOLDER, MEDIA
from support.engines import EngineUnderTest
from support.service import Service, serving

HTML = {"accept": "text/html"}

PUBLISHED = {
    "graphiql.min.js": "a330a2be1d2389486840a9d0a834767d9083a23f105879e0de54e4fce83d3513",
    "graphiql.min.css": "bdddd50aac5bdb0edd83e5c862ba2fed9db2964e4c75d4655ab62b0a7d5bd730",
    "react.production.min.js": "d949f1c3687aedadcedac85261865f29b17cd273997e7f6b2bfc53b2f9d4c4dd",
    "react-dom.production.min.js": "35f4f974f4b2bcd44da73963347f8952e341f83909e4498227d4e26b98f66f0d",
}
"""SHA-256 of the files of graphiql 3.9.0, react 18.3.1 and react-dom 18.3.1 on npm."""


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = ""
        self._in: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "data", "poster", "srcset")
        ]
        self._in = tag
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._in in ("script", "style"):
            self.inline += data.strip()


@pytest.fixture(scope="module")
async def closed(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """A service that shows neither GraphiQL nor its schema."""
    changes = {"graphiql": False, "introspection": False}
    async with serving(settings_for(embedded_engine).model_copy(update=changes)) as service:
        yield service


@pytest.mark.lengthy
def test_the_files_are_those_that_were_published() -> None:
    for name, digest in PUBLISHED.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name
    licences = (FOLDER / "LICENSES.txt").read_text(encoding="utf-8")
    for named in ("graphiql 3.9.0", "react 18.3.1", "react-dom 18.3.1", "GraphQL Contributors", "Facebook, Inc."):
        assert named in licences
    assert {path.name for path in FOLDER.iterdir()} == {*MEDIA, "index.html", "LICENSES.txt"}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2_500_000


@pytest.mark.lengthy
async def test_the_page_names_no_other_host(service: Service) -> None:
    page = await service.http.get("/graphql", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    links = _Links()
    links.feed(page.text)
    assert links.inline == ""
    own = (FOLDER / "start.js").read_text(encoding="utf-8") + (FOLDER / "page.css").read_text(encoding="utf-8")
    for text in (page.text, own):
        assert not re.search(r"(?:https?:|wss?:)?//[\w.-]*\w\.\w", re.sub(r"^\s*//.*$", "", text, flags=re.M))
    css = (FOLDER / "graphiql.min.css").read_text(encoding="utf-8")
    assert not [url for url in re.findall(r"url\(([^)]*)\)", css) if not url.strip("\"'").startswith("data:")]
    assert "@import" not in css
    assets = [link for link in links.found if not link.startswith("data:")]
    assert {link.removeprefix("graphql/assets/") for link in assets} == set(MEDIA)
    for link in assets:
        asset = await service.http.get(httpx.URL(f"{service.url}/graphql").join(link))
        assert (asset.status_code, asset.content) == (200, (FOLDER / link.rpartition("/")[2]).read_bytes())
        assert asset.headers["content-type"].partition(";")[0] == MEDIA[link.rpartition("/")[2]]
        assert asset.headers["x-content-type-options"] == "nosniff"


async def test_the_policy_lets_nothing_else_in(service: Service) -> None:
    page = await service.http.get("/graphql", headers=HTML)
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert not any(":" in value.replace("data:", "") for value in policy.values())


@pytest.mark.lengthy
async def test_other_files_are_not_served(service: Service) -> None:
    for name in ("index.html", "LICENSES.txt", "..%2Fapp.py", "%2e%2e/explorer.py", "nothing.js"):
        assert (await service.http.get(f"/graphql/assets/{name}")).status_code == 404


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_switched_off(closed: Service) -> None:
    assert (await closed.http.get("/graphql", headers=HTML)).status_code == 404
    assert (await closed.http.get("/graphql/assets/start.js")).status_code == 404
    assert await closed.query("{ __typename }") == {"__typename": "Query"}
    assert await closed.query("{ patterns(first: 1) { edges { node { __typename } } } }")
    for document in ("{ __schema { types { name } } }", '{ __type(name: "Query") { name } }'):
        for error in await closed.errors(document):
            assert "introspection has been disabled" in error["message"]
            assert error["extensions"]["code"] == "INVALID_DOCUMENT"
    [error] = await closed.errors("{ pattern_s(first: 1) { edges { cursor } } }")
    assert "Did you mean" not in error["message"]


@pytest.mark.lengthy
async def test_switched_on(service: Service) -> None:
    assert (await service.query("{ __schema { queryType { name } } }"))["__schema"]["queryType"]["name"] == "Query"
    [error] = await service.errors("{ pattern_s(first: 1) { edges { cursor } } }")
    assert "Did you mean" in error["message"]
