"""Spans of the agent client (``claude_code.*``) as observations.

One prompt is one OpenTelemetry trace: ``interaction`` is its root, ``llm_request`` and ``tool`` hang under it, and under a
``tool`` its wait for the user's permission and its ``tool.execution``, under which hang the spans of a subagent that it spawned.
The trace id stands in for the prompt's id, which spans do not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loopgraph.computes.agents.endings import DENIED
from loopgraph.computes.agents.fields import LONGEST_NAME, Fields, said, shortened
from loopgraph.computes.agents.ids import as_id, call_id, digest_id, execution_id, span_key
from loopgraph.computes.agents.tokens import tokens
from loopgraph.computes.agents.traces import story, subagent_end
from loopgraph.computes.agents.uses import command_name, skill_used
from loopgraph.computes.otel.claude_code import SESSION, AgentSignal, first_name
from loopgraph.computes.otel.model import Attributes, Span, instant, text_of
from loopgraph.contracts.traces.events import (
    MOST_RETRIES,
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import LogRecorded, Observation, ObservedEvent, SpawnRule
from loopgraph.contracts.traces.precedence import Clock, Ending, Place, Trust

_CALL = ("model", "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens", "error")
_TOOL, _EXECUTION = "claude_code.tool", "claude_code.tool.execution"


@dataclass(frozen=True)
class _AgentSpan:
    span: Span
    signal: AgentSignal

    @property
    def key(self) -> str:
        return span_key(self.span.trace_id, self.span.span_id)

    @property
    def where(self) -> dict[str, Any]:
        return {"correlation_id": self.signal.trace(self.span.trace_id), "root_id": self.span.trace_id}

    @property
    def context(self) -> Attributes:
        return {**self.signal.fields.rest, **self.span.more, "span_id": self.span.span_id}

    @property
    def period(self) -> Attributes:
        return said(started_at=text_of(self.span.start_ns), completed_at=text_of(self.span.end_ns))

    def observed(self, event: ObservedEvent, place: int, **how: Any) -> Observation:
        told = {
            "rank": Trust.TELEMETRY,
            "clock": Clock.MEASURED,
            "place": place,
            "otel_trace_id": self.span.trace_id,
            **how,
        }
        return Observation(event=event, source=shortened(f"otel.{self.span.name}", LONGEST_NAME), **told)


class AgentSpans:
    """The client's spans of one request, as they look at each other: by ``(trace id, span id)``."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = {(span.trace_id, span.span_id): span for span in spans}

    def observe(self, span: Span) -> tuple[Observation, ...]:
        """What one of them says. Raises InvalidInput for ids that are no texts."""
        here = _AgentSpan(span, AgentSignal.of(span.attributes))
        match span.name:
            case "claude_code.interaction":
                return _interaction(here)
            case "claude_code.llm_request":
                return (_llm_request(here, self._caller(span)),)
            case "claude_code.tool.blocked_on_user":
                return (_blocked(here, self._parent(span)),)
            case "claude_code.tool" if "tool_use_id" in span.attributes:
                return (_tool(here),)
            case "claude_code.tool.execution" if "tool_use_id" in span.attributes:
                used = _skill(here, self._parent(span))
                return (_execution(here), *used)
        return (_other(here),)

    def prompt(self, span: Span) -> Observation:
        """The trace of its prompt, and the session of that."""
        return Observation(
            event=AgentSignal.of(span.attributes).prompt(span.trace_id),
            source="otel.claude_code.prompt",
            rank=Trust.HEARSAY,
            place=Place.LOGGED,
            otel_trace_id=span.trace_id,
        )

    def subagent(self, spans: Sequence[Span]) -> Observation:
        """The trace of the one subagent that all of these spans name, and where they hang."""
        first = AgentSignal.of(spans[0].attributes)
        kinds = (first_name(span.attributes, "agent_type", "agent.name", "gen_ai.agent.name") for span in spans)
        parents = {span_key(span.trace_id, span.parent_id) for span in spans if self._hangs_elsewhere(span)}
        started = replace(first, agent_type=next(filter(None, kinds), None))
        return Observation(
            event=started.subagent(spans[0].trace_id),
            source="otel.claude_code.subagent",
            rank=Trust.TELEMETRY,
            place=Place.SURE,
            otel_trace_id=spans[0].trace_id,
            parent_span_ids=tuple(sorted(parents)),
        )

    def _hangs_elsewhere(self, span: Span) -> bool:
        """Whether its parent is no span of the same subagent, as far as that can be seen here."""
        if not span.parent_id:
            return False
        return not any(above.attributes.get("agent_id") == span.attributes["agent_id"] for above in self._above(span))

    def _above(self, span: Span) -> list[Span]:
        """Its parent, and the tool call of that if it is one's execution, which does not name its subagent."""
        parent = self._parent(span)
        if parent is None:
            return []
        tool = self._parent(parent) if parent.name == _EXECUTION else None
        return [parent, tool] if tool else [parent]

    def _parent(self, span: Span) -> Span | None:
        return self._spans.get((span.trace_id, span.parent_id))

    def _caller(self, span: Span) -> str | None:
        """The execution of the tool that made a request on its own behalf; None for a request of the agent itself."""
        match self._above(span):
            case [execution, tool] if tool.attributes.get("agent_id") == span.attributes.get("agent_id"):
                return _execution_of(execution)
        return None


