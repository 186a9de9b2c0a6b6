"""The simulation study (``bench.statistics``) computes many experiments at once: what it computes is what the product does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics import false_positives, rollouts
from bench.statistics.data import LOG_NORMAL, Array, crossed, halves, ratio_paths, score_paths, sequence, welch_paths
from loopgraph.computes.loop.experiments.watching import examine
from loopgraph.computes.loop.statistics.boundaries import confidence_sequence
from loopgraph.computes.loop.statistics.estimators import proportions, ratios, welch
from loopgraph.computes.loop.statistics.inference import infer
from loopgraph.contracts.loop.feedback import Metric
from loopgraph.contracts.loop.watching import ArmMoments, Proof, UnitMoments, WatchRules
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon, GroupSequential, Plan
from loopgraph.contracts.statistics.samples import BinaryCounts
from support.statistics import moments


def test_many_experiments_at_once_are_the_products_one_by_one() -> None:
    random = np.random.default_rng(1)
    treated = halves(random, (3, 200))
    values, sizes = random.lognormal(0, 1, (3, 200)), 1.0 + random.poisson(3, (3, 200))
    binary = (values > 1).astype(float)
    by_means, by_ratios, by_score = (
        welch_paths(values, treated),
        ratio_paths(values, sizes, treated),
        score_paths(binary, treated),
    )
    plan = AlwaysValid(planned_units=150, first_look=20)
    looks = crossed(by_means, plan, 0.05)
    for row, column in ((0, 30), (1, 100), (2, 199), (0, 150), (1, 60)):
        arms = [mask[row, : column + 1] for mask in (~treated, treated)]
        of = [(values[row, : column + 1][arm], sizes[row, : column + 1][arm]) for arm in arms]
        mean = welch.means(*(moments(y) for y, _ in of))
        assert by_means.t[row, column] == pytest.approx(mean.effect / mean.standard_error)
        assert by_means.freedom[row, column] == pytest.approx(mean.degrees_of_freedom)
        ratio = ratios.ratios(*(moments(y, x) for y, x in of))
        assert by_ratios.t[row, column] == pytest.approx(ratio.effect / ratio.standard_error)
        counts = [binary[row, : column + 1][arm] for arm in arms]
        z = proportions.score(*(BinaryCounts(n=len(each), successes=int(each.sum())) for each in counts))
        assert by_score.t[row, column] == pytest.approx(z)
        found = infer(mean, plan, 0.05)
        cautious = infer(mean, plan, 0.05)
        assert by_means.at_looks[row, column] == pytest.approx(cautious.effect / cautious.standard_error)
        assert looks[row, column] == (found.p_value is not None and found.p_value < 0.05)


def test_versions_that_are_watched_all_at_once_are_the_products_one_by_one() -> None:
    random = np.random.default_rng(4)
    control, treatment = (random.lognormal(mean, 0.5, (6, 30)) for mean in (0.9, 0.0))
    since = random.lognormal(0.5, 0.5, (6, 120))
    rules = WatchRules()
    plan = AlwaysValid(planned_units=60, first_look=10)
    against_proof = rollouts._log_ratios(treatment, since)
    beyond = (against_proof.ratio - np.log1p(rules.margin)) / against_proof.error
    looks = rollouts._crossed(against_proof, beyond, plan, rules.level)
    against_control = rollouts._differences(control, since)
    better = rollouts._crossed(against_control, -against_control.ratio / against_control.error, plan, 2 * rules.level)
    assert 0 < looks.sum() < looks.size
    for row in range(6):
        arms = [_arm(values[row]) for values in (control, treatment)]
        for column in (5, 9, 15, 40, 80, 119):
            seen = _arm(since[row, : column + 1])
            finding = examine(
                Metric.DURATION_MS, Proof(control=arms[0], treatment=arms[1]), seen, column + 1, column + 1, rules
            )
            assert (finding.breached == (Metric.DURATION_MS,)) == looks[row, column]
            assert finding.still_better == (looks[row, column] and better[row, column])


def _arm(values: Array) -> ArmMoments:
    n, mean = len(values), float(np.mean(values))
    metric = UnitMoments(n=n, mean=mean, m2=float(((values - mean) ** 2).sum()), binary=False)
    return ArmMoments(metric=metric, success=UnitMoments(n=n, mean=1.0))


def test_the_boundary_of_a_family_is_that_of_its_p_values() -> None:
    plan = AlwaysValid(planned_units=400)
    for units, limit in enumerate(sequence(plan, 0.05, 5, np.arange(1.0, 501.0)), start=1):
        assert confidence_sequence.p_value(plan, 0.05, limit, units) == pytest.approx(0.01)
    assert sequence(plan, 0.05, 1, np.array([100.0]))[0] == pytest.approx(confidence_sequence.boundary(plan, 0.05, 100))


@pytest.mark.slow
@pytest.mark.parametrize(
    "plan",
    [AlwaysValid(planned_units=200), GroupSequential(planned_units=400), FixedHorizon()],
    ids=lambda plan: plan.horizon,
)
def test_nothing_is_found_where_there_is_nothing(plan: Plan) -> None:
    """The limit is what 999 of 1,000 such simulations keep at 5 %."""
    random = np.random.default_rng(2)
    found = 0
    for _ in range(4):
        treated = halves(random, (250, 400))
        paths = welch_paths(LOG_NORMAL.draw(random, (250, 400)), treated)
        found += int(crossed(paths, plan, 0.05).any(axis=1).sum())
    assert found <= stats.binom.ppf(0.999, 1000, 0.05)


@pytest.mark.lengthy
def test_what_must_not_be_done_shows() -> None:
    rows = list(false_positives.rows(np.random.default_rng(3), 60))
    assert all(float(row[-1].rstrip("%")) > 8 for row in rows)
