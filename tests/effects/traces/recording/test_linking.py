from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SpawnRule
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.values import json_text
from loopgraph.effects.traces.recording.linking import spawned
from support.traces import NOON, Traces, statement

Properties = dict[str, Any]


def call(name: str, kind: str = "general", **more: Any) -> Properties:
    return {
        "execution_id": name,
        "correlation_id": "prompt",
        "root_id": "prompt",
        "tool_name": "Agent",
        "tool_input": json_text({"subagent_type": kind}),
        **more,
    }


def subagent(name: str, kind: str = "general", **more: Any) -> Properties:
    return {"correlation_id": name, "root_id": "prompt", "agent_id": name, "agent_type": kind, **more}


def rules(subagents: list[Properties], calls: list[Properties]) -> dict[str, tuple[str | None, str]]:
    found = spawned(
        {trace["correlation_id"]: trace for trace in subagents}, {hook["execution_id"]: hook for hook in calls}
    )
    return {id_: (spawn.spawned_by, spawn.spawn_rule) for id_, spawn in found.items()}


def test_the_best_evidence_decides() -> None:
    calls = [call("by span", span_id="x/1"), call("by response"), call("by notice"), call("by client")]
    evidence = {
        "spawned_by_client": "by client",
        "parent_span_ids": ["x/1"],
        "spawned_by_tool_response": "by response",
        "spawned_by_task_notification": "by notice",
    }
    expected = {
        "spawned_by_client": ("by client", "exact: client"),
        "parent_span_ids": ("by span", "exact: otlp"),
        "spawned_by_tool_response": ("by response", "exact: tool_response"),
        "spawned_by_task_notification": ("by notice", "exact: task_notification"),
    }
    while evidence:
        assert rules([subagent("a", **evidence)], calls)["a"] == expected[next(iter(evidence))]
        evidence.pop(next(iter(evidence)))


def test_a_span_of_its_own_tool_is_no_evidence() -> None:
    own = call("own", correlation_id="a", tool_name="WebFetch", span_id="x/own")
    calls = [own, call("spawner", span_id="x/spawner")]
    trace = subagent("a", parent_span_ids=["x/own", "x/spawner"])
    assert rules([trace], calls) == {"a": ("spawner", "exact: otlp")}


def test_what_is_left_over_and_alone_of_its_kind_is_inferred() -> None:
    calls = [call("one", "explorer"), call("two", "general"), call("three", "general")]
    exact = subagent("a", spawned_by_tool_response="two")
    found = rules([exact, subagent("b"), subagent("c", "explorer")], calls)
    assert found == {
        "a": ("two", "exact: tool_response"),
        "b": ("three", "inferred: only call"),
        "c": ("one", "inferred: only call"),
    }


@pytest.mark.parametrize(
    ("subagents", "calls"),
    [
        ([subagent("a"), subagent("b")], [call("one")]),
        ([subagent("a")], [call("one"), call("two")]),
        ([subagent("a", "explorer")], [call("one")]),
        ([subagent("a")], [call("one", tool_name="Bash")]),
    ],
)
def test_where_more_than_one_would_do_nothing_is_invented(subagents: list[Properties], calls: list[Properties]) -> None:
    assert set(rules(subagents, calls).values()) == {(None, "inferred: prompt")}


async def record(traces: Traces, *items: Observation) -> None:
    for outcome in await traces.record(items, received_at=NOON):
        assert isinstance(outcome, Recorded), outcome


async def hanging(graph: Graph, prompt: str) -> dict[str, tuple[str, str, str]]:
    """Of each subagent: its parent's trace, the execution it hangs under, the rule, as the relationships say."""
    rows = await statement(
        graph,
        """MATCH (t:Trace {root_id: $id})
        OPTIONAL MATCH (parent:Trace)-[:SPAWNED]->(t)
        OPTIONAL MATCH (hook:HookExecution)-[by:SPAWNED]->(t)
        RETURN t.agent_id AS agent, parent.correlation_id AS parent, hook.execution_id AS hook, by.rule AS rule""",
        id=prompt,
    )
    assert len(rows) == len({row["agent"] for row in rows}), "no relationship is drawn twice"
    return {row["agent"]: (row["parent"], row["hook"], row["rule"]) for row in rows}


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_two_subagents_at_once_hang_under_their_own_calls_in_every_order(graph: Graph) -> None:
    """They start in the reverse order of their calls; each kind of evidence alone puts them right, whenever it arrives."""
    traces = Traces(graph)
    for rule in (SpawnRule.TOOL_RESPONSE, SpawnRule.TASK_NOTIFICATION, None):
        for order in list(permutations(range(4)))[:: 1 if rule is SpawnRule.TOOL_RESPONSE else 7]:
            prompt = new_id()
            calls = {kind: f"{prompt}/{kind}" for kind in "xy"}
            items = [_call(prompt, calls["x"], span=rule is None), _call(prompt, calls["y"], span=rule is None)]
            items += [_subagent(prompt, "y", calls, rule), _subagent(prompt, "x", calls, rule)]
            for i in order:
                await record(traces, items[i])
            told = "exact: otlp" if rule is None else f"exact: {rule.value}"
            expected = {kind: (prompt, calls[kind], told) for kind in "xy"}
            assert await hanging(graph, prompt) == expected, order


def _call(prompt: str, execution_id: str, *, span: bool) -> Observation:
    event = HookExecuted(
        correlation_id=prompt,
        execution_id=execution_id,
        root_id=prompt,
        hook_type="ToolUse",
        tool_name="Agent",
        tool_input={"subagent_type": "general"},
        status=TraceStatus.IN_PROGRESS,
    )
    return Observation(event=event, source="hook.PreToolUse", span_id=f"{execution_id}/span" if span else None)


