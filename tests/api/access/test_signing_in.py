"""Signing in to the console by a token or a provider: what the browser keeps, whom it counts for, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import websockets
from pydantic import SecretStr

from conftest import settings_for
from loopgraph.assets import query
from loopgraph.contracts.access import NewToken, Role
from loopgraph.effects.access.sign_ins import PREFIX, SignIns
from loopgraph.effects.access.tokens import digest_of
from loopgraph.effects.clock import new_id, now
from loopgraph.errors import Unauthenticated
from loopgraph.orchestrators.access import callers, identity_provider, rate_limits, remembering
from loopgraph.orchestrators.access.callers import Callers
from loopgraph.orchestrators.access.identity_provider import IdentityProvider
from loopgraph.orchestrators.access.known_tokens import KnownTokens
from loopgraph.orchestrators.access.rate_limits import Buckets
from support.access import MAKER, Team, team
from support.engines import EngineUnderTest
from support.identity_provider import StandIn, settings_of, stand_in
from support.service import PROTOCOL, Service, Socket
from support.waiting import PATIENCE_S

ASK = {"query": "{ traces(first: 1) { edges { cursor } } }"}
FRIEND = "http://localhost:5173"
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[StandIn]:
    async with stand_in() as provider:
        yield provider


@pytest.fixture(scope="module")
async def office(embedded_engine: EngineUnderTest, provider: StandIn) -> AsyncIterator[Team]:
    """It trusts a provider, and lets pages of a friend use it."""
    trust = {**settings_of(provider), "oidc_client_secret": SecretStr(settings_of(provider)["oidc_client_secret"])}
    async with team(
        settings_for(embedded_engine), loop_poll_ms=3_600_000, allowed_origins=(FRIEND,), **trust
    ) as office:
        yield office


@contextlib.asynccontextmanager
async def browser(office: Team) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies, and says of each request that it is of the service's own page."""
    async with httpx.AsyncClient(
        base_url=office.service.url,
        timeout=PATIENCE_S,
        trust_env=False,
        headers={"origin": office.service.url, **OWN},
        limits=httpx.Limits(max_keepalive_connections=0),
    ) as client:
        yield client


