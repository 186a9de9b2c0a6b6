"""The enums of the contracts, registered as GraphQL enums."""

from __future__ import annotations

from enum import Enum

import strawberry

from loopgraph.contracts.events import ActorType, EventType, Severity
from loopgraph.contracts.lineage import EdgeStrength, EvolutionType, PathMetric, PatternStatus, RelationshipType

_DESCRIPTIONS: dict[type[Enum], str] = {
    PatternStatus: "Lifecycle of a version: draft → active → deprecated → archived, or draft → rejected.",
    EvolutionType: "How a version came to be.",
    RelationshipType: "Type of a lineage edge, which points from the earlier version to the later. "
    "RELATED_TO is not ancestry, the others are.",
    EdgeStrength: "How strong a relationship is: weak 0.25, moderate 0.5, strong 0.75, critical 1.",
    PathMetric: "What a path minimises: the number of edges, or the sum of -ln(weight), so that it maximises the "
    "product of the weights.",
    EventType: "What happened.",
    Severity: "How much an event matters.",
    ActorType: "What kind of actor caused something.",
}
for _enum, _description in _DESCRIPTIONS.items():
    strawberry.enum(_enum, description=_description)

__all__ = [
    "ActorType",
    "EdgeStrength",
    "EventType",
    "EvolutionType",
    "PathMetric",
    "PatternStatus",
    "RelationshipType",
    "Severity",
]
