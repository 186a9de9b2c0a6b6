"""Who asks, and whether they may: asked on every route and every root field, and answered in the form of each door."""

from __future__ import annotations

from typing import Any

import pytest
import websockets

from loopgraph.api.access import LOCAL, Action, Door, WebSocketDoor, identified, principals
from loopgraph.api.access.principals import Shown
from loopgraph.api.graphql.schema import build_schema
from loopgraph.contracts.access import allowed
from loopgraph.contracts.base import Principal
from loopgraph.effects.clock import new_id
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.main import create_app
from loopgraph.orchestrators.access.rate_limits import RateLimits
from loopgraph.settings import Settings
from support.otlp import span, traces
from support.service import PROTOCOL, Service

START = "mutation($input: StartTraceInput!) { startTrace(input: $input) { __typename ... on Forbidden { message } } }"
CREATE = "mutation($input: CreatePatternInput!) { createPattern(input: $input) { __typename } }"


def only(monkeypatch: pytest.MonkeyPatch, *actions: Action) -> None:
    """Lets everybody do nothing but these."""
    monkeypatch.setattr(principals, "allowed", lambda principal, action: action in actions)


@pytest.mark.lengthy
def test_every_route_has_an_action() -> None:
    routes = create_app(Settings()).routes
    assert len(routes) >= 14
    for route in routes:
        assert isinstance(route, Door | WebSocketDoor), route
        assert isinstance(route.action, Action)


@pytest.mark.lengthy
def test_every_action_is_asked_for_somewhere() -> None:
    of_routes = {route.action for route in create_app(Settings()).routes}  # type: ignore[attr-defined]
    asked: set[Action] = set()
    schema = build_schema(Settings())._schema
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        assert root is not None
        for name, field in root.fields.items():
            resolver = field.subscribe if root is schema.subscription_type else field.resolve
            assert isinstance(getattr(resolver, "action", None), Action), f"{root.name}.{name}"
            asked.add(resolver.action)  # type: ignore[union-attr]
    assert of_routes | asked == set(Action)


async def test_without_tokens_everybody_may_do_everything() -> None:
    unlimited = RateLimits(None, None, None)
    for shown in (Shown(), Shown("Bearer anything"), Shown(None, "a session")):
        assert await identified(shown, None, unlimited, "127.0.0.1") is LOCAL
    assert all(allowed(LOCAL, action) and allowed(None, action) for action in Action)
    assert reader_of(LOCAL) is None
    assert reader_of(Principal(subject="somebody", projects=("shop",))) == ["by:somebody", "in:shop"]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/graphql"),
        ("POST", "/graphql"),
        ("GET", "/graphql/assets/start.js"),
        *(("POST", f"/api/traces/{kind}") for kind in ("start", "routing", "hook", "endpoint", "complete", "batch")),
        ("POST", "/api/hooks/claude-code"),
        *(("POST", f"/v1/{signal}") for signal in ("traces", "logs", "metrics")),
    ],
)
async def test_routes_are_closed_to_those_who_may_not(
    service: Service, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    assert (await service.http.request(method, path)).status_code != 403
    only(monkeypatch)
    answer = await service.http.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.lengthy
async def test_who_may_only_read_writes_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    trace, pattern = new_id(), new_id()
    with monkeypatch.context() as patch:
        only(patch, Action.USE_GRAPHQL, Action.READ)
        refused = await service.query(START, input={"correlationId": trace})
        assert refused["startTrace"] == {"__typename": "Forbidden", "message": "local may not write events"}
        created = await service.query(CREATE, input={"patternId": pattern, "name": "p"})
        assert created["createPattern"]["__typename"] == "Forbidden"
        assert (await service.http.post("/v1/traces", json=traces(span(1)))).status_code == 403
    found = await service.query(
        "query($t: ID!, $p: ID!) { trace(correlationId: $t) { source } pattern(patternId: $p) { name } }",
        t=trace,
        p=pattern,
    )
    assert found == {"trace": None, "pattern": None}


@pytest.mark.lengthy
async def test_who_may_only_write_events_reads_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Action.USE_GRAPHQL, Action.WRITE_EVENTS)
    assert (await service.query(START, input={"correlationId": new_id()}))["startTrace"][
        "__typename"
    ] == "RecordPayload"
    for document in ("{ patterns(first: 1) { edges { cursor } } }", '{ node(id: "x") { id } }'):
        [error] = await service.errors(document)
        assert error["extensions"] == {"code": "FORBIDDEN"}
    answers = service.events("subscription { traceUpdates { __typename } }")
    [error] = (await anext(answers))["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN"}


async def test_a_websocket_is_closed_to_those_who_may_not(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(
            service.url.replace("http", "ws", 1) + "/graphql", subprotocols=[PROTOCOL], proxy=None
        ):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.lengthy
async def test_changes_without_an_actor_are_nobodys(service: Service) -> None:
    """``local`` is whoever it is, so it is not written down as somebody."""
    pattern: Any = new_id()
    await service.query(CREATE, input={"patternId": pattern, "name": "p"})
    found = await service.query(
        "query($p: ID!) { lineageEvents(filter: {patternId: $p}, first: 1) { edges { node { actorId } } } }", p=pattern
    )
    assert found["lineageEvents"]["edges"][0]["node"]["actorId"] == "anonymous"
