"""Experiments while they run. Each operation is one transaction, guarded by the revision of the experiment's run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.lineage.patterns import PatternStatus
from loopgraph.contracts.loop.arms import Allotment, TreatmentArm
from loopgraph.contracts.loop.design import AllocationRule
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import (
    METRICS,
    FeedbackRun,
    Improvement,
    ImprovementStatus,
    Reason,
    RunStatus,
    Stage,
)
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage import steps as lineage
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.effects.loop import mapping, steps
from loopgraph.errors import InvalidInput

_LOCK_PATTERN = query("feedback/lock_pattern")
_CREATE_EXPERIMENT = query("feedback/create_experiment")
_ADD_TREATMENTS = query("feedback/add_treatments")
_LAST_HOLDOUT = query("feedback/last_holdout")
_COUNT_WAITING = query("feedback/count_waiting")


class Count(NamedTuple):
    """How far the experiment of a waiting run is by now, and what its run says of that."""

    run: FeedbackRun
    experiment: Experiment
    message: str


class Experiments:
    """Starts experiments, keeps their counts, and ends their sampling."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def start(self, run: FeedbackRun, improvements: Sequence[Improvement], message: str) -> FeedbackRun:
        """Compares one candidate, or several beside each other, with the version that is current now; the run waits.

        Improvements whose candidate is no draft any more (somebody activated or rejected it) are withdrawn instead, and nothing
        is started. Raises InvalidInput if the pattern has no current version any more.
        """
        at, experiment_id, origin = now(), new_id(), steps.loop_origin(run)
        started = [
            steps.event_about(EventType.EXPERIMENT_STARTED, origin, improvement, experiment_id=experiment_id)
            for improvement in improvements
        ]
        withdrawn = [_withdrawn(improvement, origin) for improvement in improvements]

        async def work(tx: Transaction) -> FeedbackRun:
            await steps.hold(tx, run, at)
            gone = []
            for improvement, event in zip(improvements, withdrawn, strict=True):
                await steps.hold_improvement(tx, improvement, at)
                candidate = await lineage.version_row(tx, improvement.candidate_node_id)
                if candidate is None or candidate["status"] != PatternStatus.DRAFT:
                    gone.append((improvement, event))
            for improvement, event in gone:
                changes = {"status": ImprovementStatus.WITHDRAWN, "reason": Reason.CANDIDATE_NOT_DRAFT}
                await steps.update_improvement(tx, improvement.improvement_id, at, **changes)
                await record(tx, event)
            if gone:
                return await steps.claim(tx, run, at)
            control_node_id = (await tx.run(_LOCK_PATTERN, pattern_id=run.pattern_id, turn=at))[0]["current_node_id"]
            if control_node_id is None:
                raise InvalidInput("patternId", f"{run.pattern_id} has no current version any more to compare with")
            holdout = run.input.design.holdout_share
            if holdout is None:
                last = await tx.run(_LAST_HOLDOUT, pattern_id=run.pattern_id)
                holdout = last[0]["holdout_share"] if last else 0.0
            experiment = _experiment(run, improvements, experiment_id, control_node_id, at, holdout)
            await tx.run(
                _CREATE_EXPERIMENT,
                improvement_id=experiment.improvement_id,
                control_node_id=control_node_id,
                treatment_node_id=experiment.treatment_node_id,
                experiment=mapping.experiment_properties(experiment),
            )
            if others := [each.model_dump(include={"improvement_id", "node_id"}) for each in experiment.treatments[1:]]:
                await tx.run(_ADD_TREATMENTS, experiment_id=experiment_id, rows=others)
            for improvement in improvements:
                await steps.update_improvement(tx, improvement.improvement_id, at, status=ImprovementStatus.TESTING)
            await record(tx, *started)
            return await steps.claim(tx, run, at, status=RunStatus.WAITING, message=message)

        return await steps.guarded(self._graph, run, work)

    async def count(
        self, run: FeedbackRun, experiment: Experiment, begun: int | None = None, **changes: Any
    ) -> FeedbackRun:
        """Keeps how far an experiment is by now, and changes the run.
        ``begun`` is the stage of a growing exposure that begins with this look."""
        at = now()
        properties = mapping.progress_properties(experiment)
        event = None
        if begun is not None:
            share = experiment.design.stages[begun]
            properties |= {"stage": begun, "treatment_share": share}
            event = make_event(
                EventType.EXPERIMENT_STAGE_BEGUN,
                steps.loop_origin(run),
                pattern_id=experiment.pattern_id,
                node_id=experiment.treatment_node_id,
                data={"experiment_id": experiment.experiment_id, "stage": begun, "treatment_share": share},
            )

        async def work(tx: Transaction) -> FeedbackRun:
            claimed = await steps.claim(tx, run, at, **changes)
            await steps.update_experiment(tx, experiment.experiment_id, **properties)
            if event is not None:
                await record(tx, event)
            return claimed

        return await steps.guarded(self._graph, run, work)

    async def count_waiting(self, counts: Sequence[Count]) -> None:
        """Keeps how far the experiments of some waiting runs are, in one statement. Runs that somebody has moved stay."""
        if not counts:
            return
        at = now()
        rows = [
            {
                "run_id": one.run.run_id,
                "revision": one.run.revision,
                "changes": mapping.run_changes(
                    {"revision": one.run.revision + 1, "updated_at": at, "message": one.message}
                ),
                "experiment_id": one.experiment.experiment_id,
                "counts": mapping.progress_properties(one.experiment),
            }
            for one in counts
        ]
        await self._graph.write(_COUNT_WAITING, rows=rows, turn=at)

    async def withdraw(
        self, run: FeedbackRun, improvements: Sequence[Improvement], experiment: Experiment
    ) -> FeedbackRun:
        """Improvements whose candidate is no draft any more are withdrawn while those beside them go on, in the experiment as it
        is given; what is left is looked at next."""
        at, origin = now(), steps.loop_origin(run)
        events = [_withdrawn(improvement, origin) for improvement in improvements]
        properties = mapping.progress_properties(experiment)

        async def work(tx: Transaction) -> FeedbackRun:
            claimed = await steps.claim(tx, run, at, stage=Stage.VALIDATE, status=RunStatus.RUNNING, message=None)
            for improvement in improvements:
                await steps.hold_improvement(tx, improvement, at)
                changes = {"status": ImprovementStatus.WITHDRAWN, "reason": Reason.CANDIDATE_NOT_DRAFT}
                await steps.update_improvement(tx, improvement.improvement_id, at, **changes)
            await steps.update_experiment(tx, experiment.experiment_id, **properties)
            await record(tx, *events)
            return claimed

        return await steps.guarded(self._graph, run, work)

    async def abandon(
        self, run: FeedbackRun, improvements: Sequence[Improvement], experiment: Experiment
    ) -> FeedbackRun:
        """Ends an experiment without a decision; what it still tests is proposed again, to the same run."""
        at = now()
        events = [
            steps.event_about(
                EventType.EXPERIMENT_CONCLUDED,
                steps.loop_origin(run),
                improvement,
                experiment_id=experiment.experiment_id,
                decision_id=None,
            )
            for improvement in improvements
        ]

        async def work(tx: Transaction) -> FeedbackRun:
            claimed = await steps.claim(tx, run, at, status=RunStatus.RUNNING, message=None)
            await steps.close_experiment(tx, experiment.experiment_id, at)
            for improvement in improvements:
                await steps.update_improvement(tx, improvement.improvement_id, at, status=ImprovementStatus.PROPOSED)
            await record(tx, *events)
            return claimed

        return await steps.guarded(self._graph, run, work)


