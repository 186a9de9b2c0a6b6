"""Observations as properties of nodes, each with its weight."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from loopgraph.contracts.observations import LogRecorded, MetricMeasured, Observation
from loopgraph.contracts.precedence import Ending, Weight, levels_of
from loopgraph.contracts.traces import PROMPTED, EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.uses import PATTERN, MemoryLoaded, PatternUsed
from loopgraph.effects.graph.values import json_text
from loopgraph.effects.traces.joining import (
    AGENTS,
    GOING_ON,
    MAPS,
    MEMORIES,
    PARTS,
    PARTS_END,
    Properties,
    micros,
    weighted,
)
from loopgraph.effects.traces.mapping import FREE_VALUES, JSON_MAPS, fields, free_value

_EVIDENCE = ("span_id", "nested_in", "root_span")
_BY_HOOKS = "hook."


def observed(observation: Observation) -> Properties:
    """The properties that an observation gives, with their weights; what it leaves open is absent.

    Raises InvalidInput for a free value that JSON cannot hold.
    """
    event = observation.event
    if isinstance(event, MemoryLoaded):
        return _memory(observation, event)
    said = event.model_fields_set - {"status", "text"}
    if isinstance(event, TraceStarted):
        said.discard("parent_id")  # follows from the evidence for its place
    given = {name: value for name, value in fields(event) if name in said}
    for name in event.model_fields_set & FREE_VALUES:
        value = getattr(event, name)
        if value is not None and (value or name not in JSON_MAPS):
            given |= _free_value(observation, name, value)
    given |= _course(observation)
    if isinstance(event, PatternUsed):
        given |= {"hook_type": PATTERN, "tool_name": event.pattern_name}
    if observation.otel_trace_id and "root_id" in given:
        given["otel_root_id"] = observation.otel_trace_id
    if observation.parent_span_ids:
        given["parent_span_ids"] = sorted(observation.parent_span_ids)
    if observation.within:
        given["within"] = sorted(observation.within)
    if observation.source.startswith(_BY_HOOKS) and isinstance(event, TraceStarted | HookExecuted):
        given["hooked"] = True
    if isinstance(event, TraceStarted) and event.timestamp and _is_of_person(event):
        given["prompted_at"] = event.timestamp
    if isinstance(event, TraceStarted) and observation.going_on_at:
        given[GOING_ON] = observation.going_on_at
    if observation.agents:
        told = {agent.span: [agent.below, agent.agent] for agent in observation.agents}
        given[AGENTS] = json_text(dict(sorted(told.items())))
    given |= {name: value for name in _EVIDENCE if (value := getattr(observation, name))}
    if observation.spawn_rule and "spawned_by" in given:
        given[f"spawned_by_{observation.spawn_rule.value}"] = given["spawned_by"]
    given.pop("spawned_by", None)  # what it comes to is decided over all the evidence
    return weighted(given, _weights(observation, given))


def _memory(observation: Observation, event: MemoryLoaded) -> Properties:
    """What a session says of a file of memory, among all that was read into it."""
    place = event.loaded_for or event.timestamp.isoformat(timespec="microseconds")
    member = "|".join((event.pattern_path, place, "" if event.digests else "file"))
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


def _course(observation: Observation) -> Properties:
    """Status and times."""
    event, at = observation.event, observation.event.timestamp
    match event:
        case TraceStarted():
            return {"started_at": at} if at else {}
        case TraceCompleted() if observation.ending == Ending.PARTS and at:
            return {PARTS_END: f"{at.astimezone(UTC).isoformat(timespec='microseconds')}|{event.outcome.value}"}
        case TraceCompleted():
            return {"status": event.outcome.value} | ({"completed_at": at} if at else {})
        case PatternUsed():
            begun: Properties = {"started_at": at} if at and not event.started_at else {}
            return begun | ({"status": event.status.value} if event.status else {"ends_with_trace": True})
        case HookExecuted() | EndpointCalled():
            known = event.status is not None or event.success is not None
            course: Properties = {"status": event.outcome.value} if known else {}
            if at and not event.started_at and not event.completed_at and known:
                course["started_at" if event.outcome is TraceStatus.IN_PROGRESS else "completed_at"] = at
            return course
        case LogRecorded() | MetricMeasured():
            return {"at": at} if at else {}
        case _:
            return {}


def _weights(observation: Observation, given: Properties) -> dict[str, Weight]:
    at = micros(observation.event.timestamp)
    ending = observation.rank if observation.ending is None else observation.ending
    trust, levels = observation.rank, levels_of(observation.clock, observation.place, ending)
    weights = {name: (levels.get(name, trust), at) for name in given if name not in MAPS}
    keys = {"context": observation.source, **dict.fromkeys(PARTS.values(), observation.part)}
    weights |= {f"{name}.{keys[name]}": (levels.get(name, trust), at) for name in given if name in keys}
    return weights
