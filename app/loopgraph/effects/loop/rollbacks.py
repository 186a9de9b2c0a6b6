"""What follows from a regression: a rollback, or a reviewer's word. Each operation is one transaction: the new version, its
edges, the status of the old one and the events are there together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.lineage.changes import NewVersion, ParentLink, request_hash
from loopgraph.contracts.lineage.patterns import (
    EdgeStrength,
    EvolutionType,
    PatternStatus,
    PatternVersion,
    RelationshipType,
)
from loopgraph.contracts.loop.feedback import ImprovementStatus
from loopgraph.contracts.loop.watching import Finding, RegressionReview, Watch, WatchStatus
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage import mapping as lineage_mapping
from loopgraph.effects.lineage import steps as lineage
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.effects.loop import mapping, steps
from loopgraph.effects.loop.watch_evidence import LOOP, evidence_of, in_words, until_key, watch_event
from loopgraph.errors import Conflict, InvalidTransition, NotFound

_LOCK = query("watches/lock")
_CHANGE = query("watches/change")
_RESTORED = query("watches/restored")
_MARK_EVIDENCE = query("watches/mark_evidence")
_CREATE_VERSIONS = query("lineage/create_versions")

_BATCH = 10_000


@dataclass(frozen=True)
class Regression:
    """A regression that a look has found: what was found, in which executions, and how often the version was used by then."""

    finding: Finding
    evidence: Sequence[str]
    usage_count: int


class Rollbacks:
    """Writes what follows from regressions: by the loop, or by reviewers."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def leave_for_review(
        self, watch: Watch, found: Regression, review: RegressionReview, note: str = ""
    ) -> Watch | None:
        """The watch, which waits for a reviewer from now on; None if somebody else has changed it meanwhile."""
        at = now()
        event = watch_event(EventType.VERSION_REGRESSED, LOOP, watch, found.finding, review=review.value, note=note)
        changes = {
            "status": WatchStatus.REGRESSED,
            "review": review,
            "finding": found.finding,
            "usage_count": found.usage_count,
            "note": note,
        }

        async def work(tx: Transaction) -> Watch | None:
            changed = await _change(tx, watch, at, changes)
            if changed is not None:
                await _mark(tx, watch, found.evidence)
                await record(tx, event)
            return changed

        return await self._graph.transaction(work)

    async def roll_back(self, watch: Watch, found: Regression) -> Watch | None:
        """The watch after the loop's own rollback; None if somebody else has changed it meanwhile.

        Where another version has come into use meanwhile nothing is rolled back, and the watch ends as superseded. Raises what
        making a version raises.
        """
        changes = {"finding": found.finding, "usage_count": found.usage_count}
        plan = _Plan.of(watch, found.finding, LOOP, changes)

        async def work(tx: Transaction) -> Watch | None:
            locked = await _locked(tx, watch.watch_id, plan.at)
            if locked.revision != watch.revision or not locked.status.open:
                return None
            if await _in_use(tx, watch, plan.at) != watch.node_id:
                return await _end(tx, watch, WatchStatus.SUPERSEDED, plan, changes)
            await _mark(tx, watch, found.evidence)
            return await plan.write(tx)

        return await self._graph.transaction(work)

    async def approve(self, watch: Watch, origin: Origin, note: str) -> Watch:
        """The watch after a rollback that a reviewer asked for.

        Raises InvalidTransition unless it waits for review, Conflict where another version is in use by now, or none was before.
        """
        if watch.restores_node_id is None:
            raise Conflict(
                "Watch", watch.watch_id, "no version was in use before this one, so there is none to restore"
            )
        plan = _Plan.of(watch, watch.finding, origin, {"note": note})

        async def work(tx: Transaction) -> Watch:
            await _reviewed(tx, watch, plan.at, WatchStatus.ROLLED_BACK)
            in_use = await _in_use(tx, watch, plan.at)
            if in_use != watch.node_id:
                raise Conflict(
                    "Watch", watch.watch_id, f"{watch.node_id} is not in use any more, but {in_use or 'no version'}"
                )
            return await plan.write(tx)

        return await self._graph.transaction(work)

    async def dismiss(self, watch: Watch, origin: Origin, note: str) -> Watch:
        """The watch after a reviewer has let the version stay. Raises InvalidTransition unless it waits for review."""
        at = now()
        event = watch_event(EventType.REGRESSION_DISMISSED, origin, watch, watch.finding, note=note)
        ended = {"ended_at": at, "ended_by": origin.actor_id, "note": note, "until_key": until_key(watch, at)}

        async def work(tx: Transaction) -> Watch:
            locked = await _reviewed(tx, watch, at, WatchStatus.DISMISSED)
            changed = await _change(tx, locked, at, {"status": WatchStatus.DISMISSED, **ended})
            assert changed is not None, "it is locked"
            await record(tx, event)
            return changed

        return await self._graph.transaction(work)