@contextlib.asynccontextmanager
async def signed_in(office: Team, role: Role = Role.MEMBER) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which somebody with a new token has signed in."""
    async with browser(office) as page:
        _, secret = await office.token(f"ann-{new_id()}", role, ["shop"])
        assert (await page.post("/api/session", json={"token": secret})).status_code == 200
        yield page


def kept(page: httpx.AsyncClient) -> str:
    """The secret of the session that a browser keeps."""
    [value] = [cookie.value for cookie in page.cookies.jar if "signing" not in cookie.name]
    assert value is not None
    return value


@pytest.mark.lengthy
async def test_a_token_becomes_a_session_that_no_script_reads(office: Team) -> None:
    token, secret = await office.token(f"ann-{new_id()}", projects=["shop"])
    async with browser(office) as page:
        before = (await page.get("/api/session")).json()
        assert (before["access"], before["signed_in"], before["problem"]) == ("tokens", False, None)
        answer = await page.post("/api/session", json={"token": f" {secret}\n"})
        told = answer.json()
        assert (told["name"], told["roles"], told["projects"]) == (token.name, ["member"], ["shop"])
        assert "read" in told["actions"]
        assert "see figures of everybody" not in told["actions"]
        name, _, flags = answer.headers["set-cookie"].partition("=")
        port = urlsplit(office.service.url).port
        assert name == f"loopgraph-{port}"
        parts = {part.strip().partition("=")[0].lower() for part in flags.split(";")[1:]}
        assert parts == {"httponly", "max-age", "path", "samesite"}
        assert "samesite=strict" in flags.lower()
        assert secret not in answer.text + answer.headers["set-cookie"]
        assert answer.headers["cache-control"] == "no-store"
        assert (await page.post("/graphql", json=ASK)).status_code == 200
        assert (await page.get("/api/session")).json() == told
        [row] = await office.service.parts.graph.read(
            query("access/sign_in_by_hash"), secret_hash=digest_of(kept(page))
        )
        assert kept(page) not in repr(row)
        # another process on the graph, or this one after a restart
        other = Callers(KnownTokens(office.tokens), SignIns(office.service.parts.graph), timedelta(hours=1))
        principal, _ = await other.by_session(kept(page))
        assert principal == token.principal
        # no header takes it: it is the browser's
        assert (
            await page.post("/graphql", json=ASK, headers={"authorization": f"Bearer {kept(page)}"})
        ).status_code == 401


@pytest.mark.lengthy
async def test_over_https_nothing_else_can_have_set_it(office: Team) -> None:
    _, secret = await office.token(f"ann-{new_id()}")
    async with browser(office) as page:
        origin = {"origin": office.service.url.replace("http:", "https:")}
        answer = await page.post("/api/session", json={"token": secret}, headers=origin)
        name, _, flags = answer.headers["set-cookie"].partition("=")
        assert name == f"__Host-loopgraph-{urlsplit(office.service.url).port}"
        assert {"secure", "httponly", "path=/"} <= {part.strip().lower() for part in flags.split(";")}
        assert "domain" not in flags.lower()
        value = flags.partition(";")[0]
        # a request need not say that it came by https; what only https can have set counts before what anything can
        for cookie in (f"{name}={value}", f"loopgraph-{urlsplit(office.service.url).port}=lgs_other; {name}={value}"):
            told = (await page.get("/api/session", headers={"cookie": cookie})).json()
            assert told["signed_in"], cookie
        twice = (await page.get("/api/session", headers={"cookie": f"{name}={value}; {name}=lgs_other"})).json()
        assert (twice["signed_in"], "more than once" in twice["problem"]) == (False, True)


@pytest.mark.lengthy
async def test_what_signs_nobody_in(office: Team) -> None:
    async with browser(office) as page:
        for body, status in (
            ({"token": "lgt_none"}, 401),
            ({"token": "x.y.z"}, 401),
            ({"token": ""}, 400),
            ({}, 400),
            ({"token": "x" * 1_001}, 400),
            ([], 400),
            ({"token": 7}, 400),
        ):
            answer = await page.post("/api/session", json=body)
            assert (answer.status_code, "set-cookie" in answer.headers) == (status, False), (body, answer.text)
        for cookie in ("", "none", PREFIX, f"{PREFIX}{'A' * 43}", "lgs_" + "x" * 5_000):
            name = f"loopgraph-{urlsplit(office.service.url).port}"
            headers = {"cookie": f"{name}={cookie}"}
            assert (await page.post("/graphql", json=ASK, headers=headers)).status_code == 401, cookie
            told = (await page.get("/api/session", headers=headers)).json()
            assert (told["signed_in"], "sign in again" in told["problem"]) == (False, True), cookie


@pytest.mark.lengthy
async def test_a_session_counts_for_pages_of_the_service_alone(office: Team) -> None:
    """What a browser says of whose page asks, a page cannot say otherwise; the gate lets pages of a friend through."""
    async with signed_in(office) as page:
        del page.headers["origin"], page.headers["sec-fetch-site"]
        own, session = office.service.url, kept(page)
        for headers, counts in (
            ({"origin": own}, True),
            ({"origin": own, **OWN}, True),
            (OWN, True),
            ({}, False),
            ({"origin": FRIEND}, False),
            ({"origin": FRIEND, "sec-fetch-site": "same-site"}, False),
            ({"origin": own, "sec-fetch-site": "same-site"}, False),
            ({"origin": own, "sec-fetch-site": "cross-site"}, False),
            ({"sec-fetch-site": "none"}, False),
        ):
            answer = await page.post("/graphql", json=ASK, headers=headers)
            assert answer.status_code == (200 if counts else 401), headers
            events = {"accept": "text/event-stream", **headers}
            stream = {"query": 'subscription { feedbackRun(id: "none") { status } }'}
            assert (await page.post("/graphql", json=stream, headers=events)).status_code == (200 if counts else 401)
            out = await page.delete("/api/session", headers=headers) if not counts else None
            assert out is None or out.status_code == 403
            again = await page.post("/api/session", json={"token": "x"}, headers=headers) if not counts else None
            assert again is None or again.status_code == 403  # nor does a page elsewhere sign somebody in
        for headers, counts in (({}, True), ({"sec-fetch-site": "none"}, True), ({"origin": FRIEND}, False)):
            answer = await page.get("/graphql", params=ASK, headers=headers)  # nothing changes by it
            assert answer.status_code == (200 if counts else 401), headers
        elsewhere = {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"}
        assert (await page.get("/graphql", params=ASK, headers=elsewhere)).status_code == 401
        assert kept(page) == session
        assert (await page.post("/graphql", json=ASK, headers=OWN)).status_code == 200


@pytest.mark.lengthy
async def test_a_websocket_has_a_session_only_for_the_services_own_page(office: Team) -> None:
    async with signed_in(office) as page:
        [cookie] = [f"{one.name}={one.value}" for one in page.cookies.jar]
        url = office.service.url.replace("http", "ws", 1) + "/graphql"
        for origin, counts in ((office.service.url, True), (FRIEND, False), (None, False)):
            more: Any = {"origin": origin} if origin else {}
            headers = {"cookie": cookie}
            async with websockets.connect(
                url, subprotocols=[PROTOCOL], proxy=None, open_timeout=PATIENCE_S, additional_headers=headers, **more
            ) as socket:
                await socket.send(json.dumps({"type": "connection_init"}))
                if counts:
                    assert json.loads(await socket.recv()) == {"type": "connection_ack"}
                else:
                    with pytest.raises(websockets.ConnectionClosed) as closed:
                        await socket.recv()
                    assert closed.value.rcvd is not None
                    assert closed.value.rcvd.code == 4403


@pytest.mark.lengthy
async def test_who_signs_out_is_out_at_once_and_everywhere(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    async with signed_in(office) as page:
        secret = kept(page)
        other = Callers(KnownTokens(office.tokens), SignIns(office.service.parts.graph), timedelta(hours=1))
        await other.by_session(secret)
        answer = await page.delete("/api/session")
        assert (answer.status_code, len(page.cookies.jar)) == (204, 0)
        [name] = {line.partition("=")[0] for line in answer.headers.get_list("set-cookie") if "__Host" not in line}
        assert (await page.post("/graphql", json=ASK, headers={"cookie": f"{name}={secret}"})).status_code == 401
        monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)  # as if so long had passed
        with pytest.raises(Unauthenticated):
            await other.by_session(secret)
        assert (await page.delete("/api/session")).status_code == 204  # once more does no harm


@pytest.mark.lengthy
async def test_a_session_ends_with_its_token_and_by_itself(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)
    token, secret = await office.token(f"ann-{new_id()}")
    async with browser(office) as page:
        await page.post("/api/session", json={"token": secret})
        with monkeypatch.context() as later:
            later.setattr(callers, "now", lambda: now() + timedelta(hours=13))
            told = (await page.get("/api/session")).json()
            assert (told["signed_in"], "is over" in told["problem"]) == (False, True)
        service = Service(office.service.url, page, office.service.parts)
        updates = service.events("subscription { traceUpdates { correlationId } }")
        waiting = asyncio.create_task(anext(updates))
        async with office.caller(token.name) as also_ann:
            while not waiting.done():  # nothing tells when it has begun
                await also_ann.http.post("/api/traces/start", json={"correlation_id": new_id()})
                await asyncio.wait([waiting], timeout=0.05)
            assert "errors" not in waiting.result()
            await office.tokens.revoke(token.token_id, MAKER)
            await also_ann.http.post("/api/traces/start", json={"correlation_id": (unseen := new_id())})
            rest = [answer async for answer in updates]
        assert rest[-1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert unseen not in repr(rest)
        told = (await page.get("/api/session")).json()
        assert (told["signed_in"], "was revoked" in told["problem"]) == (False, True)
        assert (await page.post("/graphql", json=ASK)).status_code == 401
    soon = now() + timedelta(minutes=5)
    _, secret = await office.tokens.create(NewToken(name="brief", role=Role.MEMBER, expires_at=soon), MAKER)
    async with browser(office) as page:
        told = (await page.post("/api/session", json={"token": secret})).json()
        assert told["expires_at"][:19] == soon.isoformat()[:19]  # not after its token


async def test_sign_ins_that_are_over_are_forgotten(office: Team) -> None:
    sign_ins, token = SignIns(office.service.parts.graph), (await office.token(f"ann-{new_id()}"))[0]
    _, over = await sign_ins.begin_by_token(token, now() - timedelta(seconds=1))
    _, good = await sign_ins.begin_by_token(token, now() + timedelta(hours=1))
    assert await sign_ins.of_secret(over) is None
    assert await sign_ins.of_secret(good) is not None


async def authorized(page: httpx.AsyncClient, provider: StandIn) -> httpx.URL:
    """Goes to the provider and signs in there; the address to which that leads back."""
    begun = await page.get("/api/session/oidc")
    assert begun.status_code == 303, begun.text
    flags = begun.headers["set-cookie"].lower()
    assert "samesite=lax" in flags
    assert "httponly" in flags
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as elsewhere:
        back = await elsewhere.get(begun.headers["location"])
    return httpx.URL(back.headers["location"])


@pytest.mark.lengthy
async def test_somebody_signs_in_by_a_provider(office: Team, provider: StandIn) -> None:
    async with browser(office) as page:
        assert (await page.get("/api/session")).json()["issuer"] == provider.url
        back = await authorized(page, provider)
        from_elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        del page.headers["origin"]
        answer = await page.get(back, headers=from_elsewhere)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{office.service.url}/")
        told = (await page.get("/api/session")).json()
        assert (told["name"], told["roles"], told["projects"]) == ("ann", ["member"], ["shop", "common"])
        assert len(page.cookies.jar) == 1  # what tied it together is gone
        assert (await page.post("/graphql", json=ASK)).status_code == 200
        again = await page.get(back, headers=from_elsewhere)  # a code is good once, and for who began
        assert again.headers["location"].endswith("#/?failed=UNAUTHENTICATED")


@pytest.mark.lengthy
async def test_what_a_provider_is_made_to_answer_signs_nobody_in(office: Team, provider: StandIn) -> None:
    async def tried(change: Any = None, **claims: Any) -> str:
        async with browser(office) as page:
            back = await authorized(page, provider)
            if change is not None:
                back = change(back, page)
            provider.more_claims = claims
            try:
                answer = await page.get(back)
            finally:
                provider.more_claims = {}
            assert not (await page.get("/api/session")).json()["signed_in"]
            return parse_qs(urlsplit(answer.headers["location"]).fragment.partition("?")[2])["failed"][0]

    def without_cookie(back: httpx.URL, page: httpx.AsyncClient) -> httpx.URL:
        page.cookies.clear()  # somebody is sent the answer to another's sign-in
        return back

    assert await tried(without_cookie) == "UNAUTHENTICATED"
    assert await tried(lambda back, _: back.copy_set_param("state", "another")) == "UNAUTHENTICATED"
    assert await tried(lambda back, _: back.copy_set_param("code", "made-up")) == "UNAUTHENTICATED"
    assert await tried(lambda back, _: back.copy_set_param("iss", "https://elsewhere.example.org")) == "UNAUTHENTICATED"
    assert await tried(lambda back, _: back.copy_remove_param("code")) == "UNAUTHENTICATED"
    assert await tried(lambda back, _: back.copy_merge_params({"error": "access_denied"})) == "UNAUTHENTICATED"
    assert await tried(nonce="another") == "UNAUTHENTICATED"
    assert await tried(nonce=None) == "UNAUTHENTICATED"
    assert await tried(aud="loopgraph-api") == "UNAUTHENTICATED"
    assert await tried(azp="another") == "UNAUTHENTICATED"
    assert await tried(exp=now() - timedelta(hours=1)) == "UNAUTHENTICATED"
    assert await tried(groups=["sales"]) == "FORBIDDEN"


@pytest.mark.lengthy
async def test_what_another_page_leads_a_browser_to_limits_nobody(
    office: Team, provider: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.service.parts.rate_limits, "_failures", Buckets(2))
    async with browser(office) as page:
        for number in range(5):
            led = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
            answer = await page.get(f"/api/session/oidc/callback?code=guess-{number}&state=s", headers=led)
            assert answer.headers["location"].endswith("#/?failed=UNAUTHENTICATED")
        _, secret = await office.token(f"ann-{new_id()}", Role.MEMBER, ["shop"])
        assert (await page.post("/api/session", json={"token": secret})).status_code == 200


@pytest.mark.lengthy
async def test_who_may_do_what_by_the_settings_of_now_is_what_counts(
    office: Team, provider: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)
    async with browser(office) as page:
        await page.get(await authorized(page, provider))
        assert (await page.get("/api/session")).json()["signed_in"]
        callers = office.service.parts.callers
        assert callers is not None
        monkeypatch.setattr(IdentityProvider, "rules", "as another service on this graph has them")
        told = (await page.get("/api/session")).json()
        assert (told["signed_in"], "sign in again" in told["problem"]) == (False, True)


@pytest.mark.lengthy
async def test_a_jwt_is_taken_as_a_token_is(office: Team, provider: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    name, trace = f"ann-{new_id()}", new_id()
    async with office.shown(provider.token(sub=name)) as ann:
        assert (await ann.http.post("/api/traces/start", json={"correlation_id": trace})).status_code == 200
        found = await ann.query("query($t: ID!) { trace(correlationId: $t) { status } }", t=trace)
        assert found["trace"] is not None
        told = (await ann.http.get("/api/session")).json()
        assert (told["name"], told["expires_at"]) == (name, None)
        assert (await ann.http.get("/metrics")).status_code == 403
    async with office.shown(provider.token(sub=f"bob-{new_id()}")) as bob:
        assert (await bob.query("query($t: ID!) { trace(correlationId: $t) { status } }", t=trace))["trace"] is None
    async with office.shown(provider.token(sub="eve", groups=["sre"])) as eve:
        assert (await eve.http.get("/metrics")).status_code == 200
    for bad, status in ((provider.token(aud="another"), 401), (provider.token(groups=[]), 403)):
        async with office.shown(bad) as nobody:
            assert (await nobody.http.post("/graphql", json=ASK)).status_code == status
    monkeypatch.setattr(identity_provider, "PAUSE_S", 0.0)
    provider.add_key("of tomorrow")
    provider.is_down = True
    try:
        async with office.shown(provider.token("of tomorrow")) as early:
            answer = await early.http.post("/graphql", json=ASK)
            assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        async with office.shown(provider.token("first")) as known:
            assert (await known.http.post("/graphql", json=ASK)).status_code == 200
    finally:
        provider.is_down = False


def stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bucket fills by itself, however long a busy machine takes."""
    at = time.monotonic()
    monkeypatch.setattr(rate_limits, "monotonic", lambda: at)


