"""Versions that people chose, compared after the fact: published figures, and simulated confounding whose truth is known."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from loopgraph.computes.loop.told.retrospection import OTHERS, retrospection
from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.distinctions import Factor
from loopgraph.contracts.loop.retrospection import (
    ADJUSTABLE,
    MOST_LEVELS,
    AdjustedEstimate,
    Adjustment,
    Caveat,
    EvidenceKind,
    ObservedUnit,
    Retrospection,
    Unadjusted,
)
from loopgraph.contracts.statistics.estimates import NoEstimate

AT = datetime(2026, 1, 1, tzinfo=UTC)
EFFECT = -20.0
"""By how much the candidate is faster, in the simulations."""


def unit(name: str, candidate: bool, value: float, at: datetime = AT, **levels: str) -> ObservedUnit:
    return ObservedUnit(name, candidate, value, 1, {Factor(key): level for key, level in levels.items()}, at, at)


def by(found: Retrospection, adjustment: Adjustment) -> AdjustedEstimate:
    [estimate] = [one for one in found.estimates if one.adjustment is adjustment]
    return estimate


def kidney_stones() -> Iterator[ObservedUnit]:
    """Charig et al. (1986), the textbooks' example of Simpson's paradox: successes of two treatments by the size of the stone."""
    number = 0
    for candidate, size, successes, of in (
        (True, "small", 81, 87),
        (True, "large", 192, 263),
        (False, "small", 234, 270),
        (False, "large", 55, 80),
    ):
        for one in range(of):
            number += 1
            yield unit(f"u{number}", candidate, float(one < successes), project=size)


def test_the_textbooks_example_comes_out_as_in_the_textbooks() -> None:
    found = retrospection(list(kidney_stones()), Metric.SUCCESS_RATE, ADJUSTABLE)
    plain, even = by(found, Adjustment.NONE), by(found, Adjustment.STRATIFIED)
    assert (plain.base_mean, plain.candidate_mean) == pytest.approx((289 / 350, 273 / 350))
    assert plain.effect is not None
    assert even.effect is not None
    assert plain.effect < 0 < even.effect
    small, large = 357 / 700, 343 / 700
    assert even.candidate_mean == pytest.approx(81 / 87 * small + 192 / 263 * large)  # 83.2 %
    assert even.base_mean == pytest.approx(234 / 270 * small + 55 / 80 * large)  # 77.9 %
    groups = [(81 / 87, 87, small), (192 / 263, 263, large), (234 / 270, 270, small), (55 / 80, 80, large)]
    error = math.sqrt(sum(share**2 * p * (1 - p) / (n - 1) for p, n, share in groups))
    assert even.effect_interval is not None
    assert (even.effect_interval[1] - even.effect_interval[0]) / 2 / error == pytest.approx(1.96, rel=0.02)
    assert found.evidence is EvidenceKind.OBSERVATIONAL
    assert (found.overlap, found.strata, found.caveats) == (1.0, 2, (Caveat.NOT_ASSIGNED,))


def simulated(seed: int, units: int = 300, *, factors: int = 1) -> list[ObservedUnit]:
    """Work that takes longer on the larger model, where the candidate is used more: it is faster by ``EFFECT`` everywhere."""
    rng, found = random.Random(seed), []
    for number in range(units):
        large = rng.random() < 0.5
        project = rng.randrange(4) if factors > 1 else 0
        candidate = rng.random() < (0.8 if large else 0.2)
        value = rng.gauss(100.0 + (80.0 if large else 0.0) + 10.0 * project + (EFFECT if candidate else 0.0), 15.0)
        levels = {"model": "large" if large else "small"} | ({"project": f"p{project}"} if factors > 1 else {})
        found.append(unit(f"u{number}", candidate, value, **levels))
    return found


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("factors", [1, 2])
def test_where_the_choice_goes_with_what_takes_long_only_the_adjusted_answer_is_right(factors: int) -> None:
    held: dict[Adjustment, int] = dict.fromkeys(Adjustment, 0)
    effects: dict[Adjustment, list[float]] = {one: [] for one in Adjustment}
    rounds = 200
    for seed in range(rounds):
        found = retrospection(simulated(seed, factors=factors), Metric.DURATION_MS, ADJUSTABLE)
        for one in found.estimates:
            assert one.effect is not None
            assert one.effect_interval is not None
            held[one.adjustment] += one.effect_interval[0] <= EFFECT <= one.effect_interval[1]
            effects[one.adjustment].append(one.effect)
    means = {one: float(np.mean(values)) for one, values in effects.items()}
    assert means[Adjustment.NONE] > 15, "the faster version looks slower"
    assert held[Adjustment.NONE] == 0
    for adjusted in (Adjustment.STRATIFIED, Adjustment.OVERLAP_WEIGHTED):
        assert means[adjusted] == pytest.approx(EFFECT, abs=0.5)
        assert held[adjusted] / rounds == pytest.approx(0.95, abs=0.045)


def test_units_with_both_versions_count_as_one_in_the_errors() -> None:
    """The difference within units is known better than units vary: as of pairs."""
    rng, units = random.Random(1), []
    for number in range(100):
        level = rng.gauss(100.0, 30.0)
        units += [unit(f"u{number}", bool(arm), level + rng.gauss(5.0 * arm, 1.0), model="m") for arm in (0, 1)]
    found = retrospection(units, Metric.DURATION_MS, ADJUSTABLE)
    plain = by(found, Adjustment.NONE)
    assert plain.effect_interval is not None
    pairs = [units[n + 1].value - units[n].value for n in range(0, 200, 2)]
    error = float(np.std(pairs, ddof=1)) / math.sqrt(len(pairs))
    assert (plain.effect_interval[1] - plain.effect_interval[0]) / 2 == pytest.approx(1.98 * error, rel=0.02)
    assert found.units_in_both == 100
    assert Caveat.UNITS_IN_BOTH in found.caveats


def test_what_cannot_be_compared_with_anything_is_left_out_and_said() -> None:
    units = [unit(f"a{n}", False, 100.0 + n, agent="old") for n in range(30)]
    units += [unit(f"b{n}", True, 50.0 + n, agent="new") for n in range(30)]
    found = retrospection(units, Metric.DURATION_MS, ADJUSTABLE)
    stratified = by(found, Adjustment.STRATIFIED)
    assert (found.overlap, stratified.effect, stratified.reason) == (0.0, None, NoEstimate.NO_UNITS)
    weighted = by(found, Adjustment.OVERLAP_WEIGHTED)
    assert (weighted.effect, weighted.p_value, weighted.reason) == (None, None, NoEstimate.NO_OVERLAP)
    assert Caveat.LITTLE_OVERLAP in found.caveats
    assert by(found, Adjustment.NONE).effect == -50.0
    assert {one.weighted_base_share for one in found.balance} == {None}


def test_levels_that_tell_the_version_leave_nothing_to_weight_by() -> None:
    """Each level is one of both versions, and both levels together are of one."""
    units = []
    for n in range(60):
        agent, model, candidate = ("ab"[n % 2], "xy"[n // 2 % 2], n % 2 == n // 2 % 2)
        if candidate or n % 2 == 0:
            units.append(unit(f"u{n}", candidate, 100.0 - 50.0 * candidate + n % 7, agent=agent, model=model))
    weighted = by(retrospection(units, Metric.DURATION_MS, ADJUSTABLE), Adjustment.OVERLAP_WEIGHTED)
    assert (weighted.effect, weighted.p_value, weighted.reason) == (None, None, NoEstimate.NO_OVERLAP)


def test_units_of_a_level_that_one_version_alone_has_count_for_nothing() -> None:
    units = simulated(5)
    more = [unit(f"x{n}", True, 5_000.0 + n, model="another") for n in range(200)]
    expected = by(retrospection(units, Metric.DURATION_MS, ADJUSTABLE), Adjustment.OVERLAP_WEIGHTED)
    found = by(retrospection([*units, *more], Metric.DURATION_MS, ADJUSTABLE), Adjustment.OVERLAP_WEIGHTED)
    assert found.effect == pytest.approx(expected.effect, rel=1e-3)
    assert found.p_value == pytest.approx(expected.p_value, rel=0.05)
    assert found.candidate_units == expected.candidate_units


def test_what_was_not_adjusted_for_is_said_with_the_reason() -> None:
    units = [unit(f"u{n}", n % 2 == 0, float(n), model="one", project=f"p{n % 3}", client="x") for n in range(60)]
    found = retrospection(units, Metric.DURATION_MS, (Factor.MODEL, Factor.PROJECT, Factor.AGENT))
    assert found.adjusted_for == (Factor.PROJECT,)
    assert {one.factor: one.reason for one in found.not_adjusted} == {
        Factor.AGENT: Unadjusted.NOT_RECORDED,
        Factor.MODEL: Unadjusted.NO_VARIATION,
        Factor.CLIENT: Unadjusted.NOT_ASKED,
        Factor.INPUT_SIZE: Unadjusted.NOT_ASKED,
        Factor.TOOL: Unadjusted.AFTER_THE_VERSION,
        Factor.TAG: Unadjusted.AFTER_THE_VERSION,
    }


def test_versions_of_different_times_are_told_apart() -> None:
    later = AT + timedelta(days=30)
    units = [unit(f"u{n}", n >= 30, float(n % 7), later if n >= 30 else AT, model=f"m{n % 2}") for n in range(60)]
    assert Caveat.OTHER_TIMES in retrospection(units, Metric.DURATION_MS, ADJUSTABLE).caveats


def test_the_smallest_of_many_levels_are_one_and_unknown_ones_another() -> None:
    units = [unit(f"u{n}", n % 2 == 0, float(n), project=f"p{n // 4}") for n in range(160)]
    units.append(unit("none", True, 1.0))
    found = retrospection(units, Metric.DURATION_MS, ADJUSTABLE)
    assert {Caveat.LEVELS_UNITED, Caveat.PARTLY_UNKNOWN} <= set(found.caveats)
    assert len({one.level for one in found.balance}) == MOST_LEVELS + 1
    assert OTHERS in {one.level for one in found.balance}


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ([], NoEstimate.NO_UNITS),
        ([unit("a", False, 1.0)], NoEstimate.NO_UNITS),
        ([unit("a", False, 1.0), unit("b", True, 2.0)], NoEstimate.TOO_FEW_UNITS),
        ([unit(f"u{n}", n > 2, 5.0) for n in range(6)], NoEstimate.NO_VARIANCE),
        ([unit(f"u{n}", n > 2, math.inf) for n in range(6)], NoEstimate.NOT_FINITE),
    ],
)
def test_what_cannot_be_told_has_a_reason(units: list[ObservedUnit], reason: NoEstimate) -> None:
    plain = by(retrospection(units, Metric.DURATION_MS, ADJUSTABLE), Adjustment.NONE)
    assert (plain.effect_interval, plain.p_value, plain.reason) == (None, None, reason)


def test_the_order_of_the_rows_changes_nothing() -> None:
    units = simulated(3, factors=2)
    shuffled = random.Random(4).sample(units, len(units))
    assert retrospection(shuffled, Metric.DURATION_MS, ADJUSTABLE) == retrospection(
        units, Metric.DURATION_MS, ADJUSTABLE
    )
