"""Spans as observations: those of the agent client by its own names, all others by the common conventions.

A trace of OpenTelemetry is a trace. Its root span begins and ends it; the other spans are calls or steps in it, each under the
key of its span, nested as the spans are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from loopgraph.computes.agents.fields import Fields, said
from loopgraph.computes.agents.ids import span_key
from loopgraph.computes.otel.claude_code import SESSION, is_of_agent, session_seen
from loopgraph.computes.otel.claude_code_spans import AgentSpans, subagents, times
from loopgraph.computes.otel.client_spans import begins_turn, is_of_turn, of_session, session_of, turns
from loopgraph.computes.otel.conventions import call_fields, failure
from loopgraph.computes.otel.dialects.dialect import AGENT, Kind, Role
from loopgraph.computes.otel.dialects.reading import Reading
from loopgraph.computes.otel.dialects.saying import (
    WHO,
    agent_of,
    answer_of,
    kind_of,
    model_fields,
    of_resource,
    paid_fields,
    prompt_of,
    tool_fields,
    who,
)
from loopgraph.computes.otel.model import Attributes, Span, instant
from loopgraph.computes.otel.prompts import may_use, uses_of
from loopgraph.computes.otel.report import Report, is_span_id, is_trace_id
from loopgraph.contracts.stored import sound
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import AgentBelow, Observation, ObservedEvent
from loopgraph.contracts.traces.precedence import Clock, Ending, Trust
from loopgraph.contracts.traces.records import is_of_model, uses_tokens
from loopgraph.errors import InvalidInput


def observe_spans(items: Sequence[Span | InvalidInput]) -> Report:
    """What the spans of one request say; what could not be read is refused, and a span whose ids are wrong."""
    report = Report()
    spans = report.sound(items)
    of_agent = {i: span for i, span in spans.items() if is_of_agent(span.name, span.attributes)}
    agent_spans = AgentSpans(of_agent.values())
    whose: dict[int, dict[str, Any]] = {}
    for i, span in spans.items():
        try:
            _check(span)
            if i in of_agent:
                report.add(i, *_with_end(span, agent_spans.observe(span)))
            else:
                reading = Reading.of(span)
                if reading.may_say(*WHO):
                    whose[id(span)] = who(Reading.of(span))
                    if is_of_turn(span):
                        whose[id(span)].pop("session_id", None)
                report.add(i, *_with_end(span, _observe(reading, span)))
        except (InvalidInput, ValidationError) as error:
            report.refuse(i, error)
    sound = [span for i, span in of_agent.items() if i not in report.refused]
    for spans_of_one in subagents(sound):
        report.add_common(agent_spans.subagent(spans_of_one))
    for [span, *_] in _grouped(sound, lambda span: (span.trace_id, span.attributes[SESSION])):
        report.add_common(agent_spans.prompt(span))
    for [span, *_] in _grouped(sound, lambda span: span.attributes[SESSION]):
        report.add_common(session_seen(span.origin, span.attributes, span.start_ns))
    elsewhere = {*report.refused, *of_agent}
    sent = [(i, span) for i, span in spans.items() if i not in elsewhere and not session_of(span)]
    others = [span for _, span in sent]
    above = {_key(span): span_key(span.trace_id, span.parent_id) for span in others if span.parent_id.strip("0")}
    _add_paid(report, sent, above)
    _nest(report, above)
    agents = _agents(report, above)
    for spans_of_one in _grouped(others, lambda span: (span.trace_id, span.origin.service)):
        report.add_common(_whole(spans_of_one, whose, agents.pop(spans_of_one[0].trace_id, [])))
    for [span, *_] in _grouped(others, lambda span: (span.trace_id, id(span.origin.resource))):
        if named := of_resource(span.origin.resource):
            event = TraceStarted(correlation_id=span.trace_id, **named)
            report.add_common(_observed(event, span, source=_of_service(span), rank=int(Trust.IN_PASSING)))
    for told in turns(others):
        report.add_common(told)
    for spans_of_one in _grouped(others, lambda span: span.trace_id):
        for last in _last_of_parts(spans_of_one):
            report.add_common(_ended_so_far(last))
    return report


def _add_paid(report: Report, spans: Iterable[tuple[int, Span]], above: Mapping[str, str]) -> None:
    """What steps say that they cost, and agents that they used, where no calls of models below them say it: as a call in the
    step, around those. If such are told of later, that is how they count, too (``effects/traces/recording/nesting``)."""
    calls = {
        item.event.call_id: item.event
        for item in report.observations
        if isinstance(item.event, EndpointCalled) and is_of_model(item.event)
    }
    around = {call_id: list(_around(call_id, above)) for call_id in calls}
    known = {outer for outers in around.values() for outer in outers}
    unpaid = {outer for call_id, call in calls.items() if not call.cost_usd for outer in around[call_id]}
    used = {outer for call_id, call in calls.items() if uses_tokens(call) for outer in around[call_id]}
    for i, span in spans:
        may_pay = (key := _key(span)) not in calls and (key not in known or key in unpaid)
        kind = kind_of(Reading.of(span), span) if may_pay else None
        paid = paid_fields(Reading.of(span), span, kind) if kind else {}
        if kind and paid and (paid.get("cost_usd") or key not in used):
            report.add(i, _paid(span, kind, paid))


def _paid(span: Span, kind: Kind, paid: dict[str, Any]) -> Observation:
    """A call at the end of a step: the time in between is that of the step."""
    parent = span.parent_id if span.parent_id.strip("0") else None
    step = _key(span) if parent or kind.role is not Role.WRAPPER else None
    call = EndpointCalled(
        call_id=_key(span),
        correlation_id=span.trace_id,
        status=TraceStatus.ERROR if span.failed else TraceStatus.SUCCESS,
        **paid,
        **said(hook_execution_id=step, completed_at=instant(span.end_ns)),
    )
    return _observed(call, span, **said(nested_in=span_key(span.trace_id, parent) if parent else None))


def _around(key: str, above: Mapping[str, str]) -> Iterator[str]:
    """The spans that are known around one, from the inside out; a circle is gone round once."""
    seen = {key}
    while (outer := above.get(key)) is not None and outer not in seen:
        seen.add(outer)
        yield outer
        key = outer


def _nest(report: Report, above: Mapping[str, str]) -> None:
    """Tells of each call of a model which other ones it is within, whatever lies between them; ``above`` has the parents of all
    spans that are here."""
    calls = {
        item.event.call_id: at
        for at, item in enumerate(report.observations)
        if type(item.event) is EndpointCalled and is_of_model(item.event)
    }
    if len(calls) < 2:
        return
    for call_id, at in calls.items():
        if within := tuple(outer for outer in _around(call_id, above) if outer in calls):
            report.observations[at] = report.observations[at].model_copy(update={"within": within})


def _agents(report: Report, above: Mapping[str, str]) -> dict[str, list[AgentBelow]]:
    """The agents that work in each trace below no other agent that is seen here."""
    agents = {
        item.event.execution_id: item.event
        for item in report.observations
        if type(item.event) is HookExecuted and item.event.hook_type == AGENT.hook_type
    }
    tops: dict[str, str | None] = {}

    def top(key: str) -> str | None:
        """The highest span that is known above a span, or it itself; None if there is an agent on the way."""
        way = dict[str, None]()
        while key in above and key not in agents and key not in tops and key not in way:
            way[key] = None
            key = above[key]
        found = tops.get(key, None if key in agents else key)
        tops.update(dict.fromkeys(way, found))
        return found

    below = defaultdict[str, list[AgentBelow]](list)
    for key, event in agents.items():
        parent = above.get(key)
        if event.tool_name and parent and (outermost := top(parent)):
            below[event.correlation_id].append(AgentBelow(span=key, below=outermost, agent=event.tool_name))
    return below


def _key(span: Span) -> str:
    return span_key(span.trace_id, span.span_id)


def _check(span: Span) -> None:
    if not is_trace_id(span.trace_id):
        raise InvalidInput("traceId", "must be 16 bytes, as 32 hexadecimal digits in JSON, and not all 0")
    if not is_span_id(span.span_id):
        raise InvalidInput("spanId", "must be 8 bytes, as 16 hexadecimal digits in JSON, and not all 0")
    if span.parent_id and not is_span_id(span.parent_id) and span.parent_id.strip("0"):
        raise InvalidInput("parentSpanId", "must be 8 bytes, as 16 hexadecimal digits in JSON")
    if span.parent_id == span.span_id:
        raise InvalidInput("parentSpanId", "must name another span, not this one, or be left out")


def _grouped(spans: Iterable[Span], by: Callable[[Span], Hashable]) -> Iterable[list[Span]]:
    """The spans in groups of which none is empty."""
    groups: dict[Hashable, list[Span]] = {}
    for span in spans:
        groups.setdefault(by(span), []).append(span)
    return groups.values()


def _observe(reading: Reading, span: Span) -> tuple[Observation, ...]:
    """What a span of anybody but the agent client says."""
    kind = kind_of(reading, span)
    if session := session_of(span):
        return of_session(_part(reading, span, kind), session)
    return (*_placed(reading, span, kind), *_uses(span))


def _with_end(span: Span, told: Sequence[Observation]) -> Iterator[Observation]:
    """What a span says; where its clock was set back meanwhile, the end of its step by itself: one event cannot have both."""
    yield from told
    if span.start_ns and span.end_ns and span.end_ns < span.start_ns:
        alone = {"started_at": None, "duration_ms": None, "completed_at": instant(span.end_ns)}
        for one in told:
            if isinstance(one.event, HookExecuted | EndpointCalled) and one.event.started_at:
                yield one.model_copy(update={"event": one.event.model_copy(update=alone)})


def _uses(span: Span) -> Iterable[Observation]:
    """The uses of prompts and agents that have versions, as long as the span."""
    if not span.end_ns or not may_use(span):
        return
    course = {"status": TraceStatus.ERROR if span.failed else TraceStatus.SUCCESS, **times(span)}
    for used in uses_of(span, course, who(Reading.of(span)).get("session_id")):
        yield _observed(used, span)


def _placed(reading: Reading, span: Span, kind: Kind) -> tuple[Observation, ...]:
    if span.parent_id.strip("0") or begins_turn(span):
        return (_part(reading, span, kind),)
    if kind.role is Role.WRAPPER:
        return _root(reading, span, kind, wrapper=True)
    return (*_root(Reading.of(span), span, kind, wrapper=False), _part(reading, span, kind))


def _root(reading: Reading, span: Span, kind: Kind, *, wrapper: bool) -> tuple[Observation, ...]:
    """The beginning and the end of a trace; its attributes belong to its own step if it has one."""
    begun = said(
        timestamp=instant(span.start_ns),
        prompt_text=prompt_of(reading),
        agent_type=agent_of(reading, span, kind),
        **who(reading),
    )
    ended = said(
        timestamp=instant(span.end_ns),
        duration_ms=span.duration_ms,
        response_text=answer_of(reading),
        **failure(reading.fields, span),
    )
    context = {"context": _context(reading.fields, span)} if wrapper else {}
    started = TraceStarted(correlation_id=span.trace_id, source=span.origin.service or "otel", **begun, **context)
    completed = TraceCompleted(correlation_id=span.trace_id, success=not span.failed, **ended)
    of_server = wrapper and span.kind == "server" and started.agent_type is None
    return (_observed(started, span, **said(root_span=_key(span) if of_server else None)), _observed(completed, span))


def _part(reading: Reading, span: Span, kind: Kind) -> Observation:
    """A step, or a call, of a trace."""
    fields, parent = reading.fields, span.parent_id if span.parent_id.strip("0") else None
    above = span_key(span.trace_id, parent) if parent else None
    course = {
        "correlation_id": span.trace_id,
        "status": TraceStatus.ERROR if span.failed else TraceStatus.SUCCESS,
        **failure(fields, span),
        **times(span),
    }
    key = _key(span)
    if kind.role in (Role.MODEL, Role.CALL):
        read = model_fields(reading, span, kind) if kind.role is Role.MODEL else call_fields(fields, span)
        call = EndpointCalled(call_id=key, **course, **read, context=_context(reading.fields, span))
        return _observed(call, span, **said(nested_in=above))
    place = said(session_id=None if is_of_turn(span) else who(reading).get("session_id"), parent_id=above)
    read = tool_fields(reading, span, kind)
    said_of_step = {
        "execution_id": key,
        "hook_type": kind.hook_type,
        **course,
        **place,
        **read,
        "context": _context(reading.fields, span),
    }
    # Most spans are steps: their ids have been checked, and names, times and duration are read as they have to be.
    step = sound(HookExecuted, said_of_step) if above != key else HookExecuted(**said_of_step)
    return _observed(step, span)


def _whole(spans: Sequence[Span], whose: Mapping[int, dict[str, Any]], agents: Sequence[AgentBelow]) -> Observation:
    """What the spans of one service say of their trace as a whole: who sent them, whose session it is, and which agents work.
    ``whose`` has what those name that name a session, a user or tags, by the identity of the object.

    Where they differ, it is what the join makes of them if each is sent alone: the greater name, and all tags.
    """
    first, named, tags = spans[0], defaultdict[str, set[str]](set), set[str]()
    for said_of_whole in [whose[id(span)] for span in spans if id(span) in whose]:
        tags.update(said_of_whole.get("tags", ()))
        for name, value in said_of_whole.items():
            if name != "tags":
                named[name].add(value)
    known = {name: max(values) for name, values in named.items()} | said(tags=tuple(sorted(tags)) or None)
    resources = {id(span.origin.resource): span.origin.resource for span in spans}.values()
    event = TraceStarted(correlation_id=first.trace_id, **known, **said(context=max(resources, key=_in_order) or None))
    return _observed(event, first, source=_of_service(first), rank=int(Trust.HEARSAY), agents=tuple(agents))


def _in_order(resource: Attributes) -> str:
    return str(dict(sorted(resource.items())))


def _of_service(span: Span) -> str:
    return f"otel.resource.{span.origin.service or 'unknown'}".strip()


def _last_of_parts(spans: Sequence[Span]) -> Iterable[Span]:
    """The spans that ended last of those at the top of a trace, one below each parent, if none of these is its root, nor will
    bring it: the parent of one in the same process has yet to end."""
    here = {span.span_id for span in spans}
    tops = [span for span in spans if span.parent_id not in here]
    if any(not span.parent_id.strip("0") or span.parent_is_remote is False for span in tops):
        return
    for siblings in _grouped((span for span in tops if instant(span.end_ns)), lambda span: span.parent_id):
        yield max(siblings, key=lambda span: span.end_ns)


def _ended_so_far(span: Span) -> Observation:
    """How a trace ended as far as the spans below one parent are known: that may never be sent."""
    event = TraceCompleted(correlation_id=span.trace_id, success=not span.failed, timestamp=instant(span.end_ns))
    above = span_key(span.trace_id, span.parent_id)
    return _observed(event, span, ending=int(Ending.PARTS), parent_span_ids=(above,))


def _context(fields: Fields, span: Span) -> Attributes:
    """What has no place of its own."""
    scope = {"scope": span.origin.scope} if span.origin.scope else {}
    return {**fields.rest, **span.more, "span_name": span.name, "span_kind": span.kind, **scope}


def _observed(event: ObservedEvent, span: Span, **how: Any) -> Observation:
    source = f"otel.{span.origin.service or 'unknown'}".strip()
    by = {"event": event, "source": source, "clock": int(Clock.MEASURED), "otel_trace_id": span.trace_id}
    return sound(Observation, {**by, **how})
