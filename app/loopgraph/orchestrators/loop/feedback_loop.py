"""The improvement loop: which step follows which. A run is a state machine whose state is in the graph.

collect → analyze → generate → (validate → apply, for one improvement after the other) → track

Every step reads, measures and decides, and then writes in one transaction that is a compare-and-set on the run's revision. So
any number of workers can advance the same run, each step happens once, and after a restart the run goes on where it stopped.

Improvements are tested one after the other, in the order they were proposed, or several beside each other (``candidates_at_once``
of the design), against the version that is current when their experiment starts: once one of them is applied, those that come
later must be better than that one. If the control is taken out of use while
an experiment runs, it ends without a decision and the improvement is tested anew; a candidate that somebody rejects meanwhile is
dropped, and those beside it go on. An experiment is looked at as its design
has it: whenever there are new units, at some looks that are planned, or once; each time with all executions that are recorded by
then, and only while the units fall to the arms as planned. (Between looks only counts are read, never how good an arm is.) An
execution that began and has not ended in its time counts as a failure; one that is the use of a pattern is judged by the criteria
of success, and where too little is known of it, it counts as neither. What would be applied waits while that hangs on
what the treatment has in flight (``computes.loop.experiments.flights``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import timedelta

from loopgraph.computes.loop.experiments.allotting import without_dropped
from loopgraph.computes.loop.experiments.candidates import Counts, obstacle_to_looks, seen_before, with_counts
from loopgraph.computes.loop.experiments.experiment import evidence_of, of_comparison
from loopgraph.computes.loop.experiments.progress import progress_message, starting_message
from loopgraph.computes.loop.proposing.risk import assess
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import (
    METRICS,
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
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.decisions import Conclusion, Decisions
from loopgraph.effects.loop.experiments import Count, Experiments
from loopgraph.effects.loop.improvements import Improvements
from loopgraph.effects.loop.reads import FeedbackReads, WaitingExperiment
from loopgraph.effects.loop.runs import FeedbackRuns
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.generating import MOST_LOOKED_AT, Generating
from loopgraph.orchestrators.loop.looking import Look, Looking, Undecided, after_look
from loopgraph.reducers.performance import summarize_executions

MAX_ANALYZED = 50_000
"""Of the executions in a run's time window, so many are analysed: the newest."""

EXECUTION_TIMEOUT = timedelta(hours=1)
"""An execution of an experiment that has not ended after so long counts as a failure."""

_UNDECIDED = (ImprovementStatus.PROPOSED, ImprovementStatus.TESTING)


