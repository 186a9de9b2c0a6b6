"""What a look at an applied version says, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from loopgraph.computes.loop.experiments.watching import examine, margin_of, next_status, review_needed
from loopgraph.contracts.loop.feedback import Metric
from loopgraph.contracts.loop.watching import (
    ArmMoments,
    Finding,
    Proof,
    RegressionReview,
    UnitMoments,
    WatchRules,
    WatchStatus,
)
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.contracts.statistics.estimates import NoEstimate

AT = datetime(2026, 3, 1, tzinfo=UTC)
RULES = WatchRules()


def durations(n: int, mean: float, deviation: float = 10.0) -> UnitMoments:
    return UnitMoments(n=n, mean=mean, m2=max(0, n - 1) * deviation**2, binary=False)


def rates(n: int, mean: float) -> UnitMoments:
    return UnitMoments(n=n, mean=mean, m2=n * mean * (1 - mean))


def arm(n: int, mean: float, success: float = 1.0) -> ArmMoments:
    return ArmMoments(metric=durations(n, mean), success=rates(n, success))


PROOF = Proof(control=arm(30, 100.0), treatment=arm(30, 50.0))


def seen(arm: ArmMoments, rules: WatchRules = RULES, proof: Proof = PROOF) -> Finding:
    units = max(arm.metric.n, arm.success.n)
    return examine(Metric.DURATION_MS, proof, arm, units, units, rules)


def test_what_is_as_in_its_proof_is_not_breached() -> None:
    finding = seen(arm(500, 50.0))
    assert finding.breached == ()
    assert finding.metric_guard is not None
    assert finding.metric_guard.loss == pytest.approx(0.0)


def test_nothing_is_said_before_ten_units() -> None:
    finding = seen(arm(9, 500.0))
    assert finding.breached == ()
    assert finding.metric_guard is not None
    assert finding.metric_guard.reason is NoEstimate.TOO_EARLY
    assert seen(arm(10, 500.0)).breached == (Metric.DURATION_MS,)


def test_a_loss_within_the_margin_is_none() -> None:
    assert seen(arm(1000, 58.0), WatchRules(margin=0.3)).breached == ()
    assert seen(arm(1000, 90.0), WatchRules(margin=0.3)).breached == (Metric.DURATION_MS,)


def test_failures_are_a_regression_though_nothing_reports_a_duration() -> None:
    finding = seen(ArmMoments(success=rates(12, 0.0)))
    assert finding.breached == (Metric.SUCCESS_RATE,)
    assert finding.metric_guard is not None
    assert finding.metric_guard.status is GuardrailStatus.OPEN
    assert not finding.still_better


def test_successes_of_units_with_several_executions_are_compared_as_means() -> None:
    mixed = UnitMoments(n=40, mean=0.5, m2=4.0, binary=False)
    assert seen(ArmMoments(metric=durations(40, 50.0), success=mixed)).breached == (Metric.SUCCESS_RATE,)


def test_the_level_is_shared_by_the_metrics() -> None:
    finding = seen(arm(30, 50.0))
    assert finding.metric_guard is not None
    assert finding.success_guard is not None
    assert (finding.metric_guard.level, finding.success_guard.level) == (0.025, 0.025)
    alone = examine(Metric.SUCCESS_RATE, PROOF, arm(30, 50.0), 30, 30, RULES)
    assert alone.success_guard is None
    assert alone.metric_guard is not None
    assert alone.metric_guard.level == 0.05


def test_worse_than_the_proof_and_better_than_the_control() -> None:
    between, behind = seen(arm(40, 75.0)), seen(arm(40, 99.0))
    assert (between.breached, between.still_better) == ((Metric.DURATION_MS,), True)
    assert (behind.breached, behind.still_better) == ((Metric.DURATION_MS,), False)


def test_what_fails_is_not_still_better_for_being_fast() -> None:
    finding = seen(arm(40, 75.0, success=0.3))
    assert set(finding.breached) == {Metric.DURATION_MS, Metric.SUCCESS_RATE}
    assert not finding.still_better


def test_margins_are_shares_of_durations_and_differences_of_rates() -> None:
    assert (margin_of(Metric.DURATION_MS, RULES).value, margin_of(Metric.DURATION_MS, RULES).relative) == (0.1, True)
    for metric in (Metric.SUCCESS_RATE, Metric.QUALITY_SCORE):
        assert (margin_of(metric, RULES).value, margin_of(metric, RULES).relative) == (0.05, False)


def status(finding: Finding, *, in_use: bool = True, at: datetime = AT) -> WatchStatus:
    return next_status(finding, in_use=in_use, ends_at=AT + timedelta(days=30), rules=RULES, at=at)


def test_what_follows_from_a_look() -> None:
    fine, bad, over = seen(arm(40, 50.0)), seen(arm(40, 99.0)), AT + timedelta(days=31)
    assert status(fine) is WatchStatus.WATCHING
    assert status(bad) is WatchStatus.REGRESSED
    assert status(bad, in_use=False) is WatchStatus.SUPERSEDED
    assert status(fine, at=over) is WatchStatus.EXPIRED
    proof = Proof(control=arm(2000, 100.0), treatment=arm(2000, 50.0))
    assert status(seen(arm(1000, 50.0), proof=proof)) is WatchStatus.HELD
    assert status(seen(arm(999, 50.0), proof=proof)) is WatchStatus.WATCHING
    assert status(Finding(), at=over) is WatchStatus.EXPIRED


def test_who_decides_on_a_regression() -> None:
    between, behind = seen(arm(40, 75.0)), seen(arm(40, 99.0))
    assert review_needed(behind, "v1", by_itself=True) is None
    assert review_needed(behind, "v1", by_itself=False) is RegressionReview.ASKED_FOR
    assert review_needed(between, "v1", by_itself=True) is RegressionReview.STILL_BETTER
    assert review_needed(behind, None, by_itself=True) is RegressionReview.NOTHING_TO_RESTORE


@pytest.mark.lengthy
@given(
    n=some.integers(0, 200),
    mean=some.floats(0, 1e9),
    deviation=some.floats(0, 1e9),
    rate=some.floats(0, 1),
    proof_n=some.integers(0, 200),
    metric=some.sampled_from(list(Metric)),
)
def test_any_figures_have_an_answer(
    n: int, mean: float, deviation: float, rate: float, proof_n: int, metric: Metric
) -> None:
    arms = [
        ArmMoments(metric=durations(k, mean if k else 0.0, deviation), success=rates(k, rate if k else 0.0))
        for k in (proof_n, n)
    ]
    finding = examine(metric, Proof(control=arms[0], treatment=arms[0]), arms[1], n, n, RULES)
    assert finding.breached == ()  # it is as it was
