"""Decisions on improvements, and what follows from them. Each operation is one transaction: the decision, the version it
makes active or rejects, the edge and the events are there together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.lineage.patterns import LineageEdge, PatternStatus, RelationshipType
from loopgraph.contracts.loop.experiments import Decision, Experiment, ExperimentResult
from loopgraph.contracts.loop.feedback import (
    Execution,
    FeedbackRun,
    Improvement,
    ImprovementStatus,
    PerformanceSummary,
    Reason,
    Verdict,
)
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.graph.values import json_text
from loopgraph.effects.lineage import steps as lineage
from loopgraph.effects.lineage.audit import record
from loopgraph.effects.lineage.connections import draw_between
from loopgraph.effects.loop import mapping, steps
from loopgraph.effects.traces.recording.mapping import version_key
from loopgraph.errors import Conflict, InvalidTransition

_CREATE_DECISION = query("feedback/create_decision")
_APPROVE_VERSION = query("feedback/approve_version")
_MARK_EVIDENCE = query("feedback/mark_evidence")
_LIST_UNENDED = query("feedback/list_unended")

_EVENTS = {
    ImprovementStatus.APPLIED: EventType.IMPROVEMENT_APPLIED,
    ImprovementStatus.VALIDATED: EventType.IMPROVEMENT_VALIDATED,
    ImprovementStatus.AWAITING_REVIEW: EventType.IMPROVEMENT_AWAITS_REVIEW,
    ImprovementStatus.REJECTED: EventType.IMPROVEMENT_REJECTED,
}
_BETTER = frozenset(
    {
        Reason.BELOW_APPLY_THRESHOLD, Reason.APPLY_REFUSED, Reason.GUARDRAIL_OPEN, Reason.TRADE_OFF, Reason.HIGH_RISK,
    }
)  # fmt: skip
"""Reasons for a review of what a test has found significantly better."""

_BATCH = 10_000


def _status(verdict: Verdict, reason: Reason) -> ImprovementStatus:
    match verdict:
        case Verdict.APPLY:
            return ImprovementStatus.APPLIED
        case Verdict.REJECT:
            return ImprovementStatus.REJECTED
        case Verdict.REVIEW:
            return ImprovementStatus.VALIDATED if reason in _BETTER else ImprovementStatus.AWAITING_REVIEW


@dataclass(frozen=True)
class Conclusion:
    """What is to be decided on an improvement, and on what grounds.

    ``evidence`` are the executions that ``result`` rests on, ``measured`` is the summary of the treatment's: the baselines of the
    version, if it is applied.
    """

    verdict: Verdict
    reason: Reason
    experiment: Experiment | None = None
    result: ExperimentResult | None = None
    evidence: Sequence[Execution] = ()
    measured: PerformanceSummary | None = None
    auto_apply_threshold: float | None = None
    note: str = ""


class Decisions:
    """Writes decisions: those of the loop and those of reviewers."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def conclude(
        self, run: FeedbackRun, improvement: Improvement, conclusion: Conclusion, **changes: Any
    ) -> FeedbackRun:
        """The run after the loop's own decision, which ends the experiment. Raises as ``conclude_together``."""
        return await self.conclude_together(run, [(improvement, conclusion)], **changes)

    async def conclude_together(
        self,
        run: FeedbackRun,
        concluded: Sequence[tuple[Improvement, Conclusion]],
        goes_on: Experiment | None = None,
        **changes: Any,
    ) -> FeedbackRun:
        """The run after the loop's own decisions on candidates of one experiment, which ends with them unless it ``goes_on``:
        then it becomes what is given.

        Raises InvalidTransition, Conflict or CycleRefused where a candidate cannot be applied: it is no draft any more, the
        control is not in use any more, or the edge cannot be drawn.
        """
        at, origin = now(), steps.loop_origin(run)
        rulings = [
            _ruling(improvement, conclusion, origin, at, by_loop=True, ends=goes_on is None)
            for improvement, conclusion in concluded
        ]
        found = [_status(conclusion.verdict, conclusion.reason) for _, conclusion in concluded]
        tested = sum(each in (ImprovementStatus.APPLIED, ImprovementStatus.VALIDATED) for each in found)
        counts = {
            "improvements_validated": run.improvements_validated + tested,
            "improvements_applied": run.improvements_applied + found.count(ImprovementStatus.APPLIED),
        }
        left = None if goes_on is None else mapping.progress_properties(goes_on)

        async def work(tx: Transaction) -> FeedbackRun:
            await steps.hold(tx, run, at)
            for ruling in rulings:
                await ruling.lock(tx)
            for improvement, _ in concluded:
                await steps.hold_improvement(tx, improvement, at)
            for ruling in rulings:
                await ruling.write(tx)
            if goes_on is not None and left is not None:
                await steps.update_experiment(tx, goes_on.experiment_id, **left)
            return await steps.claim(tx, run, at, **counts, **changes)

        return await steps.guarded(self._graph, run, work)

    async def review(self, improvement: Improvement, conclusion: Conclusion, origin: Origin) -> Improvement:
        """The improvement after a reviewer's decision: what waits for review can be applied, and what nobody tests can be
        rejected.

        Applying is allowed although another version than the control may be in use by now: the edge still leads from the
        control, and its metadata say so (``control_in_use``). Raises InvalidTransition, Conflict, CycleRefused.
        """
        at = now()
        ruling = _ruling(improvement, conclusion, origin, at, by_loop=False)
        unasked = conclusion.verdict is Verdict.REJECT
        wanted = _status(conclusion.verdict, conclusion.reason)

        async def work(tx: Transaction) -> Improvement:
            await ruling.lock(tx)
            locked = await steps.lock_improvement(tx, improvement.improvement_id, at)
            if not (locked.status.for_review or (unasked and locked.status is ImprovementStatus.PROPOSED)):
                raise InvalidTransition("Improvement", locked.improvement_id, locked.status, wanted)
            return await ruling.write(tx)

        return await self._graph.transaction(work)