def _execution_of(span: Span) -> str | None:
    session_id, tool_use_id = span.attributes.get(SESSION), span.attributes.get("tool_use_id")
    if isinstance(session_id, str) and isinstance(tool_use_id, str):
        return execution_id(session_id, tool_use_id)
    return None


def _interaction(here: _AgentSpan) -> tuple[Observation, ...]:
    span, signal = here.span, here.signal
    prompt = signal.written("user_prompt")
    source, continues, spawned = story(signal.session_id, prompt)
    trace = here.where["correlation_id"]
    started = TraceStarted(
        correlation_id=trace,
        session_id=signal.session,
        source=source,
        context=here.context,
        **said(
            timestamp=instant(span.start_ns),
            prompt_text=prompt,
            continues=continues,
            root_id=span.trace_id if trace != span.trace_id else None,
        ),
    )
    completed = TraceCompleted(
        correlation_id=trace,
        success=not span.failed,
        **said(
            timestamp=instant(span.end_ns),
            duration_ms=span.duration_ms,
            error_message=span.status_message or None if span.failed else None,
        ),
    )
    # The span of a prompt that was interrupted ends like any other.
    ended = here.observed(completed, Place.OF_PROMPT, ending=Ending.AROUND)
    said_of_prompt = (here.observed(started, Place.OF_PROMPT), ended)
    if spawned is None:
        return said_of_prompt
    how: dict[str, Any] = {
        "spawn_rule": SpawnRule.TASK_NOTIFICATION,
        "otel_trace_id": None,
    }  # its work was done in another
    end = subagent_end(signal.session_id, prompt, instant(span.start_ns))
    told = (here.observed(end, Place.OF_PROMPT, otel_trace_id=None, ending=Ending.TOLD),) if end else ()
    return (*said_of_prompt, here.observed(spawned, Place.OF_PROMPT, **how), *told)


def _tool(here: _AgentSpan) -> Observation:
    """A tool call with all that it waited for: its times are no times of the execution."""
    fields = here.signal.fields
    used = _used(here)
    named = said(tool_name=fields.name("tool_name"), timestamp=instant(here.span.start_ns))
    return here.observed(HookExecuted(**used, **named, context={**here.context, **here.period}), Place.SURE)


def _execution(here: _AgentSpan) -> Observation:
    fields = here.signal.fields
    used = _used(here)
    ran = HookExecuted(
        **used,
        **_outcome(here),
        **said(tool_name=fields.name("tool_name")),
        context=here.context,
    )
    return here.observed(ran, Place.UNSURE, span_id=here.key, **failed_aside(ran.outcome))


def failed_aside(outcome: TraceStatus) -> dict[str, Any]:
    """How far telemetry is to be trusted in how a tool call ended: one that was stopped is told as one that failed."""
    return {"ending": Ending.AROUND} if outcome is TraceStatus.ERROR else {}


def _skill(here: _AgentSpan, tool: Span | None) -> tuple[Observation, ...]:
    """The use of the skill that a model has called: the execution of the call gives it to the model."""
    name, call = command_name(tool.attributes.get("skill_name")) if tool else None, here.span.attributes["tool_use_id"]
    if name is None or not isinstance(call, str) or here.span.failed or not here.span.end_ns:
        return ()
    at, session_id = instant(here.span.end_ns), here.signal.session_id
    used = skill_used(session_id, call, here.where["correlation_id"], name, root_id=here.span.trace_id, timestamp=at)
    return (here.observed(used, Place.UNSURE),)


def _used(here: _AgentSpan) -> dict[str, Any]:
    fields = here.signal.fields
    tool_use_id = fields.required_id("tool_use_id")
    if fields.rest.get("gen_ai.tool.call.id") == tool_use_id:
        fields.any("gen_ai.tool.call.id")
    return {
        **here.where,
        "execution_id": execution_id(here.signal.session_id, tool_use_id),
        "session_id": here.signal.session,
        "hook_type": "ToolUse",
        "tool_use_id": as_id(tool_use_id),
    }


