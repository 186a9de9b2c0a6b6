"""A recorded session of a real agent client, hooks and OpenTelemetry, told in every order: always the same story."""

from __future__ import annotations

import random
from typing import Any

import pytest

from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.analytics import Analytics
from support.agent_session import AGENT, NOTICE, PROMPT, SESSION, Sent, Telling, batches, observations, story, tell
from support.quick import first_quick
from support.traces import Traces, statement


async def record(graph: Graph, groups: list[list[Sent]]) -> None:
    traces = Traces(graph)
    for group in groups:
        items = [item for sent in group for item in observations(sent)]
        outcomes = await traces.record(items, received_at=now())
        assert all(isinstance(outcome, Recorded) for outcome in outcomes)


async def told(graph: Graph, telling: Telling, groups: list[list[Sent]]) -> dict[str, Any]:
    await record(graph, groups)
    return await story(graph, telling)


@pytest.fixture(scope="module")
async def as_recorded(graph: Graph) -> dict[str, Any]:
    """The story as it was sent: one thing after the other."""
    telling = tell()
    return await told(graph, telling, batches(telling.sent, 1))


def call(number: int) -> str:
    return f"{SESSION}/toolu_Fix-the-failing-test_{number}_0"


@pytest.mark.lengthy
async def test_the_prompt_its_tools_and_the_subagent_under_its_call(as_recorded: dict[str, Any]) -> None:
    subagent = f"{SESSION}/{AGENT}"
    ran = {(hook["trace"], hook["execution_id"], hook["tool_name"], hook["status"]) for hook in as_recorded["hooks"]}
    assert ran == {
        (PROMPT, call(0), "Bash", "success"),
        (PROMPT, call(1), "Read", "error"),
        (PROMPT, call(2), "Bash", "error"),
        (PROMPT, call(3), "Write", "success"),
        (PROMPT, call(4), "Agent", "success"),
        (subagent, f"{SESSION}/toolu_Explore-callers_0_0", "Bash", "success"),
    }
    traces = {trace["correlation_id"]: trace for trace in as_recorded["traces"]}
    assert set(traces) == {PROMPT, NOTICE, subagent}, "one trace for each prompt and subagent, none left provisional"
    below = traces[subagent]
    assert (below["parent"], below["hook"], below["rule"]) == (PROMPT, call(4), "exact: otlp")
    assert (below["root_id"], below["agent_type"], below["status"]) == (PROMPT, "general-purpose", "success")
    assert traces[NOTICE]["earlier"] == PROMPT, "the notice of the subagent's end goes on with the same human prompt"
    assert traces[PROMPT]["prompt_text"] == "Fix-the-failing-test please"
    assert traces[PROMPT]["response_text"] == "The test is fixed."
    assert {trace["status"] for trace in traces.values()} == {"success"}


async def test_both_sources_are_joined(as_recorded: dict[str, Any]) -> None:
    hooks = {hook["execution_id"]: hook for hook in as_recorded["hooks"]}
    read = hooks[call(1)]
    assert read["error_message"].startswith("File does not exist."), "from the hook"
    assert read["duration_ms"] == pytest.approx(5.718432), "from the span, which knows it best"
    assert all(hook["span_id"] and hook["tool_input"] for hook in hooks.values())
    requests = {(c["call_id"], c["trace"], c["model"], c["input_tokens"]) for c in as_recorded["calls"]}
    assert len(requests) == 9
    assert {model for _, _, model, _ in requests} == {"claude-opus-5-5"}
    own = [trace for call_id, trace, _, _ in requests if trace == f"{SESSION}/{AGENT}"]
    assert len(own) == 2, "the subagent's requests are in its own trace"
    assert all(c["cost_usd"] for c in as_recorded["calls"]), "the cost is in the logs alone"


@pytest.mark.lengthy
async def test_the_list_of_prices_comes_to_what_the_client_says_that_its_requests_cost(graph: Graph) -> None:
    """Of every request: from the tokens that the client counts, by the prices of the day of the recording."""
    telling, traces = tell(), Traces(graph, PriceList())
    await traces.record([item for sent in telling.sent for item in observations(sent)], received_at=now())
    calls = await statement(
        graph,
        """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(:Trace)-[:CALLED]->(c:EndpointCall)
        RETURN c.cost_usd AS reported, c.price_usd AS computed""",
        id=telling.session_id,
    )
    assert len(calls) == 9
    assert [call["computed"] for call in calls] == [pytest.approx(call["reported"], rel=1e-12) for call in calls]
    [usage] = (await Analytics(graph).model_usage_of_sessions([telling.session_id], None)).values()
    assert (usage.calls, usage.cost_usd) == (9, pytest.approx(sum(call["reported"] for call in calls)))


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", first_quick([*range(6), 117, 118]))
async def test_any_order_of_arrival_tells_the_same_story(graph: Graph, as_recorded: dict[str, Any], seed: int) -> None:
    chance = random.Random(seed)
    telling = tell()
    sent = [*telling.sent, *chance.sample(telling.sent, 5)]  # some of it arrives twice
    chance.shuffle(sent)
    found = await told(graph, telling, batches(sent, chance.choice([1, 3, 10, 40])))
    for name, expected in as_recorded.items():
        assert found[name] == expected, name


@pytest.mark.lengthy
async def test_hooks_alone_give_the_same_tree(graph: Graph, as_recorded: dict[str, Any]) -> None:
    telling = tell()
    found = await told(graph, telling, [[sent] for sent in reversed(telling.sent) if sent.is_hook])
    places = {(hook["trace"], hook["execution_id"], hook["status"]) for hook in found["hooks"]}
    assert places == {(hook["trace"], hook["execution_id"], hook["status"]) for hook in as_recorded["hooks"]}
    rules = {trace["rule"] for trace in found["traces"] if trace["agent_id"]}
    assert rules == {"exact: tool_response"}


@pytest.mark.lengthy
async def test_opentelemetry_alone_gives_the_same_tree(graph: Graph, as_recorded: dict[str, Any]) -> None:
    telling = tell()
    found = await told(graph, telling, [[sent] for sent in reversed(telling.sent) if not sent.is_hook])
    places = {(hook["trace"], hook["execution_id"], hook["status"]) for hook in found["hooks"]}
    assert places == {(hook["trace"], hook["execution_id"], hook["status"]) for hook in as_recorded["hooks"]}
    rules = {trace["rule"] for trace in found["traces"] if trace["agent_id"]}
    assert rules == {"exact: otlp"}
