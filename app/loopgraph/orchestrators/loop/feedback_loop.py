"""The improvement loop: which step follows which. A run is a state machine whose state is in the graph.

collect → analyze → generate → (validate → apply, for one improvement after the other) → track

Every step reads, measures and decides, and then writes in one transaction that is a compare-and-set on the run's revision. So
any number of workers can advance the same run, each step happens once, and after a restart the run goes on where it stopped.

Improvements are tested one after the other, in the order they were proposed, each against the version that is current when its
experiment starts: once one of them is applied, the others must be better than that one. If the control is taken out of use while
an experiment runs, it ends without a decision and the improvement is tested anew. An experiment is looked at once: when both
arms first have their units and these fall to the arms as planned, with all executions that are recorded by then. (Until that look
only counts are read, never how good an arm is.) An execution that began and has not ended in its time counts as a failure; one
that is the use of a pattern is judged by the criteria of success, and where too little is known of it, it counts as neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from loopgraph.computes.loop.experiment import compare, decide, evidence_of, obstacle, ratio_p_value
from loopgraph.computes.loop.progress import waiting_message
from loopgraph.computes.loop.proposals import propose
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.experiments import ArmTally, Experiment
from loopgraph.contracts.feedback import (
    Arm,
    Execution,
    FeedbackRun,
    Improvement,
    ImprovementStatus,
    LoopInput,
    NewImprovement,
    Reason,
    RunStatus,
    Stage,
    Verdict,
)
from loopgraph.contracts.success import Judging
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.decisions import Conclusion, Decisions
from loopgraph.effects.loop.experiments import Count, Experiments
from loopgraph.effects.loop.improvements import Improvements
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.loop.runs import FeedbackRuns
from loopgraph.effects.traces.reads import TraceReads
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.judging import Judge, Tallies
from loopgraph.reducers.performance import summarize_executions
from loopgraph.reducers.units import arm_sample, pooled

MAX_ANALYZED = 50_000
"""Of the executions in a run's time window, so many are analysed: the newest."""

EXECUTION_TIMEOUT = timedelta(hours=1)
"""An execution of an experiment that has not ended after so long counts as a failure."""

_UNDECIDED = (ImprovementStatus.PROPOSED, ImprovementStatus.TESTING)


