"""Who may see only what is theirs learns nothing of others from any figure: every document of analytics is asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
)
from loopgraph.effects.clock import new_id, now
from support.access import mate, owned
from support.operations import variables_of_all
from support.quick import first_quick
from support.service import Json, Service, operation, operation_names
from support.waiting import PATIENCE_S

DOCUMENTS = [name for name in operation_names() if name.startswith("analytics_") and "annotate" not in name]
FOLLOWED = [name for name in DOCUMENTS if name.startswith("analytics_follow_")]

NESTED = {
    "a list of patterns": "{ patterns { edges { node { analytics { usage { executions } } } } } }",
    "a pattern": "query($id: ID!) { pattern(patternId: $id) { analytics { success { successRate } } } }",
}


def work_of(user: str, mark: str, node_id: str, at: datetime) -> list[TraceEvent]:
    """A trace of a user in which everything that has a name has the mark in it."""
    trace = f"trace-{mark}-{at.year}"
    ran: dict[str, Any] = {"correlation_id": trace, "success": False, "error_type": f"Error{mark}", "started_at": at}
    return [
        TraceStarted(
            correlation_id=trace, session_id=f"session-{mark}", user_id=user, timestamp=at, project=f"project-{mark}",
            tags=(f"tag-{mark}",), context={"context_type": f"context-{mark}"},
        ),
        RoutingDecided(correlation_id=trace, selected_agent=f"agent-{mark}", timestamp=at),
        HookExecuted(
            **ran, execution_id=f"hook-{trace}", hook_type="ToolUse", tool_name=f"tool-{mark}", error_message=f"no {mark}",
            node_id=node_id, session_id=f"session-{mark}", duration_ms=1.0, quality_score=0.5,
        ),
        EndpointCalled(
            **ran, call_id=f"call-{trace}", service_name=f"service-{mark}", endpoint_path=f"/{mark}", model=f"model-{mark}",
            input_tokens=5, output_tokens=5, cost_usd=0.5, error_message=f"none of {mark}",
        ),
        TraceCompleted(correlation_id=trace, success=False, timestamp=at + timedelta(seconds=1), error_message=f"not {mark}"),
    ]  # fmt: skip


@pytest.mark.lengthy
@pytest.mark.parametrize("name", first_quick(sorted({*DOCUMENTS} - {*FOLLOWED}), 5))
async def test_no_figure_tells_of_what_others_did(
    service: Service, monkeypatch: pytest.MonkeyPatch, prepared: Json, name: str
) -> None:
    body = {"query": operation(name), "variables": prepared["variables"][name]}
    everything = (await service.http.post("/graphql", json=body)).json()
    assert "errors" not in everything
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda _: mate("ada"))
    answer = (await service.http.post("/graphql", json=body)).json()
    text = json.dumps(answer)
    assert prepared["theirs"] not in text
    if errors := answer.get("errors"):
        assert {error["extensions"]["code"] for error in errors} == {"FORBIDDEN"}
        assert answer.get("data") is None or all(value is None for value in answer["data"].values())


@pytest.mark.lengthy
@pytest.mark.parametrize("name", FOLLOWED)
async def test_figures_that_are_followed_are_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch, prepared: Json, name: str
) -> None:
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda _: mate("ada"))
    followed = service.events(operation(name), **prepared["variables"][name])
    async with contextlib.aclosing(followed):
        first = await asyncio.wait_for(anext(followed), PATIENCE_S)
    assert first["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert first["data"] is None


SHOWN = {
    "analytics_agents",
    "analytics_hooks",
    "analytics_endpoints",
    "analytics_model_usage",
    "analytics_error_patterns",
}


@pytest.mark.lengthy
@pytest.mark.parametrize("name", sorted(SHOWN))
async def test_what_is_theirs_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch, prepared: Json, name: str
) -> None:
    variables = {**prepared["variables"][name], "window": prepared["alone"], "first": 500}
    if name == "analytics_model_usage":
        variables["by"] = ["MODEL", "PROJECT"]
    assert prepared["theirs"] in json.dumps(await service.query(operation(name), **variables))
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda _: mate("ada"))
    text = json.dumps(await service.query(operation(name), **variables))
    assert prepared["mine"] in text
    assert prepared["theirs"] not in text


@pytest.mark.parametrize("what", NESTED)
async def test_figures_of_patterns_are_refused(service: Service, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    made = await service.execute("lineage_create_pattern", input={"name": "shared", "templateCode": "sort"})
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda _: mate("ada"))
    errors = await service.errors(NESTED[what], id=made["pattern"]["patternId"])
    assert {error["extensions"]["code"] for error in errors} == {"FORBIDDEN"}


@pytest.fixture(scope="module")
async def prepared(service: Service) -> Json:
    """Variables for every document, after two users have done the same."""
    variables = await variables_of_all(service)
    made = await service.execute("lineage_create_pattern", input={"name": "shared", "templateCode": "sort"})
    marks = {user: f"{user}{new_id()[-8:]}" for user in ("ada", "bob")}
    # Once with all that others did lately, and once in an hour of its own: a list that ends holds them there for certain.
    alone = datetime(2001, 1, 1, tzinfo=UTC) + timedelta(hours=secrets.randbelow(100_000))
    events = [
        event
        for at in (now() - timedelta(minutes=5), alone)
        for user, mark in marks.items()
        for event in work_of(user, mark, made["version"]["nodeId"], at)
    ]
    await service.parts.recorder.record(events)
    await owned(service.parts.graph)
    pattern_id = made["pattern"]["patternId"]
    own = {"patternId": pattern_id}
    variables |= {
        "analytics_blast_radius": {**own, "days": 30},
        "analytics_quality_metrics": own,
        "analytics_pattern": {"id": pattern_id},
        "analytics_subject": {"subject": {"kind": "AGENT", "name": f"agent-{marks['bob']}"}},
    }
    window = {"since": alone.isoformat(), "until": (alone + timedelta(hours=1)).isoformat()}
    return {
        "variables": variables,
        "mine": marks["ada"],
        "theirs": marks["bob"],
        "alone": window,
    }
