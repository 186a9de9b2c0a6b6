"""Data loaders: reads that one operation asks for one by one are answered by one statement.

They batch and do not cache: on a WebSocket one context serves many operations, and a cache would answer later ones with
what was true before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar, TypeVarTuple

from strawberry.dataloader import DataLoader

from loopgraph.api.services import Services
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage import Direction, LineageEdge, RelationshipType
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.orchestrators.traces.episodes import trees

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Rest = TypeVarTuple("Rest")


def by_id(fetch: Callable[[Sequence[K]], Awaitable[dict[K, V]]]) -> DataLoader[K, V | None]:
    """A loader over a read that takes ids and answers with what exists."""

    async def load(keys: list[K]) -> list[V | None]:
        found = await fetch(list(dict.fromkeys(keys)))
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load, cache=False)


def of_owners(fetch: Callable[[Sequence[str], *Rest], Awaitable[Mapping[str, V]]]) -> DataLoader[tuple[str, *Rest], V]:
    """A loader over a read of something that each of several owners has, such as a page of their events.

    Its keys are the owner's id and what else the read asks for. One read answers the keys whose rest is the same; it must
    answer for every owner.
    """

    async def load(keys: list[tuple[str, *Rest]]) -> list[V]:
        groups: dict[tuple[Any, ...], dict[str, None]] = {}
        for owner, *rest in keys:
            groups.setdefault(tuple(rest), {})[owner] = None
        found = {rest: await fetch(list(owners), *rest) for rest, owners in groups.items()}
        return [found[tuple(rest)][owner] for owner, *rest in keys]

    return DataLoader(load_fn=load, cache=False)


class Loaders:
    """One loader for each edge of the API that a list can reach."""

    def __init__(self, services: Services, principal: Principal | None) -> None:
        reads = services.lineage_reads
        self.pattern = by_id(reads.patterns)
        self.version = by_id(reads.versions)
        self.edge = by_id(reads.edges_by_id)
        self.event = by_id(services.events.by_id)
        self.trace_tree = by_id(lambda ids: trees(services.traces, ids, principal))
        sessions = services.sessions
        self.session = by_id(lambda ids: sessions.by_id(ids, principal))
        self.traces_of_session = of_owners(lambda ids, page: sessions.traces(ids, page, principal))
        self.logs_of_session = of_owners(lambda ids, page: sessions.logs(ids, page, principal))
        self.metrics_of_session = of_owners(sessions.metrics)
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
        evidence, events = services.evidence, services.events
        self.executions_of_experiment = of_owners(
            lambda ids, page: evidence.executions_of_experiments(ids, page, principal)
        )
        self.versions_of_pattern = of_owners(reads.versions_pages)
        self.edges_of_version = of_owners(lambda ids, direction, types: _edges(reads, ids, direction, types))
        self.events_of_pattern = of_owners(events.pages_of_patterns)
        self.events_of_version = of_owners(events.pages_of_versions)
        traversals = services.traversals
        self.lineage_of_pattern = of_owners(_or_none(traversals.pattern_lineages))
        self.traversal = of_owners(_or_none(traversals.traverse))


def _or_none(
    fetch: Callable[[Sequence[str], *Rest], Awaitable[Mapping[str, V]]],
) -> Callable[[Sequence[str], *Rest], Awaitable[Mapping[str, V | None]]]:
    """A read that answers None for owners that it does not know."""

    async def filled(ids: Sequence[str], *rest: *Rest) -> dict[str, V | None]:
        return dict.fromkeys(ids) | dict(await fetch(ids, *rest))

    return filled


async def _edges(
    reads: LineageReads, ids: Sequence[str], direction: Direction, types: frozenset[RelationshipType]
) -> dict[str, list[LineageEdge]]:
    """The edges into (ANCESTORS) or out of (DESCENDANTS) each version."""
    found: dict[str, list[LineageEdge]] = {id_: [] for id_ in ids}
    for edge in await reads.edges(ids, direction, types):
        found[edge.target_node_id if direction is Direction.ANCESTORS else edge.source_node_id].append(edge)
    return found
