"""Traces with all that belongs to them: one trace, the tree of what it spawned, and the episode of a human's request.

Durations are in milliseconds.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from loopgraph.contracts.base import Contract, JsonMap
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, RoutingDecision, Trace


class SpanKind(StrEnum):
    """What a row of a waterfall stands for."""

    TRACE = "trace"
    STEP = "step"
    CALL = "call"

    __hash__ = str.__hash__  # keys of trees hold it: that of enums is ten times as slow


class TimelineKind(StrEnum):
    """What a line of a timeline tells; the values of ``TimelineEntry.event_type``."""

    PROMPT_SUBMITTED = "prompt_submitted"
    AGENT_ROUTED = "agent_routed"
    HOOK_EXECUTED = "hook_executed"
    ENDPOINT_CALLED = "endpoint_called"
    EXECUTION_COMPLETED = "execution_completed"


class Span(NamedTuple):
    """The skeleton of a trace, a step or an endpoint call: what decides its place in a tree and in time, what it is called, and
    nothing else.

    ``around`` is what it may hang under, the surest first, and ``root_id`` the trace of the prompt that a trace names. ``name``
    is None where the record says nothing that it could be called by. ``at`` is when it happened, as well as that is known.
    """

    kind: SpanKind
    id: str
    correlation_id: str
    around: tuple[tuple[SpanKind, str], ...]
    root_id: str | None
    name: str | None
    at: datetime
    started_at: datetime | None
    duration_ms: float | None
    status: TraceStatus


class CallUsage(NamedTuple):
    """What a call of a model used, and what was concluded of calls within each other: ``retold``, ``paid_by`` and ``pays_for`` as
    in ``computes/traces/told_costs``. ``cost_usd`` is what is told of it, ``price_usd`` what it costs by the list of prices."""

    call_id: str
    model: str | None
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    price_usd: float | None
    retold: bool
    paid_by: str | None
    pays_for: str | None


class Skeleton(NamedTuple):
    """The spans of some traces and of all that they spawned, in no order; the rest is as in ``Forest``."""

    spans: tuple[Span, ...]
    continued_from: dict[str, str]
    truncated: bool


class TraceParts(Contract):
    """Everything of one trace but its children, of which it has the ids; each list in the order of time."""

    trace: Trace
    routing: RoutingDecision | None
    hooks: tuple[HookExecution, ...]
    endpoints: tuple[EndpointCall, ...]
    child_ids: tuple[str, ...]

    @property
    def total_hooks(self) -> int:
        """Hook executions."""
        return len(self.hooks)

    @property
    def total_endpoints(self) -> int:
        """Endpoint calls."""
        return len(self.endpoints)

    @property
    def total_rag_queries(self) -> int:
        """RAG queries of all hook executions."""
        return sum(len(hook.rag_queries_executed) for hook in self.hooks)

    @property
    def total_quality_gates(self) -> int:
        """Quality gates that all hook executions validated."""
        return sum(len(hook.quality_gates_validated) for hook in self.hooks)


class Head(NamedTuple):
    """A trace without what belongs to it. ``continued_from`` is the trace of the prompt that its prompt goes on with."""

    trace: Trace
    routing: RoutingDecision | None
    continued_from: str | None


class Forest(Contract):
    """What was read of some traces and all that they spawned, by correlation id; nothing is in order yet.

    ``parts`` are complete but for their ``child_ids``. ``continued_from`` names the trace of the prompt that a prompt goes on
    with. ``truncated``: a limit left something out.
    """

    parts: dict[str, TraceParts]
    continued_from: dict[str, str]
    truncated: bool


class Totals(Contract):
    """What is in a trace, or in a tree of traces. Tokens and cost (US dollars) are None where no call has any.

    ``reported_cost_usd`` is what of the cost the senders of the calls say; ``unpriced_models`` are those that were called, and
    of which nobody knows what that cost.
    """

    subagents: int
    steps: int
    failed_steps: int
    endpoint_calls: int
    failed_endpoint_calls: int
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    reported_cost_usd: float | None
    unpriced_models: tuple[str, ...]
    rag_queries: int
    quality_gates: int


class AssembledStep(Contract):
    """A hook execution with what happened in it: nested steps, endpoint calls, and the traces of subagents it spawned."""

    execution: HookExecution
    steps: tuple[AssembledStep, ...]
    endpoint_calls: tuple[EndpointCall, ...]
    spawned: tuple[AssembledTrace, ...]


class AssembledTrace(TraceParts):
    """A trace with the traces it spawned, and so on; its ``total_*`` are those of this trace alone, as in seed 003 §2.3.

    ``steps`` are the outermost hook executions as trees, ``direct_calls`` the endpoint calls made from no step.
    ``child_traces`` is every trace it spawned; ``direct_traces`` are those of them whose spawning step is not known.
    ``continued_from`` is the trace of the prompt whose background work this prompt goes on with. ``own`` counts this trace
    alone (its subagents are those it spawned itself), ``whole`` the tree.

    ``missing`` says in plain words what is not known of the tree. ``skew_ms`` is the largest amount by which clocks
    contradict each other in it: a step that begins before its trace or its outer step, a subagent before the step that
    spawned it, an end before its start; 0.0 if nothing does. ``truncated``: a limit left out a part of the tree, or a trace
    of it is its own ancestor.
    """

    child_traces: tuple[AssembledTrace, ...]
    steps: tuple[AssembledStep, ...]
    direct_calls: tuple[EndpointCall, ...]
    direct_traces: tuple[AssembledTrace, ...]
    continued_from: str | None
    own: Totals
    whole: Totals
    missing: tuple[str, ...]
    skew_ms: float
    truncated: bool

    @property
    def incomplete(self) -> bool:
        """Whether anything of the tree is not known."""
        return bool(self.missing)


class Episode(Contract):
    """All that came of one human request: its prompts, in the order of time, each with its tree.

    A prompt after the first one goes on with background work of an earlier one. ``episode_id`` is the id of the first
    prompt's trace. In progress while any trace of it is; else its status is that of the last prompt. ``started_at`` is the
    earliest start of a prompt, ``completed_at`` the latest end of any of its traces, None while in progress.
    """

    episode_id: str
    session_id: str | None
    status: TraceStatus
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    traces: tuple[AssembledTrace, ...]
    whole: Totals
    missing: tuple[str, ...]
    skew_ms: float
    truncated: bool

    @property
    def success(self) -> bool | None:
        """Whether it succeeded; None while it is in progress."""
        return None if self.status is TraceStatus.IN_PROGRESS else self.status is TraceStatus.SUCCESS

    @property
    def incomplete(self) -> bool:
        """Whether anything of it is not known."""
        return bool(self.missing)


class WaterfallRow(NamedTuple):
    """One bar of a waterfall, in the order in which they are drawn: each under the one it belongs to, by time.

    ``start_offset_ms`` counts from the start of the whole; it is negative where clocks disagree. ``self_ms`` is the part of
    the duration in which nothing under the bar ran. What is not known is None.
    """

    id: str
    kind: SpanKind
    name: str
    parent_id: str | None
    depth: int
    start_offset_ms: float | None
    duration_ms: float | None
    self_ms: float | None
    critical: bool
    status: TraceStatus


class TimelineEntry(Contract):
    """One line of a timeline, as in seed 003 §2.3."""

    timestamp: datetime
    event_type: Literal["prompt_submitted", "agent_routed", "hook_executed", "endpoint_called", "execution_completed"]
    data: JsonMap
