"""Proposals: registered by clients, made by generators, and taken up by runs. Each operation is one transaction."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.changes import request_hash, template_hash
from loopgraph.contracts.lineage.patterns import PatternStatus, PatternVersion
from loopgraph.contracts.loop.feedback import FeedbackRun, Improvement, ImprovementStatus, NewImprovement
from loopgraph.contracts.loop.proposals import Proposal, ProposedVersion
from loopgraph.contracts.loop.risk import Assess, Content, Risk
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.lineage import steps as lineage
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.effects.lineage.mapping import version as version_of
from loopgraph.effects.loop import mapping, steps
from loopgraph.errors import Conflict, InvalidInput, NotFound

_IMPROVEMENTS_BY_ID = query("feedback/improvements_by_id")
_OPEN_CANDIDATES = query("feedback/open_candidates")
_LOCK_PATTERN = query("feedback/lock_pattern")
_PROPOSED = query("feedback/proposed_improvements")
_TAKE_UP = query("feedback/take_up_improvements")
_CREATE_IMPROVEMENT = query("feedback/create_improvement")
_VERSIONS_WITH_TEXT = query("feedback/versions_with_text")


class Improvements:
    """Registers improvements, each with its candidate version and its risk, and hands them to runs."""

    def __init__(self, graph: Graph, assess: Assess) -> None:
        self._graph = graph
        self._assess = assess

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
            content = Content(base.template_code, base.parameters)
            assessed = await asyncio.to_thread(self._assess, content, Content(template, parameters), ())
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
                risk=assessed.risk,
                risk_reasons=assessed.reasons,
                created_at=at,
                created_by=origin.actor_id,
                updated_at=at,
            )
            candidate = steps.Candidate(improvement, template, parameters, edge_id, event, hash_)
            await steps.register(tx, candidate, base, origin)
            return improvement

        return await self._graph.transaction(work)

    async def propose_version(self, proposed: ProposedVersion, origin: Origin) -> Improvement:
        """An improvement of the version in use whose candidate is there already: a draft of the same pattern.

        The same ``improvement_id`` gives the first result again. Raises NotFound for an unknown version, InvalidInput for one
        that is no draft or says what the version in use does, Conflict if the same is proposed already and not decided for good.
        """
        at, hash_ = now(), request_hash(proposed)
        event = make_event(
            EventType.IMPROVEMENT_PROPOSED,
            origin,
            node_id=proposed.node_id,
            data={"improvement_id": proposed.improvement_id, "source": proposed.source, "evidence": proposed.evidence},
        )

        async def work(tx: Transaction) -> Improvement:
            row = await lineage.version_row(tx, proposed.node_id)
            if row is None:
                raise NotFound("PatternVersion", proposed.node_id)
            candidate = version_of(row)
            await tx.run(_LOCK_PATTERN, pattern_id=candidate.pattern_id, turn=at)
            if earlier := await _improvement_row(tx, proposed.improvement_id):
                return mapping.improvement(earlier)
            if candidate.status is not PatternStatus.DRAFT:
                raise InvalidInput("nodeId", f"{candidate.node_id} is {candidate.status.value}, and no draft")
            base = await _base(tx, NewImprovement(pattern_id=candidate.pattern_id))
            changes = mapping.proposed_changes(base, candidate.template_code, candidate.parameters)
            if not changes:
                raise InvalidInput("nodeId", f"{candidate.node_id} says what the version in use does")
            if same := await _open_twin(tx, candidate.pattern_id, candidate.template_code, candidate.parameters):
                raise Conflict("Improvement", same, "it proposes the same candidate and is still open")
            before, after = (Content(one.template_code, one.parameters) for one in (base, candidate))
            assessed = await asyncio.to_thread(self._assess, before, after, ())
            improvement = Improvement(
                improvement_id=proposed.improvement_id,
                pattern_id=candidate.pattern_id,
                candidate_node_id=candidate.node_id,
                base_node_id=base.node_id,
                improvement_type=proposed.improvement_type,
                source=proposed.source,
                description=proposed.description,
                proposed_changes=changes,
                evidence=proposed.evidence,
                expected_delta=proposed.expected_delta,
                risk=assessed.risk,
                risk_reasons=assessed.reasons,
                created_at=at,
                created_by=origin.actor_id,
                updated_at=at,
            )
            await tx.run(
                _CREATE_IMPROVEMENT,
                candidate_node_id=candidate.node_id,
                improvement=mapping.improvement_properties(improvement, hash_),
            )
            await record(tx, event.model_copy(update={"pattern_id": candidate.pattern_id}))
            return improvement

        return await self._graph.transaction(work)

    async def take_up(
        self,
        run: FeedbackRun,
        control: PatternVersion,
        proposals: Sequence[tuple[str, Proposal]],
        notes: Sequence[str] = (),
        **changes: Any,
    ) -> FeedbackRun:
        """Gives the run what is proposed for its pattern: first what clients have registered, then what generators propose, each
        with its source.

        What a generator proposes is registered once: not if the version in use, or another version of the pattern, has the same
        text and parameters, and not if it was rejected on executions that this run looks at, too. So nothing is tested again and
        again until a test errs in its favour. The run's notes are ``notes`` and what was left out.
        """
        at, origin = now(), steps.loop_origin(run)
        made = [await asyncio.to_thread(self._candidate, run, control, *each, origin) for each in proposals]
        candidates = [one for one in made if one.improvement.proposed_changes]
        same = [one.improvement.source for one in made if not one.improvement.proposed_changes]
        types = sorted(kind.value for kind in run.input.feedback_type.improvement_types)

        async def work(tx: Transaction) -> FeedbackRun:
            left_out = defaultdict(list, {"the version in use is the same": same} if same else {})
            await steps.hold(tx, run, at)
            await tx.run(_LOCK_PATTERN, pattern_id=run.pattern_id, turn=at)
            for candidate in candidates:
                if reason := await _known(tx, run, candidate):
                    left_out[reason].append(candidate.improvement.source)
                else:
                    await steps.register(tx, candidate, control, origin)
            found = await tx.run(_PROPOSED, pattern_id=run.pattern_id, improvement_types=types)
            rows = [{**row, "position": position} for position, row in enumerate(found)]
            taken = await tx.run(_TAKE_UP, run_id=run.run_id, rows=rows, turn=at, now=at)
            left = tuple(f"left out {', '.join(sources)}: {reason}" for reason, sources in left_out.items())
            return await steps.claim(tx, run, at, improvements_identified=len(taken), notes=(*notes, *left), **changes)

        return await steps.guarded(self._graph, run, work)

    def _candidate(
        self, run: FeedbackRun, control: PatternVersion, source: str, proposal: Proposal, origin: Origin
    ) -> steps.Candidate:
        template = control.template_code if proposal.template_code is None else proposal.template_code
        parameters = control.parameters if proposal.parameters is None else proposal.parameters
        reasons = proposal.risk_reasons or (f"{source} says so of what it proposes",)
        told = [(proposal.risk, reason) for reason in reasons] if proposal.risk is not Risk.LOW else []
        assessed = self._assess(Content(control.template_code, control.parameters), Content(template, parameters), told)
        at = now()
        improvement = Improvement(
            improvement_id=new_id(),
            pattern_id=run.pattern_id,
            candidate_node_id=new_id(),
            base_node_id=control.node_id,
            improvement_type=proposal.improvement_type,
            source=source,
            description=proposal.description,
            proposed_changes=mapping.proposed_changes(control, template, parameters),
            evidence=proposal.evidence,
            expected_delta=proposal.expected_delta,
            risk=assessed.risk,
            risk_reasons=assessed.reasons,
            created_at=at,
            created_by=origin.actor_id,
            updated_at=at,
        )
        event = steps.event_about(
            EventType.IMPROVEMENT_PROPOSED,
            origin,
            improvement,
            improvement_type=improvement.improvement_type.value,
            source=source,
            evidence=proposal.evidence,
        )
        hash_ = request_hash(control.node_id, source, template, parameters)
        return steps.Candidate(
            improvement, template, parameters, new_id(), event, hash_, proposal.learned_from, new_id()
        )


async def _known(tx: Transaction, run: FeedbackRun, candidate: steps.Candidate) -> str | None:
    """Why a generator's candidate is not registered; None if nothing speaks against it."""
    rows = await tx.run(
        _VERSIONS_WITH_TEXT, pattern_id=run.pattern_id, template_hash=template_hash(candidate.template_code)
    )
    wanted, reason = request_hash(candidate.parameters), None
    for row in rows:
        if request_hash(json_value(row["parameters"]) or {}) != wanted:
            continue
        status = ImprovementStatus(row["improvement_status"]) if row["improvement_status"] else None
        if status is None:
            return f"version {row['version']} is the same"
        if status.open:
            return "it is proposed already, and not decided"
        if status is not ImprovementStatus.REJECTED:
            return f"version {row['version']} is the same"
        if row["base_node_id"] == run.control_node_id and row["decided_at"] > run.window_start:
            reason = "it was rejected on executions that are looked at again"
    return reason


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
