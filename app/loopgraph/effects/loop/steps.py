"""Steps of the transactions of the improvement loop: each takes the open transaction, none commits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.audit import ActorType, EventType, LineageEvent, Origin
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.changes import NewVersion, ParentLink
from loopgraph.contracts.lineage.patterns import EvolutionType, PatternVersion, RelationshipType
from loopgraph.contracts.loop.feedback import FeedbackRun, Improvement
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage import mapping as lineage_mapping
from loopgraph.effects.lineage import steps as lineage
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.effects.loop import mapping
from loopgraph.errors import NotFound

_LOCK_RUN = query("feedback/lock_run")
_CLAIM_RUN = query("feedback/claim_run")
_FREE_PATTERN = query("feedback/free_pattern")
_RUNS_BY_ID = query("feedback/runs_by_id")
_LOCK_IMPROVEMENT = query("feedback/lock_improvement")
_UPDATE_IMPROVEMENT = query("feedback/update_improvement")
_CREATE_IMPROVEMENT = query("feedback/create_improvement")
_UPDATE_EXPERIMENT = query("feedback/update_experiment")
_CREATE_VERSIONS = query("lineage/create_versions")


class Overtaken(Exception):
    """Somebody else changed the run, or what it works on, since it was read: nothing of the transaction is kept."""


async def guarded(graph: Graph, run: FeedbackRun, work: Callable[[Transaction], Awaitable[FeedbackRun]]) -> FeedbackRun:
    """The run after ``work``, or as it is now if somebody else was faster."""
    try:
        return await graph.transaction(work)
    except Overtaken:
        rows = await graph.read(_RUNS_BY_ID, run_ids=[run.run_id])
        return mapping.run(rows[0]["run"])


def loop_origin(run: FeedbackRun) -> Origin:
    """The loop itself, as the one who changes something."""
    return Origin(actor_type=ActorType.AUTOMATION, actor_id="loop", correlation_id=run.input.correlation_id)


async def lock_run(tx: Transaction, run_id: str, at: datetime) -> FeedbackRun:
    """The run as it is while this transaction holds its write lock. Raises NotFound."""
    rows = await tx.run(_LOCK_RUN, run_id=run_id, turn=at)
    if not rows:
        raise NotFound("FeedbackRun", run_id)
    return mapping.run(rows[0]["run"])


async def hold(tx: Transaction, run: FeedbackRun, at: datetime) -> None:
    """Takes the write lock of a run. Raises Overtaken if it is not as it was read."""
    if (await lock_run(tx, run.run_id, at)).revision != run.revision:
        raise Overtaken


async def claim(tx: Transaction, run: FeedbackRun, at: datetime, **changes: Any) -> FeedbackRun:
    """Changes the run, by compare-and-set on its revision, and notes how long it was at its stage.

    Raises Overtaken if it is not as it was read, or not open.
    """
    times = run.times_after(at, changes.get("stage", run.stage), changes.get("status", run.status))
    changes |= {"revision": run.revision + 1, "updated_at": at, "stage_times": times}
    properties = mapping.run_changes(changes)
    rows = await tx.run(_CLAIM_RUN, run_id=run.run_id, revision=run.revision, turn=at, changes=properties)
    if not rows:
        raise Overtaken
    if not changes.get("status", run.status).open:
        await tx.run(_FREE_PATTERN, pattern_id=run.pattern_id, run_id=run.run_id)
    return mapping.run(rows[0]["run"])


async def lock_improvement(tx: Transaction, improvement_id: str, at: datetime) -> Improvement:
    """The improvement as it is while this transaction holds its write lock. Raises NotFound."""
    rows = await tx.run(_LOCK_IMPROVEMENT, improvement_id=improvement_id, turn=at)
    if not rows:
        raise NotFound("Improvement", improvement_id)
    return mapping.improvement(rows[0]["improvement"])


async def update_improvement(tx: Transaction, improvement_id: str, at: datetime, **properties: Any) -> Improvement:
    """Sets properties of an improvement that exists."""
    rows = await tx.run(_UPDATE_IMPROVEMENT, improvement_id=improvement_id, properties={**properties, "updated_at": at})
    return mapping.improvement(rows[0]["improvement"])


async def hold_improvement(tx: Transaction, improvement: Improvement, at: datetime) -> None:
    """Takes the write lock of an improvement. Raises Overtaken if its status is not as it was read."""
    if (await lock_improvement(tx, improvement.improvement_id, at)).status is not improvement.status:
        raise Overtaken


async def update_experiment(tx: Transaction, experiment_id: str, **properties: Any) -> None:
    """Sets properties of an experiment that exists."""
    await tx.run(_UPDATE_EXPERIMENT, experiment_id=experiment_id, properties=properties)


async def close_experiment(tx: Transaction, experiment_id: str, at: datetime) -> None:
    """Ends an experiment; from now on nothing is assigned to its arms."""
    await update_experiment(tx, experiment_id, concluded_at=at, open_pattern_id=None)


def event_about(event_type: EventType, origin: Origin, improvement: Improvement, **data: Any) -> LineageEvent:
    """An event about an improvement and its candidate version."""
    return make_event(
        event_type,
        origin,
        pattern_id=improvement.pattern_id,
        node_id=improvement.candidate_node_id,
        data={"improvement_id": improvement.improvement_id, "run_id": improvement.run_id, **data},
    )


@dataclass(frozen=True)
class Candidate:
    """An improvement to be registered, and the content of its candidate version. Made before the transaction that does it.

    ``learned_from`` is the version of another pattern that taught it, ``lesson_edge_id`` the id of the edge from there.
    """

    improvement: Improvement
    template_code: str
    parameters: JsonMap
    edge_id: str
    event: LineageEvent
    request_hash: str
    learned_from: str | None = None
    lesson_edge_id: str | None = None


async def register(tx: Transaction, candidate: Candidate, base: PatternVersion, origin: Origin) -> None:
    """Makes the candidate a draft version that is derived from its base, and the improvement that would introduce it."""
    improvement, at = candidate.improvement, candidate.improvement.created_at
    pattern, number = await lineage.reserve(tx, improvement.pattern_id, 1, at)
    new = NewVersion(
        evolution_type=EvolutionType.IMPROVEMENT,
        template_code=candidate.template_code,
        parameters=candidate.parameters,
        change_summary=improvement.description,
        tags=base.tags,
    )
    link = ParentLink(
        node_id=base.node_id,
        relationship_type=RelationshipType.DERIVED_FROM,
        edge_id=candidate.edge_id,
        change_summary=improvement.description,
    )
    links = [link]
    source = candidate.learned_from and await lineage.version_row(tx, candidate.learned_from)
    if source and candidate.learned_from != base.node_id:  # what nobody knows any more has no edge
        lesson = ParentLink(
            node_id=source["node_id"],
            relationship_type=RelationshipType.RELATED_TO,
            edge_id=candidate.lesson_edge_id,
            change_summary=improvement.description,
        )
        links.append(lesson)
    version = lineage.build_version(pattern, new, improvement.candidate_node_id, number, at, origin)
    edges = lineage.build_edges(version, links, at, origin)
    properties = lineage_mapping.version_properties(version, candidate.request_hash)
    await tx.write(_CREATE_VERSIONS, [properties], into="versions")
    drawn = await lineage.draw(tx, edges, candidate.request_hash)
    await tx.run(
        _CREATE_IMPROVEMENT,
        candidate_node_id=improvement.candidate_node_id,
        improvement=mapping.improvement_properties(improvement, candidate.request_hash),
    )
    await record(tx, lineage.created_event(EventType.VERSION_DERIVED, origin, version, drawn), candidate.event)
