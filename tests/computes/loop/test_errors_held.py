"""Which errors the guardrails hold: a candidate has to hold all of them to be applied (an intersection-union test), so that their
number needs no correction; the number of candidates does, and has one (``computes.loop.experiments.family``)."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
from numpy.random import Generator
from scipy import stats

from loopgraph.computes.loop.experiments.explaining import explanation
from loopgraph.computes.loop.experiments.family import in_family
from loopgraph.computes.loop.statistics.guardrails import guard
from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.experiments import Decision, ExperimentResult, GuardrailResult, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, Reason, Verdict
from loopgraph.contracts.statistics.decisions import GuardrailStatus, Margin
from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition, MetricKind
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon, Plan
from loopgraph.contracts.statistics.samples import UnitValue
from loopgraph.reducers.unit_samples import unit_samples
from support.designed import NOON, drawn, executions, experiment, look
from support.quick import first_quick

LEVEL: Final = 0.1
MARGIN: Final = 0.5
BETTER: Final = look(experiment(), executions(Arm.CONTROL, drawn(100, 80)), executions(Arm.TREATMENT, drawn(60, 80)))
GUARDED: Final = MetricDefinition(name="quality", kind=MetricKind.MEAN, direction=Direction.LARGER_IS_BETTER)


def held(random: Generator, loss: float, plan: Plan, level: float = LEVEL, units: int = 80) -> bool:
    """Whether a metric that is in truth worse by so much is shown not to be worse by more than the margin."""
    arms = [[UnitValue(float(value)) for value in random.normal(mean, 1.0, units)] for mean in (0.0, -loss)]
    found = guard(GUARDED, unit_samples(GUARDED, *arms), Margin(value=MARGIN, relative=False), plan, level)
    return found.status is GuardrailStatus.HELD


def often(count: int, random: Generator, losses: list[float], plan: Plan, level: float = LEVEL) -> int:
    """Of so many candidates, each with a guardrail for every loss, how many hold all."""
    # All are drawn, also after one that is not held: what one guardrail draws changes none of the others.
    found = [[held(random, loss, plan, level) for loss in losses] for _ in range(count)]
    return sum(map(all, found))


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "plan", first_quick([FixedHorizon(), AlwaysValid(planned_units=160)]), ids=["fixed", "always valid"]
)
def test_however_many_guardrails_there_are_one_that_is_broken_is_seldom_held(plan: Plan) -> None:
    """The worst case is one guardrail exactly at its margin and all others far from theirs: the level, uncorrected."""
    random, runs = np.random.default_rng(14), 400
    most = float(stats.binom.ppf(0.999, runs, LEVEL))
    for losses in ([MARGIN], [MARGIN, -1.0, -1.0], [MARGIN, MARGIN, MARGIN]):
        assert often(runs, random, losses, plan) <= most
    if isinstance(plan, FixedHorizon):
        assert often(runs, random, [MARGIN, -1.0, -1.0], plan) >= float(stats.binom.ppf(0.001, runs, LEVEL))


@pytest.mark.lengthy
def test_a_correction_for_their_number_would_only_lose_what_is_sound() -> None:
    random, runs = np.random.default_rng(14), 200
    sound = [0.1, 0.1, 0.1]
    plain = often(runs, random, sound, FixedHorizon())
    corrected = often(runs, np.random.default_rng(14), sound, FixedHorizon(), LEVEL / len(sound))
    assert corrected < 0.9 * plain


def guarded(random: Generator, losses: list[float], plan: Plan, units: int = 80) -> ExperimentResult:
    """A candidate that is shown to be better beyond doubt, with a guardrail for every loss."""
    guardrails = []
    for metric, loss in zip((Metric.QUALITY_SCORE, Metric.RATING, Metric.TOKENS), losses, strict=False):
        arms = [[UnitValue(float(value)) for value in random.normal(mean, 1.0, units)] for mean in (0.0, -loss)]
        found = guard(GUARDED, unit_samples(GUARDED, *arms), Margin(value=MARGIN, relative=False), plan, LEVEL)
        guardrails.append(GuardrailResult(metric=metric, guardrail=found))
    assert isinstance(BETTER.details, UnitEstimate)
    return BETTER.model_copy(update={"details": BETTER.details.model_copy(update={"guardrails": tuple(guardrails)})})


def decision_of(result: ExperimentResult) -> Decision:
    return Decision(
        decision_id="d", improvement_id="i", verdict=Verdict.REVIEW, reason=Reason.GUARDRAIL_OPEN, result=result,
        decided_at=NOON, decided_by="loop",
    )  # fmt: skip


def holds(result: ExperimentResult) -> bool:
    assert isinstance(result.details, UnitEstimate)
    return all(each.guardrail.status is GuardrailStatus.HELD for each in result.details.guardrails)


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("beside", [False, True], ids=["one after the other", "beside each other"])
def test_of_several_candidates_that_break_a_guardrail_none_is_applied_more_often_than_the_level(beside: bool) -> None:
    """The worst case: five that are better beyond doubt, each with a guardrail exactly at its margin."""
    random, runs = np.random.default_rng(14), 150
    corrected = uncorrected = 0
    for _ in range(runs):
        results = [guarded(random, [MARGIN, -1.0], FixedHorizon()) for _ in range(5)]
        others = [
            [other for other in results if other is not each] if beside else results[:n]
            for n, each in enumerate(results)
        ]
        corrected += any(holds(in_family(each, known, 5)) for each, known in zip(results, others, strict=True))
        uncorrected += any(map(holds, results))
    assert corrected <= float(stats.binom.ppf(0.999, runs, LEVEL))
    assert uncorrected > 2 * LEVEL * runs


def test_what_holds_its_guardrails_clearly_is_held_among_any_number_of_candidates() -> None:
    random = np.random.default_rng(14)
    clear = guarded(random, [-1.0, -0.5], FixedHorizon())
    broken = [guarded(random, [1.5], FixedHorizon()) for _ in range(4)]
    assert holds(in_family(clear, broken, 5))
    assert not any(holds(in_family(each, [clear], 5)) for each in broken)
    breached = in_family(broken[0], [clear], 5).details
    assert isinstance(breached, UnitEstimate)
    assert breached.guardrails[0].guardrail.status is GuardrailStatus.BREACHED


def test_a_guardrail_that_is_held_only_by_itself_is_open_among_several() -> None:
    random, alone, among = np.random.default_rng(14), [], []
    for _ in range(60):
        found = guarded(random, [0.15], FixedHorizon())
        alone.append(holds(in_family(found, [], 1)))
        among.append(holds(in_family(found, [], 5)))
        if alone[-1] and not among[-1]:
            said = explanation(decision_of(in_family(found, [], 5)))
            assert "guarded (open)" in said
            assert "By itself it would be held; corrected for all candidates p is 0." in said
    assert sum(among) < sum(alone)
    assert not any(five and not one for five, one in zip(among, alone, strict=True))


def test_what_is_far_from_its_margin_is_held_and_what_is_beyond_is_not() -> None:
    random = np.random.default_rng(14)
    assert often(20, random, [-0.5, 0.0], FixedHorizon()) >= 15
    assert often(20, random, [1.5, 0.0], FixedHorizon()) == 0