@dataclass(frozen=True)
class _Plan:
    """A rollback and all that is written with it; what is not read from the graph is made before the transaction."""

    watch: Watch
    finding: Finding
    origin: Origin
    changes: dict[str, Any]
    at: datetime
    node_id: str
    edge_id: str
    source_edge_id: str
    summary: str
    made: LineageEvent
    deprecated: LineageEvent
    rolled_back: LineageEvent
    ended: LineageEvent

    @classmethod
    def of(cls, watch: Watch, finding: Finding, origin: Origin, changes: dict[str, Any]) -> _Plan:
        node_id, edge_id = new_id(), new_id()
        about = {"rolled_back_to": node_id, "restores": watch.restores_node_id}
        return cls(
            watch=watch,
            finding=finding,
            origin=origin,
            changes=changes,
            at=now(),
            node_id=node_id,
            edge_id=edge_id,
            source_edge_id=new_id(),
            summary=f"rolled back: {in_words(finding)}",
            made=make_event(EventType.VERSION_DERIVED, origin, pattern_id=watch.pattern_id, node_id=node_id),
            deprecated=make_event(
                EventType.VERSION_DEPRECATED,
                origin,
                node_id=watch.node_id,
                edge_id=edge_id,
                data={"reason": in_words(finding), "replaced_by": node_id},
            ),
            rolled_back=watch_event(EventType.VERSION_ROLLED_BACK, origin, watch, finding, **about).model_copy(
                update={"edge_id": edge_id}
            ),
            ended=watch_event(EventType.WATCH_ENDED, origin, watch),
        )

    async def write(self, tx: Transaction) -> Watch:
        """Writes it all; the version is known to be in use, and the watch to be as it was read."""
        watch, at = self.watch, self.at
        restored = await self._restored(tx)
        pattern, number = await lineage.reserve(tx, watch.pattern_id, 1, at)
        version = lineage.build_version(pattern, self._new(restored), self.node_id, number, at, self.origin)
        hash_ = request_hash(watch.watch_id, "rollback")
        await tx.write(_CREATE_VERSIONS, [lineage_mapping.version_properties(version, hash_)], into="versions")
        drawn = await lineage.draw(tx, lineage.build_edges(version, self._links(restored), at, self.origin), hash_)
        await record(tx, lineage.describe_created(self.made, version, drawn, replaced=watch.node_id))
        await lineage.change_status(
            tx,
            watch.node_id,
            PatternStatus.DEPRECATED,
            at,
            self.deprecated,
            reason=self.summary,
            replaced_by=self.node_id,
        )
        await steps.update_improvement(tx, watch.improvement_id, at, status=ImprovementStatus.ROLLED_BACK)
        await tx.run(_RESTORED, watch_id=watch.watch_id, node_id=self.node_id)
        await record(tx, self.rolled_back)
        ended = {"restored_node_id": self.node_id, "ended_at": at, "ended_by": self.origin.actor_id}
        changes = {**self.changes, **ended, "status": WatchStatus.ROLLED_BACK, "until_key": until_key(watch, at)}
        changed = await _change(tx, watch, at, changes)
        assert changed is not None, "it is locked"
        return changed

    async def _restored(self, tx: Transaction) -> PatternVersion:
        id_ = self.watch.restores_node_id or ""
        row = await lineage.version_row(tx, id_)
        if row is None:
            raise NotFound("PatternVersion", id_)
        return lineage_mapping.version(row)

    def _new(self, restored: PatternVersion) -> NewVersion:
        """The content that was in use before, and what was measured of it then."""
        return NewVersion(
            evolution_type=EvolutionType.REPLACEMENT,
            template_code=restored.template_code,
            parameters=restored.parameters,
            change_summary=self.summary,
            tags=restored.tags,
            metadata={**restored.metadata, "restored_from": restored.node_id},
            performance_baseline=restored.performance_baseline,
            quality_baseline=restored.quality_baseline,
            success_rate_baseline=restored.success_rate_baseline,
            activate=True,
        )

    def _links(self, restored: PatternVersion) -> list[ParentLink]:
        """From the version whose content it has, and from the one that it replaces, with the evidence."""
        return [
            ParentLink(
                node_id=restored.node_id,
                relationship_type=RelationshipType.DERIVED_FROM,
                edge_id=self.source_edge_id,
                change_summary=self.summary,
            ),
            ParentLink(
                node_id=self.watch.node_id,
                relationship_type=RelationshipType.DEPRECATED_BY,
                edge_id=self.edge_id,
                edge_strength=EdgeStrength.STRONG,
                change_summary=self.summary,
                metadata=evidence_of(self.watch, self.finding),
            ),
        ]