def _withdrawn(improvement: Improvement, origin: Origin) -> LineageEvent:
    return steps.event_about(
        EventType.IMPROVEMENT_REJECTED,
        origin,
        improvement,
        status=ImprovementStatus.WITHDRAWN.value,
        reason=Reason.CANDIDATE_NOT_DRAFT.value,
    )


def _experiment(
    run: FeedbackRun,
    improvements: Sequence[Improvement],
    experiment_id: str,
    control_node_id: str,
    at: datetime,
    holdout: float,
) -> Experiment:
    first, several = improvements[0], len(improvements) > 1
    design = run.input.design.resolved(METRICS[first.improvement_type]).model_copy(update={"holdout_share": holdout})
    shares = design.shares_of(len(improvements))
    if not several and design.candidates_at_once > 1:  # fewer than were expected: what there is keeps its share
        design = design.beside(shares[0], 1.0 - shares[0])
    adapts = design.allocation is AllocationRule.THOMPSON
    arms = (
        TreatmentArm(improvement_id=each.improvement_id, node_id=each.candidate_node_id, share=share)
        for each, share in zip(improvements, shares, strict=True)
    )
    return Experiment(
        experiment_id=experiment_id,
        improvement_id=first.improvement_id,
        run_id=run.run_id,
        pattern_id=run.pattern_id,
        control_node_id=control_node_id,
        treatment_node_id=first.candidate_node_id,
        metric=design.metric or METRICS[first.improvement_type],
        min_sample_size=run.input.min_sample_size,
        significance_level=run.input.significance_level,
        design=design,
        stage=0 if design.stages else None,
        treatments=tuple(arms) if several else (),
        allotments=(Allotment(shares=shares if several else (design.treatment_share,), made_at=at),) if adapts else (),
        started_at=at,
    )
