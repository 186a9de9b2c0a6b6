"""Observations as properties of nodes, each with its weight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from loopgraph.contracts.base import Contract
from loopgraph.contracts.traces.events import (
    PROMPTED,
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import LogRecorded, MetricMeasured, Observation
from loopgraph.contracts.traces.precedence import Ending, levels_of
from loopgraph.contracts.traces.uses import PATTERN, MemoryLoaded, PatternUsed
from loopgraph.effects.graph.values import json_text
from loopgraph.effects.traces.recording.joining import (
    AGENTS,
    ASKED_AT,
    BEGUN_AS,
    BEGUN_AT,
    ENDS_OF_PARTS,
    GOING_ON,
    MAPS,
    MEMORIES,
    NAMED_AT,
    PARTS,
    RANKS,
    RECORDED_AT,
    Properties,
    micros,
    weighed_at,
    weighted,
)
from loopgraph.effects.traces.recording.mapping import ELSEWHERE, FREE_VALUES, JSON_MAPS, free_value

_EVIDENCE = ("span_id", "nested_in", "root_span", "unnamed_as")
_BY_HOOKS = "hook."
_HOOKED = (HookExecuted, TraceStarted)

_NEVER_SAID = frozenset({"status", "text"})
_NOT_SAID: dict[type[Contract], frozenset[str]] = {TraceStarted: _NEVER_SAID | {"parent_id"}}
"""Fields that are told in another way; the parent of a trace follows from the evidence for its place."""


def observed(observation: Observation) -> Properties:
    """The properties that an observation gives, with their weights; what it leaves open is absent.

    Raises InvalidInput for a free value that JSON cannot hold.
    """
    event = observation.event
    # By exact type: of models, ``isinstance`` takes ten times as long to say no.
    if type(event) is MemoryLoaded:
        return _memory(observation, event)
    values = event.__dict__
    plain, free = _said(type(event), frozenset(event.model_fields_set))
    given = {
        name: list(value) if type(value) is tuple else value for name in plain if (value := values[name]) is not None
    }
    for name in free:
        value = values[name]
        if value is not None and (value or name not in JSON_MAPS):
            given |= _free_value(observation, name, value)
    given |= _course(observation)
    if type(event) is PatternUsed:
        given |= {"hook_type": PATTERN, "tool_name": event.pattern_name}
    if observation.otel_trace_id and "root_id" in given:
        given["otel_root_id"] = observation.otel_trace_id
    if observation.parent_span_ids and isinstance(event, TraceStarted):
        given["parent_span_ids"] = sorted(observation.parent_span_ids)
    if observation.within:
        given["within"] = sorted(observation.within)
    if type(event) in _HOOKED and observation.source.startswith(_BY_HOOKS):
        given["hooked"] = True
    if type(event) is TraceStarted:
        if event.timestamp and _is_of_person(event):
            given["prompted_at"] = event.timestamp
            if observation.in_order:
                given |= {ASKED_AT: event.timestamp, BEGUN_AT: event.timestamp} | _begun_as(event)
        elif event.timestamp and observation.in_order:
            given[BEGUN_AT] = event.timestamp
        if observation.going_on_at:
            given[GOING_ON] = observation.going_on_at
    elif type(event) is EndpointCalled and event.timestamp and (observation.in_order or observation.unnamed_call):
        given[RECORDED_AT if observation.unnamed_call else NAMED_AT] = event.timestamp
    if observation.agents:
        told = {agent.span: [agent.below, agent.agent] for agent in observation.agents}
        given[AGENTS] = json_text(dict(sorted(told.items())))
    given |= {name: value for name in _EVIDENCE if (value := getattr(observation, name))}
    if observation.spawn_rule and "spawned_by" in given:
        given[f"spawned_by_{observation.spawn_rule.value}"] = given["spawned_by"]
    given.pop("spawned_by", None)  # what it comes to is decided over all the evidence
    given[RANKS] = _ranks(observation, given)
    return given


@lru_cache(4_096)
def _said(contract: type[Contract], given: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields that are properties as they are, and those with free values, of the fields that an event was given."""
    said = [
        name for name in contract.model_fields if name in given and name not in _NOT_SAID.get(contract, _NEVER_SAID)
    ]
    free = tuple(name for name in said if name in FREE_VALUES)
    return tuple(name for name in said if name not in ELSEWHERE), free


