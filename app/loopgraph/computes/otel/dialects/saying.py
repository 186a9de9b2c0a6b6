"""What spans of generative AI say, in any dialect, as fields of observations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loopgraph.computes.agents.fields import LONGEST_TEXT, said, shortened
from loopgraph.computes.agents.ids import as_id
from loopgraph.computes.otel.conventions import http_status, is_call, name_of, path_of
from loopgraph.computes.otel.dialects.dialect import AGENT, CHAIN, EMBEDDING, Kind, Role
from loopgraph.computes.otel.dialects.reading import Reading
from loopgraph.computes.otel.dialects.texts import answered, asked
from loopgraph.computes.otel.model import Attributes, Span
from loopgraph.contracts.traces.events import MOST_TOKENS, MOST_USD


def kind_of(reading: Reading, span: Span) -> Kind:
    """What a span stands for: what its attributes say it is, else its kind."""
    if (known := reading.kind) is not None:
        return Kind(known.role, known.hook_type or _hook_type(span))
    if is_call(span):
        return Kind(Role.CALL)
    step = span.kind in ("client", "producer", "consumer")
    return Kind(Role.STEP if step else Role.WRAPPER, _hook_type(span))


def _hook_type(span: Span) -> str:
    return "Span" if span.kind == "unspecified" else span.kind.capitalize()


WHO: Final = ("session", "user", "project", "tags")
"""What ``who`` looks for."""


def who(reading: Reading) -> dict[str, Any]:
    """The session, the user, the project and the tags that it names."""
    if not reading.may_say(*WHO):
        return {}
    session = reading.text("session")
    return said(
        session_id=as_id(session) if session else None,
        user_id=reading.name("user"),
        project=reading.name("project"),
        tags=reading.tags() or None,
    )


def of_resource(resource: Attributes) -> dict[str, Any]:
    """The session, the user and the project that a resource names: those of its signals that name none themselves."""
    named = who(Reading.of_attributes(resource))
    return {name: named[name] for name in ("session_id", "user_id", "project") if name in named}


def agent_of(reading: Reading, span: Span, kind: Kind) -> str | None:
    """The agent whose work a span is, if it is one's; a chain is one's if it names it."""
    named = reading.name("agent") if kind in (AGENT, CHAIN) else None
    return named or (name_of(span) if kind == AGENT else None)


def prompt_of(reading: Reading) -> str | None:
    """What a trace was begun with, out of its first span: what a person asked."""
    text = reading.asked("prompt", "input", "request", reduce=asked)
    return shortened(text, LONGEST_TEXT) if text else None


def answer_of(reading: Reading) -> str | None:
    """What a trace ended with, out of its first span."""
    text = reading.asked("answer", "output", "response", reduce=answered)
    return shortened(text, LONGEST_TEXT) if text else None


def tool_fields(reading: Reading, span: Span, kind: Kind) -> dict[str, Any]:
    """The name, the input and the result of a step."""
    tool_use_id = reading.name("tool_use_id")
    named = reading.name("tool") if kind.role is Role.TOOL else reading.name("agent")
    return said(
        tool_name=named or name_of(span),
        tool_use_id=as_id(tool_use_id) if tool_use_id else None,
        tool_input=reading.json("tool_input", "input", "request"),
        tool_response=reading.json("tool_output", "output", "response"),
    )


def model_fields(reading: Reading, span: Span, kind: Kind) -> dict[str, Any]:
    """The fields of a call of a model."""
    operation, fields = reading.name("operation"), reading.fields
    counts = token_counts(reading, makes_none=kind == EMBEDDING)
    return said(
        service_name=reading.name("provider") or fields.name("server.address") or span.origin.service or "unknown",
        endpoint_path=operation or path_of(span),
        model=reading.name("model"),
        **counts,
        cost_usd=_cost(reading, counts),
        request_body=reading.json("request", "input"),
        response_body=reading.json("response", "output"),
        response_status=http_status(fields),
    )


def paid_fields(reading: Reading, span: Span, kind: Kind) -> dict[str, Any]:
    """The fields of a call of a model that stands for what a step says that it cost, or an agent that it used; empty if it says
    neither."""
    uses = kind.hook_type == AGENT.hook_type
    counts = token_counts(reading) if reading.tells_cost or uses else {}
    cost = _cost(reading, counts) if reading.tells_cost else None
    if not (cost or (uses and any(counts.values()))):
        return {}
    return said(
        service_name=reading.name("provider") or span.origin.service or "unknown",
        endpoint_path=reading.name("operation") or path_of(span),
        model=reading.name("model"),
        cost_usd=cost,
        **counts,
    )


def token_counts(reading: Reading, *, makes_none: bool = False) -> dict[str, int | None]:
    """The tokens of a call of a model, those of caches as parts of the input and those of reasoning as parts of the output;
    ``makes_none``: it is a call that only takes some.

    That is what OpenTelemetry asks for; who counts them beside the others has names of its own for that, or is known by a total
    that is only reached so, or by parts that are more than the whole. A total also tells the one part that nobody does. What
    explains nothing, and what together is more than there can be, stays where it was.
    """
    everything = dict(reading.fields.rest)
    read, written, reasoning = (
        reading.count(what) for what in ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    )
    cached, reasoned = (read or 0) + (written or 0), reasoning or 0
    given, made = (reading.count(what) for what in ("input_tokens", "output_tokens"))
    but_total = dict(reading.fields.rest)
    total = reading.count("total_tokens")
    if given is None and (plain := reading.count("plain_input_tokens")) is not None:
        given = plain + cached
    elif given is not None and (given < cached or total == given + cached + (made or 0)):
        given += cached
    if made is None and (plain := reading.count("plain_output_tokens")) is not None:
        made = plain + reasoned
    elif made is not None and made < reasoned:
        made += reasoned
    if total is not None:
        rest = total - (given or 0) - (made or 0)
        if given is None and (made is not None or makes_none) and rest >= max(cached, 1):
            given, rest = rest, 0
        elif made is None and given is not None and rest >= max(reasoned, 1):
            made, rest = rest, 0
        if rest:
            reading.fields.rest = but_total
    if max(given or 0, made or 0) > MOST_TOKENS:
        reading.fields.rest = everything
        return {}
    return {
        "input_tokens": given,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "output_tokens": made,
        "reasoning_tokens": reasoning,
    }


def _cost(reading: Reading, counts: Mapping[str, int | None]) -> float | None:
    """What a call cost: as a whole, or as the sum of its parts, if there is one for all tokens that it tells of."""
    if (whole := reading.cost("cost_usd")) is not None:
        return whole
    everything, parts = dict(reading.fields.rest), dict[str, float | None]()
    for part in ("input", "output"):
        parts[part] = reading.cost(f"{part}_cost_usd")
    told = [cost for cost in parts.values() if cost is not None]
    if told and all(cost is not None or not counts.get(f"{part}_tokens") for part, cost in parts.items()):
        return min(sum(told), MOST_USD)
    reading.fields.rest = everything
    return None
