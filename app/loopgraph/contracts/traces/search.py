"""What traces are searched by, and a page of what was found."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from loopgraph.contracts.base import Contract, Id, Instant, Name, Tags, Text
from loopgraph.contracts.traces.events import DurationMs, TraceStatus
from loopgraph.contracts.traces.records import Trace

SearchText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
"""A part of a text, whatever its case."""

Statuses = Annotated[tuple[TraceStatus, ...], Field(max_length=len(TraceStatus))]
SearchTags = Annotated[Tags, Field(max_length=50)]


class TraceFilter(Contract):
    """Which traces; what is None or empty does not filter, and a trace must pass all that is given.

    - ``status``: any of these.
    - ``agent``: the agent that the routing decision selected, or the type of the subagent whose work the trace is.
    - ``tool``, ``failed_tool``: a step of the trace itself (not of its subagents) ran this tool; it ended as error or timeout.
    - ``pattern_id``, ``node_id``: a step ran a version of this pattern; it ran this version.
    - ``all_tags``, ``any_tags``: the trace has all of these tags; it has at least one of these.
    - ``text``: the prompt or the answer contains it, whatever the case. No index serves this: the range of time limits what
      is read.
    - ``min_duration_ms``, ``max_duration_ms``: inclusive; a trace without a known duration has none in any range.
    - ``project``: what the trace says that it is for, else what its session says, else the folder that this worked in.
    - ``roots_only``: no subagents, and nothing else that another trace spawned.
    - ``incomplete_only``: the beginning or the end was never reported (in progress, or ended by the service's time limit).
    - ``since`` is inclusive, ``until`` exclusive, both over the start (or the arrival).
    """

    session_id: Id | None = None
    status: Statuses = ()
    agent: Name | None = None
    tool: Name | None = None
    failed_tool: Name | None = None
    pattern_id: Id | None = None
    node_id: Id | None = None
    all_tags: SearchTags = ()
    any_tags: SearchTags = ()
    text: SearchText | None = None
    min_duration_ms: DurationMs | None = None
    max_duration_ms: DurationMs | None = None
    source: Name | None = None
    user_id: Name | None = None
    project: Text | None = None
    roots_only: bool = False
    incomplete_only: bool = False
    since: Instant | None = None
    until: Instant | None = None

    @model_validator(mode="after")
    def _ranges_that_hold_something(self) -> Self:
        low, high = self.min_duration_ms, self.max_duration_ms
        if low is not None and high is not None and low > high:
            raise ValueError("min_duration_ms must not be greater than max_duration_ms")
        if self.since and self.until and self.since >= self.until:
            raise ValueError("since must be before until")
        return self

    @property
    def only_ranges(self) -> bool:
        """Whether every trace of the session and range of time passes."""
        return self == TraceFilter(session_id=self.session_id, since=self.since, until=self.until)


class StepMatch(Contract):
    """Which steps: hook executions and endpoint calls that are as all that is given says.

    Only hook executions have a ``tool`` and a ``hook_type``, only endpoint calls a ``service`` and an ``endpoint``.
    ``agent_type`` is that of the subagent in whose trace the step is, ``text_in_input`` is part of a text in the tool's input or
    the request body, whatever the case.
    """

    tool: Name | None = None
    hook_type: Name | None = None
    status: TraceStatus | None = None
    agent_type: Name | None = None
    service: Name | None = None
    endpoint: Text | None = None
    text_in_input: SearchText | None = None

    @model_validator(mode="after")
    def _something_that_can_be(self) -> Self:
        if self == StepMatch.model_construct():
            raise ValueError("give at least one condition")
        if self.hooks_only and self.calls_only:
            raise ValueError(
                "no step has a tool or hook type and a service or endpoint: hook executions have those, endpoint calls these"
            )
        return self

    @property
    def hooks_only(self) -> bool:
        """Whether no endpoint call can be meant."""
        return bool(self.tool or self.hook_type)

    @property
    def calls_only(self) -> bool:
        """Whether no hook execution can be meant."""
        return bool(self.service or self.endpoint)


class TraceStructure(Contract):
    """What happened where in the tree of a trace: in the trace itself, and in all that it spawned.

    There is one step X in the tree that matches ``has`` and for which all that is given holds:

    - ``under``: X is nested, at any depth, in a step that matches: by the execution it is nested in or called from, and so on,
      and from a subagent's trace on by the execution that spawned it.
    - ``before``: another step Y matches, and X was over when Y began: X's end is not after Y's start. ``after``: X began when a
      step that matches was over. Of two steps that are nested in each other, neither is before the other. Where the end of a
      step is not known its start counts, and the other way round.

    And no step of the tree matches ``without``. Without ``has``, that is all.
    """

    has: StepMatch | None = None
    under: StepMatch | None = None
    before: StepMatch | None = None
    after: StepMatch | None = None
    without: StepMatch | None = None

    @model_validator(mode="after")
    def _a_step_to_speak_of(self) -> Self:
        if self.has is None and (self.under or self.before or self.after):
            raise ValueError("under, before and after say where the step of has is: give has, too")
        if self.has is None and self.without is None:
            raise ValueError("give has, without, or both")
        return self

    @property
    def needed(self) -> tuple[StepMatch, ...]:
        """What must be in a tree for it to pass."""
        return tuple(match for match in (self.has, self.under, self.before, self.after) if match)


class TracePage(Contract):
    """Traces, newest first, and whether more may follow.

    ``searched_to`` is the key to go on after where the search stopped before the page was full; the page may be empty then.
    """

    traces: tuple[Trace, ...]
    has_more: bool
    searched_to: str | None = None