def _memory(observation: Observation, event: MemoryLoaded) -> Properties:
    """What a session says of a file of memory, among all that was read into it."""
    place = event.loaded_for or event.timestamp.isoformat(timespec="microseconds")
    member = "|".join((event.slot or event.pattern_path, place, "" if event.digests else "file"))
    evidence = {
        name: value
        for name, value in event.model_dump(mode="json", exclude={"kind", "session_id", "text"}).items()
        if value
    }
    weight = observation.rank, micros(event.timestamp)
    given = {"session_id": event.session_id, MEMORIES: json_text({member: evidence})}
    return weighted(given, {f"{MEMORIES}.{member}": weight})


def _free_value(observation: Observation, name: str, value: Any) -> Properties:
    """A free value: what is only a part of one, and each source's context, in a map that the others are joined with."""
    if name == "context":
        return {name: free_value(name, {observation.source: value})}
    if observation.part and name in PARTS:
        return {PARTS[name]: free_value(name, {observation.part: value})}
    return {name: free_value(name, value)}


def _is_of_person(event: TraceStarted) -> bool:
    """Whether a person's prompt has begun a trace of a session."""
    return event.source == PROMPTED and event.session_id is not None and event.agent_id is None


def _begun_as(event: TraceStarted) -> Properties:
    return {BEGUN_AS: begun_as(event.timestamp, event.prompt_text)} if event.timestamp and event.prompt_text else {}


def begun_as(at: datetime, text: str) -> str:
    """The beginning of a prompt's text, so that of several the one told first is the least."""
    return f"{micros(at):016d}|{text[:_COMPARED]}"


_COMPARED = 400
"""So many characters of a prompt are compared with those of another telling."""


def _course(observation: Observation) -> Properties:
    """Status and times."""
    event, at = observation.event, observation.event.timestamp
    match event:
        case HookExecuted() | EndpointCalled():
            known = event.status is not None or event.success is not None
            course: Properties = {"status": event.outcome.value} if known else {}
            if at and not event.started_at and not event.completed_at and known:
                course["started_at" if event.outcome is TraceStatus.IN_PROGRESS else "completed_at"] = at
            return course
        case TraceStarted():
            return {"started_at": at} if at else {}
        case TraceCompleted() if observation.ending == Ending.PARTS and at:
            end = f"{at.astimezone(UTC).isoformat(timespec='microseconds')}|{event.outcome.value}"
            return {ENDS_OF_PARTS: json_text(dict.fromkeys(observation.parent_span_ids, end))}
        case TraceCompleted():
            return {"status": event.outcome.value} | ({"completed_at": at} if at else {})
        case PatternUsed():
            begun: Properties = {"started_at": at} if at and not event.started_at else {}
            return begun | ({"status": event.status.value} if event.status else {"ends_with_trace": True})
        case LogRecorded() | MetricMeasured():
            return {"at": at} if at else {}
        case _:
            return {}


def _ranks(observation: Observation, given: Properties) -> str:
    """The weights of what an observation gives."""
    rank, ending = observation.rank, observation.ending
    scales = (rank, observation.clock, observation.place, rank if ending is None else ending)
    return _weighed(tuple(given), scales, observation.source, observation.part)(micros(observation.event.timestamp))


@lru_cache(4_096)
def _weighed(
    names: tuple[str, ...], scales: tuple[int, int, int, int], source: str, part: str | None
) -> Callable[[int], str]:
    """What gives the weights of these fields at an instant; of a map they are those of the member that is given."""
    trust, clock, place, ending = scales
    levels, members = levels_of(clock, place, ending), {"context": source, **dict.fromkeys(PARTS.values(), part)}
    weighed = {name: f"{name}.{members[name]}" if name in members else name for name in names}
    return weighed_at(
        {key: levels.get(name, trust) for name, key in weighed.items() if name in members or name not in MAPS}
    )
