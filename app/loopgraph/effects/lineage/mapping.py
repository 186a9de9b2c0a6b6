"""Contracts as properties of nodes and relationships, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.lineage.patterns import Baseline, LineageEdge, Pattern, PatternVersion, Usage
from loopgraph.contracts.lineage.resources import ResourceState
from loopgraph.contracts.stored import stored
from loopgraph.contracts.traces.uses import OBSERVED, definition_key
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.values import json_text, json_value

Properties = dict[str, Any]


def pattern_properties(pattern: Pattern, request_hash: str) -> Properties:
    """Properties of a ``:Pattern`` node."""
    return _present(
        {
            **pattern.model_dump(exclude={"current_node_id"}),
            "metadata": json_text(pattern.metadata),
            "request_hash": request_hash,
            "time_key": time_key(pattern.created_at, pattern.pattern_id),
        }
    )


def facts_of_pattern(facts: Properties) -> Properties:
    """Some facts of a pattern as properties of its node."""
    return {name: json_text(fact) if name == "metadata" else fact for name, fact in facts.items()}


def pattern(properties: Properties, current_node_id: str | None) -> Pattern:
    """The pattern of a ``:Pattern`` node."""
    metadata = json_value(properties.get("metadata")) or {}
    return stored(Pattern, {**properties, "metadata": metadata, "current_node_id": current_node_id})


def version_properties(version: PatternVersion, request_hash: str) -> Properties:
    """Properties of a ``:PatternVersion`` node; the usage counters lie flat beside the rest.

    ``link_key`` is there until the uses have been looked at again that may be of a new version.
    """
    baseline = version.performance_baseline
    return _present(
        {
            **version.model_dump(exclude={"usage", "resources"}),
            **version.usage.model_dump(),
            "parameters": json_text(version.parameters),
            "metadata": json_text(version.metadata),
            "performance_baseline": json_text(baseline.model_dump()) if baseline else None,
            "request_hash": request_hash,
            "definition_key": definition_key(version.pattern_type, version.pattern_name),
            "link_key": None if OBSERVED in version.tags else time_key(version.updated_at, version.node_id),
        }
    )


def version(properties: Properties) -> PatternVersion:
    """The version of a ``:PatternVersion`` node."""
    baseline = json_value(properties.get("performance_baseline"))
    return stored(
        PatternVersion,
        {
            **properties,
            "parameters": json_value(properties.get("parameters")) or {},
            "metadata": json_value(properties.get("metadata")) or {},
            "performance_baseline": None if baseline is None else Baseline(**baseline),
            "usage": stored(Usage, properties),
            "resources": resources(properties.get("resources")),
        },
    )


def resources(text: str | None) -> tuple[ResourceState, ...]:
    """What lay beside a skill while a version stood, from the text that the graph keeps."""
    return tuple(ResourceState(**state) for state in json_value(text) or ())


def resources_text(states: Iterable[ResourceState]) -> str:
    """The text that the graph keeps of it."""
    return (
        json_text(
            [
                state.model_dump(mode="json", exclude_none=True, exclude={"digest"}) | {"digest": state.digest}
                for state in states
            ]
        )
        or ""
    )


def edge_properties(edge: LineageEdge, request_hash: str) -> Properties:
    """Properties of a lineage relationship. ``active`` repeats ``valid_to is None``: only an equality can prune a search."""
    return _present(
        {
            **edge.model_dump(exclude={"relationship_type"}),
            "metadata": json_text(edge.metadata),
            "active": edge.valid_to is None,
            "weight": edge.weight,
            "request_hash": request_hash,
        }
    )


def edge(properties: Properties, relationship_type: str) -> LineageEdge:
    """The edge of a lineage relationship."""
    metadata = json_value(properties.get("metadata")) or {}
    return stored(LineageEdge, {**properties, "metadata": metadata, "relationship_type": relationship_type})


def event_properties(event: LineageEvent) -> Properties:
    """Properties of a ``:LineageEvent`` node, with a key for each order it is read in."""
    key = time_key(event.recorded_at, event.event_id)
    return _present(
        {
            **event.model_dump(),
            "before": json_text(event.before),
            "after": json_text(event.after),
            "data": json_text(event.data),
            "time_key": key,
            "pattern_key": f"{event.pattern_id}|{key}" if event.pattern_id else None,
            "node_key": f"{event.node_id}|{key}" if event.node_id else None,
            "correlation_key": f"{event.correlation_id}|{key}" if event.correlation_id else None,
        }
    )


def event(properties: Properties) -> LineageEvent:
    """The event of a ``:LineageEvent`` node."""
    return stored(
        LineageEvent,
        {
            **properties,
            "before": json_value(properties.get("before")),
            "after": json_value(properties.get("after")),
            "data": json_value(properties.get("data")) or {},
        },
    )


def _present(properties: Properties) -> Properties:
    """The properties without those that are None: to the graph these are the same, and they are many."""
    return {name: value for name, value in properties.items() if value is not None}


def only_fields(contract: type[Any], properties: Properties, *decoded: str) -> Properties:
    """The properties that are fields of the contract, without those that are decoded apart."""
    key = contract, decoded
    if (fields := _PLAIN_FIELDS.get(key)) is None:
        fields = _PLAIN_FIELDS[key] = frozenset(contract.model_fields) - frozenset(decoded)
    return {name: value for name, value in properties.items() if name in fields}


_PLAIN_FIELDS: dict[tuple[type[Any], tuple[str, ...]], frozenset[str]] = {}
"""Looked up once, and not for each object."""
