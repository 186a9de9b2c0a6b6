"""Recorded history on its way into the lineage: many versions of many patterns in one transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from loopgraph.assets import Access, query
from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.lineage.changes import Imported, ImportedVersion, PatternTip
from loopgraph.contracts.lineage.patterns import Pattern, PatternStatus
from loopgraph.contracts.lineage.resources import ResourceState, joined_states
from loopgraph.effects.clock import now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage import mapping, steps
from loopgraph.effects.lineage.audit import make_event, record

_CREATE_PATTERNS = query("lineage/create_patterns")
_CREATE_VERSIONS = query("lineage/create_versions")
_PATTERNS_BY_ID = query("lineage/patterns_by_id")
_DESCRIBE_PATTERNS = query("lineage/describe_patterns")
_RESOURCES_OF_VERSIONS = query("lineage/resources_of_versions")
_SET_RESOURCES = query("lineage/set_resources")


class LineageImport:
    """Writes recorded history. What is there already is left as it is, so an import can stop anywhere and be repeated."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def known(self, node_ids: Collection[str]) -> frozenset[str]:
        """Those of the ids that are versions already."""
        return frozenset(await self._graph.transaction(lambda tx: steps.standing(tx, node_ids), Access.READ))

    async def add(self, history: Sequence[ImportedVersion], origin: Origin) -> Imported:
        """Adds versions, and the patterns that are not there yet, in one transaction; says how much was new.

        The parents of a version, of whatever pattern, are there already or stand before it. Raises NotFound for an unknown one.
        """
        at = now()
        imported = {
            id_: make_event(EventType.PATTERN_IMPORTED, origin, pattern_id=id_)
            for id_ in {item.pattern_id for item in history}
        }
        added = {
            item.node_id: make_event(EventType.VERSION_ADDED, origin, pattern_id=item.pattern_id, node_id=item.node_id)
            for item in history
        }

        async def work(tx: Transaction) -> Imported:
            known = await steps.standing(tx, added)
            missing = [item for item in history if item.node_id not in known]
            if not missing:
                return Imported()
            patterns = await _new_patterns(tx, missing, at, origin)
            reserved = await steps.reserve_many(tx, Counter(item.pattern_id for item in missing), at)
            versions, edges = [], []
            for item in missing:
                pattern, number = reserved[item.pattern_id]
                reserved[item.pattern_id] = pattern, number + 1
                then = {"name": item.pattern.name, "pattern_type": item.pattern.pattern_type}
                pattern = pattern.model_copy(update=then)
                version = steps.build_version(pattern, item.version, item.node_id, number, at, origin)
                versions.append(version)
                edges += steps.build_edges(version, item.version.parents or (), at, origin)
            await tx.write(
                _CREATE_VERSIONS, [mapping.version_properties(version, "") for version in versions], into="versions"
            )
            drawn = await steps.draw(tx, edges, "")
            into = defaultdict(list)
            for edge in drawn:
                into[edge.target_node_id].append(steps.brief(edge))
            about_versions = {
                version.node_id: {
                    "after": {"version": version.version, "status": version.status.value},
                    "data": {"edges": into[version.node_id]},
                }
                for version in versions
            }
            await record(
                tx,
                *(imported[made.pattern_id].model_copy(update={"after": {"name": made.name}}) for made in patterns),
                *(added[id_].model_copy(update=update) for id_, update in about_versions.items()),
            )
            return Imported(patterns=len(patterns), versions=len(versions), edges=len(drawn))

        return await self._graph.transaction(work)

    async def follow(self, tips: Sequence[PatternTip], origin: Origin) -> None:
        """Gives patterns the versions in use, the names and the rest that their history ends with, in one transaction.

        A version that is not active (somebody has deprecated it) is not put into use again. Patterns that are not there are
        skipped.
        """
        at = now()
        moves = [
            make_event(EventType.CURRENT_VERSION_CHANGED, origin, pattern_id=tip.pattern_id, node_id=tip.node_id)
            for tip in tips
        ]
        renames = [make_event(EventType.PATTERN_UPDATED, origin, pattern_id=tip.pattern_id) for tip in tips]

        async def work(tx: Transaction) -> None:
            patterns = await steps.lock_patterns(tx, (tip.pattern_id for tip in tips), at)
            before = {pattern.pattern_id: pattern for pattern in patterns}
            versions = await steps.standing(tx, (tip.node_id for tip in tips if tip.node_id))
            usable = {id_ for id_, version in versions.items() if version["status"] == PatternStatus.ACTIVE} | {None}
            moved: dict[str, str | None] = {}
            described: list[Row] = []
            events: list[LineageEvent] = []
            for tip, move, rename in zip(tips, moves, renames, strict=True):
                pattern = before.get(tip.pattern_id)
                if pattern is None:
                    continue
                if tip.node_id in usable and tip.node_id != pattern.current_node_id:
                    moved[tip.pattern_id] = tip.node_id
                    in_use = {"before": pattern.current_node_id, "after": tip.node_id}
                    update = {when: {"current_node_id": node_id} for when, node_id in in_use.items()}
                    events.append(move.model_copy(update=update))
                if facts := tip.changed(pattern):
                    was = {name: getattr(pattern, name) for name in facts}
                    if _without_place(was) != _without_place(facts):
                        events.append(rename.model_copy(update={"before": was, "after": facts}))
                    facts_now, key = mapping.facts_of_pattern(facts), time_key(at, tip.pattern_id)
                    described.append({"pattern_id": tip.pattern_id, "facts": facts_now, "link_key": key})
            if moved:
                await steps.move_current_of(tx, moved)
            await tx.write(_DESCRIBE_PATTERNS, described, into="patterns")
            if events:
                await record(tx, *events)

        await self._graph.transaction(work)

    async def set_resources(self, states: Mapping[str, Sequence[ResourceState]]) -> frozenset[str]:
        """Adds to what is known of the files beside skills, by the version that stood; the versions of which something else was
        known before."""
        at = now()

        async def work(tx: Transaction) -> frozenset[str]:
            rows, changed = [], set[str]()
            for row in await tx.run(_RESOURCES_OF_VERSIONS, node_ids=sorted(states)):
                before = mapping.resources(row["resources"])
                after = joined_states(before, states[row["node_id"]])
                if after != before and (before or any(state.digest for state in after)):
                    key = time_key(at, row["node_id"])
                    text = mapping.resources_text(after)
                    rows.append({"node_id": row["node_id"], "resources": text, "link_key": key})
                    changed |= {row["node_id"]} if before else set()
            await tx.write(_SET_RESOURCES, rows)
            return frozenset(changed)

        return await self._graph.transaction(work) if states else frozenset()


def _without_place(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts of a pattern, wherever it was found: one more clone of a repository is no change that anybody audits."""
    metadata = facts.get("metadata") or {}
    return {**facts, "metadata": {name: value for name, value in metadata.items() if name != "folders"}}


async def _new_patterns(
    tx: Transaction, versions: Sequence[ImportedVersion], at: datetime, origin: Origin
) -> list[Pattern]:
    """Makes those patterns of the versions that are not there yet; each is named and dated by its first version."""
    firsts = {item.pattern_id: item for item in reversed(versions)}
    rows = await tx.run(_PATTERNS_BY_ID, pattern_ids=list(firsts))
    there = {row["pattern"]["pattern_id"] for row in rows}
    patterns = [
        Pattern(
            **item.pattern.model_dump(),
            latest_version=0,
            created_at=min(item.version.created_at or at, at),
            created_by=item.version.created_by or origin.actor_id,
            updated_at=at,
        )
        for pattern_id, item in firsts.items()
        if pattern_id not in there
    ]
    if patterns:
        await tx.write(
            _CREATE_PATTERNS, [mapping.pattern_properties(pattern, "") for pattern in patterns], into="patterns"
        )
    return patterns