class FeedbackLoop:
    """Starts, advances and ends runs; registers improvements and takes reviewers' decisions on them."""

    def __init__(
        self, graph: Graph, execution_timeout: timedelta = EXECUTION_TIMEOUT, judging: Judging | None = None
    ) -> None:
        self._execution_timeout = execution_timeout
        self._judge = Judge(graph, judging)
        self._runs = FeedbackRuns(graph)
        self._improvements = Improvements(graph)
        self._experiments = Experiments(graph)
        self._decisions = Decisions(graph)
        self._reads = FeedbackReads(graph)
        self._lineage = LineageReads(graph)
        self._traces = TraceReads(graph)
        self._steps: dict[Stage, Callable[[FeedbackRun], Awaitable[FeedbackRun]]] = {
            Stage.COLLECT: self._collect,
            Stage.ANALYZE: self._analyze,
            Stage.GENERATE: self._generate,
            Stage.VALIDATE: self._validate,
            Stage.APPLY: self._apply,
            Stage.TRACK: self._track,
        }

    async def propose_improvement(self, new: NewImprovement, origin: Origin) -> Improvement:
        """Registers a candidate version, which the next run of its pattern tests. Errors as ``Improvements.propose``."""
        return await self._improvements.propose(new, origin)

    async def start(self, wanted: LoopInput, origin: Origin, run_id: str | None = None) -> FeedbackRun:
        """The new run of a pattern, at its first stage. Errors as ``FeedbackRuns.start``."""
        return await self._runs.start(wanted, origin, run_id)

    async def cancel(self, run_id: str, origin: Origin) -> FeedbackRun:
        """Ends an open run; its undecided improvements stay proposed. Errors as ``FeedbackRuns.cancel``."""
        return await self._runs.cancel(run_id, origin)

    async def fail(self, run_id: str, message: str) -> FeedbackRun:
        """Ends an open run that cannot go on; its undecided improvements stay proposed. Raises NotFound, InvalidTransition."""
        return await self._runs.fail(await self._reads.run(run_id), message)

    async def approve_improvement(self, improvement_id: str, origin: Origin, note: str = "") -> Improvement:
        """Applies an improvement that waits for review, with the evidence it has. Errors as ``Decisions.review``, NotFound."""
        return await self._review(improvement_id, Verdict.APPLY, origin, note)

    async def reject_improvement(self, improvement_id: str, reason: str, origin: Origin) -> Improvement:
        """Rejects an improvement that waits for review or for a run. Errors as ``Decisions.review``, NotFound."""
        return await self._review(improvement_id, Verdict.REJECT, origin, reason)

    async def advance(self, run_id: str) -> FeedbackRun:
        """The run after its next step: with a higher revision, or unchanged if it waits or has ended. Raises NotFound."""
        run = await self._reads.run(run_id)
        return await self._steps[run.stage](run) if run.status.open else run

    async def due(self, runs: Collection[FeedbackRun]) -> list[str]:
        """Which of some open runs can go on now; those that have more executions and still wait are told how far they are.

        A fixed number of statements, however many runs wait: what they wait for is counted in the graph.
        """
        waiting = [run.run_id for run in runs if run.status is RunStatus.WAITING and run.stage is Stage.VALIDATE]
        at = await self._reads.waiting_experiments(waiting)
        tallies = await self._tallies([item.experiment for item in at.values()])
        go_on, still_waiting = [], []
        for run in runs:
            item = at.get(run.run_id)
            if item is None or not item.can_conclude:
                go_on.append(run.run_id)
                continue
            experiment = item.experiment
            found = await self._judge.tallies(experiment, tallies[experiment.experiment_id], self._evidence)
            if _seen(experiment, found):
                continue
            reason = _obstacle(experiment, found)
            if reason is None:
                go_on.append(run.run_id)
            else:
                message = waiting_message(experiment.min_sample_size, found, reason, experiment.metric)
                still_waiting.append(Count(run, experiment, found, reason, message))
        await self._experiments.count_waiting(still_waiting)
        return go_on

    async def _collect(self, run: FeedbackRun) -> FeedbackRun:
        executions = await self._window(run)
        return await self._runs.move(run, stage=Stage.ANALYZE, feedback_collected=len(executions))

    async def _analyze(self, run: FeedbackRun) -> FeedbackRun:
        summary = summarize_executions(await self._judge.judged(await self._window(run)))
        return await self._runs.move(
            run, stage=Stage.GENERATE, analysis=summary, feedback_collected=summary.execution_count
        )

    async def _generate(self, run: FeedbackRun) -> FeedbackRun:
        control = (await self._lineage.versions([run.control_node_id]))[run.control_node_id]
        proposals = propose(run.analysis, control.parameters) if run.analysis else []
        wanted = [item for item in proposals if item.improvement_type in run.input.feedback_type.improvement_types]
        return await self._improvements.take_up(run, control, wanted, stage=Stage.VALIDATE)

    async def _validate(self, run: FeedbackRun) -> FeedbackRun:
        if not run.improvements_identified:
            message = f"nothing is proposed for the feedback type {run.input.feedback_type.value}"
            skipped = {Stage.VALIDATE, Stage.APPLY}
            return await self._runs.move(run, stage=Stage.TRACK, skipped=skipped, message=message)
        if not run.input.enable_ab_testing:
            return await self._runs.move(run, stage=Stage.APPLY, skipped={Stage.VALIDATE})
        improvement = await self._undecided(run)
        if improvement is None:
            return await self._runs.move(run, stage=Stage.TRACK)
        if improvement.status is ImprovementStatus.PROPOSED:
            message = waiting_message(run.input.min_sample_size, {}, None)
            return await self._experiments.start(run, improvement, message)
        waiting = (await self._reads.waiting_experiments([run.run_id])).get(run.run_id)
        if waiting is None:  # somebody else was faster
            return await self._reads.run(run.run_id)
        if not waiting.can_conclude:
            return await self._experiments.abandon(run, improvement, waiting.experiment)
        return await self._look(run, waiting.experiment)

    async def _look(self, run: FeedbackRun, experiment: Experiment) -> FeedbackRun:
        tallies = await self._judged_tallies(experiment)
        if _seen(experiment, tallies):
            return run
        reason = _obstacle(experiment, tallies)
        if reason is not None:
            return await self._wait(run, experiment, tallies, reason)
        return await self._experiments.count(
            run, experiment, tallies, None, stage=Stage.APPLY, status=RunStatus.RUNNING, message=None
        )

    async def _wait(self, run: FeedbackRun, experiment: Experiment, tallies: Tallies, reason: Reason) -> FeedbackRun:
        message = waiting_message(experiment.min_sample_size, tallies, reason, experiment.metric)
        return await self._experiments.count(
            run, experiment, tallies, reason, stage=Stage.VALIDATE, status=RunStatus.WAITING, message=message
        )

    async def _apply(self, run: FeedbackRun) -> FeedbackRun:
        improvement = await self._undecided(run)
        threshold = run.input.auto_apply_threshold
        if not run.input.enable_ab_testing:
            if improvement is None:
                return await self._runs.move(run, stage=Stage.TRACK)
            untested = Conclusion(Verdict.REVIEW, Reason.AB_TESTING_DISABLED, auto_apply_threshold=threshold)
            return await self._decisions.conclude(run, improvement, untested)
        if improvement is None or improvement.status is not ImprovementStatus.TESTING:
            return await self._runs.move(run, stage=Stage.VALIDATE)
        experiment = await self._experiment(improvement)
        tallies = await self._judged_tallies(experiment)
        conclusion = await self._decide(run, experiment, tallies)
        if isinstance(conclusion, Reason):
            return await self._wait(run, experiment, tallies, conclusion)
        try:
            return await self._decisions.conclude(run, improvement, conclusion, stage=Stage.VALIDATE)
        except UserError as refusal:
            if conclusion.verdict is not Verdict.APPLY:
                raise
            left = replace(conclusion, verdict=Verdict.REVIEW, reason=Reason.APPLY_REFUSED, note=str(refusal))
            return await self._decisions.conclude(run, improvement, left, stage=Stage.VALIDATE)

    async def _track(self, run: FeedbackRun) -> FeedbackRun:
        return await self._runs.complete(run)

    async def _decide(self, run: FeedbackRun, experiment: Experiment, tallies: Tallies) -> Conclusion | Reason:
        """The decision, or why there can be none after all."""
        executions = await self._evidence(experiment)
        evidence = {arm: evidence_of(executions, arm) for arm in Arm}
        control, treatment = (arm_sample(evidence[arm], experiment.metric) for arm in Arm)
        result = await asyncio.to_thread(  # the first comparison loads a library, which takes most of a second
            compare,
            experiment.metric,
            control,
            treatment,
            pooled_success=pooled(control.success, treatment.success),
            significance_level=experiment.significance_level,
            control_tally=tallies[Arm.CONTROL],
            treatment_tally=tallies[Arm.TREATMENT],
        )
        ratio = result.sample_ratio_p_value
        reason = obstacle(control, treatment, experiment.min_sample_size, 1.0 if ratio is None else ratio)
        if reason is not None:
            return reason
        verdict, reason = decide(
            result,
            significance_level=experiment.significance_level,
            auto_apply_threshold=run.input.auto_apply_threshold,
        )
        return Conclusion(
            verdict,
            reason,
            experiment=experiment,
            result=result,
            evidence=[*evidence[Arm.CONTROL], *evidence[Arm.TREATMENT]],
            measured=summarize_executions(evidence[Arm.TREATMENT]),
            auto_apply_threshold=run.input.auto_apply_threshold,
        )

    async def _review(self, improvement_id: str, verdict: Verdict, origin: Origin, note: str) -> Improvement:
        improvement = await self._reads.improvement(improvement_id)
        conclusion = Conclusion(verdict, Reason.REVIEWED, note=note)
        decisions = (await self._reads.decisions_of_improvements([improvement_id]))[improvement_id]
        if decisions and (experiment_id := decisions[-1].experiment_id):
            experiment = (await self._reads.experiments([experiment_id]))[experiment_id]
            treatment = evidence_of(await self._evidence(experiment), Arm.TREATMENT)
            conclusion = replace(
                conclusion,
                experiment=experiment,
                result=decisions[-1].result,
                measured=summarize_executions(treatment),
                auto_apply_threshold=decisions[-1].auto_apply_threshold,
            )
        return await self._decisions.review(improvement, conclusion, origin)

    async def _window(self, run: FeedbackRun) -> list[Execution]:
        return await self._traces.executions(
            [run.control_node_id], run.window_start, run.created_at, limit=MAX_ANALYZED
        )

    async def _undecided(self, run: FeedbackRun) -> Improvement | None:
        """The improvement that is tested, or the next to be."""
        improvements = (await self._reads.improvements_of_runs([run.run_id]))[run.run_id]
        mine = (item for item in improvements if item.run_id == run.run_id and item.status in _UNDECIDED)
        return next(mine, None)

    async def _experiment(self, improvement: Improvement) -> Experiment:
        """The latest experiment on an improvement that is tested."""
        experiments = await self._reads.experiments_of_improvements([improvement.improvement_id])
        return experiments[improvement.improvement_id][-1]

    async def _evidence(self, experiment: Experiment) -> list[Execution]:
        found = await self._traces.experiment_executions(experiment.experiment_id, self._overdue())
        return await self._judge.judged(found)

    async def _judged_tallies(self, experiment: Experiment) -> Tallies:
        counted = (await self._tallies([experiment]))[experiment.experiment_id]
        return await self._judge.tallies(experiment, counted, self._evidence)

    async def _tallies(self, experiments: Collection[Experiment]) -> dict[str, dict[Arm, ArmTally]]:
        """How far the arms of experiments are, in two statements."""
        counted = await self._traces.arm_tallies(experiments, self._overdue())
        assigned = await self._reads.assigned_units([item.experiment_id for item in experiments])
        return {
            id_: {arm: tally.model_copy(update={"assigned": assigned[id_][arm]}) for arm, tally in arms.items()}
            for id_, arms in counted.items()
        }

    def _overdue(self) -> datetime:
        """What has begun before and not ended counts as failed."""
        return now() - self._execution_timeout


def _obstacle(experiment: Experiment, tallies: Tallies) -> Reason | None:
    assigned = {arm: tally.assigned for arm, tally in tallies.items()}
    ratio = ratio_p_value(assigned, {arm: tally.units for arm, tally in tallies.items()})
    return obstacle(tallies[Arm.CONTROL], tallies[Arm.TREATMENT], experiment.min_sample_size, ratio)


def _seen(experiment: Experiment, tallies: Tallies) -> bool:
    """Whether executions are as they were at the last look. Units that were only assigned are no news."""
    last = {Arm.CONTROL: experiment.control_tally, Arm.TREATMENT: experiment.treatment_tally}
    return all(last[arm].model_copy(update={"assigned": tally.assigned}) == tally for arm, tally in tallies.items())