class FeedbackLoop:
    """Starts, advances and ends runs; registers improvements and takes reviewers' decisions on them."""

    def __init__(
        self,
        graph: Graph,
        execution_timeout: timedelta = EXECUTION_TIMEOUT,
        judging: Judging | None = None,
        generating: Generating | None = None,
    ) -> None:
        self._execution_timeout = execution_timeout
        self._looking = Looking(graph, self._execution_timeout, judging)
        self._runs = FeedbackRuns(graph)
        self._generating = generating or Generating(graph)
        self._improvements = Improvements(graph, assess)
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
        return await self.step(await self._reads.run(run_id))

    async def step(self, run: FeedbackRun) -> FeedbackRun:
        """The same for a run that has just been read; as it is now, if somebody else was faster."""
        return await self._steps[run.stage](run) if run.status.open else run

    async def due(self, runs: Collection[FeedbackRun]) -> list[str]:
        """Which of some open runs can go on now; those that have more executions and still wait are told how far they are.

        A fixed number of statements, however many runs wait: what they wait for is counted in the graph.
        """
        waiting = [run.run_id for run in runs if run.status is RunStatus.WAITING and run.stage is Stage.VALIDATE]
        at = await self._reads.waiting_experiments(waiting)
        counts = await self._looking.counts([item.experiment for item in at.values()])
        go_on, still_waiting = [], []
        for run in runs:
            item = at.get(run.run_id)
            if item is None or not item.can_conclude:
                go_on.append(run.run_id)
                continue
            experiment = item.experiment
            found = await self._looking.told(experiment, counts[experiment.experiment_id])
            if seen_before(experiment, found):
                continue
            reason = obstacle_to_looks(experiment, found)
            if reason is None:
                go_on.append(run.run_id)
            else:
                counted = with_counts(experiment, found, reason=reason)
                still_waiting.append(Count(run, counted, progress_message(counted)))
        await self._experiments.count_waiting(still_waiting)
        return go_on

    async def _collect(self, run: FeedbackRun) -> FeedbackRun:
        found = await self._traces.count_executions(
            run.control_node_id, run.window_start, run.created_at, limit=MAX_ANALYZED
        )
        return await self._runs.move(run, stage=Stage.ANALYZE, feedback_collected=found)

    async def _analyze(self, run: FeedbackRun) -> FeedbackRun:
        summary = summarize_executions(await self._looking.judged(await self._window(run)))
        return await self._runs.move(
            run, stage=Stage.GENERATE, analysis=summary, feedback_collected=summary.execution_count
        )

    async def _generate(self, run: FeedbackRun) -> FeedbackRun:
        control = (await self._lineage.versions([run.control_node_id]))[run.control_node_id]
        executions = await self._looking.judged(await self._window(run, MOST_LOOKED_AT))
        generated = await self._generating.proposals(run, control, executions)
        return await self._improvements.take_up(
            run, control, generated.proposals, generated.notes, stage=Stage.VALIDATE
        )

    async def _validate(self, run: FeedbackRun) -> FeedbackRun:
        if not run.improvements_identified:
            nothing = f"nothing is proposed for the feedback type {run.input.feedback_type.value}"
            message = "; ".join((nothing, *run.notes))
            skipped = {Stage.VALIDATE, Stage.APPLY}
            return await self._runs.move(run, stage=Stage.TRACK, skipped=skipped, message=message)
        if not run.input.enable_ab_testing:
            return await self._runs.move(run, stage=Stage.APPLY, skipped={Stage.VALIDATE})
        improvement = await self._undecided(run)
        if improvement is None:
            return await self._runs.move(run, stage=Stage.TRACK)
        if improvement.status is ImprovementStatus.PROPOSED:
            beside = await self._beside(run, improvement)
            message = starting_message(run.input.min_sample_size, run.input.design, len(beside))
            return await self._experiments.start(run, beside, message)
        waiting = (await self._reads.waiting_experiments([run.run_id])).get(run.run_id)
        if waiting is None:  # somebody else was faster
            return await self._reads.run(run.run_id)
        if not waiting.can_conclude:
            return await self._without(run, waiting)
        return await self._look(run, waiting.experiment)

    async def _without(self, run: FeedbackRun, waiting: WaitingExperiment) -> FeedbackRun:
        """Candidates that somebody took out of the hands of the loop are dropped, and the others go on; if none can, all that is
        left is tested anew."""
        tested = {each.treatment_node_id: each.improvement_id for each in waiting.experiment.comparisons}
        if not waiting.can_go_on:
            improvements = await self._reads.improvements(list(tested.values()))
            return await self._experiments.abandon(run, list(improvements.values()), waiting.experiment)
        at = now()
        left = without_dropped(waiting.experiment.without(waiting.gone, at), at)
        gone = await self._reads.improvements([tested[node_id] for node_id in sorted(waiting.gone)])
        return await self._experiments.withdraw(run, list(gone.values()), left)

    async def _look(self, run: FeedbackRun, experiment: Experiment) -> FeedbackRun:
        counts = await self._looking.tallies(experiment)
        if seen_before(experiment, counts) and run.status is RunStatus.WAITING:
            return run
        reason = obstacle_to_looks(experiment, counts)
        if reason is not None:
            all_ = Look(goes_on=tuple((each, Undecided(reason)) for each in experiment.comparisons))
            return await self._wait(run, experiment, counts, all_)
        if experiment.design.looks_repeat:
            found = await self._looking.look(run, experiment, counts)
            if not found.concluded:
                return await self._wait(run, experiment, counts, found)
        counted = with_counts(experiment, counts, reason=None, open_guardrails=())
        return await self._experiments.count(run, counted, stage=Stage.APPLY, status=RunStatus.RUNNING, message=None)

    async def _wait(self, run: FeedbackRun, experiment: Experiment, counts: Counts, found: Look) -> FeedbackRun:
        waiting = after_look(with_counts(experiment, counts), found)
        begun = next((why.stage for _, why in found.goes_on if why.stage is not None), None)
        message = _message(waiting, found)
        return await self._experiments.count(
            run, waiting, begun, stage=Stage.VALIDATE, status=RunStatus.WAITING, message=message
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
        waiting = (await self._reads.waiting_experiments([run.run_id])).get(run.run_id)
        if waiting is None:  # somebody else was faster
            return await self._reads.run(run.run_id)
        if waiting.gone:  # what was concluded may rest on what was taken away meanwhile
            return await self._without(run, waiting)
        experiment = waiting.experiment
        counts = await self._looking.tallies(experiment)
        found = await self._looking.conclusion(run, experiment, counts)
        if not found.concluded:
            return await self._wait(run, experiment, counts, found)
        try:
            return await self._conclude(run, experiment, counts, found)
        except UserError as refusal:
            waiting = (await self._reads.waiting_experiments([run.run_id])).get(run.run_id)
            if waiting is not None and waiting.gone:  # somebody took it away at this very moment
                return await self._without(run, waiting)
            left = [(each, _refused(conclusion, refusal)) for each, conclusion in found.concluded]
            if left == list(found.concluded):
                raise
            return await self._conclude(run, experiment, counts, found._replace(concluded=tuple(left)))

    async def _conclude(self, run: FeedbackRun, experiment: Experiment, counts: Counts, found: Look) -> FeedbackRun:
        """Writes what was decided; the experiment goes on with the candidates that are left, if any are."""
        if not found.goes_on:
            return await self._decisions.conclude_together(run, found.concluded, stage=Stage.VALIDATE)
        dropped = {improvement.candidate_node_id for improvement, _ in found.concluded}
        at = now()
        left = without_dropped(after_look(with_counts(experiment, counts), found).without(dropped, at), at)
        message = _message(left, found)
        return await self._decisions.conclude_together(
            run, found.concluded, left, stage=Stage.VALIDATE, status=RunStatus.WAITING, message=message
        )

    async def _track(self, run: FeedbackRun) -> FeedbackRun:
        return await self._runs.complete(run, run.message or "; ".join(run.notes) or None)

    async def _review(self, improvement_id: str, verdict: Verdict, origin: Origin, note: str) -> Improvement:
        improvement = await self._reads.improvement(improvement_id)
        conclusion = Conclusion(verdict, Reason.REVIEWED, note=note)
        decisions = (await self._reads.decisions_of_improvements([improvement_id]))[improvement_id]
        if decisions and (experiment_id := decisions[-1].experiment_id):
            experiment = (await self._reads.experiments([experiment_id]))[experiment_id]
            experiment = experiment.comparison_with(improvement.candidate_node_id)
            executions = of_comparison(await self._looking.evidence(experiment), experiment)
            treatment = evidence_of(executions, Arm.TREATMENT)
            conclusion = replace(
                conclusion,
                experiment=experiment,
                result=decisions[-1].result,
                measured=summarize_executions(treatment),
                auto_apply_threshold=decisions[-1].auto_apply_threshold,
            )
        return await self._decisions.review(improvement, conclusion, origin)

    async def _window(self, run: FeedbackRun, limit: int = MAX_ANALYZED) -> list[Execution]:
        return await self._traces.executions([run.control_node_id], run.window_start, run.created_at, limit=limit)

    async def _undecided(self, run: FeedbackRun) -> Improvement | None:
        """The improvement that is tested, or the next to be."""
        improvements = (await self._reads.improvements_of_runs([run.run_id]))[run.run_id]
        mine = (item for item in improvements if item.run_id == run.run_id and item.status in _UNDECIDED)
        return next(mine, None)

    async def _beside(self, run: FeedbackRun, first: Improvement) -> list[Improvement]:
        """What is tested with the next improvement: those after it that go by the same metric, as many as the design has."""
        design = run.input.design
        improvements = (await self._reads.improvements_of_runs([run.run_id]))[run.run_id]
        metric = design.metric or METRICS[first.improvement_type]
        alike = [
            each
            for each in improvements
            if each.run_id == run.run_id
            and each.status is ImprovementStatus.PROPOSED
            and (design.metric or METRICS[each.improvement_type]) is metric
        ]
        return alike[: design.candidates_at_once]


def _refused(conclusion: Conclusion, refusal: UserError) -> Conclusion:
    """What could not be applied is left for review."""
    if conclusion.verdict is not Verdict.APPLY:
        return conclusion
    return replace(conclusion, verdict=Verdict.REVIEW, reason=Reason.APPLY_REFUSED, note=str(refusal))


def _message(experiment: Experiment, found: Look) -> str:
    messages = {each.comparison_id: why.message for each, why in found.goes_on if why.message}
    open_ = {each.comparison_id: why.open_ for each, why in found.goes_on if why.open_}
    return progress_message(experiment, messages, open_)
