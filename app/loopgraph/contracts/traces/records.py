"""Traces as the graph holds them: one unit of agent work, its routing decision, hook executions and endpoint calls.

Durations are in milliseconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol

from loopgraph.contracts.base import Contract, JsonMap
from loopgraph.contracts.lineage.definitions import VersionBasis
from loopgraph.contracts.loop.feedback import Arm, SetAside, UnitRule
from loopgraph.contracts.traces.events import OF_PATTERN, Alternative, TraceStatus
from loopgraph.contracts.traces.pricing import CostSource


class Recorded(Contract):
    """An event is in the graph. ``repeated``: it had been there already, and nothing has changed.

    ``correlation_id`` is that of the trace it is in, None for what belongs to a session alone. ``execution_id`` is the id
    of the hook execution, endpoint call, log record or data point; None for the events of the trace or session itself.
    That of the use of a pattern is the hook execution that stands for it.
    """

    kind: Literal["start", "routing", "hook", "endpoint", "complete", "session", "log", "metric", "use", "memory"]
    correlation_id: str | None
    execution_id: str | None
    repeated: bool


class RoutingDecision(Contract):
    """The stored routing decision of a trace."""

    user_request: str | None
    selected_agent: str | None
    selection_reason: str | None
    confidence_total: float | None
    confidence_trigger: float | None
    confidence_context: float | None
    confidence_capability: float | None
    confidence_historical: float | None
    alternatives: tuple[Alternative, ...]
    routing_strategy: str | None
    pattern_id: str | None
    cache_hit: bool
    routing_duration_ms: float | None
    created_at: datetime


class _Step(Contract):
    """Common to stored steps. Of start, end and duration, what two of them imply is filled in."""

    status: TraceStatus
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    error_message: str | None
    error_type: str | None
    context: JsonMap
    created_at: datetime

    @property
    def success(self) -> bool | None:
        """Whether it succeeded; None while it is in progress."""
        return None if self.status is TraceStatus.IN_PROGRESS else self.status is TraceStatus.SUCCESS

    @property
    def at(self) -> datetime:
        """When it happened, as well as that is known: its start, its end, or its arrival here."""
        return self.started_at or self.completed_at or self.created_at


class HookExecution(_Step):
    """One stored step of a trace. ``hook_type`` is None while only its endpoint calls are known.

    ``parent_id`` names the execution it is nested in. ``arm`` is that of the experiment which chose the version it ran,
    ``unit`` what an execution of a version belongs to, by ``unit_rule``. ``set_aside`` says why it is no evidence of its
    experiment. Of a use of a pattern, ``pattern_…`` say what its reporters call it, ``arguments`` what it was called with, and
    ``used_rule`` and ``used_evidence`` on what it rests which version it ran; ``used_resources`` is the digest of what lay beside
    the skill then, by ``used_resources_rule``.
    """

    execution_id: str
    correlation_id: str
    root_id: str | None
    parent_id: str | None
    session_id: str | None
    hook_type: str | None
    tool_name: str | None
    tool_use_id: str | None
    tool_input: Any
    tool_response: Any
    hook_script: str | None
    quality_score: float | None
    intelligence_functions_executed: tuple[str, ...]
    rag_queries_executed: tuple[JsonMap, ...]
    quality_gates_validated: tuple[str, ...]
    modifications_made: JsonMap
    node_id: str | None
    experiment_id: str | None
    arm: Arm | None
    unit: str | None
    unit_rule: UnitRule | None
    set_aside: SetAside | None
    pattern_type: str | None
    pattern_name: str | None
    pattern_path: str | None
    arguments: str | None
    used_rule: VersionBasis | None
    used_evidence: str | None
    used_resources: str | None
    used_resources_rule: VersionBasis | None

    @property
    def is_step(self) -> bool:
        """Whether it is a step of the work, and not the use of a pattern; the former alone count where steps are counted."""
        return self.hook_type != OF_PATTERN


class EndpointCall(_Step):
    """One stored endpoint call. ``cost_usd`` is what its sender said it cost, else what it did by the list of prices.
    ``nested_in`` is what its reporter says it was made in: a step, or another call, if it is there."""

    call_id: str
    correlation_id: str
    hook_execution_id: str | None
    nested_in: str | None
    service_name: str
    endpoint_path: str
    http_method: str
    request_body: Any
    response_body: Any
    response_status: int | None
    headers: JsonMap
    retry_count: int
    model: str | None
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    cache_write_1h_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    cost_source: CostSource | None
    skill: str | None

    @property
    def unpriced(self) -> str | None:
        """The model, if the call used tokens and nobody knows what they cost."""
        return self.model if self.cost_usd is None and (self.input_tokens or self.output_tokens) else None


class Trace(_Step):
    """The stored head of a trace. ``started`` is False while only parts that arrived before its start are known.

    ``agent`` is the one that its routing decision selected, ``agent_id`` the subagent whose work it is. ``spawned_by`` is
    the hook execution under which it hangs, and ``spawn_rule`` says how that is known: ``exact: otlp``, ``exact:
    tool_response``, ``exact: task_notification``, ``exact: client`` or ``inferred: …``. ``continues`` is the hook execution
    whose background work it goes on with. ``closed_by`` says why the service ended it: ``timeout`` if nothing more was
    heard of it, ``spans`` if all its spans have ended below one that nobody has sent. ``owner`` is who
    recorded it, ``shared_in`` the project that it is shared in, as ``contracts.base`` keys them.
    """

    correlation_id: str
    root_id: str | None
    parent_id: str | None
    session_id: str | None
    user_id: str | None
    project: str | None
    source: str | None
    prompt_text: str | None
    response_text: str | None
    agent: str | None
    agent_id: str | None
    agent_type: str | None
    spawned_by: str | None
    spawn_rule: str | None
    spawn_evidence: str | None
    continues: str | None
    otel_trace_id: str | None
    closed_by: str | None
    started: bool
    tags: tuple[str, ...]
    owner: str | None = None
    shared_in: str | None = None


class TellsOfModel(Protocol):
    """What tells whether a call was one of a language model."""

    @property
    def model(self) -> str | None: ...
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def cost_usd(self) -> float | None: ...


def uses_tokens(call: TellsOfModel) -> bool:
    """Whether it says that it used tokens; counts of 0 are those of who does not know them."""
    return bool(call.input_tokens or call.output_tokens)


def is_of_model(call: TellsOfModel) -> bool:
    """Whether a language model was called."""
    told = (call.model, call.input_tokens, call.output_tokens, call.cost_usd)
    return any(value is not None for value in told)
