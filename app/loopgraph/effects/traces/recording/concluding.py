"""What the service concludes of a trace from what is stored of it: how it ended, and whose work it is."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import Final

from loopgraph.contracts.traces.events import FINAL, TraceClosure, TraceStatus
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.traces.recording.joining import (
    AGENTS,
    ASKED_AT,
    ENDS,
    ENDS_OF_PARTS,
    GOING_ON,
    PARTS_END,
    TELLINGS,
    Properties,
    concluded,
    gone_on,
    is_concluded,
    reopened,
)

BEGUN: Final = "begun_hash"
"""The digest of the client's own event that began a node."""


def with_conclusions(properties: Properties) -> Properties:
    """A trace with all that follows from its properties."""
    is_in_parts = PARTS_END in properties or ENDS_OF_PARTS in properties
    properties = _ended_by_parts(properties) if is_in_parts else properties
    properties = gone_on(properties) if properties.get(GOING_ON) else properties
    properties = _with_its_agent(properties) if properties.get(AGENTS) else properties
    properties = _as_told(properties) if TELLINGS in properties else properties
    return _with_last_ends(properties) if properties.get(ENDS) else properties


def _as_told(properties: Properties) -> Properties:
    """A prompt with what those have told of it that do not name it: when it was submitted last, and its text if nobody else tells
    it."""
    told = sorted((json_value(properties[TELLINGS]) or {}).values(), key=lambda one: str(one["at"]))
    instants = [datetime.fromisoformat(one["at"]) for one in told]
    asked = max([*instants, *filter(None, [properties.get(ASKED_AT)])], default=None)
    properties = {**properties, "prompted_at": asked or properties.get("prompted_at")}
    known, is_ours = properties.get("prompt_text"), is_concluded("prompt_text", properties)
    if known is not None and not is_ours:
        return properties
    text = next((text for one in told if (text := (one["given"] or {}).get("prompt_text"))), None)
    return properties if text == known else {**properties, **concluded(properties, {"prompt_text": text})}


_MOST_ENDS = 20


def _with_last_ends(properties: Properties) -> Properties:
    """With so many of the last ends that went to the trace by order, and no more."""
    ends = json_value(properties[ENDS])
    if len(ends) <= _MOST_ENDS:
        return properties
    return {**properties, ENDS: json_text(dict(sorted(ends.items())[-_MOST_ENDS:]))}


_MOST_AGENTS = 32
"""So many spans of agents are kept in mind. Where there are more, nobody knows whether one of them is alone below its root."""


def _with_its_agent(properties: Properties) -> Properties:
    """A trace whose root is the span of a server is the work of the one agent below that, whatever lies between."""
    known = json_value(properties[AGENTS])
    kept = dict(sorted(known.items())[:_MOST_AGENTS])
    names = {agent for below, agent in kept.values() if below == properties.get("root_span")}
    agent = names.pop() if len(names) == 1 and len(kept) < _MOST_AGENTS else None
    properties = properties if kept == known else {**properties, AGENTS: json_text(kept)}
    if agent == properties.get("agent_type") or (
        properties.get("agent_type") and not is_concluded("agent_type", properties)
    ):
        return properties
    return {**properties, **concluded(properties, {"agent_type": agent})}


_MOST_PARTS = 32
"""So many of the last ends of parts are kept in mind."""


def is_told_of(properties: Properties) -> bool:
    """Whether anybody has told of a trace itself, and not only of its parts."""
    return bool(BEGUN in properties or properties.get("started_at") or properties.get("hooked"))


def _ended_by_parts(properties: Properties) -> Properties:
    ends: dict[str, str] = json_value(properties.get(ENDS_OF_PARTS)) or {}
    if len(ends) > _MOST_PARTS:
        ends = dict(sorted(sorted(ends.items(), key=itemgetter(1))[-_MOST_PARTS:]))
        properties = {**properties, ENDS_OF_PARTS: json_text(ends)}
    by_parts = properties.get("closed_by") == TraceClosure.SPANS
    if by_parts and is_concluded("status", properties):
        properties = {**reopened(properties), "closed_by": None}
    last = max([*ends.values(), properties.get(PARTS_END) or ""])
    if TraceStatus(properties["status"]) in FINAL or is_told_of(properties) or not last:
        return properties
    at, _, status = last.partition("|")
    conclusions: Properties = {"status": status}
    if properties.get("completed_at") is None:
        conclusions["completed_at"] = datetime.fromisoformat(at)
    return {**properties, **concluded(properties, conclusions), "closed_by": TraceClosure.SPANS.value}
