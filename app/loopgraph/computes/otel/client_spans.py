"""Spans of the agent clients Codex and Gemini CLI: which prompt they are of.

Codex has one trace of OpenTelemetry for each turn and all that it spawns. At its top is the request ``turn/start``, which names
the turn and is over long before it: so it says which prompt the trace is of. Other spans name the session and the turn; one of
them ends with the request, and if both are in one export, the prompt is known to be one of that session.
A subagent's turns are in the trace of the prompt, and name themselves.

Gemini CLI has a trace for each request to a model and each round of tools; all its spans name the session. They are steps of the
prompt that was at work then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from loopgraph.computes.agents.ids import as_id, is_unique, prompt_trace_id
from loopgraph.computes.otel.dialects.table import SCOPES_OF_EVENTS
from loopgraph.computes.otel.model import Span, instant
from loopgraph.contracts.traces.events import OF_SESSION, PROMPTED, HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.observations import Observation, ObservedEvent
from loopgraph.contracts.traces.precedence import Clock, Ending, Trust

_REQUEST: Final = "turn/start"
_WHOLE: Final = "session_task.turn"
_TURN: Final = "turn.id"
_THREAD: Final = "conversation.id"
_SESSION: Final = "gen_ai.conversation.id"


def session_of(span: Span) -> str | None:
    """The session that a span of Gemini CLI names."""
    named = span.attributes.get(_SESSION) if span.origin.scope.get("name") in SCOPES_OF_EVENTS else None
    return as_id(named) if isinstance(named, str) and named else None


def of_session(told: Observation, session: str) -> tuple[Observation, ...]:
    """A step of the prompt that its session was at, in no trace of its own; and where it is if that is not known."""
    event = told.event.model_copy(update={"correlation_id": session, "session_id": session, **_at(told.event)})
    step = told.model_copy(update={"event": event, "prompt_of": session, "otel_trace_id": None})
    place = TraceStarted(correlation_id=session, session_id=session, source=OF_SESSION, **_at(told.event))
    return (step, step.model_copy(update={"event": place, "rank": Trust.HEARSAY, "span_id": None}))


def _at(event: ObservedEvent) -> dict[str, Any]:
    return {"timestamp": event.started_at} if isinstance(event, HookExecuted) else {}


def is_of_turn(span: Span) -> bool:
    """Whether it may be of a turn of Codex: which session it names says nothing of its trace, as that may be a subagent's."""
    return _THREAD in span.attributes and (_TURN in span.attributes or "turn_id" in span.attributes)


def begins_turn(span: Span) -> bool:
    """Whether it is the request that has begun a turn of Codex; it ends before that."""
    return span.name == _REQUEST and not span.parent_id.strip("0") and _text(span, _TURN) is not None


def turns(spans: Sequence[Span]) -> Iterator[Observation]:
    """Which prompts traces of Codex are of, and when the turns in them have ended."""
    threads = {
        (span.trace_id, turn): thread
        for span in spans
        if (turn := _text(span, _TURN)) and (thread := _text(span, _THREAD))
    }
    for span in spans:
        turn = _text(span, _TURN)
        if turn is None:
            continue
        thread = threads.get((span.trace_id, turn))
        if begins_turn(span) and thread:
            begun = TraceStarted(
                correlation_id=prompt_trace_id(thread, turn),
                session_id=as_id(thread),
                source=PROMPTED,
                timestamp=instant(span.start_ns),
            )
            yield _observed(begun, span, in_order=True)
        elif begins_turn(span) and is_unique(turn):
            yield _observed(TraceStarted(correlation_id=turn, source=PROMPTED), span)
        elif span.name == _WHOLE and span.end_ns:
            over = TraceCompleted(correlation_id=span.trace_id, success=not span.failed, timestamp=instant(span.end_ns))
            yield _observed(over, span, ending=Ending.AROUND)


def _text(span: Span, name: str) -> str | None:
    value = span.attributes.get(name)
    return value if isinstance(value, str) and value else None


def _observed(event: ObservedEvent, span: Span, **how: Any) -> Observation:
    source = f"otel.{span.origin.service or 'unknown'}".strip()
    placed = {"clock": Clock.MEASURED, "rank": Trust.TELEMETRY, "otel_trace_id": span.trace_id}
    return Observation(event=event, source=source, **placed, **how)
