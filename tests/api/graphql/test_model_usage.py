"""Tokens and costs by GraphQL: of calls, totals, sessions, and by dimensions."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.effects.clock import new_id
from support.service import Service
from support.traces import NOON

CALL = (
    "mutation($i: RecordEndpointCallInput!) { recordEndpointCall(input: $i) { __typename ... on Error { message } } }"
)
TOKENS = {"inputTokens": 100_000, "cacheReadTokens": 80_000, "cacheWriteTokens": 15_000, "cacheWrite1hTokens": 5_000}
COST = pytest.approx((5_000 * 4 + 80_000 * 0.2 + 10_000 * 5 + 5_000 * 8 + 2_000 * 20) / 1_000_000)
"""What that cost in November 2026 with 2,000 tokens of output, by hand."""


@pytest.mark.lengthy
async def test_what_a_session_used_and_cost(service: Service) -> None:
    start = NOON.replace(month=11) + timedelta(microseconds=random.SystemRandom().randrange(10**12))
    trace, session, folder = new_id(), new_id(), f"/home/{new_id()}"
    seen = SessionSeen(session_id=session, cwd=folder)
    await service.parts.recorder.record([Observation(event=seen, source="test")])
    started = "mutation($i: StartTraceInput!) { startTrace(input: $i) { __typename } }"
    await service.query(
        started, i={"correlationId": trace, "sessionId": session, "timestamp": start.isoformat(), "userId": "ada"}
    )
    common = {"correlationId": trace, "serviceName": "anthropic", "endpointPath": "/v1/messages", "success": True}
    common["startedAt"] = start.isoformat()
    for more in (
        {"model": "claude-opus-5-5", **TOKENS, "outputTokens": 2_000, "skill": "triage"},
        {"model": "claude-opus-5-5", "inputTokens": 1, "costUsd": 1.0, "skill": "fix"},
        {"model": "our-own", "inputTokens": 1},
    ):
        answer = await service.query(CALL, i={**common, **more})
        assert answer["recordEndpointCall"]["__typename"] == "RecordPayload", answer

    calls = (await service.execute("traces_episode", id=trace))["traces"]["edges"][0]["node"]
    found = {edge["node"]["skill"]: edge["node"] for edge in calls["directCalls"]["edges"]}
    assert (found["triage"]["costUsd"], found["triage"]["costSource"]) == (COST, "COMPUTED")
    assert (found["fix"]["costUsd"], found["fix"]["costSource"]) == (1.0, "REPORTED")
    assert (found[None]["costUsd"], found[None]["costSource"]) == (None, None)

    whole = COST.expected + 1.0
    sums = {
        "inputTokens": 100_002, "cacheReadTokens": 80_000, "cacheWriteTokens": 15_000, "outputTokens": 2_000,
        "reasoningTokens": 0, "costUsd": pytest.approx(whole), "reportedCostUsd": 1.0, "unpricedModels": ["our-own"],
    }  # fmt: skip
    one = await service.execute("sessions_session", id=session)
    assert one["modelUsage"] == {**sums, "calls": 3, "unpricedCalls": 1}
    totals = (await service.execute("traces_episode", id=trace))["totals"]
    assert {name: totals[name] for name in sums} == {**sums, "reasoningTokens": None}

    range_ = {"window": {"since": start.isoformat(), "until": (start + timedelta(seconds=1)).isoformat()}}
    rows = await service.execute("analytics_model_usage", by=["SKILL", "PROJECT"], project=folder, **range_)
    assert [(row["skill"], row["project"], row["calls"], row["costUsd"]) for row in rows] == [
        ("fix", folder, 1, 1.0),
        ("triage", folder, 1, COST),
        (None, folder, 1, None),
    ]
    [row] = await service.execute("analytics_model_usage", by=["SESSION", "DAY"], **range_)
    assert (row["day"], row["session"]["id"] is not None, row["model"]) == (start.date().isoformat(), True, None)


@pytest.mark.lengthy
async def test_a_session_without_calls_used_nothing(service: Service) -> None:
    session = new_id()
    await service.parts.recorder.record([Observation(event=SessionSeen(session_id=session), source="test")])
    found = await service.execute("sessions_session", id=session)
    assert found["modelUsage"] == {
        "calls": 0, "inputTokens": 0, "cacheReadTokens": 0, "cacheWriteTokens": 0, "outputTokens": 0, "reasoningTokens": 0,
        "costUsd": None, "reportedCostUsd": None, "unpricedCalls": 0, "unpricedModels": [],
    }  # fmt: skip


@pytest.mark.lengthy
async def test_parts_are_no_more_than_their_whole(service: Service) -> None:
    wrong = (
        ("cacheReadTokens", 10, {"inputTokens": 10, "cacheReadTokens": 11}),
        ("cacheWriteTokens", 4, {"inputTokens": 10, "cacheReadTokens": 6, "cacheWriteTokens": 5}),
        ("cacheWrite1hTokens", 5, {"inputTokens": 10, "cacheWriteTokens": 5, "cacheWrite1hTokens": 6}),
        ("reasoningTokens", 1, {"outputTokens": 1, "reasoningTokens": 2}),
    )
    for name, most, counts in wrong:
        common = {"correlationId": new_id(), "serviceName": "anthropic", "endpointPath": "/", "success": True}
        answer = (await service.query(CALL, i={**common, **counts}))["recordEndpointCall"]
        assert f"input.{name}: must be at most {most}" in answer["message"], answer


@pytest.mark.parametrize(
    ("name", "value"), [("inputTokens", 2**53), ("inputTokens", -1), ("costUsd", 1e10), ("costUsd", -0.5)]
)
async def test_what_no_call_can_use_or_cost_is_refused(service: Service, name: str, value: float) -> None:
    common = {"correlationId": new_id(), "serviceName": "anthropic", "endpointPath": "/", "success": True}
    answer = (await service.query(CALL, i={**common, name: value}))["recordEndpointCall"]
    assert answer["__typename"] == "InvalidInput"
    assert f"input.{name}" in answer["message"]


@pytest.mark.lengthy
async def test_the_list_of_prices(service: Service) -> None:
    found = await service.execute("analytics_price_list")
    assert found["name"].startswith("genai-prices 0.")
    assert found["newestPriceSince"] > "2026-01-01"
    assert found["ownModels"] == []
