"""What tests of the lineage share: an origin that tells a test's events apart, shapes of history, and the whole state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from loopgraph.contracts.audit import ActorType, EventFilter, EventType, LineageEvent, Origin
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.changes import Created, ImportedVersion, NewEdge, NewPattern, NewVersion, ParentLink
from loopgraph.contracts.lineage.patterns import Direction, LineageEdge, RelationshipType
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.errors import UserError
from loopgraph.orchestrators.lineage.traversal import Traversals

T = TypeVar("T")

DERIVED = RelationshipType.DERIVED_FROM
MERGED = RelationshipType.MERGED_INTO
EVERY_TYPE = frozenset(RelationshipType)
MANY_NODES = 20_000


@dataclass(frozen=True)
class Room:
    """The lineage room on one graph, and who changes it in one test."""

    graph: Graph
    origin: Origin

    @classmethod
    def on(cls, graph: Graph) -> Room:
        return cls(graph, Origin(actor_type=ActorType.AGENT, actor_id="tester", correlation_id=new_id()))

    @property
    def lineage(self) -> Lineage:
        return Lineage(self.graph)

    @property
    def reads(self) -> LineageReads:
        return LineageReads(self.graph)

    @property
    def events(self) -> Events:
        return Events(self.graph)

    @property
    def traversals(self) -> Traversals:
        return Traversals(self.reads, MANY_NODES)

    async def pattern(self, *, activate: bool = True, **version: Any) -> Created:
        """A new pattern with its version 1."""
        new = NewVersion(activate=activate, **version)
        return await self.lineage.create_pattern(NewPattern(name="sorting"), new, self.origin)

    async def versions(self, count: int) -> list[str]:
        """The node ids of a new pattern's versions, with no edges between them."""
        pattern, ids = NewPattern(pattern_id=new_id(), name="apart"), [new_id() for _ in range(count)]
        await self.history(pattern, [NewVersion(node_id=id_, parents=()) for id_ in ids])
        return ids

    async def history(self, pattern: NewPattern, versions: Iterable[NewVersion], batch: int = 1_000) -> None:
        """Imports versions, each after its parents."""
        imported = [ImportedVersion(pattern=pattern, version=version) for version in versions]
        for start in range(0, len(imported), batch):
            await LineageImport(self.graph).add(imported[start : start + batch], self.origin)

    async def connect(
        self, source: str, target: str, kind: RelationshipType = DERIVED, **more: Any
    ) -> tuple[LineageEdge, bool]:
        new = NewEdge(source_node_id=source, target_node_id=target, relationship_type=kind, **more)
        return await self.lineage.connect(new, self.origin)

    async def written(self) -> list[LineageEvent]:
        """The events of this room's origin, the oldest first."""
        page = await self.events.page(EventFilter(correlation_id=self.origin.correlation_id), Page(first=10_000))
        return list(reversed(page.events))

    async def the_event(self, event_type: EventType) -> LineageEvent:
        """The only event of this type; it says who changed something and as part of what."""
        [event] = [event for event in await self.written() if event.event_type is event_type]
        assert (event.actor_type, event.actor_id) == (self.origin.actor_type, self.origin.actor_id)
        assert event.correlation_id == self.origin.correlation_id
        return event

    async def state(self, *pattern_ids: str) -> list[object]:
        """Everything that the graph holds of some patterns, to compare before and after."""
        patterns = await self.reads.patterns(pattern_ids)
        pages = await self.reads.versions_pages(pattern_ids, 10_000)
        ids = [version.node_id for page in pages.values() for version in page.versions]
        edges = [await self.reads.edges(ids, direction, EVERY_TYPE) for direction in Direction]
        events = [
            await self.events.page(EventFilter(pattern_id=pattern_id), Page(first=10_000)) for pattern_id in pattern_ids
        ]
        return [patterns, pages, edges, events]


async def outcomes(attempts: Iterable[Awaitable[T]]) -> tuple[list[T], list[UserError]]:
    """What concurrent attempts returned, and the expected errors that the others raised. Any other error is raised."""
    results: Sequence[T | BaseException] = await asyncio.gather(*attempts, return_exceptions=True)
    returned: list[T] = []
    refused: list[UserError] = []
    for result in results:
        if isinstance(result, UserError):
            refused.append(result)
        elif isinstance(result, BaseException):
            raise result
        else:
            returned.append(result)
    return returned, refused


def parents(ids: Collection[str], kind: RelationshipType = RelationshipType.REFINED_FROM) -> tuple[ParentLink, ...]:
    """Links to these versions."""
    return tuple(ParentLink(node_id=node_id, relationship_type=kind) for node_id in ids)


def chain(length: int) -> tuple[NewPattern, list[NewVersion]]:
    """A new pattern and its history: ``length`` versions, each the parent of the next."""
    pattern, ids = NewPattern(pattern_id=new_id(), name="chain"), [new_id() for _ in range(length)]
    return pattern, [NewVersion(node_id=id_, parents=parents(ids[max(i - 1, 0) : i])) for i, id_ in enumerate(ids)]


def diamonds(count: int) -> tuple[NewPattern, list[NewVersion]]:
    """A new pattern and its history: ``count`` times a fork into two and a merge, so 2^count paths from first to last."""
    pattern, tip = NewPattern(pattern_id=new_id(), name="diamonds"), new_id()
    versions = [NewVersion(node_id=tip, parents=())]
    for _ in range(count):
        left, right, merged = new_id(), new_id(), new_id()
        versions += [NewVersion(node_id=side, parents=parents([tip])) for side in (left, right)]
        versions.append(NewVersion(node_id=merged, parents=parents([left, right], MERGED)))
        tip = merged
    return pattern, versions
