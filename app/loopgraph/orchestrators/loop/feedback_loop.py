"""The improvement loop: which step follows which. A run is a state machine whose state is in the graph.

collect → analyze → generate → (validate → apply, for one improvement after the other) → track

Every step reads, measures and decides, and then writes in one transaction that is a compare-and-set on the run's revision. So
any number of workers can advance the same run, each step happens once, and after a restart the run goes on where it stopped.

Improvements are tested one after the other, in the order they were proposed, each against the version that is current when its
experiment starts: once one of them is applied, the others must be better than that one. If the control is taken out of use while
an experiment runs, it ends without a decision and the improvement is tested anew. An experiment is looked at once: when both
arms first have their samples, with all executions that are recorded by then. (Until that look only counts are read, never
how good an arm is.)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from loopgraph.computes.loop.experiment import SuccessCount, compare, decide, ready
from loopgraph.computes.loop.proposals import propose
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.feedback import (
    Arm,
    Execution,
    Experiment,
    FeedbackRun,
    Improvement,
    ImprovementStatus,
    LoopInput,
    NewImprovement,
    PerformanceSummary,
    Reason,
    RunStatus,
    Stage,
    Verdict,
)
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.decisions import Conclusion, Decisions
from loopgraph.effects.loop.experiments import Experiments
from loopgraph.effects.loop.improvements import Improvements
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.loop.runs import FeedbackRuns
from loopgraph.effects.traces.reads import TraceReads
from loopgraph.errors import UserError
from loopgraph.reducers.performance import evidence_count, metric_values, summarize_executions
from loopgraph.reducers.samples import summarize

MAX_ANALYZED = 50_000
"""Of the executions in a run's time window, so many are analysed: the newest."""

_UNDECIDED = (ImprovementStatus.PROPOSED, ImprovementStatus.TESTING)

Arms = dict[Arm, list[Execution]]


class FeedbackLoop:
    """Starts, advances and ends runs; registers improvements and takes reviewers' decisions on them."""

    def __init__(self, graph: Graph) -> None:
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

    async def _collect(self, run: FeedbackRun) -> FeedbackRun:
        executions = await self._window(run)
        return await self._runs.move(run, stage=Stage.ANALYZE, feedback_collected=len(executions))

    async def _analyze(self, run: FeedbackRun) -> FeedbackRun:
        summary = summarize_executions(await self._window(run))
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
            return await self._experiments.start(run, improvement, _waiting(run, {}))
        experiment = await self._experiment(improvement)
        if not await self._reads.can_conclude(experiment):
            return await self._experiments.abandon(run, improvement, experiment)
        return await self._look(run, experiment)

    async def _look(self, run: FeedbackRun, experiment: Experiment) -> FeedbackRun:
        counts = (await self._traces.execution_counts([experiment.experiment_id]))[experiment.experiment_id]
        if counts == {Arm.CONTROL: experiment.control_count, Arm.TREATMENT: experiment.treatment_count}:
            return run
        if not _enough(counts, experiment):
            return await self._experiments.count(run, experiment, counts, message=_waiting(run, counts))
        arms = await self._arms(experiment)
        telling = {arm: evidence_count(executions, experiment.metric) for arm, executions in arms.items()}
        if not _enough(telling, experiment):
            message = f"{_waiting(run, telling)} that report {experiment.metric.value} or failed"
            return await self._experiments.count(run, experiment, counts, message=message)
        return await self._experiments.count(
            run, experiment, counts, stage=Stage.APPLY, status=RunStatus.RUNNING, message=None
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
        conclusion = await self._decide(run, await self._experiment(improvement))
        try:
            return await self._decisions.conclude(run, improvement, conclusion, stage=Stage.VALIDATE)
        except UserError as refusal:
            if conclusion.verdict is not Verdict.APPLY:
                raise
            left = replace(conclusion, verdict=Verdict.REVIEW, reason=Reason.APPLY_REFUSED, note=str(refusal))
            return await self._decisions.conclude(run, improvement, left, stage=Stage.VALIDATE)

    async def _track(self, run: FeedbackRun) -> FeedbackRun:
        return await self._runs.complete(run)

    async def _decide(self, run: FeedbackRun, experiment: Experiment) -> Conclusion:
        arms = await self._arms(experiment)
        control, treatment = (summarize_executions(arms[arm]) for arm in Arm)
        control_sample, treatment_sample = (summarize(metric_values(arms[arm], experiment.metric)) for arm in Arm)
        control_successes, treatment_successes = _successes(control), _successes(treatment)
        result = compare(
            experiment.metric,
            control_sample,
            treatment_sample,
            control_successes=control_successes,
            treatment_successes=treatment_successes,
            significance_level=experiment.significance_level,
        )
        verdict, reason = decide(
            result,
            control_successes=control_successes,
            treatment_successes=treatment_successes,
            min_sample_size=experiment.min_sample_size,
            significance_level=experiment.significance_level,
            auto_apply_threshold=run.input.auto_apply_threshold,
        )
        return Conclusion(
            verdict,
            reason,
            experiment=experiment,
            result=result,
            evidence=[execution.execution_id for executions in arms.values() for execution in executions],
            measured=treatment,
            auto_apply_threshold=run.input.auto_apply_threshold,
        )

    async def _review(self, improvement_id: str, verdict: Verdict, origin: Origin, note: str) -> Improvement:
        improvement = await self._reads.improvement(improvement_id)
        conclusion = Conclusion(verdict, Reason.REVIEWED, note=note)
        decisions = (await self._reads.decisions_of_improvements([improvement_id]))[improvement_id]
        if decisions and (experiment_id := decisions[-1].experiment_id):
            experiment = (await self._reads.experiments([experiment_id]))[experiment_id]
            arms = await self._arms(experiment)
            conclusion = replace(
                conclusion,
                experiment=experiment,
                result=decisions[-1].result,
                measured=summarize_executions(arms[Arm.TREATMENT]),
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

    async def _arms(self, experiment: Experiment) -> Arms:
        executions = await self._traces.experiment_executions(experiment.experiment_id)
        return {arm: [execution for execution in executions if execution.arm is arm] for arm in Arm}


def _enough(counts: dict[Arm, int], experiment: Experiment) -> bool:
    return ready(counts[Arm.CONTROL], counts[Arm.TREATMENT], experiment.min_sample_size)


def _successes(summary: PerformanceSummary) -> SuccessCount:
    return SuccessCount(summary.success_count, summary.execution_count)


def _waiting(run: FeedbackRun, counts: dict[Arm, int]) -> str:
    needed = run.input.min_sample_size
    have = " and ".join(f"{counts.get(arm, 0)} of {needed} of the {arm.value}" for arm in Arm)
    return f"waits for executions: {have}"
