"""Traces: the head, its routing decision, hook executions and endpoint calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.types.common import Info, shape
from loopgraph.api.types.enums import Arm, TraceStatus
from loopgraph.api.types.lineage import PatternVersion
from loopgraph.computes.timeline import timeline
from loopgraph.contracts import assembly
from loopgraph.contracts import traces as contracts


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
    alternatives: list[Alternative]
    routing_strategy: str | None
    pattern_id: strawberry.ID | None
    cache_hit: bool
    routing_duration_ms: float | None
    created_at: datetime

    @classmethod
    def of(cls, decision: contracts.RoutingDecision) -> Self:
        alternatives = [shape(Alternative, alternative) for alternative in decision.alternatives]
        return shape(cls, decision, alternatives=alternatives)


@strawberry.type(description="One step inside a trace; if it ran a pattern, it names the exact version.")
class HookExecution(relay.Node):
    execution_id: relay.NodeID[str]
    correlation_id: strawberry.ID
    parent_id: strawberry.ID | None = strawberry.field(description="The execution it is nested in.")
    hook_type: str | None = strawberry.field(description="Null while only its endpoint calls are known.")
    tool_name: str | None
    hook_script: str | None
    status: TraceStatus
    success: bool | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    error_message: str | None
    error_type: str | None
    quality_score: float | None
    intelligence_functions_executed: list[str]
    rag_queries_executed: list[JSON]
    quality_gates_validated: list[str]
    modifications_made: JSON
    context: JSON
    node_id: strawberry.ID | None
    experiment_id: strawberry.ID | None
    arm: Arm | None

    @classmethod
    def of(cls, hook: contracts.HookExecution) -> Self:
        return shape(cls, hook)

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


@strawberry.type(description="One call of an endpoint, from a hook or straight from the trace.")
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
    retry_count: int
    context: JSON

    @classmethod
    def of(cls, call: contracts.EndpointCall) -> Self:
        return shape(cls, call)


@strawberry.type(description="One line of a timeline.")
class TimelineEntry:
    timestamp: datetime
    event_type: str
    data: JSON


@strawberry.type(description="One unit of agent work, with all that belongs to it.")
class Trace(relay.Node):
    correlation_id: relay.NodeID[str]
    loaded: strawberry.Private[assembly.TraceParts | None]
    root_id: strawberry.ID | None
    parent_id: strawberry.ID | None
    session_id: strawberry.ID | None
    user_id: str | None
    source: str | None
    prompt_text: str | None
    agent: str | None = strawberry.field(description="The agent that the routing decision selected.")
    status: TraceStatus
    success: bool | None
    started: bool = strawberry.field(description="False while only parts that arrived before the start are known.")
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    error_message: str | None
    error_type: str | None
    context: JSON
    tags: list[str]
    created_at: datetime

    @classmethod
    def of(cls, trace: contracts.Trace) -> Self:
        return shape(cls, trace, loaded=None)

    @classmethod
    def whole(cls, parts: assembly.TraceParts) -> Self:
        """The trace of parts that are loaded already."""
        return shape(cls, parts.trace, loaded=parts)

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.trace_parts.load_many(list(node_ids))
        return [cls.whole(parts) if parts else None for parts in found]

    @strawberry.field(name="correlationId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.correlation_id)

    @strawberry.field
    async def routing_decision(self, info: Info) -> RoutingDecision | None:
        parts = await self._parts(info)
        return RoutingDecision.of(parts.routing) if parts.routing else None

    @strawberry.field(description="Steps, in the order of time.")
    async def hook_executions(self, info: Info) -> list[HookExecution]:
        return [HookExecution.of(hook) for hook in (await self._parts(info)).hooks]

    @strawberry.field(description="Endpoint calls, in the order of time.")
    async def endpoint_calls(self, info: Info) -> list[EndpointCall]:
        return [EndpointCall.of(call) for call in (await self._parts(info)).endpoints]

    @strawberry.field(description="Traces that this one spawned.")
    async def child_traces(self, info: Info) -> list[Trace]:
        children = (await self._parts(info)).child_ids
        found = await info.context.loaders.trace_parts.load_many(list(children))
        return [Trace.whole(parts) for parts in found if parts]

    @strawberry.field
    async def total_hooks(self, info: Info) -> int:
        return (await self._parts(info)).total_hooks

    @strawberry.field
    async def total_endpoints(self, info: Info) -> int:
        return (await self._parts(info)).total_endpoints

    @strawberry.field
    async def total_rag_queries(self, info: Info) -> int:
        return (await self._parts(info)).total_rag_queries

    @strawberry.field
    async def total_quality_gates(self, info: Info) -> int:
        return (await self._parts(info)).total_quality_gates

    @strawberry.field(description="What happened, in the order of time.")
    async def timeline(self, info: Info) -> list[TimelineEntry]:
        return [shape(TimelineEntry, entry) for entry in timeline(await self._parts(info))]

    async def _parts(self, info: Info) -> assembly.TraceParts:
        if self.loaded is not None:
            return self.loaded
        parts = await info.context.loaders.trace_parts.load(self.correlation_id)
        assert parts is not None, "the trace was read before, and traces stay"
        return parts
