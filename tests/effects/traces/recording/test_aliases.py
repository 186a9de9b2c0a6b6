"""Spans do not know their prompt: in whatever order reports arrive, all end up in the prompt's trace."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import LogRecorded, Observation, SpawnRule
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from support.traces import NOON, Traces, at, statement


async def record(traces: Traces, *items: Observation) -> None:
    for outcome in await traces.record(items, received_at=NOON):
        assert isinstance(outcome, Recorded), outcome


class Session:
    """One prompt with one tool call, as hooks and OpenTelemetry report it; ids are fresh."""

    def __init__(self) -> None:
        self.id, self.prompt, self.otel = new_id(), new_id(), new_id().replace("-", "")
        self.execution = f"{self.id}/toolu_1"
        self.agent = f"{self.id}/agent"

    def prompt_hook(self) -> Observation:
        event = TraceStarted(
            correlation_id=self.prompt, session_id=self.id, source="user_prompt", prompt_text="go", timestamp=at(1)
        )
        return Observation(event=event, source="hook.UserPromptSubmit", clock=1)

    def tool_hook(self, place: str | None = None) -> Observation:
        event = HookExecuted(
            correlation_id=place or self.prompt,
            root_id=self.prompt,
            execution_id=self.execution,
            session_id=self.id,
            hook_type="ToolUse",
            tool_name="Agent",
            status=TraceStatus.SUCCESS,
            completed_at=at(3),
        )
        return Observation(event=event, source="hook.PostToolUse", clock=1)

    def tool_span(self, place: str | None = None, rank: int = 5) -> Observation:
        event = HookExecuted(
            correlation_id=place or self.otel,
            root_id=self.otel,
            execution_id=self.execution,
            session_id=self.id,
            hook_type="ToolUse",
            status=TraceStatus.SUCCESS,
            started_at=at(1.5),
            completed_at=at(2.5),
        )
        return Observation(
            event=event, source="otel.tool", clock=6, place=rank, otel_trace_id=self.otel, span_id=f"{self.otel}/exec"
        )

    def interaction_span(self) -> Observation:
        event = TraceCompleted(correlation_id=self.otel, success=True, timestamp=at(4))
        return Observation(event=event, source="otel.interaction", clock=6, otel_trace_id=self.otel)

    def interaction_start(self) -> Observation:
        event = TraceStarted(correlation_id=self.otel, session_id=self.id, timestamp=at(0.9))
        return Observation(event=event, source="otel.interaction", clock=6, otel_trace_id=self.otel)

    def model_span(self) -> Observation:
        event = EndpointCalled(
            correlation_id=self.otel,
            call_id=f"{self.id}/req_1",
            service_name="anthropic",
            endpoint_path="/v1/messages",
            success=True,
            started_at=at(1),
            completed_at=at(1.4),
        )
        return Observation(event=event, source="otel.llm_request", otel_trace_id=self.otel)

    def prompt_log(self) -> Observation:
        event = TraceStarted(correlation_id=self.prompt, session_id=self.id, prompt_text="go", timestamp=at(1))
        return Observation(event=event, source="otel.user_prompt", rank=3, clock=3, place=4, otel_trace_id=self.otel)

    def stray_log(self) -> Observation:
        event = LogRecorded(record_id=f"{self.id}/log", correlation_id=self.otel, name="other", timestamp=at(2))
        return Observation(event=event, source="otel.log", otel_trace_id=self.otel)

    def subagent_span(self) -> Observation:
        event = TraceStarted(
            correlation_id=self.agent, session_id=self.id, agent_id="agent", root_id=self.otel, source="subagent"
        )
        return Observation(
            event=event, source="otel.agent", otel_trace_id=self.otel, parent_span_ids=(f"{self.otel}/exec",)
        )

    def notice(self) -> Observation:
        event = TraceStarted(
            correlation_id=f"{self.prompt}-2", session_id=self.id, source="task_notification", continues=self.execution
        )
        return Observation(event=event, source="hook.UserPromptSubmit", spawn_rule=SpawnRule.TASK_NOTIFICATION)

    def named(self, value: Any) -> Any:
        for id_, name in ((self.otel, "OTEL"), (self.prompt, "PROMPT"), (self.id, "SESSION")):
            value = value.replace(id_, name) if isinstance(value, str) else value
        return value


async def whole(graph: Graph, session: Session) -> list[Row]:
    """Every relationship of the session's traces and what hangs at them, and where each thing says that it belongs."""
    rows = await statement(
        graph,
        """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)
        OPTIONAL MATCH (t)-[r:RAN|CALLED|LOGGED|SPAWNED|CONTINUED_BY]->(n)
        OPTIONAL MATCH (n)<-[by:SPAWNED]-(h:HookExecution)
        RETURN t.correlation_id AS trace, t.root_id AS root, t.otel_trace_id AS otel, t.status AS status,
               t.started_at AS began, t.completed_at AS ended, type(r) AS relationship,
               coalesce(n.execution_id, n.call_id, n.record_id, n.correlation_id) AS node, n.correlation_id AS place,
               n.root_id AS node_root, n.started_at AS node_began, h.execution_id AS spawner, by.rule AS rule""",
        id=session.id,
    )
    plain = [{name: session.named(value) for name, value in row.items()} for row in rows]
    return sorted(plain, key=str)


