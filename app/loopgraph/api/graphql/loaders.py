"""Data loaders: reads that one operation asks for one by one are answered by one statement.

They batch and do not cache: on a WebSocket one context serves many operations, and a cache would answer later ones with
what was true before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from strawberry.dataloader import DataLoader

from loopgraph.api.services import Services
from loopgraph.contracts.audit import EventFilter, EventPage
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.lineage import Direction, LineageEdge, LineageGraph, RelationshipType, TraversalFilter
from loopgraph.effects.lineage.reads import VersionPage
from loopgraph.effects.loop.evidence import EvidencePage
from loopgraph.effects.traces.sessions import Items
from loopgraph.orchestrators.traces.episodes import trees
from loopgraph.orchestrators.traces.trees import skeletons

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class VersionsKey:
    """Which versions of which pattern."""

    pattern_id: str
    first: int
    below: int | None


@dataclass(frozen=True)
class EdgesKey:
    """Which edges of which version: into it (ANCESTORS) or out of it (DESCENDANTS)."""

    node_id: str
    direction: Direction
    types: frozenset[RelationshipType]


@dataclass(frozen=True)
class EventsKey:
    """Which events of which pattern or version."""

    owner_id: str
    filter: EventFilter
    page: Page


@dataclass(frozen=True)
class LineageKey:
    """Which lineage of which pattern."""

    pattern_id: str
    filter: TraversalFilter
    max_nodes: int


@dataclass(frozen=True)
class TraversalKey:
    """Which traversal from which version."""

    node_id: str
    filter: TraversalFilter
    max_nodes: int


def by_id(fetch: Callable[[Sequence[K]], Awaitable[dict[K, V]]]) -> DataLoader[K, V | None]:
    """A loader over a read that takes ids and answers with what exists."""

    async def load(keys: list[K]) -> list[V | None]:
        found = await fetch(list(dict.fromkeys(keys)))
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load, cache=False)


def _of_sessions(
    fetch: Callable[[Sequence[str], Page], Awaitable[dict[str, Items[V]]]],
) -> DataLoader[SessionKey, Items[V]]:
    """A loader over a read that takes the ids of sessions and one page."""

    async def load(keys: list[SessionKey]) -> list[Items[V]]:
        found: dict[SessionKey, Items[V]] = {}
        for page in {key.page for key in keys}:
            group = {key.session_id: key for key in keys if key.page == page}
            found.update((group[id_], items) for id_, items in (await fetch(list(group), page)).items())
        return [found[key] for key in keys]

    return DataLoader(load_fn=load, cache=False)


@dataclass(frozen=True)
class EvidenceKey:
    """Which executions of which experiment."""

    experiment_id: str
    page: Page


@dataclass(frozen=True)
class SessionKey:
    """Which part of which session."""

    session_id: str
    page: Page


class Loaders:
    """One loader for each edge of the API that a list can reach."""

    def __init__(self, services: Services, principal: Principal | None) -> None:
        self._services = services
        self._principal = principal
        reads = services.lineage_reads
        self.pattern = by_id(reads.patterns)
        self.version = by_id(reads.versions)
        self.edge = by_id(reads.edges_by_id)
        self.event = by_id(services.events.by_id)
        self.head = by_id(lambda ids: services.traces.heads(ids, principal))
        self.skeleton = by_id(lambda ids: skeletons(services.traces, ids, principal))
        self.call = by_id(lambda ids: services.traces.calls_by_id(ids, principal))
        self.trace_tree = by_id(lambda ids: trees(services.traces, ids, principal))
        sessions = services.sessions
        self.session = by_id(lambda ids: sessions.by_id(ids, principal))
        self.traces_of_session = _of_sessions(lambda ids, page: sessions.traces(ids, page, principal))
        self.logs_of_session = _of_sessions(lambda ids, page: sessions.logs(ids, page, principal))
        self.metrics_of_session = _of_sessions(sessions.metrics)
        self.hook_execution = by_id(lambda ids: services.traces.hook_executions_by_id(ids, principal))
        feedback = services.feedback
        self.run = by_id(feedback.runs)
        self.improvement = by_id(feedback.improvements)
        self.improvements_of_run = by_id(feedback.improvements_of_runs)
        self.experiment = by_id(feedback.experiments)
        self.experiments_of_improvement = by_id(feedback.experiments_of_improvements)
        self.decision = by_id(feedback.decisions)
        self.decisions_of_improvement = by_id(feedback.decisions_of_improvements)
        self.decision_of_version = by_id(feedback.decisions_of_versions)
        self.executions_of_experiment = DataLoader(load_fn=self._executions_of_experiment, cache=False)
        self.versions_of_pattern = DataLoader(load_fn=self._versions_of_pattern, cache=False)
        self.edges_of_version = DataLoader(load_fn=self._edges_of_version, cache=False)
        self.events_of_pattern = DataLoader(load_fn=self._events_of_pattern, cache=False)
        self.events_of_version = DataLoader(load_fn=self._events_of_version, cache=False)
        self.lineage_of_pattern = DataLoader(load_fn=self._lineage_of_pattern, cache=False)
        self.traversal = DataLoader(load_fn=self._traversal, cache=False)

    async def _versions_of_pattern(self, keys: list[VersionsKey]) -> list[VersionPage]:
        found: dict[VersionsKey, VersionPage] = {}
        for first, below in {(key.first, key.below) for key in keys}:
            group = {key.pattern_id: key for key in keys if (key.first, key.below) == (first, below)}
            pages = await self._services.lineage_reads.versions_pages(list(group), first, below)
            found.update((group[pattern_id], page) for pattern_id, page in pages.items())
        return [found[key] for key in keys]

    async def _executions_of_experiment(self, keys: list[EvidenceKey]) -> list[EvidencePage]:
        found: dict[EvidenceKey, EvidencePage] = {}
        for page in {key.page for key in keys}:
            group = {key.experiment_id: key for key in keys if key.page == page}
            pages = await self._services.evidence.executions_of_experiments(list(group), page, self._principal)
            found.update((group[experiment_id], evidence) for experiment_id, evidence in pages.items())
        return [found[key] for key in keys]

    async def _edges_of_version(self, keys: list[EdgesKey]) -> list[tuple[LineageEdge, ...]]:
        found: dict[EdgesKey, list[LineageEdge]] = {key: [] for key in keys}
        for direction, types in {(key.direction, key.types) for key in keys}:
            group = {key.node_id: key for key in keys if (key.direction, key.types) == (direction, types)}
            for edge in await self._services.lineage_reads.edges(list(group), direction, types):
                near = edge.target_node_id if direction is Direction.ANCESTORS else edge.source_node_id
                found[group[near]].append(edge)
        return [tuple(found[key]) for key in keys]

    async def _events_of_pattern(self, keys: list[EventsKey]) -> list[EventPage]:
        return await self._events(keys, self._services.events.pages_of_patterns)

    async def _events_of_version(self, keys: list[EventsKey]) -> list[EventPage]:
        return await self._events(keys, self._services.events.pages_of_versions)

    async def _events(
        self,
        keys: list[EventsKey],
        fetch: Callable[[Sequence[str], EventFilter, Page], Awaitable[dict[str, EventPage]]],
    ) -> list[EventPage]:
        found: dict[EventsKey, EventPage] = {}
        for filter, page in {(key.filter, key.page) for key in keys}:
            group = {key.owner_id: key for key in keys if (key.filter, key.page) == (filter, page)}
            pages = await fetch(list(group), filter, page)
            found.update((group[owner_id], events) for owner_id, events in pages.items())
        return [found[key] for key in keys]

    async def _lineage_of_pattern(self, keys: list[LineageKey]) -> list[LineageGraph | None]:
        found: dict[LineageKey, LineageGraph | None] = {}
        for filter, limit in {(key.filter, key.max_nodes) for key in keys}:
            group = {key.pattern_id: key for key in keys if (key.filter, key.max_nodes) == (filter, limit)}
            graphs = await self._services.traversals.pattern_lineages(list(group), filter, limit)
            found.update((key, graphs.get(pattern_id)) for pattern_id, key in group.items())
        return [found[key] for key in keys]

    async def _traversal(self, keys: list[TraversalKey]) -> list[LineageGraph | None]:
        found: dict[TraversalKey, LineageGraph | None] = {}
        for filter, limit in {(key.filter, key.max_nodes) for key in keys}:
            group = {key.node_id: key for key in keys if (key.filter, key.max_nodes) == (filter, limit)}
            graphs = await self._services.traversals.traverse(list(group), filter, limit)
            found.update((key, graphs.get(node_id)) for node_id, key in group.items())
        return [found[key] for key in keys]