async def _locked(tx: Transaction, watch_id: str, at: datetime) -> Watch:
    rows = await tx.run(_LOCK, watch_id=watch_id, turn=at)
    if not rows:
        raise NotFound("Watch", watch_id)
    return mapping.watch(rows[0]["watch"])


async def _reviewed(tx: Transaction, watch: Watch, at: datetime, wanted: WatchStatus) -> Watch:
    """The watch as it is while this transaction holds its lock. Raises InvalidTransition unless it waits for review."""
    locked = await _locked(tx, watch.watch_id, at)
    if locked.status is not WatchStatus.REGRESSED or locked.revision != watch.revision:
        raise InvalidTransition("Watch", watch.watch_id, locked.status, wanted)
    return locked


async def _in_use(tx: Transaction, watch: Watch, at: datetime) -> str | None:
    """The version in use, while this transaction holds the locks of the improvement, of the watched version and its pattern."""
    await steps.lock_improvement(tx, watch.improvement_id, at)
    await lineage.lock_version(tx, watch.node_id, at)
    return (await lineage.lock_pattern(tx, watch.pattern_id, at)).current_node_id


async def _change(tx: Transaction, watch: Watch, at: datetime, changes: dict[str, Any]) -> Watch | None:
    properties = mapping.watch_changes({**changes, "revision": watch.revision + 1, "updated_at": at})
    row = {"watch_id": watch.watch_id, "revision": watch.revision, "changes": properties}
    found = await tx.run(_CHANGE, rows=[row], turn=at)
    return mapping.watch(found[0]["watch"]) if found else None


async def _end(tx: Transaction, watch: Watch, status: WatchStatus, plan: _Plan, changes: dict[str, Any]) -> Watch:
    ended = {
        "status": status,
        "ended_at": plan.at,
        "ended_by": plan.origin.actor_id,
        "until_key": until_key(watch, plan.at),
    }
    changed = await _change(tx, watch, plan.at, {**changes, **ended})
    assert changed is not None, "it is locked"
    data = {**plan.ended.data, "status": status.value}
    await record(tx, plan.ended.model_copy(update={"data": data}))
    return changed


async def _mark(tx: Transaction, watch: Watch, evidence: Sequence[str]) -> None:
    for start in range(0, len(evidence), _BATCH):
        ids = list(evidence[start : start + _BATCH])
        await tx.run(_MARK_EVIDENCE, execution_ids=ids, node_id=watch.node_id, watch_id=watch.watch_id)
