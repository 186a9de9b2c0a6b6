"""Which comparisons tell something, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from loopgraph.computes.loop.told.distinctions import distinctions_of
from loopgraph.contracts.loop.distinctions import FALSE_SHARE, DistinguishedMeasure, Factor, LevelComparison, Side
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.samples import RankedValues, UnitSamples


def comparison(level: str, outside: list[float], inside: list[float]) -> LevelComparison:
    samples = UnitSamples(
        control=RankedValues(values=tuple(sorted(outside))), treatment=RankedValues(values=tuple(sorted(inside)))
    )
    within, without = (
        Side(units=len(one), executions=len(one), value=float(np.median(one))) for one in (inside, outside)
    )
    return LevelComparison(Factor.MODEL, level, DistinguishedMeasure.DURATION_MS, within, without, samples, ("e",))


def test_tests_are_those_of_mann_and_whitney_and_corrected_for_all() -> None:
    rng = np.random.default_rng(7)
    pairs = {
        "slow": (rng.lognormal(0, 1, 40), rng.lognormal(2, 1, 30)),
        "same": (rng.lognormal(0, 1, 40), rng.lognormal(0, 1, 30)),
        "odd": (np.repeat([0.0, 1.0], [30, 10]), np.repeat([0.0, 1.0], [10, 20])),
    }
    found = {
        one.level: one
        for one in distinctions_of([comparison(name, list(a), list(b)) for name, (a, b) in pairs.items()])
    }
    expected = {
        name: stats.mannwhitneyu(b, a, method="asymptotic" if name == "odd" else "exact").pvalue
        for name, (a, b) in pairs.items()
    }
    for name, p_value in expected.items():
        assert found[name].p_value == pytest.approx(p_value, rel=1e-6), name
    corrected = dict(zip(expected, stats.false_discovery_control(list(expected.values())), strict=True))
    for name, p_value in corrected.items():
        assert found[name].adjusted_p_value == pytest.approx(p_value, rel=1e-6), name
    assert {name: one.distinguishes for name, one in found.items()} == {"slow": True, "same": False, "odd": True}
    assert list(found) == sorted(found, key=lambda name: expected[name])


def test_where_nothing_varies_nothing_is_said() -> None:
    [one] = distinctions_of([comparison("all alike", [1.0] * 9, [1.0] * 9)])
    assert (one.p_value, one.adjusted_p_value, one.distinguishes) == (None, None, False)
    assert one.reason is NoEstimate.NO_VARIANCE
    assert distinctions_of([]) == ()


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_of_nothing_but_chance_little_is_found() -> None:
    """20 comparisons without any effect, 200 times: in at most some 5 % of these is anything called a distinction."""
    rng = np.random.default_rng(11)
    false = 0
    for _ in range(200):
        looks = [
            comparison(str(number), list(rng.exponential(1, 20)), list(rng.exponential(1, 20))) for number in range(20)
        ]
        false += any(one.distinguishes for one in distinctions_of(looks))
    assert false / 200 <= FALSE_SHARE + 3 * (FALSE_SHARE * (1 - FALSE_SHARE) / 200) ** 0.5
