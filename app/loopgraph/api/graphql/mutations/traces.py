"""Mutations that record traces: the same events as the HTTP doors take, with the same checks and redaction."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, Long, plain, validated
from loopgraph.api.graphql.types.enums import TraceStatus
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.nodes import TRACE, link
from loopgraph.contracts.traces import events as contracts
from loopgraph.effects.clock import new_id
from loopgraph.errors import UserError


@strawberry.input
class TraceEventInput:
    correlation_id: strawberry.ID
    timestamp: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it happened at the client; left out, the arrival counts."
    )


@strawberry.input
class StartTraceInput(TraceEventInput):
    session_id: strawberry.ID | None = strawberry.UNSET
    root_id: strawberry.ID | None = strawberry.UNSET
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The trace that spawned this one; it may arrive later."
    )
    user_id: str | None = strawberry.UNSET
    project: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What the work is for; left out, what its session says, or the folder that it works in.",
    )
    source: str | None = strawberry.UNSET
    prompt_text: str | None = strawberry.UNSET
    agent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The subagent whose work it is."
    )
    agent_type: str | None = strawberry.UNSET
    spawned_by: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The hook execution that spawned it; it may arrive later."
    )
    continues: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The hook execution whose background work it goes on with."
    )
    context: JSON | None = strawberry.UNSET
    tags: list[str] | None = strawberry.UNSET


@strawberry.input
class AlternativeInput:
    agent: str
    confidence: float | None = strawberry.UNSET


@strawberry.input
class RecordRoutingDecisionInput(TraceEventInput):
    user_request: str | None = strawberry.UNSET
    selected_agent: str | None = strawberry.UNSET
    selection_reason: str | None = strawberry.UNSET
    confidence_total: float | None = strawberry.UNSET
    confidence_trigger: float | None = strawberry.UNSET
    confidence_context: float | None = strawberry.UNSET
    confidence_capability: float | None = strawberry.UNSET
    confidence_historical: float | None = strawberry.UNSET
    alternatives: list[AlternativeInput] | None = strawberry.UNSET
    routing_strategy: str | None = strawberry.UNSET
    pattern_id: strawberry.ID | None = strawberry.UNSET
    cache_hit: bool | None = strawberry.UNSET
    routing_duration_ms: float | None = strawberry.UNSET


@strawberry.input
class StepInput(TraceEventInput):
    """A step: reported once when it is over, or first as in progress and later with its end."""

    status: TraceStatus | None = strawberry.UNSET
    success: bool | None = strawberry.UNSET
    started_at: datetime | None = strawberry.UNSET
    completed_at: datetime | None = strawberry.UNSET
    duration_ms: float | None = strawberry.UNSET
    error_message: str | None = strawberry.UNSET
    error_type: str | None = strawberry.UNSET
    context: JSON | None = strawberry.UNSET


@strawberry.input
class RecordHookExecutionInput(StepInput):
    hook_type: str
    execution_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Your own id makes a retry safe; left out, one is made."
    )
    root_id: strawberry.ID | None = strawberry.UNSET
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The execution that this one is nested in."
    )
    session_id: strawberry.ID | None = strawberry.UNSET
    tool_name: str | None = strawberry.UNSET
    tool_use_id: strawberry.ID | None = strawberry.UNSET
    tool_input: JSON | None = strawberry.UNSET
    tool_response: JSON | None = strawberry.UNSET
    hook_script: str | None = strawberry.UNSET
    node_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The exact pattern version that was run."
    )
    experiment_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The experiment that assigned this version."
    )
    unit: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What the version was assigned to, as assignVariant was asked; left out: the session, or else the trace.",
    )
    quality_score: float | None = strawberry.UNSET
    intelligence_functions_executed: list[str] | None = strawberry.UNSET
    rag_queries_executed: list[JSON] | None = strawberry.UNSET
    quality_gates_validated: list[str] | None = strawberry.UNSET
    modifications_made: JSON | None = strawberry.UNSET


@strawberry.input
class RecordEndpointCallInput(StepInput):
    service_name: str
    endpoint_path: str
    call_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Your own id makes a retry safe; left out, one is made."
    )
    hook_execution_id: strawberry.ID | None = strawberry.UNSET
    http_method: str | None = strawberry.UNSET
    request_body: JSON | None = strawberry.UNSET
    response_body: JSON | None = strawberry.UNSET
    response_status: int | None = strawberry.UNSET
    headers: JSON | None = strawberry.UNSET
    retry_count: Long | None = strawberry.UNSET
    model: str | None = strawberry.field(default=strawberry.UNSET, description="The language model that was called.")
    input_tokens: Long | None = strawberry.UNSET
    cache_read_tokens: Long | None = strawberry.UNSET
    cache_write_tokens: Long | None = strawberry.UNSET
    cache_write_1h_tokens: Long | None = strawberry.field(default=strawberry.UNSET, name="cacheWrite1hTokens")
    output_tokens: Long | None = strawberry.UNSET
    reasoning_tokens: Long | None = strawberry.UNSET
    cost_usd: float | None = strawberry.field(
        default=strawberry.UNSET,
        description="What it cost, in US dollars; left out, it is computed by the list of prices.",
    )
    skill: str | None = strawberry.UNSET


@strawberry.input
class CompleteTraceInput(TraceEventInput):
    status: TraceStatus | None = strawberry.UNSET
    success: bool | None = strawberry.UNSET
    error_message: str | None = strawberry.UNSET
    error_type: str | None = strawberry.UNSET
    duration_ms: float | None = strawberry.UNSET
    response_text: str | None = strawberry.field(default=strawberry.UNSET, description="The answer it ended with.")
    context: JSON | None = strawberry.UNSET


@strawberry.type
class RecordPayload:
    """An event that is in the graph."""

    correlation_id: strawberry.ID
    execution_id: strawberry.ID | None = strawberry.field(description="Of a hook execution or an endpoint call.")
    repeated: bool = strawberry.field(description="Whether it had been there already; then nothing was changed.")
    trace = link("head", "correlation_id", TRACE, "The trace that the event is in, as it is now.")


StartTraceResult = Annotated[RecordPayload | Expected, strawberry.union("StartTraceResult")]
RecordRoutingDecisionResult = Annotated[RecordPayload | Expected, strawberry.union("RecordRoutingDecisionResult")]
RecordHookExecutionResult = Annotated[RecordPayload | Expected, strawberry.union("RecordHookExecutionResult")]
RecordEndpointCallResult = Annotated[RecordPayload | Expected, strawberry.union("RecordEndpointCallResult")]
CompleteTraceResult = Annotated[RecordPayload | Expected, strawberry.union("CompleteTraceResult")]


async def _record(info: Info, contract: Any, input: TraceEventInput, **defaults: Any) -> RecordPayload:
    given = {name: value for name, value in plain(input).items() if value is not None}
    event = validated(contract, defaults | given)
    [outcome] = await info.context.services.recorder.record([event], sender=info.context.principal)
    if isinstance(outcome, UserError):
        raise outcome
    return RecordPayload(
        correlation_id=strawberry.ID(input.correlation_id),
        execution_id=strawberry.ID(outcome.execution_id) if outcome.execution_id else None,
        repeated=outcome.repeated,
    )


@strawberry.type
class TraceMutation:
    @mutation("Starts a trace. Its parts may have arrived before.")
    async def start_trace(self, info: Info, input: StartTraceInput) -> StartTraceResult:
        return await _record(info, contracts.TraceStarted, input)

    @mutation("Records which agent was chosen for a trace.")
    async def record_routing_decision(
        self, info: Info, input: RecordRoutingDecisionInput
    ) -> RecordRoutingDecisionResult:
        return await _record(info, contracts.RoutingDecided, input)

    @mutation("Records a step of a trace, or completes one that was recorded in progress.")
    async def record_hook_execution(self, info: Info, input: RecordHookExecutionInput) -> RecordHookExecutionResult:
        return await _record(info, contracts.HookExecuted, input, execution_id=new_id())

    @mutation("Records the call of an endpoint, or completes one that was recorded in progress.")
    async def record_endpoint_call(self, info: Info, input: RecordEndpointCallInput) -> RecordEndpointCallResult:
        return await _record(info, contracts.EndpointCalled, input, call_id=new_id())

    @mutation("Ends a trace.")
    async def complete_trace(self, info: Info, input: CompleteTraceInput) -> CompleteTraceResult:
        return await _record(info, contracts.TraceCompleted, input)
