"""Tokens: made, shown once, kept as digests, refused when they expire or are revoked, and told of nowhere."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from loopgraph.assets import query
from loopgraph.contracts.access import Action, NewToken, Role
from loopgraph.contracts.audit import EventFilter
from loopgraph.contracts.base import Page
from loopgraph.effects.access.tokens import PREFIX, digest_of
from loopgraph.effects.clock import new_id, now
from loopgraph.errors import Conflict, InvalidInput, NotFound
from loopgraph.orchestrators.access import known_tokens, remembering
from loopgraph.orchestrators.access.known_tokens import KnownTokens
from support.access import MAKER, Team
from support.waiting import until

ASK = "{ traces(first: 1) { edges { cursor } } }"


async def status(office: Team, header: str | None, path: str = "/graphql") -> tuple[int, str]:
    """The status and the text of an answer to who sends this header."""
    headers = {} if header is None else {"authorization": header}
    answer = await office.service.http.post(path, json={"query": ASK}, headers=headers)
    return answer.status_code, answer.text


@pytest.mark.lengthy
async def test_a_secret_is_kept_as_its_digest_alone(office: Team, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "loopgraph")
    token, secret = await office.token(f"ann-{new_id()}", projects=["shop"])
    assert secret.startswith(PREFIX)
    assert len(secret) >= len(PREFIX) + 43  # 256 bits
    assert (await status(office, f"bearer {secret}"))[0] == 200
    graph = office.service.parts.graph
    [row] = await graph.read(query("access/token_by_hash"), token_hash=digest_of(secret))
    assert secret not in repr(row)
    events = await office.service.parts.events.page(EventFilter(), Page(first=50))
    told = [event for event in events.events if event.data.get("token_id") == token.token_id]
    assert [(event.event_type.value, event.actor_id) for event in told] == [("token_created", MAKER.actor_id)]
    assert secret not in repr(events)
    assert secret not in caplog.text


@pytest.mark.lengthy
async def test_what_is_no_token_is_refused_with_words(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    for header in (
        None,
        "",
        "Bearer",
        "Basic YTpi",
        "Bearer lgt_",
        "Bearer " + "x" * 5000,
        f"Bearer {PREFIX}{'A' * 43}",
    ):
        code, text = await status(office, header)
        assert (code, '"UNAUTHENTICATED"' in text) == (401, True), header
    _, secret = await office.token(f"ann-{new_id()}")
    assert (await status(office, f"Bearer {secret[:-1]}"))[0] == 401
    assert (await status(office, None, f"/graphql?token={secret}&access_token={secret}"))[0] == 401
    expiring, its_secret = await office.tokens.create(
        NewToken(name="brief", role=Role.MEMBER, expires_at=now() + timedelta(hours=1)), MAKER
    )
    assert (await status(office, f"Bearer {its_secret}"))[0] == 200
    monkeypatch.setattr(known_tokens, "now", lambda: now() + timedelta(hours=2))
    code, text = await status(office, f"Bearer {its_secret}")
    assert (code, "expired" in text) == (401, True)
    assert its_secret not in text
    assert expiring.expires_at is not None


@pytest.mark.lengthy
async def test_a_revoked_token_is_refused_by_every_process(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    token, secret = await office.token(f"ann-{new_id()}")
    other_process = KnownTokens(office.tokens)
    await other_process.token(secret)
    assert (await status(office, f"Bearer {secret}"))[0] == 200
    await office.tokens.revoke(token.token_id, MAKER)
    monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)  # as if so long had passed
    code, text = await status(office, f"Bearer {secret}")
    assert (code, "was revoked" in text) == (401, True)
    with pytest.raises(known_tokens.Unauthenticated):
        await other_process.token(secret)
    with pytest.raises(Conflict):
        await office.tokens.revoke(token.token_id, MAKER)
    with pytest.raises(NotFound):
        await office.tokens.revoke("no-such-token", MAKER)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_subscription_ends_with_its_token(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)
    name = f"ann-{new_id()}"
    token, secret = await office.token(name)
    async with office.shown(secret) as ann, office.caller(name) as also_ann:
        updates = ann.events("subscription { traceUpdates { correlationId } }")
        waiting = asyncio.create_task(anext(updates))
        while not waiting.done():
            await also_ann.http.post("/api/traces/start", json={"correlation_id": new_id()})
            await asyncio.wait([waiting], timeout=0.05)
        assert "errors" not in waiting.result()
        await office.tokens.revoke(token.token_id, MAKER)
        secrets = new_id()
        await also_ann.http.post("/api/traces/start", json={"correlation_id": secrets})
        told = [answer async for answer in updates]
        assert told[-1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED", told
        assert secrets not in repr(told)


@pytest.mark.lengthy
async def test_a_stream_of_figures_ends_with_its_token(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)
    monkeypatch.setattr("loopgraph.api.http.pattern_stream.PING_S", 0.2)
    token, secret = await office.token(f"op-{new_id()}", Role.OPERATOR)
    async with (
        office.shown(secret) as operator,
        operator.http.stream("GET", "/api/pattern-analytics/stream?every=60") as answer,
    ):
        lines = answer.aiter_lines()
        assert answer.status_code == 200
        async for line in lines:  # pings come before it, where the figures take long
            if line == "event: metrics":
                break
        await office.tokens.revoke(token.token_id, MAKER)
        rest = [line async for line in lines]  # it ends
    assert rest[-3:-1] == ["event: error", rest[-2]]
    assert "UNAUTHENTICATED" in rest[-2]


async def test_two_headers_are_refused_whichever_comes_first(office: Team) -> None:
    _, secret = await office.token(f"ann-{new_id()}")
    for values in ((f"Bearer {secret}", "Bearer nope"), ("Bearer nope", f"Bearer {secret}"), (f"Bearer {secret}",) * 2):
        headers = [("authorization", value) for value in values]
        answer = await office.service.http.post("/graphql", json={"query": ASK}, headers=headers)
        assert (answer.status_code, "must be sent once" in answer.text) == (401, True)


@pytest.mark.lengthy
async def test_use_is_noted_once_a_minute(office: Team) -> None:
    token, secret = await office.token(f"ann-{new_id()}")

    async def last_used() -> object:
        return next(one.last_used_at for one in await office.tokens.all() if one.token_id == token.token_id)

    assert await last_used() is None
    await status(office, f"Bearer {secret}")
    await until(last_used)
    first = await last_used()
    await status(office, f"Bearer {secret}")
    await office.tokens.note_use(token.token_id, now())  # as another process would
    assert await last_used() == first
    await office.tokens.note_use(token.token_id, now() + timedelta(minutes=2))
    assert await last_used() != first


@pytest.mark.lengthy
async def test_a_token_is_kept_to_its_actions(office: Team) -> None:
    _, secret = await office.token(f"ci-{new_id()}", Role.SERVICE, actions=[Action.WRITE_EVENTS])
    async with office.shown(secret) as ci:
        assert (await ci.http.post("/api/traces/start", json={"correlation_id": new_id()})).status_code == 200
        answer = await ci.http.post("/graphql", json={"query": ASK})
        assert (answer.status_code, "may not use GraphQL" in answer.text) == (403, True)


@pytest.mark.lengthy
async def test_a_token_that_has_expired_is_not_made(office: Team) -> None:
    with pytest.raises(InvalidInput, match="future"):
        await office.tokens.create(NewToken(name="x", role=Role.VIEWER, expires_at=now() - timedelta(seconds=1)), MAKER)