@pytest.mark.lengthy
async def test_who_asks_too_often_is_told_when_to_come_again(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = office.service.parts.rate_limits
    stand_still(monkeypatch)
    monkeypatch.setattr(limits, "_requests", Buckets(3))
    monkeypatch.setattr(limits, "_events", Buckets(1))
    url = office.service.url.replace("http", "ws", 1) + "/graphql"
    async with (
        office.caller(f"ann-{new_id()}") as ann,
        office.caller(f"bob-{new_id()}") as bob,
        websockets.connect(
            url,
            subprotocols=[PROTOCOL],
            proxy=None,
            open_timeout=PATIENCE_S,
            additional_headers={"authorization": ann.http.headers["authorization"]},
        ) as connection,
    ):
        socket = Socket(connection)
        await socket.send("connection_init")
        assert await socket.receive() == {"type": "connection_ack"}
        for _ in range(2):  # the socket was one
            assert (await ann.http.post("/graphql", json=ASK)).status_code == 200
        answer = await ann.http.post("/graphql", json=ASK)
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"]) == (429, "RATE_LIMITED")
        assert int(answer.headers["retry-after"]) == error["extensions"]["retryAfterS"] > 0
        answer = await ann.http.get("/api/export/tables")
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "RATE_LIMITED")
        await socket.subscribe("1", ASK["query"])
        told = await socket.receive()
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")
        start = {"correlation_id": new_id()}
        assert (await ann.http.post("/api/traces/start", json=start)).status_code == 200  # events are counted apart
        for path in ("/api/traces/start", "/api/hooks/claude-code", "/v1/traces"):
            answer = await ann.http.post(path, json=start)
            assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True), path
        assert (await bob.http.post("/graphql", json=ASK)).status_code == 200
        assert (await ann.http.get("/livez")).status_code == 200
    async with office.caller("prometheus", Role.OPERATOR) as operator:
        text = (await operator.http.get("/metrics")).text
    assert 'loopgraph_rate_limited_total{of="requests"} 3.0' in text
    assert 'loopgraph_rate_limited_total{of="events"} 3.0' in text


@pytest.mark.lengthy
async def test_an_address_that_guesses_is_stopped(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    async with signed_in(office) as page, office.caller(f"ann-{new_id()}") as ann:
        assert (await ann.http.post("/graphql", json=ASK)).status_code == 200
        stand_still(monkeypatch)
        monkeypatch.setattr(office.service.parts.rate_limits, "_failures", Buckets(2))
        for status in (401, 401, 429):
            guess = {"authorization": f"Bearer lgt_{new_id()}"}
            answer = await office.service.http.post("/graphql", json=ASK, headers=guess)
            assert answer.status_code == status, answer.text
        async with browser(office) as another:
            answer = await another.post("/api/session", json={"token": f"lgt_{new_id()}"})
            assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
        assert (await ann.http.post("/graphql", json=ASK)).status_code == 200  # who is known from before
        assert (await page.post("/graphql", json=ASK)).status_code == 200
