"""One look at an experiment: what has come in, what it says, and what is to follow."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from loopgraph.computes.loop.experiments.allotting import next_allotment
from loopgraph.computes.loop.experiments.candidates import Contender, Counts, Ruling, Tallies, choose, split_of
from loopgraph.computes.loop.experiments.deciding import (
    in_the_way,
    looks_after,
    obstacle_to_decision,
    result_of,
    ruling_on,
)
from loopgraph.computes.loop.experiments.experiment import evidence_of, of_comparison
from loopgraph.computes.loop.experiments.family import decided_before, in_family
from loopgraph.computes.loop.experiments.flights import Counted, with_flights_failed
from loopgraph.computes.loop.experiments.progress import held_back_message
from loopgraph.computes.loop.experiments.stages import next_stage
from loopgraph.computes.loop.proposing.risk import restrained
from loopgraph.contracts.loop.arms import Allotment, ArmTally
from loopgraph.contracts.loop.experiments import Experiment, ExperimentResult, GuardrailResult
from loopgraph.contracts.loop.feedback import Arm, Execution, FeedbackRun, Improvement, Reason, Verdict
from loopgraph.contracts.loop.sights import Seen
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.decisions import Conclusion
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.orchestrators.loop.backgrounds import Background, Backgrounds
from loopgraph.orchestrators.loop.judging import Judge
from loopgraph.reducers.looks import seen
from loopgraph.reducers.performance import summarize_executions
from loopgraph.reducers.units import pooled

_REMEMBERED = 16
"""Looks whose conclusions wait to be written, by experiment: the step after the look writes each."""


class Undecided(NamedTuple):
    """Why nothing is decided on a candidate, and the looks of its comparison after this one; none where it was no look. ``open_``
    are the guardrails that alone are in the way; ``message`` says it in words where the counts do not; ``stage`` is the one that
    begins."""

    reason: Reason
    looks: tuple[int, ...] = ()
    open_: tuple[GuardrailResult, ...] = ()
    message: str | None = None
    stage: int | None = None


class Look(NamedTuple):
    """What follows from a look, for each candidate that was looked at: a decision, with its improvement, or why there is none.
    What goes on is given with its comparison, and the shares of the next units where they follow from what was seen and change.
    The experiment ends when nothing goes on."""

    concluded: tuple[tuple[Improvement, Conclusion], ...] = ()
    goes_on: tuple[tuple[Experiment, Undecided], ...] = ()
    allotment: Allotment | None = None


def after_look(experiment: Experiment, look: Look) -> Experiment:
    """An experiment, with its counts of now, after a look at which some of its candidates were not decided on."""
    if look.allotment is not None:
        experiment = experiment.model_copy(update={"allotments": (*experiment.allotments, look.allotment)})
    now_ = {each.comparison_id: each for each in experiment.comparisons}
    return experiment.with_comparisons(
        now_[each.comparison_id].model_copy(
            update={
                "reason": why.reason,
                "looks": why.looks or each.looks,
                "open_guardrails": tuple(open_.metric for open_ in why.open_),
                "stage": each.stage if why.stage is None else why.stage,
            }
        )
        for each, why in look.goes_on
    )


class Looking:
    """Reads what experiments rest on, judged as the criteria of success have it, and concludes what follows."""

    def __init__(self, graph: Graph, execution_timeout: timedelta, judging: Judging | None) -> None:
        self._execution_timeout = execution_timeout
        self._judge = Judge(graph, judging)
        self._reads = FeedbackReads(graph)
        self._traces = TraceReads(graph)
        self._backgrounds = Backgrounds(graph, judging)
        self._concluded: dict[str, tuple[Counts, float, Look]] = {}

    async def judged(self, executions: list[Execution]) -> list[Execution]:
        """The executions, those that are uses by what came of them."""
        return await self._judge.judged(executions)

    async def evidence(self, experiment: Experiment, begun_before: datetime | None = None) -> list[Execution]:
        """All executions that ended, and those that began before an instant and did not; without one, those over their time."""
        found = await self._traces.experiment_executions(experiment.experiment_id, begun_before or self._overdue())
        return await self._judge.judged(found, experiment.design.read(experiment.metric))

    async def tallies(self, experiment: Experiment) -> Counts:
        """How far the arms are, by what tells something."""
        counted = (await self.counts([experiment]))[experiment.experiment_id]
        return await self.told(experiment, counted)

    async def counts(self, experiments: Collection[Experiment]) -> dict[str, Counts]:
        """How far the arms of experiments are, in two statements; what uses tell is not known from these."""
        comparisons = [comparison for experiment in experiments for comparison in experiment.comparisons]
        counted = await self._traces.arm_tallies(comparisons, self._overdue())
        assigned = await self._reads.assigned_units({item.experiment_id for item in experiments})
        found: dict[str, dict[str, Tallies]] = {item.experiment_id: {} for item in experiments}
        for each in comparisons:
            units, tallies = assigned[each.experiment_id], counted[each.comparison_id]
            treated = units.get(each.treatment_node_id, units[Arm.TREATMENT])
            found[each.experiment_id][each.comparison_id] = {
                Arm.CONTROL: _with_assigned(tallies[Arm.CONTROL], units[Arm.CONTROL], each),
                Arm.TREATMENT: _with_assigned(tallies[Arm.TREATMENT], treated, each),
            }
        return dict(found)

    async def told(self, experiment: Experiment, counted: Counts) -> Counts:
        """The same, with what uses tell."""
        evidence: list[Execution] | None = None

        async def of(comparison: Experiment) -> list[Execution]:
            nonlocal evidence
            if evidence is None:
                whole = await self.evidence(experiment)
                evidence = await self._backgrounds.assigned_only(experiment, whole)
            return of_comparison(evidence, comparison)

        return {
            each.comparison_id: await self._judge.tallies(each, counted[each.comparison_id], of)
            for each in experiment.comparisons
        }

    async def look(self, run: FeedbackRun, experiment: Experiment, counts: Counts) -> Look:
        """What follows. What is concluded is kept for ``conclusion``: it need not be computed twice."""
        found = await self._decide(run, experiment, counts)
        if found.concluded:
            while len(self._concluded) >= _REMEMBERED:
                del self._concluded[next(iter(self._concluded))]
            self._concluded[experiment.experiment_id] = counts, run.input.auto_apply_threshold, found
        return found

    async def conclusion(self, run: FeedbackRun, experiment: Experiment, counts: Counts) -> Look:
        """What was concluded at the last look, if nothing has come in since; else what is now."""
        known = self._concluded.pop(experiment.experiment_id, None)
        if known is not None and known[:2] == (counts, run.input.auto_apply_threshold):
            return known[2]
        return await self._decide(run, experiment, counts)

    async def _decide(self, run: FeedbackRun, experiment: Experiment, counts: Counts) -> Look:
        """The decisions, or why there can be none after all. What is in flight is read with the rest, should it matter."""
        at = now()
        background = await self._backgrounds.of(experiment)
        begun = self._backgrounds.counted(experiment, await self.evidence(experiment, at), background)
        candidates = {each.improvement_id for each in experiment.comparisons}
        found = _Found(
            begun=begun,
            overdue=at - self._execution_timeout,
            counts=counts,
            background=background,
            split=split_of(experiment, counts),
            family=await self._family(run, experiment, candidates),
        )
        improvements = await self._reads.improvements(candidates)
        # The first comparison loads a library, which takes most of a second.
        looks = await asyncio.to_thread(_looks, experiment, found)
        for each in looks:
            if each.obstacle is not None:
                going = ((one.comparison, Undecided(each.obstacle)) for one in looks)
                return Look(goes_on=tuple(going))
        threshold = run.input.auto_apply_threshold
        contenders = [await asyncio.to_thread(_contender, each, looks, found, threshold) for each in looks]
        contenders = [
            each._replace(
                ruling=each.ruling and restrained(*each.ruling, improvements[one.comparison.improvement_id].risk)
            )
            for each, one in zip(contenders, looks, strict=True)
        ]
        rulings = choose(contenders)
        ends = None not in rulings
        concluded, goes_on = [], []
        proof = _proof_of(rulings) if ends else None
        for place, (ruling, contender, each) in enumerate(zip(rulings, contenders, looks, strict=True)):
            improvement = improvements[each.comparison.improvement_id]
            if ruling is None:
                goes_on.append((each.comparison, self._undecided(each, contender, found)))
            else:
                conclusion = _conclusion(ruling, each, contender, threshold, shared=place == proof)
                if ruling[1] is Reason.HIGH_RISK:
                    conclusion = replace(conclusion, note="; ".join(improvement.risk_reasons))
                concluded.append((improvement, conclusion))
        allotment = None
        if experiment.allotments and goes_on and not concluded:
            allotment = await asyncio.to_thread(next_allotment, experiment, [each.sight for each in looks], at)
        return Look(tuple(concluded), tuple(goes_on), allotment)

    def _undecided(self, each: _Seen, contender: Contender, found: _Found) -> Undecided:
        if contender.held:
            # This look is none of the experiment's: what is applied after waiting would have been applied without, so it adds no
            # error.
            in_flight = len(_in_flight(each, found).flights)
            return Undecided(Reason.IN_FLIGHT, message=held_back_message(in_flight, self._execution_timeout))
        comparison = each.comparison
        open_ = in_the_way(contender.result, comparison)
        reason = Reason.GUARDRAIL_OPEN if open_ else Reason.UNDECIDED
        return Undecided(reason, looks_after(comparison, each.sight), open_, stage=next_stage(comparison, each.sight))

    async def _family(self, run: FeedbackRun, experiment: Experiment, candidates: Collection[str]) -> _Family:
        """What is known of the other candidates of the run."""
        if run.improvements_identified < 2:
            return _Family()
        decisions = (await self._reads.decisions_of_runs([run.run_id]))[run.run_id]
        earlier = decided_before(decisions, experiment.experiment_id, candidates)
        return _Family(run.improvements_identified, tuple(earlier))

    def _overdue(self) -> datetime:
        """What has begun before and not ended counts as failed."""
        return now() - self._execution_timeout


class _Family(NamedTuple):
    """How many candidates the run has, and what those came to that were decided before this look."""

    candidates: int = 1
    earlier: tuple[ExperimentResult, ...] = ()


class _Found(NamedTuple):
    """What a look rests on: all executions that have begun, when those that have not ended began that are over their time, the
    counts, what is known of the units, and the p-value of the split over several candidates."""

    begun: list[Execution]
    overdue: datetime
    counts: Counts
    background: Background
    split: float | None
    family: _Family


class _Seen(NamedTuple):
    """One candidate at a look, as if it were the only one; ``obstacle``: why nothing can be decided, though the counts allowed a
    look."""

    comparison: Experiment
    evidence: dict[Arm, list[Execution]]
    sight: Seen
    result: ExperimentResult
    obstacle: Reason | None


def _looks(experiment: Experiment, found: _Found) -> list[_Seen]:
    looks = []
    for each in experiment.comparisons:
        mine = of_comparison(found.begun, each)
        evidence = _by_arm([one for one in mine if one.ended or one.started_at < found.overdue])
        sight, result = _compared(each, evidence, found)
        looks.append(_Seen(each, evidence, sight, result, obstacle_to_decision(each, sight, result)))
    return looks


def _contender(each: _Seen, looks: Sequence[_Seen], found: _Found, threshold: float) -> Contender:
    """What a candidate comes to in its family; what is to be applied is looked at once more with what is in flight failed."""
    others = [other.result for other in looks if other is not each]
    result = _in_family(each.result, others, found.family)
    ruling = ruling_on(result, each.comparison, threshold)
    if ruling is None or ruling[0] is not Verdict.APPLY:
        return Contender(result, ruling)
    counted = _in_flight(each, found)
    if counted.flights:
        _, at_worst = _compared(each.comparison, _by_arm(counted.executions), found)
        still = ruling_on(_in_family(at_worst, others, found.family), each.comparison, threshold)
        if still is None or still[0] is not Verdict.APPLY:
            return Contender(result, None, held=True)
    return Contender(result, ruling)


def _in_flight(each: _Seen, found: _Found) -> Counted:
    return with_flights_failed(of_comparison(found.begun, each.comparison), found.overdue)


def _in_family(result: ExperimentResult, others: Sequence[ExperimentResult], family: _Family) -> ExperimentResult:
    return in_family(result, [*family.earlier, *others], family.candidates)


def _proof_of(rulings: Sequence[Ruling | None]) -> int:
    """The decision that the executions of the control are kept with: the one that applies, else the first."""
    return next((place for place, ruling in enumerate(rulings) if ruling and ruling[0] is Verdict.APPLY), 0)


def _conclusion(ruling: Ruling, each: _Seen, contender: Contender, threshold: float, *, shared: bool) -> Conclusion:
    """``shared``: the executions of the control are kept with this decision."""
    control = each.evidence[Arm.CONTROL] if shared else []
    return Conclusion(
        *ruling,
        experiment=each.comparison,
        result=contender.result,
        evidence=[*control, *each.evidence[Arm.TREATMENT]],
        measured=summarize_executions(each.evidence[Arm.TREATMENT]),
        auto_apply_threshold=threshold,
    )


def sight_of(experiment: Experiment, evidence: dict[Arm, list[Execution]], background: Background) -> Seen:
    """What both arms come to, for one look."""
    control, treatment = evidence[Arm.CONTROL], evidence[Arm.TREATMENT]
    both, shares = [*control, *treatment], experiment.stage_shares
    return seen(
        control,
        treatment,
        experiment.metric,
        experiment.design,
        background.before,
        background.stages_of(both) if experiment.in_stages else None,
        background.propensities_of(both, shares) if experiment.allotments else None,
        len(shares),
    )


def _with_assigned(tally: ArmTally, units: tuple[int, ...], experiment: Experiment) -> ArmTally:
    staged = units if experiment.in_stages else ()
    return tally.model_copy(update={"assigned": sum(units), "assigned_by_stage": staged})


def _by_arm(executions: list[Execution]) -> dict[Arm, list[Execution]]:
    return {arm: evidence_of(executions, arm) for arm in Arm}


def _compared(
    comparison: Experiment, evidence: dict[Arm, list[Execution]], found: _Found
) -> tuple[Seen, ExperimentResult]:
    sight, tallies = sight_of(comparison, evidence, found.background), found.counts[comparison.comparison_id]
    success = pooled(sight.control.success, sight.treatment.success)
    result = result_of(comparison, sight, success, tallies[Arm.CONTROL], tallies[Arm.TREATMENT], found.split)
    return sight, result
