"""Traces: one unit of agent work, with the tree of its steps, endpoint calls and subagents."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.analytics.signals import TraceSignals
from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Listing, sliced
from loopgraph.api.graphql.types.enums import SpawnBasis, TraceClosure, TraceStatus
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.api.graphql.types.nodes import (
    CALL,
    FEEDBACK,
    FEEDBACKS,
    OUTCOME,
    OUTCOMES,
    SESSION,
    STEP,
    TRACE,
    Loaded,
    link,
    own_id,
    paged,
)
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.api.graphql.types.traces.pages import all_of, drawn, lists, timeline
from loopgraph.api.graphql.types.traces.records import LOGS, LogRecord
from loopgraph.api.graphql.types.traces.totals import RoutingDecision, Totals
from loopgraph.api.graphql.types.traces.waterfall import TimelineConnection, WaterfallConnection
from loopgraph.computes.traces.tree import Node
from loopgraph.contracts.traces import assembly, records
from loopgraph.contracts.traces.assembly import SpanKind
from loopgraph.effects.traces.recording.mapping import trace_key
from loopgraph.errors import NotFound

TRACES = Listing[records.Trace]("traces", trace_key, BY_TIME)


@presents(records.Trace)
@presents(assembly.Head, "of_head")
@strawberry.type(
    description="One unit of agent work, with all that belongs to it. Its subagents have traces of their own."
)
class Trace(Loaded, relay.Node):
    loader = "head"
    correlation_id: relay.NodeID[str]
    loaded: strawberry.Private[assembly.AssembledTrace | None]
    head: strawberry.Private[assembly.Head | None]
    place: strawberry.Private[Node[Any] | None]
    root_id: strawberry.ID | None = strawberry.field(description="The trace of the prompt that all this came of.")
    parent_id: strawberry.ID | None = strawberry.field(description="The trace that spawned it.")
    session_id: strawberry.ID | None = strawberry.field(
        description="The own id of the session that it is part of; null where that is not known."
    )
    user_id: str | None
    project: str | None = strawberry.field(
        description="What it says that it is for; null where it says nothing, and what its session says counts, or its folder."
    )
    source: str | None
    prompt_text: str | None
    response_text: str | None = strawberry.field(description="The answer it ended with.")
    agent: str | None = strawberry.field(description="The agent that the routing decision selected.")
    agent_id: strawberry.ID | None = strawberry.field(description="The subagent whose work it is.")
    agent_type: str | None
    spawned_by: strawberry.ID | None = strawberry.field(description="The step that spawned it.")
    spawn_rule: str | None = strawberry.field(
        description="How that is known, as a text: `exact: otlp`, `inferred: prompt`, ….",
        deprecation_reason="Use `spawnBasis`, which is an enum.",
    )
    spawn_evidence: str | None = strawberry.field(description="The id that proves it.")
    continues: strawberry.ID | None = strawberry.field(description="The step whose background work it goes on with.")
    otel_trace_id: strawberry.ID | None
    closed_by: str | None = strawberry.field(
        description="`timeout` if the service ended it: nothing more was heard of it; `spans` if all its spans have.",
        deprecation_reason="Use `closure`, which is an enum.",
    )
    status: TraceStatus
    success: bool | None
    started: bool = strawberry.field(description="False while only parts that arrived before the start are known.")
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    error_message: str | None
    error_type: str | None
    context: JSON
    tags: list[str] = short_list()
    created_at: datetime

    @classmethod
    def of(cls, trace: records.Trace, place: Node[Any] | None = None, head: assembly.Head | None = None) -> Self:
        """The trace, and its place in a tree and its head, if they are loaded already."""
        return shape(cls, trace, loaded=None, place=place, head=head)

    @classmethod
    def of_head(cls, head: assembly.Head, place: Node[Any] | None = None) -> Self:
        """The trace of a head."""
        return cls.of(head.trace, place, head)

    @classmethod
    def whole(cls, tree: assembly.AssembledTrace) -> Self:
        """The trace of a tree that is loaded already."""
        return shape(cls, tree.trace, loaded=tree, place=None, head=None)

    raw_id = own_id("correlation_id")
    root = link("head", "root_id", TRACE, "The trace of the prompt that all this came of.")
    parent = link("head", "parent_id", TRACE, "The trace that spawned it.")
    session = link("session", "session_id", SESSION, "The session that it is part of.")
    spawned_by_step = link("hook_execution", "spawned_by", STEP, "The step that spawned it.")
    continues_step = link("hook_execution", "continues", STEP, "The step whose background work it goes on with.")

    feedback = paged(
        "feedback_of_trace",
        "correlation_id",
        FEEDBACKS,
        FEEDBACK,
        "What was said of it and of its steps, newest first.",
    )
    outcomes = paged(
        "outcomes_of_trace",
        "correlation_id",
        OUTCOMES,
        OUTCOME,
        "What others reported of what came of it and of its steps, the latest first.",
    )

    @strawberry.field(
        description="What is told of it without anybody saying it, by what followed in its session: told anew each time."
    )
    async def signals(self, info: Info) -> TraceSignals:
        found = await info.context.loaders.signals_of_trace.load(self.correlation_id)
        if found is None:
            raise NotFound("Trace", self.correlation_id)
        return TraceSignals.of(found)

    @strawberry.field(description="On what its place under the step that spawned it rests; null if none is known.")
    def spawn_basis(self) -> SpawnBasis | None:
        return next((basis for basis in SpawnBasis if basis.value == self.spawn_rule), None)

    @strawberry.field(description="How it was ended, if not by its own client.")
    def closure(self) -> TraceClosure | None:
        return TraceClosure(self.closed_by) if self.closed_by else None

    @strawberry.field
    async def routing_decision(self, info: Info) -> RoutingDecision | None:
        routing = (await self._head(info)).routing
        return RoutingDecision.of(routing) if routing else None

    steps_connection, steps = lists(
        "stepsConnection", SpanKind.STEP, STEP, "The outermost steps, in the order of time."
    )
    hook_executions_connection, hook_executions = lists(
        "hookExecutionsConnection",
        SpanKind.STEP,
        STEP,
        "All steps, nested or not, in the order of time.",
        anywhere=True,
    )
    endpoint_calls_connection, endpoint_calls = lists(
        "endpointCallsConnection",
        SpanKind.CALL,
        CALL,
        "All endpoint calls, from steps or not, in the order of time.",
        anywhere=True,
    )
    direct_calls_connection, direct_calls = lists(
        "directCallsConnection", SpanKind.CALL, CALL, "Endpoint calls made from no step, in the order of time."
    )
    child_traces_connection, child_traces = lists(
        "childTracesConnection",
        SpanKind.TRACE,
        TRACE,
        "All traces that this one spawned, in the order of time.",
        anywhere=True,
    )
    direct_traces_connection, direct_traces = lists(
        "directTracesConnection", SpanKind.TRACE, TRACE, "Those of its child traces whose spawning step is not known."
    )

    @strawberry.field(description="The trace of the prompt whose background work this prompt goes on with.")
    async def continued_from(self, info: Info) -> strawberry.ID | None:
        before = (await self._head(info)).continued_from
        return strawberry.ID(before) if before else None

    @strawberry.field(description="That trace itself.")
    async def continued_from_trace(self, info: Info) -> Trace | None:
        before = (await self._head(info)).continued_from
        found = await info.context.loaders.head.load(before) if before else None
        return Trace.of_head(found) if found else None

    @strawberry.field(description="Its log records, and those of its steps, in the order of time.")
    async def logs(self, info: Info, first: int = 20, after: str | None = None) -> Connection[LogRecord]:
        page = LOGS.page(info, first, after)
        found = await info.context.loaders.logs_of_trace.load((self.correlation_id, page))
        return LOGS.connection(found.items, LogRecord.of, has_more=found.has_more, after=after)

    @strawberry.field
    async def total_hooks(self, info: Info) -> int:
        if self.place is not None:
            return len(all_of(info, self.place, SpanKind.STEP))
        return await info.context.loaders.hook_count.load(self.correlation_id) or 0  # as in total_steps

    @strawberry.field(
        description="How many steps it has, nested or not, as its `totals` count them: uses of patterns do not count, nor do "
        "those of its subagents."
    )
    async def total_steps(self, info: Info) -> int:
        count = await info.context.loaders.step_count.load(self.correlation_id)
        return count.steps if count is not None else 0  # a list does not fail for one that was archived meanwhile

    @strawberry.field
    async def total_endpoints(self, info: Info) -> int:
        return len(all_of(info, await self.find_place(info), SpanKind.CALL))

    @strawberry.field
    async def total_rag_queries(self, info: Info) -> int:
        return (await self._whole(info)).total_rag_queries

    @strawberry.field
    async def total_quality_gates(self, info: Info) -> int:
        return (await self._whole(info)).total_quality_gates

    @strawberry.field(description="What is in this trace alone; its subagents are those that it spawned itself.")
    async def totals(self, info: Info) -> Totals:
        return Totals.of((await self._whole(info)).own)

    @strawberry.field(description="What is in this trace and in all that it spawned, and so on.")
    async def tree_totals(self, info: Info) -> Totals:
        return Totals.of((await self._whole(info)).whole)

    @strawberry.field(description="Whether anything of it, or of what it spawned, is not known; `missing` says what.")
    async def incomplete(self, info: Info) -> bool:
        return (await self._whole(info)).incomplete

    @strawberry.field(
        description="What is not known of it and of what it spawned, one plain sentence each: `first` of them after `offset`."
    )
    async def missing(self, info: Info, first: int = 100, offset: int = 0) -> list[str]:
        return list(sliced(info, (await self._whole(info)).missing, first, offset))

    @strawberry.field(
        description="The largest amount by which clocks contradict each other in it: a step before its trace or its outer "
        "step, a subagent before the step that spawned it, an end before its start; 0 if nothing does."
    )
    async def skew_ms(self, info: Info) -> float:
        return (await self._whole(info)).skew_ms

    @strawberry.field(description="Whether a limit left out a part of it or of what it spawned.")
    async def truncated(self, info: Info) -> bool:
        return (await self._whole(info)).truncated

    @strawberry.field(description="What happened in the trace itself, in the order of time.")
    async def timeline(self, info: Info, first: int = 100, after: str | None = None) -> TimelineConnection:
        return await self.timeline_page(info, first, after)

    async def timeline_page(self, info: Info, first: int, after: str | None) -> TimelineConnection:
        """A page of its timeline."""
        return await timeline(info, await self._head(info), await self.find_place(info), first, after)

    @strawberry.field(
        description="The trace and all that is under it, as bars over time, each under what it belongs to."
    )
    async def waterfall(self, info: Info, first: int = 100, after: str | None = None) -> WaterfallConnection:
        return await drawn(info, [await self.find_place(info)], first, after)

    async def find_place(self, info: Info) -> Node[Any]:
        """Where it is in the tree of its trace. Raises NotFound if it was archived meanwhile."""
        if self.place is None:
            self.place = await info.context.loaders.place.load(self.correlation_id)
        if self.place is None:
            raise NotFound("Trace", self.correlation_id)
        return self.place

    async def _head(self, info: Info) -> assembly.Head:
        if self.head is None:
            self.head = await info.context.loaders.head.load(self.correlation_id)
        if self.head is None:
            raise NotFound("Trace", self.correlation_id)
        return self.head

    async def _whole(self, info: Info) -> assembly.AssembledTrace:
        if self.loaded is None:
            self.loaded = await _tree(info, self.correlation_id)
        return self.loaded


async def _tree(info: Info, correlation_id: str) -> assembly.AssembledTrace:
    """The trace with all that belongs to it. Raises NotFound if it was archived since its head was read."""
    whole = await info.context.loaders.whole.load(correlation_id)
    if whole is None:
        raise NotFound("Trace", correlation_id)
    return whole.assembled