@pytest.mark.slow
async def test_every_order_ends_in_the_prompts_trace(graph: Graph) -> None:
    traces = Traces(graph)
    expected: list[Row] | None = None
    orders = list(permutations(range(6)))[::37]
    for order in orders:
        session = Session()
        reports = [
            [session.prompt_hook()],
            [session.tool_hook()],
            [session.interaction_start(), session.interaction_span(), session.tool_span(), session.model_span()],
            [session.prompt_log()],
            [session.stray_log(), session.subagent_span()],
            [session.notice()],
        ]
        for i in order:
            await record(traces, *reports[i])
        found = await whole(graph, session)
        assert "OTEL" not in {row["trace"] for row in found}, "the provisional trace is gone"
        expected = expected or found
        assert found == expected, order
    assert expected
    assert {(row["relationship"], row["node"]) for row in expected if row["trace"] == "PROMPT"} == {
        ("RAN", "SESSION/toolu_1"),
        ("CALLED", "SESSION/req_1"),
        ("LOGGED", "SESSION/log"),
        ("SPAWNED", "SESSION/agent"),
        ("CONTINUED_BY", "PROMPT-2"),
    }
    assert {row["otel"] for row in expected if row["trace"] == "PROMPT"} == {"OTEL"}
    [spawned] = [row for row in expected if row["relationship"] == "SPAWNED"]
    assert (spawned["spawner"], spawned["rule"]) == ("SESSION/toolu_1", "exact: otlp")


async def test_a_tool_call_alone_ties_its_trace_to_the_prompt(graph: Graph) -> None:
    """No log has both ids: the execution that a hook and a span report is the only tie."""
    for late in (False, True):
        traces, session = Traces(graph), Session()
        spans = [session.interaction_start(), session.tool_span(), session.model_span()]
        hooks = [session.prompt_hook(), session.tool_hook()]
        for items in (hooks, spans) if late else (spans, hooks):
            await record(traces, *items)
        assert {row["trace"] for row in await whole(graph, session)} == {"PROMPT"}
        await record(traces, session.interaction_span())
        [status] = {row["status"] for row in await whole(graph, session)}
        assert status == "success", "what comes later in the same OpenTelemetry trace finds the prompt"


async def test_without_any_tie_the_opentelemetry_trace_stands_for_itself(graph: Graph) -> None:
    traces, session = Traces(graph), Session()
    await record(traces, session.interaction_start(), session.tool_span(), session.interaction_span())
    rows = await whole(graph, session)
    assert {(row["trace"], row["status"], row["node"]) for row in rows} == {("OTEL", "success", "SESSION/toolu_1")}


async def test_better_evidence_of_the_place_moves_an_execution(graph: Graph) -> None:
    """A span that says nothing sure of the place comes first, then the hook that knows the subagent."""
    traces, session = Traces(graph), Session()
    await record(traces, session.tool_span(rank=1))
    await record(traces, session.tool_hook(session.agent))
    rows = await whole(graph, session)
    ran = {(row["trace"], row["node"], row["place"]) for row in rows if row["relationship"] == "RAN"}
    assert ran == {("SESSION/agent", "SESSION/toolu_1", "SESSION/agent")}


async def test_told_twice_nothing_is_there_twice(graph: Graph) -> None:
    traces, session = Traces(graph), Session()
    items = [session.prompt_hook(), session.tool_hook(), session.tool_span(), session.prompt_log(), session.stray_log()]
    await record(traces, *items)
    once = await whole(graph, session)
    outcomes = await traces.record(items, received_at=at(99))
    assert all(isinstance(outcome, Recorded) and outcome.repeated for outcome in outcomes)
    assert await whole(graph, session) == once


async def test_a_traced_application_hangs_its_calls_into_the_prompts_trace(graph: Graph) -> None:
    """By W3C Trace Context it knows the OpenTelemetry trace alone; before and after that is tied to the prompt."""
    for late in (False, True):
        traces, session = Traces(graph), Session()
        call = EndpointCalled(
            correlation_id=session.otel,
            call_id=f"{session.id}/call",
            service_name="shop",
            endpoint_path="/items",
            success=True,
            timestamp=at(2),
        )
        steps = [[session.prompt_hook(), session.tool_span(), session.prompt_log()], [call]]
        for items in steps if late else reversed(steps):
            assert all(isinstance(found, Recorded) for found in await traces.record(items, received_at=NOON))
        rows = await whole(graph, session)
        assert {row["trace"] for row in rows} == {"PROMPT"}
        assert ("CALLED", "SESSION/call", "PROMPT") in {
            (row["relationship"], row["node"], row["place"]) for row in rows
        }
        [again] = await traces.record([call], received_at=at(9))
        assert isinstance(again, Recorded)
        assert again.repeated


async def test_a_provisional_trace_that_another_process_made_meanwhile_is_handed_over_by_the_next_report(
    graph: Graph,
) -> None:
    traces, session = Traces(graph), Session()
    await record(traces, session.interaction_start(), session.tool_span(), session.model_span())
    # As if the tie had been written by a transaction that did not see the above.
    await statement(
        graph,
        "CREATE (:Trace {correlation_id: $prompt, otel_trace_id: $otel, status: 'in_progress', created_at: $now})",
        prompt=session.prompt,
        otel=session.otel,
        now=NOON,
    )
    await record(traces, session.interaction_span())
    rows = await whole(graph, session)
    assert {row["trace"] for row in rows} == {"PROMPT"}
    assert {row["node"] for row in rows} == {"SESSION/toolu_1", "SESSION/req_1"}


async def test_a_trace_that_a_client_began_itself_is_not_handed_over(graph: Graph) -> None:
    traces, session = Traces(graph), Session()
    await traces.record([TraceStarted(correlation_id=session.otel, session_id=session.id)], received_at=NOON)
    await record(traces, session.prompt_hook(), session.prompt_log(), session.model_span())
    rows = await whole(graph, session)
    assert {(row["trace"], row["node"]) for row in rows} == {("OTEL", None), ("PROMPT", "SESSION/req_1")}