def _ruling(
    improvement: Improvement,
    conclusion: Conclusion,
    origin: Origin,
    at: datetime,
    *,
    by_loop: bool,
    ends: bool = False,
) -> _Ruling:
    experiment = conclusion.experiment
    decision = Decision(
        decision_id=new_id(),
        experiment_id=experiment.experiment_id if experiment else None,
        improvement_id=improvement.improvement_id,
        verdict=conclusion.verdict,
        reason=conclusion.reason,
        result=conclusion.result,
        auto_apply_threshold=conclusion.auto_apply_threshold,
        decided_at=at,
        decided_by=origin.actor_id,
        note=conclusion.note,
    )
    data = decision.model_dump(
        mode="json", include={"decision_id", "experiment_id", "verdict", "reason", "decided_by", "note"}
    )
    events = {kind: steps.event_about(kind, origin, improvement, **data) for kind in _RULING_EVENTS}
    return _Ruling(improvement, conclusion, decision, new_id(), events, origin, at, by_loop, ends)


_RULING_EVENTS = (
    EventType.EXPERIMENT_CONCLUDED,
    EventType.IMPROVEMENT_APPROVED,
    EventType.VERSION_ACTIVATED,
    EventType.VERSION_REJECTED,
    EventType.BASELINE_SET,
    EventType.EDGE_CREATED,
    *_EVENTS.values(),
)


