"""Observations as properties of nodes, and the join of properties: field by field, whatever the order and however often.

Beside each field that an observation gave stands its weight, in the property ``ranks``: JSON of ``{field: [rank, micros]}``, the
rank of the report and its instant in microseconds since 1970 (0 without one). Fields without a weight come from a client's own
event and outweigh every observation.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loopgraph.contracts.observations import LogRecorded, MetricMeasured, Observation
from loopgraph.contracts.traces import FINAL, EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.traces.mapping import FREE_VALUES, JSON_MAPS, Properties, fields, free_value

RANKS = "ranks"

Weight = tuple[int, int]
_OWN: Weight = (10, 0)
_PLACE = frozenset({"correlation_id", "root_id", "otel_root_id"})
_CLOCK = frozenset({"started_at", "completed_at", "ended_at", "duration_ms"})
_SETS = frozenset({"tags", "parent_span_ids"})
_EVIDENCE = ("span_id", "nested_in")


def observed(observation: Observation) -> Properties:
    """The properties that an observation gives, with their weights; what it leaves open is absent.

    Raises InvalidInput for a free value that JSON cannot hold.
    """
    event = observation.event
    said = event.model_fields_set - {"status"}
    if isinstance(event, TraceStarted):
        said.discard("parent_id")  # follows from the evidence for its place
    given = {name: value for name, value in fields(event) if name in said}
    for name in event.model_fields_set & FREE_VALUES:
        value = getattr(event, name)
        if value is not None and (value or name not in JSON_MAPS):
            given[name] = free_value(name, {observation.source: value} if name == "context" else value)
    given |= _course(observation)
    if observation.otel_trace_id and "root_id" in given:
        given["otel_root_id"] = observation.otel_trace_id
    if observation.parent_span_ids:
        given["parent_span_ids"] = sorted(observation.parent_span_ids)
    given |= {name: value for name in _EVIDENCE if (value := getattr(observation, name))}
    if observation.spawn_rule and "spawned_by" in given:
        given[f"spawned_by_{observation.spawn_rule.value}"] = given["spawned_by"]
    given.pop("spawned_by", None)  # what it comes to is decided over all the evidence
    return {**given, RANKS: json_text(_weights(observation, given))}


def _course(observation: Observation) -> Properties:
    """Status and times."""
    event, at = observation.event, observation.event.timestamp
    match event:
        case TraceStarted():
            return {"started_at": at} if at else {}
        case TraceCompleted():
            return {"status": event.outcome.value} | ({"completed_at": at} if at else {})
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
    micros = _micros(observation.event.timestamp)

    def weight(name: str) -> Weight:
        if name in _PLACE:
            return observation.place, micros
        return (observation.clock if name in _CLOCK else observation.rank), micros

    names = [name for name in given if name != "context"]
    if "context" in given:
        names.append(f"context.{observation.source}")
    return {name: weight(name) for name in names}


def _micros(at: datetime | None) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond if at else 0


def joined(ours: Properties, theirs: Properties) -> Properties:
    """The join of two sets of properties of one node: commutative, associative and idempotent but for fields of clients."""
    mine, others = _ranks(ours), _ranks(theirs)
    result = dict(ours)
    for name, value in theirs.items():
        if name == RANKS or value is None:
            continue
        if result.get(name) is None:
            result[name] = value
            mine |= _of(name, others)
        elif name == "created_at":
            result[name] = min(result[name], value)
        elif name in _SETS:
            result[name] = sorted({*result[name], *value})
        elif name == "context":
            result[name] = _joined_contexts(result[name], value, mine, others)
        elif _key(name, value, others) > _key(name, result[name], mine):
            result[name] = value
            mine.pop(name, None)
            mine |= _of(name, others)
    if mine:
        result[RANKS] = json_text(dict(sorted(mine.items())))
    return result


def _ranks(properties: Properties) -> dict[str, Weight]:
    ranks: dict[str, Weight] = json_value(properties.get(RANKS)) or {}
    return ranks


def _of(name: str, ranks: dict[str, Weight]) -> dict[str, Weight]:
    if name == "context":
        return {key: weight for key, weight in ranks.items() if key.startswith("context.")}
    return {name: ranks[name]} if name in ranks else {}


def _key(name: str, value: Any, ranks: dict[str, Weight]) -> tuple[bool, int, int, str]:
    final = name == "status" and value in FINAL
    rank, micros = ranks.get(name, _OWN)
    return final, rank, micros, str(value)


def _joined_contexts(ours: str, theirs: str, mine: dict[str, Weight], others: dict[str, Weight]) -> str | None:
    result = json_value(ours)
    for source, value in json_value(theirs).items():
        name = f"context.{source}"
        if source not in result or _key(name, value, others) > _key(name, result[source], mine):
            result[source] = value
            mine |= _of(name, others)
    return json_text(dict(sorted(result.items())))
