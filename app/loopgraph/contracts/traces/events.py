"""Traces: one unit of agent work, its routing decision, hook executions and endpoint calls.

Two kinds of models: *events* are what the doors hand in, piecewise and in any order; *records* are what the graph holds.
Durations are in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from loopgraph.contracts.base import EMPTY_MAP, Content, Contract, Id, Instant, JsonMap, Name, Tags, Text, Unit
from loopgraph.errors import Spelled

PROMPTED: Final = "user_prompt"
"""The source of a trace that a person's prompt began."""

OF_SESSION: Final = "session"
"""The source of a trace that holds what belongs to a session and to none of its prompts."""

ABANDONED: Final = "abandoned"
"""The tag of a trace on a branch that a person has gone back from."""

OF_PATTERN: Final = "Pattern"
"""The type of a step that is the use of a pattern: its work are the steps that begin and end within it."""

UNNAMED: Final = "/prompt:"
"""What stands between a session's id and the rest of the id of a prompt to which the client gave none."""

UNNAMED_CALL: Final = "/call:"
"""The same of a tool call to which the client gave none."""

LONGEST_MS = 3.2e12
"""A hundred years: no unit of work takes longer."""

DurationMs = Annotated[float, Field(ge=0.0, le=LONGEST_MS, allow_inf_nan=False)]
MOST_TOKENS = 2**53 - 1
"""No more than any client can read, so that sums of many stay below 64 bits."""

Count = Annotated[int, Field(ge=0, le=MOST_TOKENS)]
MOST_RETRIES: Final = 2**31 - 1
"""More would be nonsense, and their sum over many calls more than an engine counts."""
Strings = tuple[Annotated[str, Field(min_length=1, max_length=500)], ...]


class TraceStatus(StrEnum):
    """How far a trace or one of its steps is, and how it ended.

    Rates of success count all that is over: what was denied or interrupted did not succeed. Counts of failures count what went
    wrong by itself (``FAILED``), which is neither of them.
    """

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"
    DENIED = "denied"
    INTERRUPTED = "interrupted"


FINAL: frozenset[TraceStatus] = frozenset(TraceStatus) - {TraceStatus.IN_PROGRESS}
_WITHOUT_SUCCESS: Final = FINAL - {TraceStatus.SUCCESS}
"""The statuses that end a trace or a step."""

FAILED: frozenset[TraceStatus] = frozenset({TraceStatus.ERROR, TraceStatus.TIMEOUT})
"""The statuses of what went wrong by itself, and was not kept from running or stopped by somebody."""


def _ends(spell: Callable[[Enum], str]) -> str:
    *most, last = (spell(status) for status in TraceStatus if status in FINAL)
    return f"{', '.join(most)} or {last}"


class SpawnBasis(StrEnum):
    """On what it rests under which step a subagent hangs; the values of ``Trace.spawn_rule``."""

    CLIENT = "exact: client"
    OTLP = "exact: otlp"
    TOOL_RESPONSE = "exact: tool_response"
    TASK_NOTIFICATION = "exact: task_notification"
    ONLY_CALL = "inferred: only call"
    PROMPT = "inferred: prompt"


class TraceClosure(StrEnum):
    """How a trace was ended, if not by its own client; the values of ``Trace.closed_by``."""

    TIMEOUT = "timeout"
    SPANS = "spans"


class Alternative(Contract):
    """An agent that was considered and not chosen."""

    agent: Name
    confidence: Unit | None = None


class _Event(Contract):
    """Common to all events. ``timestamp`` is when it happened at the client; the service fills in its own clock if it is
    None."""

    correlation_id: Id
    timestamp: Instant | None = None