@dataclass(frozen=True)
class _Ruling:
    """A decision and all that is written with it; what is not read from the graph is made before the transaction. ``ends``: the
    experiment ends with it."""

    improvement: Improvement
    conclusion: Conclusion
    decision: Decision
    edge_id: str
    events: dict[EventType, LineageEvent]
    origin: Origin
    at: datetime
    by_loop: bool
    ends: bool

    async def lock(self, tx: Transaction) -> None:
        """Takes the lock that drawing an edge between existing versions needs, before all others that ``write`` takes."""
        if self.decision.verdict is Verdict.APPLY:
            await lineage.lock_ancestry(tx, self.edge_id)

    async def write(self, tx: Transaction) -> Improvement:
        """Writes the decision and what follows from it; returns the improvement as it is then."""
        decision, experiment = self.decision, self.conclusion.experiment
        await tx.run(
            _CREATE_DECISION,
            improvement_id=self.improvement.improvement_id,
            experiment_id=decision.experiment_id,
            decision=mapping.decision_properties(decision),
        )
        if experiment is not None and self.by_loop:
            await self._conclude(tx, experiment)
        if decision.verdict is Verdict.APPLY:
            await self._apply(tx)
        elif decision.verdict is Verdict.REJECT:
            await self._reject(tx)
        status = _status(decision.verdict, decision.reason)
        await record(tx, self.events[_EVENTS[status]])
        return await steps.update_improvement(
            tx,
            self.improvement.improvement_id,
            self.at,
            status=status,
            reason=decision.reason,
        )

    async def _conclude(self, tx: Transaction, experiment: Experiment) -> None:
        if self.ends:
            await steps.close_experiment(tx, experiment.experiment_id, self.at)
        evidence = [execution.execution_id for execution in self.conclusion.evidence]
        for start in range(0, len(evidence), _BATCH):
            await tx.run(
                _MARK_EVIDENCE,
                execution_ids=evidence[start : start + _BATCH],
                experiment_id=experiment.experiment_id,
                decision_id=self.decision.decision_id,
            )
        unended = [
            {"execution_id": item.execution_id, "version_key": version_key(item)}
            for item in self.conclusion.evidence
            if not item.ended
        ]
        if unended:
            await tx.run(_LIST_UNENDED, rows=unended)
        await record(tx, self.events[EventType.EXPERIMENT_CONCLUDED])

    async def _apply(self, tx: Transaction) -> None:
        node_id = self.improvement.candidate_node_id
        candidate = await lineage.lock_version(tx, node_id, self.at)
        in_use = (await lineage.lock_pattern(tx, candidate.pattern_id, self.at)).current_node_id
        experiment = self.conclusion.experiment
        control = experiment.control_node_id if experiment else in_use or self.improvement.base_node_id
        if self.by_loop and control != in_use:
            raise Conflict(
                "Improvement",
                self.improvement.improvement_id,
                f"it was compared with {control}, but {in_use or 'no version'} is in use now",
            )
        if not self.by_loop:
            await record(tx, self.events[EventType.IMPROVEMENT_APPROVED])
        await lineage.change_status(
            tx, node_id, PatternStatus.ACTIVE, self.at, self.events[EventType.VERSION_ACTIVATED]
        )
        edge = await draw_between(tx, self._edge(control, in_use), field="improvementId")
        created = {"edge_id": edge.edge_id, "after": lineage.brief(edge)}
        await record(tx, self.events[EventType.EDGE_CREATED].model_copy(update=created))
        await tx.run(_APPROVE_VERSION, decision_id=self.decision.decision_id, node_id=node_id, replaced_node_id=in_use)
        await self._set_baselines(tx, node_id)

    async def _set_baselines(self, tx: Transaction, node_id: str) -> None:
        measured = self.conclusion.measured
        if measured is None:
            return
        baseline = measured.baseline.model_dump()
        rates = {
            "success_rate_baseline": measured.success_rate,
            "quality_baseline": measured.mean_quality_score,
        }
        await lineage.update_version(tx, node_id, performance_baseline=json_text(baseline), **rates)
        set_event = self.events[EventType.BASELINE_SET].model_copy(
            update={"after": {"performance_baseline": baseline, **rates}}
        )
        await record(tx, set_event)

    async def _reject(self, tx: Transaction) -> None:
        node_id = self.improvement.candidate_node_id
        if (await lineage.lock_version(tx, node_id, self.at)).status is PatternStatus.DRAFT:
            event = self.events[EventType.VERSION_REJECTED]
            await lineage.change_status(tx, node_id, PatternStatus.REJECTED, self.at, event)

    def _edge(self, control: str, in_use: str | None) -> LineageEdge:
        result = self.decision.result
        return LineageEdge(
            edge_id=self.edge_id,
            source_node_id=control,
            target_node_id=self.improvement.candidate_node_id,
            source_pattern_id=lineage.UNRESOLVED,
            target_pattern_id=lineage.UNRESOLVED,
            relationship_type=RelationshipType.IMPROVED_VERSION,
            confidence_score=result.confidence_score if result else None,
            change_summary=self.improvement.description,
            metadata={
                "decision_id": self.decision.decision_id,
                "experiment_id": self.decision.experiment_id,
                "improvement_id": self.improvement.improvement_id,
                "improvement_type": self.improvement.improvement_type.value,
                "metric": result.metric.value if result else None,
                "performance_delta": result.performance_delta if result else None,
                "method": result.method.value if result else None,
                "p_value": result.p_value if result else None,
                "confidence": result.confidence_score if result else None,
                "control_in_use": control == in_use,
            },
            correlation_id=self.origin.correlation_id,
            created_at=self.at,
            created_by=self.origin.actor_id,
            valid_from=self.at,
        )
