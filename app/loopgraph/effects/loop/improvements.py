"""Proposals: registered by clients, derived by rules, and taken up by runs. Each operation is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.changes import request_hash, template_hash
from loopgraph.contracts.feedback import FeedbackRun, Improvement, ImprovementStatus, NewImprovement, Proposal
from loopgraph.contracts.lineage import PatternVersion
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.lineage import steps as lineage
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.lineage.mapping import version as version_of
from loopgraph.effects.loop import mapping, steps
from loopgraph.errors import Conflict, InvalidInput, NotFound

_IMPROVEMENTS_BY_ID = query("feedback/improvements_by_id")
_OPEN_CANDIDATES = query("feedback/open_candidates")
_LOCK_PATTERN = query("feedback/lock_pattern")
_PROPOSED = query("feedback/proposed_improvements")
_TAKE_UP = query("feedback/take_up_improvements")


class Improvements:
    """Registers improvements, each with its candidate version, and hands them to runs."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def propose(self, new: NewImprovement, origin: Origin) -> Improvement:
        """A proposed improvement; its candidate is a draft version that is derived from the base.

        The same ``improvement_id`` with the same content gives the first result again. Raises NotFound for an unknown pattern or
        base, Conflict if the id is taken by other content or the same candidate is proposed already and not decided for good,
        InvalidInput if there is no base or nothing differs from it.
        """
        at, hash_ = now(), request_hash(new)
        id_, node_id, edge_id, source = new.improvement_id or new_id(), new_id(), new_id(), origin.actor_type.value
        event = make_event(
            EventType.IMPROVEMENT_PROPOSED,
            origin,
            pattern_id=new.pattern_id,
            node_id=node_id,
            data={"improvement_id": id_, "improvement_type": new.improvement_type.value, "source": source},
        )

        async def work(tx: Transaction) -> Improvement:
            # Of two that propose the same at once, the second sees what the first has written.
            await tx.run(_LOCK_PATTERN, pattern_id=new.pattern_id, turn=at)
            if new.improvement_id and (earlier := await _improvement_row(tx, id_)):
                if earlier["request_hash"] != hash_:
                    raise Conflict("Improvement", id_, "the id is taken by other content")
                return mapping.improvement(earlier)
            base = await _base(tx, new)
            template = base.template_code if new.template_code is None else new.template_code
            parameters = base.parameters if new.parameters is None else new.parameters
            changes = mapping.proposed_changes(base, template, parameters)
            if not changes:
                raise InvalidInput(
                    "templateCode", f"the candidate must differ from {base.node_id} in its template or its parameters"
                )
            if same := await _open_twin(tx, new.pattern_id, template, parameters):
                raise Conflict("Improvement", same, "it proposes the same candidate and is still open")
            improvement = Improvement(
                improvement_id=id_,
                pattern_id=new.pattern_id,
                candidate_node_id=node_id,
                base_node_id=base.node_id,
                improvement_type=new.improvement_type,
                source=source,
                description=new.description,
                proposed_changes=changes,
                expected_delta=new.expected_delta,
                created_at=at,
                created_by=origin.actor_id,
                updated_at=at,
            )
            candidate = steps.Candidate(improvement, template, parameters, edge_id, event, hash_)
            await steps.register(tx, candidate, base, origin)
            return improvement

        return await self._graph.transaction(work)

    async def take_up(
        self, run: FeedbackRun, control: PatternVersion, proposals: Sequence[Proposal], **changes: Any
    ) -> FeedbackRun:
        """Gives the run what is proposed for its pattern: first what clients have registered, then what the rules propose.

        A rule's proposal for a version is registered once: it is not tested again and again until a test errs in its favour.
        """
        at, origin = now(), steps.loop_origin(run)
        candidates = [_rule_candidate(run, control, proposal, origin) for proposal in proposals]
        types = sorted(kind.value for kind in run.input.feedback_type.improvement_types)

        async def work(tx: Transaction) -> FeedbackRun:
            await steps.hold(tx, run, at)
            await tx.run(_LOCK_PATTERN, pattern_id=run.pattern_id, turn=at)
            for candidate in candidates:
                if not await _improvement_row(tx, candidate.improvement.improvement_id) and not await _open_twin(
                    tx, run.pattern_id, candidate.template_code, candidate.parameters
                ):
                    await steps.register(tx, candidate, control, origin)
            found = await tx.run(_PROPOSED, pattern_id=run.pattern_id, improvement_types=types)
            rows = [{**row, "position": position} for position, row in enumerate(found)]
            taken = await tx.run(_TAKE_UP, run_id=run.run_id, rows=rows, turn=at, now=at)
            return await steps.claim(tx, run, at, improvements_identified=len(taken), **changes)

        return await steps.guarded(self._graph, run, work)


def _rule_candidate(run: FeedbackRun, control: PatternVersion, proposal: Proposal, origin: Origin) -> steps.Candidate:
    at, hash_ = now(), request_hash(control.node_id, proposal.rule, proposal.parameters)
    improvement = Improvement(
        improvement_id=f"rule-{hash_[:32]}",
        pattern_id=run.pattern_id,
        candidate_node_id=new_id(),
        base_node_id=control.node_id,
        improvement_type=proposal.improvement_type,
        source=proposal.rule,
        description=proposal.description,
        proposed_changes=mapping.proposed_changes(control, control.template_code, proposal.parameters),
        expected_delta=proposal.expected_delta,
        created_at=at,
        created_by=origin.actor_id,
        updated_at=at,
    )
    event = steps.event_about(
        EventType.IMPROVEMENT_PROPOSED,
        origin,
        improvement,
        improvement_type=improvement.improvement_type.value,
        source=improvement.source,
        evidence=proposal.evidence,
    )
    return steps.Candidate(improvement, control.template_code, proposal.parameters, new_id(), event, hash_)


async def _open_twin(tx: Transaction, pattern_id: str, template_code: str, parameters: JsonMap) -> str | None:
    """The id of an improvement with the same candidate that is not decided for good."""
    statuses = [status for status in ImprovementStatus if status.open]
    hash_ = template_hash(template_code)
    rows = await tx.run(_OPEN_CANDIDATES, pattern_id=pattern_id, template_hash=hash_, statuses=statuses)
    same = (row["improvement_id"] for row in rows if (json_value(row["parameters"]) or {}) == parameters)
    return next(same, None)


async def _improvement_row(tx: Transaction, improvement_id: str) -> Row | None:
    rows = await tx.run(_IMPROVEMENTS_BY_ID, improvement_ids=[improvement_id])
    return rows[0]["improvement"] if rows else None


async def _base(tx: Transaction, new: NewImprovement) -> PatternVersion:
    found = await lineage.pattern_row(tx, new.pattern_id)
    if found is None:
        raise NotFound("Pattern", new.pattern_id)
    node_id = new.base_node_id or found[0].current_node_id
    if node_id is None:
        raise InvalidInput("baseNodeId", f"{new.pattern_id} has no current version; name the version to improve")
    row = await lineage.version_row(tx, node_id)
    if row is None:
        raise NotFound("PatternVersion", node_id)
    if row["pattern_id"] != new.pattern_id:
        raise InvalidInput("baseNodeId", f"{node_id} is a version of {row['pattern_id']}, not of {new.pattern_id}")
    return version_of(row)