def _subagent(prompt: str, kind: str, calls: dict[str, str], rule: SpawnRule | None) -> Observation:
    event = TraceStarted(
        correlation_id=f"{prompt}/agent-{kind}",
        root_id=prompt,
        agent_id=kind,
        agent_type="general",
        spawned_by=calls[kind] if rule else None,
    )
    spans = () if rule else (f"{calls[kind]}/span",)
    return Observation(event=event, source="hook.SubagentStart", spawn_rule=rule, parent_span_ids=spans)


async def test_an_inference_is_corrected_when_evidence_arrives(graph: Graph) -> None:
    traces, prompt = Traces(graph), new_id()
    calls = {kind: f"{prompt}/{kind}" for kind in "xy"}
    bare = _subagent(prompt, "y", calls, SpawnRule.TOOL_RESPONSE)
    bare = bare.model_copy(update={"event": bare.event.model_copy(update={"spawned_by": None}), "spawn_rule": None})
    await record(traces, _call(prompt, calls["x"], span=False), bare)
    assert await hanging(graph, prompt) == {"y": (prompt, calls["x"], "inferred: only call")}
    await record(traces, _call(prompt, calls["y"], span=False))
    assert await hanging(graph, prompt) == {"y": (prompt, None, None)}, "two calls would do: nothing is claimed"
    await record(traces, _subagent(prompt, "y", calls, SpawnRule.TOOL_RESPONSE))
    assert await hanging(graph, prompt) == {"y": (prompt, calls["y"], "exact: tool_response")}


async def test_a_subagent_of_a_subagent_hangs_in_its_trace(graph: Graph) -> None:
    traces, prompt = Traces(graph), new_id()
    outer, inner = {"x": f"{prompt}/x"}, {"y": f"{prompt}/y"}
    nested = _call(prompt, inner["y"], span=False)
    nested = nested.model_copy(
        update={"event": nested.event.model_copy(update={"correlation_id": f"{prompt}/agent-x"})}
    )
    await record(
        traces,
        _subagent(prompt, "y", inner, SpawnRule.TOOL_RESPONSE),
        nested,
        _subagent(prompt, "x", outer, SpawnRule.TOOL_RESPONSE),
        _call(prompt, outer["x"], span=False),
    )
    assert await hanging(graph, prompt) == {
        "x": (prompt, outer["x"], "exact: tool_response"),
        "y": (f"{prompt}/agent-x", inner["y"], "exact: tool_response"),
    }


async def test_a_client_may_name_the_execution_itself(graph: Graph) -> None:
    traces, parent, child = Traces(graph), new_id(), new_id()
    events = [
        TraceStarted(correlation_id=child, parent_id=parent, spawned_by=f"{parent}/step"),
        TraceStarted(correlation_id=parent),
        HookExecuted(correlation_id=parent, execution_id=f"{parent}/step", hook_type="delegate", success=True),
        TraceStarted(correlation_id=f"{parent}-2", continues=f"{parent}/step"),
    ]
    for event in events:
        assert all(isinstance(outcome, Recorded) for outcome in await traces.record([event], received_at=NOON))
    rows = await statement(
        graph,
        """MATCH (p:Trace)-[:SPAWNED]->(t:Trace {correlation_id: $child})<-[by:SPAWNED]-(h:HookExecution)
        MATCH (p)-[:CONTINUED_BY]->(later:Trace)
        RETURN p.correlation_id AS parent, h.execution_id AS hook, by.rule AS rule, later.correlation_id AS later""",
        child=child,
    )
    assert [tuple(row.values()) for row in rows] == [(parent, f"{parent}/step", "exact: client", f"{parent}-2")]


@pytest.mark.parametrize("more", [{"agent_id": "a"}, {"spawned_by": "nobody"}], ids=str)
async def test_a_client_may_name_a_root_that_nothing_has_told_of(graph: Graph, more: dict[str, str]) -> None:
    """The subagent hangs at it, and at what is told of it later; that there is none yet is no race to be lost."""
    traces, root, child = Traces(graph), new_id(), new_id()
    started = TraceStarted(correlation_id=child, root_id=root, timestamp=NOON, **more)
    for event in (started, started, TraceStarted(correlation_id=root, timestamp=NOON, prompt_text="sort it")):
        assert all(isinstance(outcome, Recorded) for outcome in await traces.record([event], received_at=NOON))
    [edge] = await statement(
        graph,
        "MATCH (p:Trace)-[s:SPAWNED]->(:Trace {correlation_id: $child}) "
        "RETURN p.correlation_id AS parent, p.prompt_text AS prompt, s.rule AS rule",
        child=child,
    )
    assert edge == {"parent": root, "prompt": "sort it", "rule": "inferred: prompt"}


async def test_a_prompt_may_go_on_with_a_root_that_nothing_has_told_of(graph: Graph) -> None:
    traces, trace, root, step = Traces(graph), new_id(), new_id(), new_id()
    for event in (
        HookExecuted(correlation_id=trace, root_id=root, execution_id=step, hook_type="delegate", success=True),
        TraceStarted(correlation_id=f"{trace}-2", continues=step),
    ):
        assert all(isinstance(outcome, Recorded) for outcome in await traces.record([event], received_at=NOON))
    rows = await statement(
        graph,
        "MATCH (t:Trace)-[:CONTINUED_BY]->(:Trace {correlation_id: $later}) RETURN t.correlation_id AS earlier",
        later=f"{trace}-2",
    )
    assert rows == [{"earlier": root}]