class TraceStarted(_Event):
    """A unit of work begins.

    ``agent_id`` and ``agent_type`` are those of the subagent whose work it is, ``spawned_by`` is the hook execution that
    spawned it, and ``continues`` the one whose background work it goes on with. ``project`` is what the work is for; without
    one, that is what its session says, or the folder that it works in.
    """

    kind: Literal["start"] = "start"
    session_id: Id | None = None
    root_id: Id | None = None
    parent_id: Id | None = None
    user_id: Name | None = None
    project: Name | None = None
    source: Name = PROMPTED
    prompt_text: Content | None = None
    agent_id: Id | None = None
    agent_type: Name | None = None
    spawned_by: Id | None = None
    continues: Id | None = None
    context: JsonMap = EMPTY_MAP
    tags: Tags = ()

    @model_validator(mode="after")
    def _not_its_own_parent(self) -> Self:
        if self.parent_id == self.correlation_id:
            raise ValueError("parent_id must name another trace, not the one that starts")
        return self


class RoutingDecided(_Event):
    """An agent was chosen for the trace."""

    kind: Literal["routing"] = "routing"
    user_request: Content | None = None
    selected_agent: Name | None = None
    selection_reason: Content | None = None
    confidence_total: Unit | None = None
    confidence_trigger: Unit | None = None
    confidence_context: Unit | None = None
    confidence_capability: Unit | None = None
    confidence_historical: Unit | None = None
    alternatives: tuple[Alternative, ...] = ()
    routing_strategy: Name | None = None
    pattern_id: Id | None = None
    cache_hit: bool = False
    routing_duration_ms: DurationMs | None = None


class _StepEvent(_Event):
    """A step: reported once when it is over, or first as in progress and later with its end."""

    status: TraceStatus | None = None
    success: bool | None = None
    started_at: Instant | None = None
    completed_at: Instant | None = None
    duration_ms: DurationMs | None = None
    error_message: Content | None = None
    error_type: Name | None = None
    context: JsonMap = EMPTY_MAP

    @model_validator(mode="after")
    def _one_story(self) -> Self:
        if self.started_at and self.completed_at and self.completed_at < self.started_at:
            raise ValueError("completed_at must not be before started_at")
        if self.status is TraceStatus.SUCCESS and self.success is False:
            raise ValueError(Spelled(lambda spell: f"success is false but status is {spell(TraceStatus.SUCCESS)}"))
        if (status := self.status) in _WITHOUT_SUCCESS and self.success is True:
            raise ValueError(Spelled(lambda spell: f"success is true but status is {spell(status)}"))
        if self.status is TraceStatus.IN_PROGRESS and self.success is not None:
            raise ValueError(
                Spelled(lambda spell: f"status is {spell(TraceStatus.IN_PROGRESS)}, so success cannot be known yet")
            )
        if self.outcome is TraceStatus.IN_PROGRESS and (self.completed_at or self.duration_ms is not None):
            raise ValueError(Spelled(lambda spell: f"a step that is over needs success, or status: {_ends(spell)}"))
        return self

    @property
    def outcome(self) -> TraceStatus:
        """``status``, or what ``success`` and the end imply."""
        if self.status is not None:
            return self.status
        if self.success is not None:
            return TraceStatus.SUCCESS if self.success else TraceStatus.ERROR
        return TraceStatus.IN_PROGRESS


class HookExecuted(_StepEvent):
    """A hook ran (or began).

    ``node_id`` names the exact pattern version it ran, ``experiment_id`` the experiment that chose it, and ``unit`` what the
    version was assigned to (a session, a user, a task): without it the session counts as the unit, else the trace.
    """

    kind: Literal["hook"] = "hook"
    execution_id: Id
    root_id: Id | None = None
    parent_id: Id | None = None
    session_id: Id | None = None
    hook_type: Name
    tool_name: Name | None = None
    tool_use_id: Id | None = None
    tool_input: Any = None
    tool_response: Any = None
    hook_script: Text | None = None
    node_id: Id | None = None
    experiment_id: Id | None = None
    unit: Name | None = None
    quality_score: Unit | None = None
    intelligence_functions_executed: Strings = ()
    rag_queries_executed: tuple[JsonMap, ...] = ()
    quality_gates_validated: Strings = ()
    modifications_made: JsonMap = EMPTY_MAP

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.experiment_id is not None and self.node_id is None:
            raise ValueError("experiment_id needs the node_id of the version that was run")
        if self.parent_id == self.execution_id:
            raise ValueError("parent_id must name another execution, not this one")
        return self


