"""Experiments while they run. Each operation is one transaction, guarded by the revision of the experiment's run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType
from loopgraph.contracts.experiments import ArmTally, Experiment
from loopgraph.contracts.feedback import (
    METRICS,
    Arm,
    FeedbackRun,
    Improvement,
    ImprovementStatus,
    Reason,
    RunStatus,
)
from loopgraph.contracts.lineage import PatternStatus
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage import steps as lineage
from loopgraph.effects.lineage.audit import record
from loopgraph.effects.loop import mapping, steps
from loopgraph.errors import InvalidInput

_LOCK_PATTERN = query("feedback/lock_pattern")
_CREATE_EXPERIMENT = query("feedback/create_experiment")
_COUNT_WAITING = query("feedback/count_waiting")


class Count(NamedTuple):
    """How far the experiment of a waiting run is by now, why nothing is decided yet, and what its run says of that."""

    run: FeedbackRun
    experiment: Experiment
    tallies: Mapping[Arm, ArmTally]
    reason: Reason
    message: str


class Experiments:
    """Starts experiments, keeps their counts, and ends their sampling."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def start(self, run: FeedbackRun, improvement: Improvement, message: str) -> FeedbackRun:
        """Compares the candidate with the version that is current now; the run waits.

        An improvement whose candidate is no draft any more (somebody activated or rejected it) is withdrawn instead. Raises
        InvalidInput if the pattern has no current version any more.
        """
        at, experiment_id, origin = now(), new_id(), steps.loop_origin(run)
        started = steps.event_about(EventType.EXPERIMENT_STARTED, origin, improvement, experiment_id=experiment_id)
        withdrawn = steps.event_about(
            EventType.IMPROVEMENT_REJECTED,
            origin,
            improvement,
            status=ImprovementStatus.WITHDRAWN.value,
            reason=Reason.CANDIDATE_NOT_DRAFT.value,
        )

        async def work(tx: Transaction) -> FeedbackRun:
            await steps.hold(tx, run, at)
            await steps.hold_improvement(tx, improvement, at)
            candidate = await lineage.version_row(tx, improvement.candidate_node_id)
            if candidate is None or candidate["status"] != PatternStatus.DRAFT:
                changes = {"status": ImprovementStatus.WITHDRAWN, "reason": Reason.CANDIDATE_NOT_DRAFT}
                await steps.update_improvement(tx, improvement.improvement_id, at, **changes)
                await record(tx, withdrawn)
                return await steps.claim(tx, run, at)
            control_node_id = (await tx.run(_LOCK_PATTERN, pattern_id=run.pattern_id, turn=at))[0]["current_node_id"]
            if control_node_id is None:
                raise InvalidInput("patternId", f"{run.pattern_id} has no current version any more to compare with")
            experiment = Experiment(
                experiment_id=experiment_id,
                improvement_id=improvement.improvement_id,
                run_id=run.run_id,
                pattern_id=run.pattern_id,
                control_node_id=control_node_id,
                treatment_node_id=improvement.candidate_node_id,
                metric=METRICS[improvement.improvement_type],
                min_sample_size=run.input.min_sample_size,
                significance_level=run.input.significance_level,
                started_at=at,
            )
            await tx.run(
                _CREATE_EXPERIMENT,
                improvement_id=improvement.improvement_id,
                control_node_id=control_node_id,
                treatment_node_id=improvement.candidate_node_id,
                experiment=mapping.experiment_properties(experiment),
            )
            await steps.update_improvement(tx, improvement.improvement_id, at, status=ImprovementStatus.TESTING)
            await record(tx, started)
            return await steps.claim(tx, run, at, status=RunStatus.WAITING, message=message)

        return await steps.guarded(self._graph, run, work)

    async def count(
        self,
        run: FeedbackRun,
        experiment: Experiment,
        tallies: Mapping[Arm, ArmTally],
        reason: Reason | None,
        **changes: Any,
    ) -> FeedbackRun:
        """Keeps how far each arm is by now and why nothing is decided yet, and changes the run."""
        at, properties = now(), {**mapping.tally_properties(tallies), "reason": reason}

        async def work(tx: Transaction) -> FeedbackRun:
            claimed = await steps.claim(tx, run, at, **changes)
            await steps.update_experiment(tx, experiment.experiment_id, **properties)
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
                "counts": {**mapping.tally_properties(one.tallies), "reason": one.reason},
            }
            for one in counts
        ]
        await self._graph.write(_COUNT_WAITING, rows=rows, turn=at)

    async def abandon(self, run: FeedbackRun, improvement: Improvement, experiment: Experiment) -> FeedbackRun:
        """Ends an experiment without a decision; its improvement is proposed again, to the same run."""
        at = now()
        event = steps.event_about(
            EventType.EXPERIMENT_CONCLUDED,
            steps.loop_origin(run),
            improvement,
            experiment_id=experiment.experiment_id,
            decision_id=None,
        )

        async def work(tx: Transaction) -> FeedbackRun:
            claimed = await steps.claim(tx, run, at, status=RunStatus.RUNNING, message=None)
            await steps.close_experiment(tx, experiment.experiment_id, at)
            await steps.update_improvement(tx, improvement.improvement_id, at, status=ImprovementStatus.PROPOSED)
            await record(tx, event)
            return claimed

        return await steps.guarded(self._graph, run, work)