def _outcome(here: _AgentSpan) -> dict[str, Any]:
    """Status, error and times of a step that is over."""
    span, fields = here.span, here.signal.fields
    success = fields.flag("success")
    fields.number("duration_ms")  # the times of the span say it more exactly
    failed = span.failed if success is None else not success
    outcome: dict[str, Any] = {"status": TraceStatus.ERROR if failed else TraceStatus.SUCCESS}
    if failed:
        outcome |= said(
            error_message=fields.text("error") or span.status_message or None, error_type=fields.name("error.type")
        )
    return outcome | times(span)


def times(span: Span) -> dict[str, Any]:
    """Start, end and duration of a step, as far as they are known and fit."""
    started, completed = instant(span.start_ns), instant(span.end_ns)
    if started and completed and completed < started:
        completed = None
    return said(
        timestamp=completed or started, started_at=started, completed_at=completed, duration_ms=span.duration_ms
    )


def _blocked(here: _AgentSpan, parent: Span | None) -> Observation:
    """A wait for the user's permission: it is part of the tool call that it hangs under, or stands for itself."""
    span, wait_ms = here.span, here.signal.fields.number("duration_ms")
    context = {**here.context, **here.period, **said(wait_ms=wait_ms)}
    rejected = decided(here.signal.fields, span.end_ns)
    execution = _execution_of(parent) if parent is not None and parent.name == _TOOL else None
    if parent is None or execution is None:
        record = LogRecorded(
            record_id=here.key,
            correlation_id=here.where["correlation_id"],
            session_id=here.signal.session,
            name=span.name,
            context=context,
            **said(timestamp=instant(span.start_ns)),
        )
        return here.observed(record, Place.UNSURE)
    call = _AgentSpan(parent, AgentSignal.of(parent.attributes))
    return here.observed(
        HookExecuted(**_used(call), **rejected, **said(timestamp=instant(span.end_ns)), context=context), Place.UNSURE
    )


def decided(fields: Fields, time_ns: int) -> dict[str, Any]:
    """The end of a tool call that was not allowed to run; nothing of one that was. The attributes stay."""
    if fields.rest.get("decision") != "reject":
        return {}
    ended = said(completed_at=instant(time_ns))
    return {"status": TraceStatus.DENIED, "error_type": DENIED, "error_message": _rejected_by(fields), **ended}


def _rejected_by(fields: Fields) -> str:
    source = fields.rest.get("source")
    return f"rejected by {source}" if isinstance(source, str) and source else "rejected"


def _llm_request(here: _AgentSpan, caller: str | None) -> Observation:
    fields = here.signal.fields
    request_id, operation = fields.id("request_id"), fields.name("gen_ai.operation.name")
    named = call_id(here.signal.session_id, request_id) if request_id else unnamed_call_id(here.span.trace_id, fields)
    service = fields.name("gen_ai.provider.name", "gen_ai.system") or "anthropic"
    attempt = fields.count("attempt", largest=MOST_RETRIES)
    call = EndpointCalled(
        correlation_id=here.where["correlation_id"],
        call_id=named,
        service_name=service,
        endpoint_path="/v1/messages" if service == "anthropic" else operation or "chat",
        **_outcome(here),
        **said(
            model=fields.name("model", "gen_ai.request.model"),
            **tokens(
                plain=fields.count("input_tokens"),
                cache_read=fields.count("cache_read_tokens"),
                cache_write=fields.count("cache_creation_tokens"),
                output=fields.count("output_tokens"),
            ),
            skill=fields.name("skill.name"),
            response_status=_http_status(fields.rest.get("status_code")),
            retry_count=attempt - 1 if attempt else None,
            context=here.context,
        ),
    )
    return here.observed(call, Place.SURE, **said(nested_in=caller))


def unnamed_call_id(trace_id: str, fields: Fields) -> str:
    """The call that a span and a log record tell of without an id of its own, by what both say of it."""
    return digest_id(trace_id, *(str(fields.rest.get(name, "")) for name in _CALL))


def _http_status(value: Any) -> int | None:
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) == 3 else value
    return number if isinstance(number, int) and not isinstance(number, bool) and 100 <= number <= 599 else None


def _other(here: _AgentSpan) -> Observation:
    """A span that is not known yet."""
    kind, named = here.signal.fields.name("span.type") or "span", shortened(here.span.name, LONGEST_NAME)
    ran = HookExecuted(
        **here.where,
        execution_id=here.key,
        session_id=here.signal.session,
        hook_type=kind,
        tool_name=named,
        **_outcome(here),
        context=here.context,
    )
    return here.observed(ran, Place.SURE if here.signal.agent_id else Place.UNSURE)


def subagents(spans: Iterable[Span]) -> Iterable[list[Span]]:
    """The spans of each subagent in each trace."""
    found: dict[tuple[str, str, str], list[Span]] = {}
    for span in spans:
        session_id, agent_id = span.attributes[SESSION], span.attributes.get("agent_id")
        if isinstance(agent_id, str) and agent_id:
            found.setdefault((span.trace_id, session_id, agent_id), []).append(span)
    return found.values()
