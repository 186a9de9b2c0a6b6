"""Changes of the lineage. Each operation is one transaction, which also writes its event."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.lineage.changes import Created, NewEdge, NewPattern, NewVersion, request_hash
from loopgraph.contracts.lineage.patterns import (
    EdgeStrength,
    LineageEdge,
    PatternStatus,
    PatternVersion,
    RelationshipType,
)
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.group_commit import Together
from loopgraph.effects.graph.transaction import Transaction, Work
from loopgraph.effects.lineage import steps
from loopgraph.effects.lineage.additions import add_versions, addition_of
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.effects.lineage.connections import Connection, Drawn, connect, draw_between
from loopgraph.effects.lineage.creations import create_patterns, creation_of
from loopgraph.errors import Conflict, InvalidInput, NotFound, Spelled, UserError

T = TypeVar("T")

_EDGES_BY_ID = query("lineage/edges_by_id")
_CLOSE_EDGE = query("lineage/close_edge")

_ANCESTRY = "ancestry"
"""What writers contend for who draw edges between existing versions."""

_CREATIONS = "creations"
"""What those share who make patterns."""

_ADDITIONS = "additions"
"""What those share who add versions: to one pattern or to many, they do it together."""


class Lineage:
    """Writes patterns, versions and edges."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def create_pattern(self, new: NewPattern, first: NewVersion, origin: Origin) -> Created:
        """A pattern with its version 1. The same ids with the same content give the first result again.

        Raises Conflict if an id is taken by other content, NotFound for an unknown parent, InvalidInput.
        """
        creation = creation_of(new, first, origin)
        work = Together(create_patterns, creation)
        return await self._settled(
            work, retryable=creation.names_pattern or creation.names_version, contended=_CREATIONS
        )

    async def add_version(
        self, pattern_id: str, new: NewVersion, origin: Origin, event_type: EventType = EventType.VERSION_ADDED
    ) -> Created:
        """The next version of a pattern, with the edges from its parents.

        Raises NotFound for an unknown pattern or parent, Conflict if the id or the version number is taken, InvalidInput.
        """
        addition = addition_of(pattern_id, new, origin, event_type)
        work = Together(add_versions, addition)
        return await self._settled(work, retryable=new.node_id is not None, contended=_ADDITIONS)

    async def connect(self, new: NewEdge, origin: Origin) -> Drawn:
        """An edge between two existing versions, and whether an earlier request had drawn it.

        Raises NotFound, InvalidInput for a self-loop, CycleRefused for an ancestry edge that would close a cycle, Conflict if
        the id is taken by other content or the two are already connected by this type.
        """
        if new.source_node_id == new.target_node_id:
            raise InvalidInput("targetNodeId", "must differ from sourceNodeId: a version is not its own ancestor")
        at, edge_id = now(), new.edge_id or new_id()
        draft = LineageEdge(
            **new.model_dump(exclude={"edge_id"}),
            edge_id=edge_id,
            source_pattern_id=steps.UNRESOLVED,
            target_pattern_id=steps.UNRESOLVED,
            correlation_id=origin.correlation_id,
            created_at=at,
            created_by=origin.actor_id,
            valid_from=at,
        )
        event = make_event(
            EventType.EDGE_CREATED, origin, node_id=new.target_node_id, edge_id=edge_id, after=steps.brief(draft)
        )
        request = Connection(draft, request_hash(new), chosen_id=new.edge_id is not None, event=event, turn=new_id())
        return await self._settled(Together(connect, request), retryable=request.chosen_id, contended=_ANCESTRY)

    async def disconnect(self, edge_id: str, reason: str, origin: Origin) -> LineageEdge:
        """Closes the interval of an edge; the edge stays. Raises NotFound, InvalidInput, Conflict if it is closed already."""
        steps.check_text("reason", reason)
        at, turn = now(), new_id()
        event = make_event(EventType.EDGE_DEACTIVATED, origin, edge_id=edge_id, data={"reason": reason})

        async def work(tx: Transaction) -> LineageEdge:
            await steps.lock_ancestry(tx, turn)
            rows = await tx.run(_EDGES_BY_ID, edge_ids=[edge_id])
            if not rows:
                raise NotFound("LineageEdge", edge_id)
            edge = steps.edge_of(rows[0])
            if edge.valid_to is not None:
                raise Conflict("LineageEdge", edge_id, f"it was deactivated at {edge.valid_to.isoformat()}")
            closing = _CLOSE_EDGE.choose(EDGE_TYPE=edge.relationship_type.value)
            end = max(at, edge.valid_from)  # another process may have drawn it while this one waited for the lock
            await tx.run(closing, edge_id=edge_id, source_node_id=edge.source_node_id, valid_to=end, reason=reason)
            closed = edge.model_copy(update={"valid_to": end, "deactivation_reason": reason})
            await record(
                tx,
                event.model_copy(
                    update={
                        "pattern_id": edge.target_pattern_id,
                        "node_id": edge.target_node_id,
                        "before": steps.brief(edge),
                        "after": {"valid_to": end.isoformat()},
                    }
                ),
            )
            return closed

        return await self._graph.transaction(work, contended=_ANCESTRY)

    async def activate(self, node_id: str, origin: Origin) -> PatternVersion:
        """Puts a draft into use: it becomes its pattern's current version. Raises NotFound, InvalidTransition."""
        at = now()
        event = make_event(EventType.VERSION_ACTIVATED, origin, node_id=node_id)

        async def work(tx: Transaction) -> PatternVersion:
            return await steps.change_status(tx, node_id, PatternStatus.ACTIVE, at, event)

        return await self._graph.transaction(work)

    async def reject(self, node_id: str, reason: str, origin: Origin) -> PatternVersion:
        """Closes a draft that will not be used. Raises NotFound, InvalidTransition, InvalidInput."""
        steps.check_text("reason", reason)
        at = now()
        event = make_event(EventType.VERSION_REJECTED, origin, node_id=node_id, data={"reason": reason})

        async def work(tx: Transaction) -> PatternVersion:
            return await steps.change_status(tx, node_id, PatternStatus.REJECTED, at, event)

        return await self._graph.transaction(work)

    async def archive(self, node_id: str, origin: Origin) -> PatternVersion:
        """Puts a deprecated version away; it is never deleted. Raises NotFound, InvalidTransition."""
        at = now()
        event = make_event(EventType.VERSION_ARCHIVED, origin, node_id=node_id)

        async def work(tx: Transaction) -> PatternVersion:
            return await steps.change_status(tx, node_id, PatternStatus.ARCHIVED, at, event)

        return await self._graph.transaction(work)

    async def deprecate(
        self, node_id: str, reason: str, replaced_by: str | None, origin: Origin
    ) -> tuple[PatternVersion, LineageEdge | None]:
        """Takes an active version out of use; a replacement gets a DEPRECATED_BY edge.

        If the version was its pattern's current one, the replacement takes its place (when it is an active version of the same
        pattern), or else the newest version that is still active. Raises NotFound, InvalidTransition, InvalidInput, CycleRefused.
        """
        if replaced_by == node_id:
            raise InvalidInput("replacedBy", "a version cannot replace itself")
        steps.check_text("reason", reason)
        at, edge_id = now(), new_id()
        event = make_event(
            EventType.VERSION_DEPRECATED,
            origin,
            node_id=node_id,
            edge_id=edge_id if replaced_by else None,
            data={"reason": reason, "replaced_by": replaced_by},
        )

        async def work(tx: Transaction) -> tuple[PatternVersion, LineageEdge | None]:
            if replaced_by:
                await steps.lock_ancestry(tx, edge_id)
            version = await steps.change_status(
                tx, node_id, PatternStatus.DEPRECATED, at, event, reason=reason, replaced_by=replaced_by
            )
            edge = None
            if replaced_by:
                replacement = await steps.version_row(tx, replaced_by)
                if replacement is None:
                    raise NotFound("PatternVersion", replaced_by)
                if (status := PatternStatus(replacement["status"])) in (PatternStatus.REJECTED, PatternStatus.ARCHIVED):
                    raise InvalidInput(
                        "replacedBy",
                        Spelled(lambda spell: f"{replaced_by} is {spell(status)} and cannot replace anything"),
                    )
                edge = LineageEdge(
                    edge_id=edge_id,
                    source_node_id=node_id,
                    target_node_id=replaced_by,
                    source_pattern_id=steps.UNRESOLVED,
                    target_pattern_id=steps.UNRESOLVED,
                    relationship_type=RelationshipType.DEPRECATED_BY,
                    edge_strength=EdgeStrength.STRONG,
                    change_summary=reason,
                    correlation_id=origin.correlation_id,
                    created_at=at,
                    created_by=origin.actor_id,
                    valid_from=at,
                )
                edge = await draw_between(tx, edge, field="replacedBy")
            return version, edge

        return await self._graph.transaction(work, contended=_ANCESTRY if replaced_by else None)

    async def make_current(self, node_id: str, origin: Origin) -> PatternVersion:
        """Makes an active version its pattern's current one. Raises NotFound, InvalidInput if it is not active."""
        at = now()
        event = make_event(EventType.CURRENT_VERSION_CHANGED, origin, node_id=node_id)

        async def work(tx: Transaction) -> PatternVersion:
            version = await steps.lock_version(tx, node_id, at)
            if version.status is not PatternStatus.ACTIVE:
                has, needs = version.status, PatternStatus.ACTIVE
                raise InvalidInput(
                    "nodeId",
                    Spelled(lambda spell: f"{node_id} is {spell(has)}; only an {spell(needs)} version can be current"),
                )
            before = (await steps.lock_pattern(tx, version.pattern_id, at)).current_node_id
            if before != node_id:
                await steps.move_current(tx, version.pattern_id, node_id)
                change = {"pattern_id": version.pattern_id, "before": {"current_node_id": before}}
                await record(tx, event.model_copy(update={**change, "after": {"current_node_id": node_id}}))
            return version

        return await self._graph.transaction(work)

    async def _settled(self, work: Work[T], *, retryable: bool, contended: Hashable | None = None) -> T:
        """The outcome of a transaction; of a request that names its own id, after a second look if it is refused.

        Its twin may have won a race in the middle of the first look, and then the twin's result is the answer.
        """
        try:
            return await self._graph.transaction(work, contended=contended)
        except UserError:
            if not retryable:
                raise
        return await self._graph.transaction(work, contended=contended)