MOST_USD: Final = 1e9
Cost = Annotated[float, Field(ge=0, le=MOST_USD, allow_inf_nan=False)]
"""US dollars. No call costs a milliard, and sums stay finite."""

_PART_OF = {
    "cache_read_tokens": ("input_tokens",),
    "cache_write_tokens": ("input_tokens", "cache_read_tokens"),
    "cache_write_1h_tokens": ("cache_write_tokens",),
    "reasoning_tokens": ("output_tokens",),
}
"""Counts of tokens: the one that each is a part of, and its other parts."""


class EndpointCalled(_StepEvent):
    """An endpoint was called from a hook, or straight from the trace.

    A call of a language model has its ``model``, its tokens and its cost in US dollars, if its sender knows that. As in
    OpenTelemetry, ``input_tokens`` are all that the model was given, those read from a cache and those written to one included
    (``cache_write_1h_tokens`` are those of the latter that are kept for an hour), and ``output_tokens`` are all that it made,
    those of reasoning included. ``skill`` is the skill or command of an agent client in force.
    """

    kind: Literal["endpoint"] = "endpoint"
    call_id: Id
    hook_execution_id: Id | None = None
    service_name: Name
    endpoint_path: Text
    http_method: Name = "POST"
    request_body: Any = None
    response_body: Any = None
    response_status: Annotated[int, Field(ge=100, le=599)] | None = None
    headers: JsonMap = EMPTY_MAP
    retry_count: Annotated[int, Field(ge=0, le=MOST_RETRIES)] = 0
    model: Name | None = None
    input_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    cache_write_1h_tokens: Count | None = None
    output_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    cost_usd: Cost | None = None
    skill: Name | None = None

    @field_validator(*_PART_OF)
    @classmethod
    def _part_of_a_whole(cls, count: int | None, info: ValidationInfo) -> int | None:
        whole, *others = _PART_OF[str(info.field_name)]
        if count is not None and (all_ := info.data.get(whole)) is not None:
            most = all_ - sum(info.data.get(other) or 0 for other in others)
            if count > most:
                raise ValueError(f"must be at most {most}: it is a part of the {all_} tokens")
        return count


class TraceCompleted(_Event):
    """The unit of work is over. ``status`` defaults to what ``success`` says; ``response_text`` is the answer it ended with."""

    kind: Literal["complete"] = "complete"
    status: TraceStatus | None = None
    success: bool | None = None
    error_message: Content | None = None
    error_type: Name | None = None
    duration_ms: DurationMs | None = None
    response_text: Content | None = None
    context: JsonMap = EMPTY_MAP

    @model_validator(mode="after")
    def _an_end(self) -> Self:
        if self.status is None and self.success is None:
            raise ValueError(Spelled(lambda spell: f"give success, or status: {_ends(spell)}"))
        if self.status is TraceStatus.IN_PROGRESS:
            raise ValueError(Spelled(lambda spell: f"status must be {_ends(spell)}"))
        status, success = self.status, self.success
        if status is not None and success is not None and (status is TraceStatus.SUCCESS) != success:
            raise ValueError(Spelled(lambda spell: f"success is {str(success).lower()} but status is {spell(status)}"))
        return self

    @property
    def outcome(self) -> TraceStatus:
        """The final status."""
        if self.status is not None:
            return self.status
        return TraceStatus.SUCCESS if self.success else TraceStatus.ERROR


TraceEvent = Annotated[
    TraceStarted | RoutingDecided | HookExecuted | EndpointCalled | TraceCompleted, Field(discriminator="kind")
]
