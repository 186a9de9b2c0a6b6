"""Several candidates beside each other in one experiment: how units are split over the arms, when all are looked at, and which
candidate goes before the others.

Each is held against the one control by what an experiment of two arms goes by (``contracts.loop.experiments.Comparison``), in the
family of all candidates of its run. What one of them comes to ends its own comparison, not the experiment: a candidate that is
harmful, or too small a gain, is dropped while the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from loopgraph.computes.loop.experiments.looks import obstacle_to_look
from loopgraph.computes.loop.experiments.stages import padded
from loopgraph.computes.loop.statistics.sample_ratio import LEVEL, sample_ratio_p_value
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.experiments import Experiment, ExperimentResult, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, Reason, Verdict

Tallies = Mapping[Arm, ArmTally]
"""How far the two arms of a comparison are."""

Counts = Mapping[str, Tallies]
"""The same of all comparisons of an experiment, by comparison id."""

Ruling = tuple[Verdict, Reason]

_OUTPERFORMED: Final[Ruling] = (Verdict.REJECT, Reason.OUTPERFORMED)


class Contender(NamedTuple):
    """What a look says of one candidate, and what would follow if it were the only one; None: it goes on. ``held``: it would be
    applied, were it not for what is in flight."""

    result: ExperimentResult
    ruling: Ruling | None
    held: bool = False

    @property
    def gain(self) -> tuple[float, float]:
        """The effect, positive where it is better; of ranks, where shifts are the same since values are tied, the greater is
        that of which more pairs of units are in order."""
        sign, details = self.result.metric.direction.sign, self.result.details
        superiority = details.estimate.superiority if isinstance(details, UnitEstimate) else None
        return sign * _effect(self.result), sign * (superiority or 0.0)


def split_of(experiment: Experiment, counts: Counts) -> float | None:
    """The p-value of the sample ratio over the control and all candidates that are still tried: the smaller of that of the units
    assigned and that of the units that reported. None in an experiment of one candidate, which has its own.

    It holds at every look. When a candidate is dropped, its units are in no count any more, and those that are left still fall to
    the others in the proportions that were planned.
    """
    comparisons = experiment.comparisons
    if not experiment.treatments or not comparisons:
        return None
    arms = [counts[comparisons[0].comparison_id][Arm.CONTROL]]
    arms += [counts[each.comparison_id][Arm.TREATMENT] for each in comparisons]
    if experiment.allotments:
        return _split_in_stages(experiment, arms)
    of = {each.node_id: each.share for each in experiment.treatments}
    planned = [experiment.control_share, *(of[each.treatment_node_id] for each in comparisons)]
    shares = [share / sum(planned) for share in planned]
    return min(
        sample_ratio_p_value(units, shares) for units in ([arm.assigned for arm in arms], [arm.units for arm in arms])
    )


def _split_in_stages(experiment: Experiment, arms: Sequence[ArmTally]) -> float:
    """Of the units that were assigned, for the shares of each stage: the smallest p-value, corrected for their number."""
    tried = [place for place, each in enumerate(experiment.treatments) if each.dropped_at is None]
    assigned = [padded(arm, len(experiment.allotments)) for arm in arms]
    found = []
    for stage, allotment in enumerate(experiment.allotments):
        planned = [1.0 - sum(allotment.shares), *(allotment.shares[place] for place in tried)]
        shares = [share / sum(planned) for share in planned]
        found.append(sample_ratio_p_value([units[stage] for units in assigned], shares))
    return min(1.0, len(found) * min(found))


def obstacle_to_looks(experiment: Experiment, counts: Counts) -> Reason | None:
    """Why the candidates are not looked at now; None if they are. It depends on counts alone.

    They are looked at together: when each has what its first look needs and the next look of one of them is due.
    """
    split = split_of(experiment, counts)
    if split is not None and split < LEVEL:
        return Reason.SAMPLE_RATIO_MISMATCH
    reasons = [
        obstacle_to_look(
            each, counts[each.comparison_id][Arm.CONTROL], counts[each.comparison_id][Arm.TREATMENT], split
        )
        for each in experiment.comparisons
    ]
    for reason in (Reason.SAMPLE_RATIO_MISMATCH, Reason.INSUFFICIENT_UNITS, None):
        if reason in reasons:
            return reason
    return reasons[0]


def with_counts(experiment: Experiment, counts: Counts, **changes: object) -> Experiment:
    """The experiment with how far its arms are by now, and what else is said of all its comparisons."""
    return experiment.with_comparisons(_counted(each, counts, changes) for each in experiment.comparisons)


def seen_before(experiment: Experiment, counts: Counts) -> bool:
    """Whether executions are as they were at the last look. Units that were only assigned are no news."""
    return all(
        _same_executions(last, tally)
        for each in experiment.comparisons
        for last, tally in (
            (each.control_tally, counts[each.comparison_id][Arm.CONTROL]),
            (each.treatment_tally, counts[each.comparison_id][Arm.TREATMENT]),
        )
    )


def choose(contenders: Sequence[Contender]) -> list[Ruling | None]:
    """What follows for each candidate of a look, by what would follow for each alone; None: it goes on.

    - What would be rejected is rejected.
    - Where the best of those that are shown to be better, by its effect, would be applied, it is, and all others are rejected as
      outperformed: those that were shown, and those that were not yet. Where one that is better still is in flight, they wait.
    - Where it would be left for review, those that go on are waited for. Then all that no other is better than (the Pareto front
      over the compared and the guarded metrics) are left for review, as a trade-off if they are several, and the others are
      rejected as outperformed.
    """
    found = [each.ruling for each in contenders]
    better = [place for place, ruling in enumerate(found) if ruling is not None and ruling[0] is not Verdict.REJECT]
    if not better:
        return found
    best = max(better, key=lambda place: contenders[place].gain)
    open_ = [place for place, ruling in enumerate(found) if ruling is None]
    ahead = any(contenders[place].held and contenders[place].gain > contenders[best].gain for place in open_)
    if len(found) == 1:
        return found
    applied = contenders[best].ruling
    if ahead or (open_ and applied is not None and applied[0] is not Verdict.APPLY):
        return [None if place in better else ruling for place, ruling in enumerate(found)]
    if applied is not None and applied[0] is Verdict.APPLY:
        return [ruling if place == best or _rejected(ruling) else _OUTPERFORMED for place, ruling in enumerate(found)]
    front = pareto_front([contenders[place] for place in better])
    left = {better[place] for place in front}
    for place in better:
        if place not in left:
            found[place] = _OUTPERFORMED
        elif len(left) > 1:
            found[place] = Verdict.REVIEW, Reason.TRADE_OFF
    return found


def pareto_front(contenders: Sequence[Contender]) -> list[int]:
    """The places of those that no other is better than: none that is at least as good on every metric, and better on one.

    Metrics are the compared one, by its effect, and the guarded ones, by what each loses. What is not known is as bad as can be.
    """
    points = [tuple(_objectives(each)) for each in contenders]
    return [
        place
        for place, point in enumerate(points)
        if not any(
            other != point and all(theirs >= own for theirs, own in zip(other, point, strict=True)) for other in points
        )
    ]


def _objectives(contender: Contender) -> Iterator[tuple[float, ...]]:
    yield contender.gain
    details = contender.result.details
    for each in details.guardrails if isinstance(details, UnitEstimate) else ():
        loss = each.guardrail.loss
        yield (float("-inf") if loss is None else -loss,)


def _effect(result: ExperimentResult) -> float:
    details = result.details
    found = details.estimate.effect if isinstance(details, UnitEstimate) else result.effect
    return 0.0 if found is None else found


def _rejected(ruling: Ruling | None) -> bool:
    return ruling is not None and ruling[0] is Verdict.REJECT


def _counted(comparison: Experiment, counts: Counts, changes: Mapping[str, object]) -> Experiment:
    tallies = counts[comparison.comparison_id]
    control, treatment = tallies[Arm.CONTROL], tallies[Arm.TREATMENT]
    return comparison.model_copy(
        update={
            "control_tally": control,
            "treatment_tally": treatment,
            "control_count": control.executions,
            "treatment_count": treatment.executions,
            **changes,
        }
    )


def _same_executions(last: ArmTally, tally: ArmTally) -> bool:
    only_assigned = {name: getattr(tally, name) for name in ("assigned", "assigned_by_stage")}
    return tally == last.model_copy(update=only_assigned)
