"""What third parties report of an agent's work: hooks of the agent client, OpenTelemetry spans, logs and metrics.

The events of ``contracts.traces`` come from clients that know the whole: an id is reported once. Third parties report the
same thing several times, each in part, from several sides, and in no order: a tool call is a ``PreToolUse`` hook, a
``PostToolUse`` hook, three spans and two log records. Each such report is an ``Observation``: an event and how far it is to
be trusted. The node it is about is the join of all its observations, field by field; so neither order nor repetition
matters.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from loopgraph.contracts.base import EMPTY_MAP, Contract, Id, Instant, JsonMap, Name, Tags, Text
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.contracts.traces.precedence import Clock, Place, Trust
from loopgraph.contracts.traces.uses import MemoryLoaded, PatternUsed

Rank = Annotated[int, Field(ge=0, le=9)]


class SessionSeen(Contract):
    """Something about a session of an agent client; what is None says nothing.

    ``project`` is what its sender says that its work is for. ``cut_off_at``: it ended then, and with it whatever of it had begun
    before. ``agent_of``: it is the thread of a subagent of that session, whose trace is ``agent_trace``.
    """

    kind: Literal["session"] = "session"
    session_id: Id
    timestamp: Instant | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    source: Name | None = None
    end_reason: Name | None = None
    cut_off_at: Instant | None = None
    client: Name | None = None
    client_version: Name | None = None
    cwd: Text | None = None
    project: Name | None = None
    transcript_path: Text | None = None
    model: Name | None = None
    user_id: Name | None = None
    agent_of: Id | None = None
    agent_trace: Id | None = None
    context: JsonMap = EMPTY_MAP
    tags: Tags = ()


class LogRecorded(Contract):
    """A log record that has no place of its own in a trace; it belongs to the trace or, without one, to the session.

    ``span_key`` is the id of the step or call whose span it names.
    """

    kind: Literal["log"] = "log"
    record_id: Id
    correlation_id: Id | None = None
    session_id: Id | None = None
    span_key: Id | None = None
    name: Name | None = None
    severity: Name | None = None
    timestamp: Instant | None = None
    sequence: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    body: Any = None
    context: JsonMap = EMPTY_MAP


class Temporality(StrEnum):
    """What the value of a data point counts from, as in OpenTelemetry."""

    DELTA = "delta"
    CUMULATIVE = "cumulative"
    GAUGE = "gauge"


class MetricMeasured(Contract):
    """A data point of a metric. ``value`` is the sum of a histogram, of which ``count`` is the number of measurements."""

    kind: Literal["metric"] = "metric"
    point_id: Id
    session_id: Id | None = None
    name: Name
    unit: str = ""
    temporality: Temporality
    value: Annotated[float, Field(allow_inf_nan=False)]
    count: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    started_at: Instant | None = None
    timestamp: Instant | None = None
    context: JsonMap = EMPTY_MAP


class SpawnRule(StrEnum):
    """How it is known which execution spawned a subagent."""

    TOOL_RESPONSE = "tool_response"
    TASK_NOTIFICATION = "task_notification"
    CLIENT = "client"


class AgentBelow(Contract):
    """A span of an agent's work, and the span that it is below: as far up as its reporter sees, with no other agent between."""

    span: Id
    below: Id
    agent: Name


ObservedEvent = Annotated[
    TraceStarted
    | HookExecuted
    | EndpointCalled
    | TraceCompleted
    | SessionSeen
    | LogRecorded
    | MetricMeasured
    | PatternUsed
    | MemoryLoaded,
    Field(discriminator="kind"),
]
"""What can be observed; a routing decision is known to the router alone, which reports it once and whole."""


class Observation(Contract):
    """One report of a thing that others may report, too.

    ``source`` names who reports, such as ``hook.PreToolUse`` or ``otel.claude_code.tool``; what the event's ``context``
    holds is kept under this name, so that reports do not overwrite each other.

    Where two reports differ in a field, ``contracts.traces.precedence`` says which wins: by their ``Place`` in the fields that
    say where the thing belongs, by their ``Clock`` in those that say when, by their ``Ending`` (as their rank, if None) in those
    that say how it ended, by their ``Trust`` (``rank``) in all others. ``parent_id`` of a TraceStarted follows from the evidence
    for its place and is not taken. Unlike those of a client's own event, fields that are
    left at their defaults say nothing, and times are not filled in.

    ``otel_trace_id`` is the OpenTelemetry trace that the report came in. Events of a prompt whose id a report does not know
    carry this id in place of the prompt's, as ``correlation_id`` or ``root_id``; they move to the prompt's trace as soon as
    any report ties the two together: one that has both, or two of them on one hook execution.

    Evidence for the place of a subagent's trace (``event`` is its TraceStarted): ``spawn_rule`` says how
    ``event.spawned_by`` is known; ``parent_span_ids`` are the spans under which the subagent's own spans hang (on a
    TraceCompleted that ends parts, ``Ending.PARTS``: the unknown spans under which these hang). On a
    HookExecuted, ``span_id`` is the span of the tool's execution, the one that spans of a subagent hang under. On an
    EndpointCalled, ``nested_in`` is the execution that made the call if there is one of this id, and ``within`` are the calls of
    models around it, as far as its reporter sees them; with a ``part``, its
    ``request_body`` or ``response_body`` is one message of several, which stand in the order of their parts.

    ``prompt_of`` is the session of a client that does not name its prompts: what it reports belongs to the prompt that this
    session had begun last, if there is one, by the instant of its event or else by ``told_at``.

    ``in_order``, on a TraceStarted: several reporters tell of the prompts of this session, of which not all name them alike. The
    prompt that this one tells of can be one that another has told of. On an EndpointCalled: others tell of it without its id.

    ``going_on_at``, on a TraceStarted: its trace was at work then. No report says when the work of some clients ends: it is taken
    to be over with what was told of it last (``Ending.AROUND``), which this takes back if it was before.

    On a TraceStarted, ``root_span`` is the span of a server that the trace is the work of, if it names no agent, and ``agents``
    are such as may work below it: the only one of these is the trace's.

    ``unnamed_call``, on an EndpointCalled: its id is none of the client's, who gives it one elsewhere. On a HookExecuted: the
    client gives its tool calls no ids. The report is of the call of this tool with this input that had
    begun last in its trace; what stands behind the last ``/`` of its ``execution_id`` is that of the event. Who knows the id of
    such a call all the same says in ``unnamed_as`` how the ids begin that others have for it, up to that ``/``.
    """

    event: ObservedEvent
    source: Name
    rank: Rank = Trust.FIRST_HAND
    clock: Rank = Clock.STATED
    place: Rank = Place.SURE
    ending: Rank | None = None
    otel_trace_id: Id | None = None
    spawn_rule: SpawnRule | None = None
    parent_span_ids: tuple[Id, ...] = ()
    span_id: Id | None = None
    nested_in: Id | None = None
    within: tuple[Id, ...] = ()
    part: Id | None = None
    prompt_of: Id | None = None
    told_at: Instant | None = None
    in_order: bool = False
    going_on_at: Instant | None = None
    root_span: Id | None = None
    agents: tuple[AgentBelow, ...] = ()
    unnamed_call: bool = False
    unnamed_as: Id | None = None


Recordable = TraceEvent | Observation
"""What ``Recorder.record`` takes: a client's own event, or an observation."""
