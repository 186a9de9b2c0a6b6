"""Requests to the model, as its messages tell of them: a message has several lines, each with a part of it and all its usage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from loopgraph.computes.agents.fields import LONGEST_NAME, LONGEST_TEXT, said, shortened
from loopgraph.computes.agents.ids import call_id
from loopgraph.computes.agents.tokens import tokens
from loopgraph.computes.transcripts.claude_code.lines import Block, Line, count_of, map_of, name_of, text_of
from loopgraph.computes.transcripts.claude_code.telling import Place, observed
from loopgraph.computes.transcripts.claude_code.turns import Message
from loopgraph.contracts.traces.events import EndpointCalled, TraceStatus
from loopgraph.contracts.traces.observations import Observation
from loopgraph.contracts.traces.precedence import Ending

_PROVIDERS: Final = {"msg_bdrk_": "bedrock", "msg_vrtx_": "vertex"}
_CONTEXT: Final = ("attributionAgent", "effort", "requestedModel")


def request(place: Place, line: Line, message: Message) -> Iterator[Observation]:
    """What a line says of the request that its message answers."""
    first, grown = message.lines == 0, _grown(message, map_of(line.message.get("usage")))
    parts = [part for block in line.blocks if (part := _part(block))]
    counted = {
        **said(model=name_of(line.message.get("model")), skill=name_of(line.fields.get("attributionSkill"))),
        **_tokens(message.usage),
    }
    about = {
        **said(context=_context(line)),
        **said(started_at=_before(message.asked_at, line.at), retry_count=place.turn.retries or None),
    }
    for index, part in enumerate(parts or [None]):
        say = (counted if grown and index == 0 else {}) | (about if first and index == 0 else {})
        if not say and part is None:
            continue
        call = EndpointCalled(
            correlation_id=place.turn.trace,
            call_id=call_id(place.session_id, message.id),
            service_name=_service(line.message.get("id")),
            endpoint_path="/v1/messages",
            status=TraceStatus.SUCCESS,
            # Of lines that were written in the same instant, the later one counts.
            **said(timestamp=line.at and line.at + timedelta(microseconds=message.lines % 1000), completed_at=line.at),
            **say,
            **said(response_body=part),
        )
        yield observed(call, "assistant", **said(part=f"{message.lines:06}.{index:03}" if part else None))
    message.lines += 1


def failure(place: Place, line: Line) -> Iterator[Observation]:
    """The client tells in the model's name that a request has failed."""
    text = shortened(line.text, LONGEST_TEXT) or None
    kind = name_of(line.fields.get("apiErrorType")) or name_of(line.fields.get("error"))
    if request_id := text_of(line.fields.get("requestId")):
        status = line.count("apiErrorStatus")
        call = EndpointCalled(
            correlation_id=place.turn.trace,
            call_id=call_id(place.session_id, request_id),
            service_name="anthropic",
            endpoint_path="/v1/messages",
            status=TraceStatus.ERROR,
            **said(timestamp=line.at, completed_at=line.at, error_message=text, error_type=kind),
            **said(response_status=status if status and 100 <= status <= 599 else None),
            **said(retry_count=place.turn.retries or None),
        )
        yield observed(call, "assistant", ending=Ending.TOLD)
    ended = place.ended(line.at, TraceStatus.ERROR, error_message=text, error_type=kind)
    yield observed(ended, "assistant")


def message_id(line: Line) -> str | None:
    """What all lines of one message have in common: the request that it answers, else its own id."""
    return text_of(line.fields.get("requestId")) or text_of(line.message.get("id")) or line.uuid


def _grown(message: Message, usage: dict[str, Any]) -> bool:
    """Takes the counts of a line in, whether any is new: while a message still comes, lines have smaller ones."""
    written = map_of(usage.get("cache_creation"))
    details = map_of(usage.get("output_tokens_details"))
    counts = {
        "plain": usage.get("input_tokens"),
        "cache_read": usage.get("cache_read_input_tokens"),
        "cache_write": usage.get("cache_creation_input_tokens"),
        "cache_write_1h": written.get("ephemeral_1h_input_tokens"),
        "output": usage.get("output_tokens"),
        "reasoning": details.get("thinking_tokens"),
    }
    before = dict(message.usage)
    for name, value in counts.items():
        if (count := count_of(value)) is not None:
            message.usage[name] = max(count, before.get(name, 0))
    return message.lines == 0 or message.usage != before


def _tokens(usage: dict[str, int]) -> dict[str, Any]:
    counts = tokens(
        plain=usage.get("plain"),
        cache_read=usage.get("cache_read"),
        cache_write=usage.get("cache_write"),
        cache_write_1h=usage.get("cache_write_1h"),
        output=usage.get("output"),
    )
    reasoning = usage.get("reasoning")
    is_part = reasoning and reasoning <= usage.get("output", 0)
    return said(**counts, reasoning_tokens=reasoning if is_part else None)


def _part(block: Block) -> Block | None:
    """What is kept of a part of a message: what was said or thought; calls of tools are steps of their own."""
    for kind, name in (("text", "text"), ("thinking", "thinking")):
        if block.get("type") == kind and (text := text_of(block.get(name))):
            return {"type": kind, name: shortened(text, LONGEST_TEXT)}
    return None


def _context(line: Line) -> dict[str, Any] | None:
    known = said(
        stop_reason=name_of(line.message.get("stop_reason")),
        service_tier=name_of(map_of(line.message.get("usage")).get("service_tier")),
    )
    return {**(line.kept(*_CONTEXT) or {}), **known} or None


def _service(id_: Any) -> str:
    named = id_ if isinstance(id_, str) else ""
    return shortened(
        next((name for prefix, name in _PROVIDERS.items() if named.startswith(prefix)), "anthropic"), LONGEST_NAME
    )


def _before(started: datetime | None, completed: datetime | None) -> datetime | None:
    return started if started and completed and started <= completed else None
