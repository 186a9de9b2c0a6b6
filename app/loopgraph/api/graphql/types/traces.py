"""Traces: the head, its routing decision, and the tree of its steps, endpoint calls and subagents."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.loaders import Loader
from loopgraph.api.graphql.types.common import SLICE, Info, Long, encode_cursor, page_of, shape, sliced
from loopgraph.api.graphql.types.enums import Arm, SetAside, TraceStatus, UnitRule
from loopgraph.api.graphql.types.lineage import PatternVersion
from loopgraph.api.graphql.types.list_size import SHORT, short_list
from loopgraph.api.graphql.types.waterfall import (
    TimelineConnection,
    TimelineEntry,
    TimelineEntryEdge,
    WaterfallConnection,
    WaterfallRow,
    WaterfallRowEdge,
    about,
    part_of,
)
from loopgraph.computes.traces.timeline import Moment, entry, moments
from loopgraph.computes.traces.tree import Key, Node
from loopgraph.computes.traces.waterfall import Waterfall
from loopgraph.contracts import assembly
from loopgraph.contracts import traces as contracts
from loopgraph.contracts.assembly import Span, SpanKind
from loopgraph.errors import NotFound
from loopgraph.orchestrators.traces.episodes import episode
from loopgraph.orchestrators.traces.trees import skeleton


@strawberry.type(description="An agent that was considered and not chosen.")
class Alternative:
    agent: str
    confidence: float | None


@strawberry.type(description="Which agent was chosen for a trace, and why.")
class RoutingDecision:
    user_request: str | None
    selected_agent: str | None
    selection_reason: str | None
    confidence_total: float | None
    confidence_trigger: float | None
    confidence_context: float | None
    confidence_capability: float | None
    confidence_historical: float | None
    alternatives: list[Alternative] = short_list()
    routing_strategy: str | None
    pattern_id: strawberry.ID | None
    cache_hit: bool
    routing_duration_ms: float | None
    created_at: datetime

    @classmethod
    def of(cls, decision: contracts.RoutingDecision) -> Self:
        alternatives = [shape(Alternative, alternative) for alternative in decision.alternatives[:SHORT]]
        return shape(cls, decision, alternatives=alternatives)


@strawberry.type(description="What is in a trace, or in a tree of traces.")
class Totals:
    subagents: int = strawberry.field(description="Traces that were spawned.")
    steps: int
    failed_steps: int
    endpoint_calls: int
    failed_endpoint_calls: int
    input_tokens: Long | None = strawberry.field(description="Null where no call reports any.")
    output_tokens: Long | None = strawberry.field(description="Null where no call reports any.")
    cost_usd: float | None = strawberry.field(description="Null where no call reports any.")
    rag_queries: int
    quality_gates: int

    @classmethod
    def of(cls, totals: assembly.Totals) -> Self:
        return shape(cls, totals)


@strawberry.type(description="One call of an endpoint, from a step or straight from the trace.")
class EndpointCall:
    call_id: strawberry.ID
    correlation_id: strawberry.ID
    hook_execution_id: strawberry.ID | None
    service_name: str
    endpoint_path: str
    http_method: str
    request_body: JSON | None
    response_body: JSON | None
    response_status: int | None
    headers: JSON
    status: TraceStatus
    success: bool | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    error_message: str | None
    error_type: str | None
    retry_count: Long
    context: JSON
    model: str | None = strawberry.field(description="The language model, if one was called.")
    input_tokens: Long | None
    output_tokens: Long | None
    cost_usd: float | None

    @classmethod
    def of(cls, call: contracts.EndpointCall) -> Self:
        return shape(cls, call)


@strawberry.type(description="One step inside a trace; if it ran a pattern, it names the exact version.")
class HookExecution(relay.Node):
    execution_id: relay.NodeID[str]
    place: strawberry.Private[Node[Span] | None]
    correlation_id: strawberry.ID
    parent_id: strawberry.ID | None = strawberry.field(description="The execution it is nested in.")
    session_id: strawberry.ID | None
    hook_type: str | None = strawberry.field(description="Null while only its endpoint calls are known.")
    tool_name: str | None
    tool_use_id: strawberry.ID | None = strawberry.field(description="The agent client's own id of the tool call.")
    tool_input: JSON | None
    tool_response: JSON | None
    hook_script: str | None
    status: TraceStatus
    success: bool | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    error_message: str | None
    error_type: str | None
    quality_score: float | None
    intelligence_functions_executed: list[str] = short_list()
    rag_queries_executed: list[JSON] = short_list()
    quality_gates_validated: list[str] = short_list()
    modifications_made: JSON
    context: JSON
    node_id: strawberry.ID | None
    experiment_id: strawberry.ID | None
    arm: Arm | None
    unit: str | None = strawberry.field(
        description="What an execution of a version belongs to, such as a session or a task; null if it ran no version."
    )
    unit_rule: UnitRule | None
    set_aside: SetAside | None = strawberry.field(description="Why it is no evidence of its experiment; null if it is.")

    @classmethod
    def of(cls, hook: contracts.HookExecution, place: Node[Span] | None = None) -> Self:
        """The step, and its place in a tree that is loaded already."""
        return shape(cls, hook, place=place)

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.hook_execution.load_many(list(node_ids))
        return [cls.of(hook) if hook else None for hook in found]

    @strawberry.field(name="executionId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.execution_id)

    @strawberry.field(description="The pattern version that was run.")
    async def version(self, info: Info) -> PatternVersion | None:
        if self.node_id is None:
            return None
        return PatternVersion.maybe(await info.context.loaders.version.load(self.node_id))

    @strawberry.field(description="Steps nested in this one, in the order of time.")
    async def steps(self, info: Info, first: int | None = None, offset: int = 0) -> list[HookExecution]:
        return await _steps(info, (await self._place(info)).inside(SpanKind.STEP), first, offset)

    @strawberry.field(description="Endpoint calls made from this very step, in the order of time.")
    async def endpoint_calls(self, info: Info, first: int | None = None, offset: int = 0) -> list[EndpointCall]:
        return await _calls(info, (await self._place(info)).inside(SpanKind.CALL), first, offset)

    @strawberry.field(description="The traces of the subagents that this very step spawned, in the order of time.")
    async def spawned(self, info: Info, first: int | None = None, offset: int = 0) -> list[Trace]:
        return await _traces(info, (await self._place(info)).inside(SpanKind.TRACE), first, offset)

    async def _place(self, info: Info) -> Node[Span]:
        if self.place is None:
            top = await info.context.loaders.skeleton.load(self.correlation_id)
            key = (SpanKind.STEP, self.execution_id)
            self.place = next((node for node in top.walk() if node.key == key), None) if top else None
        if self.place is None:
            raise NotFound("HookExecution", self.execution_id)
        return self.place


@strawberry.type(
    description="One unit of agent work, with all that belongs to it. Its lists are slices of a whole: `first` items, by "
    "default as many as a page may have, after `offset` of them."
)
class Trace(relay.Node):
    correlation_id: relay.NodeID[str]
    loaded: strawberry.Private[assembly.AssembledTrace | None]
    place: strawberry.Private[Node[Span] | None]
    root_id: strawberry.ID | None = strawberry.field(description="The trace of the prompt that all this came of.")
    parent_id: strawberry.ID | None = strawberry.field(description="The trace that spawned it.")
    session_id: strawberry.ID | None
    user_id: str | None
    source: str | None
    prompt_text: str | None
    response_text: str | None = strawberry.field(description="The answer it ended with.")
    agent: str | None = strawberry.field(description="The agent that the routing decision selected.")
    agent_id: strawberry.ID | None = strawberry.field(description="The subagent whose work it is.")
    agent_type: str | None
    spawned_by: strawberry.ID | None = strawberry.field(description="The step that spawned it.")
    spawn_rule: str | None = strawberry.field(
        description="How that is known: `exact: otlp`, `exact: tool_response`, `exact: task_notification`, `exact: client` "
        "or `inferred: …`."
    )
    spawn_evidence: str | None = strawberry.field(description="The id that proves it.")
    continues: strawberry.ID | None = strawberry.field(description="The step whose background work it goes on with.")
    otel_trace_id: strawberry.ID | None
    closed_by: str | None = strawberry.field(
        description="`timeout` if the service ended it: nothing more was heard of it."
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
    def of(cls, trace: contracts.Trace, place: Node[Span] | None = None) -> Self:
        """The trace, and its place in a tree that is loaded already."""
        return shape(cls, trace, loaded=None, place=place)

    @classmethod
    def whole(cls, tree: assembly.AssembledTrace) -> Self:
        """The trace of a tree that is loaded already."""
        return shape(cls, tree.trace, loaded=tree, place=None)

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.head.load_many(list(node_ids))
        return [cls.of(head.trace) if head else None for head in found]

    @strawberry.field(name="correlationId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.correlation_id)

    @strawberry.field
    async def routing_decision(self, info: Info) -> RoutingDecision | None:
        routing = (await self._head(info)).routing
        return RoutingDecision.of(routing) if routing else None

    @strawberry.field(description="The outermost steps, in the order of time.")
    async def steps(self, info: Info, first: int | None = None, offset: int = 0) -> list[HookExecution]:
        return await _steps(info, (await self._place(info)).inside(SpanKind.STEP), first, offset)

    @strawberry.field(description="All steps, nested or not, in the order of time.")
    async def hook_executions(self, info: Info, first: int | None = None, offset: int = 0) -> list[HookExecution]:
        return await _steps(info, (await self._place(info)).all_of(SpanKind.STEP), first, offset)

    @strawberry.field(description="All endpoint calls, from steps or not, in the order of time.")
    async def endpoint_calls(self, info: Info, first: int | None = None, offset: int = 0) -> list[EndpointCall]:
        return await _calls(info, (await self._place(info)).all_of(SpanKind.CALL), first, offset)

    @strawberry.field(description="Endpoint calls made from no step, in the order of time.")
    async def direct_calls(self, info: Info, first: int | None = None, offset: int = 0) -> list[EndpointCall]:
        return await _calls(info, (await self._place(info)).inside(SpanKind.CALL), first, offset)

    @strawberry.field(description="All traces that this one spawned, in the order of time.")
    async def child_traces(self, info: Info, first: int | None = None, offset: int = 0) -> list[Trace]:
        return await _traces(info, (await self._place(info)).all_of(SpanKind.TRACE), first, offset)

    @strawberry.field(description="Those of its child traces whose spawning step is not known.")
    async def direct_traces(self, info: Info, first: int | None = None, offset: int = 0) -> list[Trace]:
        return await _traces(info, (await self._place(info)).inside(SpanKind.TRACE), first, offset)

    @strawberry.field(description="The trace of the prompt whose background work this prompt goes on with.")
    async def continued_from(self, info: Info) -> strawberry.ID | None:
        before = (await self._head(info)).continued_from
        return strawberry.ID(before) if before else None

    @strawberry.field
    async def total_hooks(self, info: Info) -> int:
        return len((await self._place(info)).all_of(SpanKind.STEP))

    @strawberry.field
    async def total_endpoints(self, info: Info) -> int:
        return len((await self._place(info)).all_of(SpanKind.CALL))

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

    @strawberry.field(description=f"What is not known of it and of what it spawned, one plain sentence each: {SLICE}")
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
        head, place = await self._head(info), await self._place(info)
        page = page_of(info, first, after)
        inside = [(node.key, node.record.at) for node in place.walk(into_traces=False) if node is not place]
        shown, has_more = part_of(moments(head, inside), page, _moment_key)
        records = await _records(info, [moment.of for moment in shown if moment.of])
        edges = [
            TimelineEntryEdge(
                cursor=encode_cursor(_moment_key(moment)),
                node=TimelineEntry.of(entry(moment, head, records[moment.of] if moment.of else None)),
            )
            for moment in shown
            if moment.of is None or moment.of in records
        ]
        page_info = about([edge.cursor for edge in edges], has_more=has_more, after=after)
        return TimelineConnection(page_info=page_info, edges=edges)

    @strawberry.field(
        description="The trace and all that is under it, as bars over time, each under what it belongs to."
    )
    async def waterfall(self, info: Info, first: int = 100, after: str | None = None) -> WaterfallConnection:
        return await _drawn(info, [await self._place(info)], first, after)

    async def _place(self, info: Info) -> Node[Span]:
        if self.place is None:
            self.place = await info.context.loaders.skeleton.load(self.correlation_id)
        if self.place is None:
            raise NotFound("Trace", self.correlation_id)
        return self.place

    async def _head(self, info: Info) -> assembly.Head:
        head = await info.context.loaders.head.load(self.correlation_id)
        if head is None:
            raise NotFound("Trace", self.correlation_id)
        return head

    async def _whole(self, info: Info) -> assembly.AssembledTrace:
        if self.loaded is None:
            self.loaded = await _tree(info, self.correlation_id)
        return self.loaded


async def _tree(info: Info, correlation_id: str) -> assembly.AssembledTrace:
    """The trace with all that belongs to it. Raises NotFound if it was archived since its head was read."""
    tree = await info.context.loaders.trace_tree.load(correlation_id)
    if tree is None:
        raise NotFound("Trace", correlation_id)
    return tree


# Pages: where everything hangs is known from the skeletons of traces, and only what is shown is read


async def _steps(info: Info, places: Sequence[Node[Span]], first: int | None, offset: int) -> list[HookExecution]:
    shown = sliced(info, places, first, offset)
    found = await info.context.loaders.hook_execution.load_many([place.key[1] for place in shown])
    return [HookExecution.of(hook, place) for hook, place in zip(found, shown, strict=True) if hook]


async def _calls(info: Info, places: Sequence[Node[Span]], first: int | None, offset: int) -> list[EndpointCall]:
    shown = sliced(info, places, first, offset)
    found = await info.context.loaders.call.load_many([place.key[1] for place in shown])
    return [EndpointCall.of(call) for call in found if call]


async def _traces(info: Info, places: Sequence[Node[Span]], first: int | None, offset: int) -> list[Trace]:
    shown = sliced(info, places, first, offset)
    found = await info.context.loaders.head.load_many([place.key[1] for place in shown])
    return [Trace.of(head.trace, place) for head, place in zip(found, shown, strict=True) if head]


async def _drawn(info: Info, tops: Sequence[Node[Span]], first: int, after: str | None) -> WaterfallConnection:
    """A page of the waterfall of some traces."""
    page = page_of(info, first, after)
    drawn = await asyncio.to_thread(Waterfall, tops)
    shown, has_more = part_of(drawn.nodes, page, lambda node: _text(node.key))
    records = await _records(info, [node.key for node in shown])
    edges = [
        WaterfallRowEdge(cursor=encode_cursor(_text(node.key)), node=WaterfallRow.of(drawn.bar(node).row(record)))
        for node in shown
        if (record := records.get(node.key))
    ]
    page_info = about([edge.cursor for edge in edges], has_more=has_more, after=after)
    return WaterfallConnection(page_info=page_info, edges=edges)


async def _records(info: Info, keys: Sequence[Key]) -> dict[Key, Any]:
    """The records of what is shown, in at most one statement for each kind; what has gone meanwhile is absent."""
    loaders = info.context.loaders

    async def of(kind: SpanKind, loader: Loader[str, Any]) -> dict[Key, Any]:
        ids = [id_ for wanted, id_ in keys if wanted is kind]
        found = await loader.load_many(ids)
        return {(kind, id_): record for id_, record in zip(ids, found, strict=True) if record}

    steps, calls, heads = await asyncio.gather(
        of(SpanKind.STEP, loaders.hook_execution), of(SpanKind.CALL, loaders.call), of(SpanKind.TRACE, loaders.head)
    )
    return {**steps, **calls, **{key: head.trace for key, head in heads.items()}}


def _text(key: Key) -> str:
    return f"{key[0].value}:{key[1]}"


def _moment_key(moment: Moment) -> str:
    return _text(moment.of) if moment.of else moment.event


def _of_whole(name: str) -> Any:
    """Resolves a field of an episode from all that belongs to it."""

    async def resolve(root: Episode, info: Info) -> Any:
        value = getattr(await root.whole(info), name)
        return list(value[:SHORT]) if isinstance(value, tuple) else value

    return resolve


@strawberry.type(
    description="All that came of one human request: completions of background work come back to an agent as new prompts, "
    "each with a trace of its own."
)
class Episode:
    prompts: strawberry.Private[list[str]]
    reading: strawberry.Private[asyncio.Future[assembly.Episode] | None] = None
    episode_id: strawberry.ID = strawberry.field(
        resolver=_of_whole("episode_id"), description="The correlation id of the first prompt's trace."
    )
    session_id: strawberry.ID | None = strawberry.field(resolver=_of_whole("session_id"))
    status: TraceStatus = strawberry.field(
        resolver=_of_whole("status"), description="In progress while any trace is; else that of the last prompt."
    )
    success: bool | None = strawberry.field(resolver=_of_whole("success"))
    started_at: datetime | None = strawberry.field(resolver=_of_whole("started_at"))
    completed_at: datetime | None = strawberry.field(
        resolver=_of_whole("completed_at"), description="The latest end; null while in progress."
    )
    duration_ms: float | None = strawberry.field(resolver=_of_whole("duration_ms"))
    incomplete: bool = strawberry.field(
        resolver=_of_whole("incomplete"), description="Whether anything of it is not known; `missing` says what."
    )
    missing: list[str] = short_list("One plain sentence each.", resolver=_of_whole("missing"))
    skew_ms: float = strawberry.field(
        resolver=_of_whole("skew_ms"),
        description="The largest amount by which clocks contradict each other in a trace.",
    )
    truncated: bool = strawberry.field(
        resolver=_of_whole("truncated"), description="Whether a limit left out a part of it."
    )

    @strawberry.field(description="The traces of its prompts, in the order of time, each with its tree.")
    async def traces(self, info: Info, first: int | None = None, offset: int = 0) -> list[Trace]:
        return [Trace.whole(tree) for tree in sliced(info, (await self.whole(info)).traces, first, offset)]

    @strawberry.field(description="What is in all of its traces.")
    async def totals(self, info: Info) -> Totals:
        return Totals.of((await self.whole(info)).whole)

    @strawberry.field(description="All of it as bars over time, each under what it belongs to.")
    async def waterfall(self, info: Info, first: int = 100, after: str | None = None) -> WaterfallConnection:
        grove = await skeleton(info.context.services.traces, self.prompts, info.context.principal)
        return await _drawn(info, grove.tops, first, after)

    async def whole(self, info: Info) -> assembly.Episode:
        """All that belongs to it, read once, when the first field asks for it. Raises NotFound if it was archived since."""
        if self.reading is None:
            self.reading = asyncio.ensure_future(
                episode(info.context.services.traces, self.prompts, info.context.principal)
            )
        return await self.reading
