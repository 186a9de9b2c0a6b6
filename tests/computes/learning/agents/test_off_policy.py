"""What another policy would have come to, against what it comes to where that is known."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping

import pytest

from loopgraph.computes.learning.agents.off_policy import (
    Logged,
    PolicyValue,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)
from loopgraph.contracts.statistics.estimates import NoEstimate

TRUTH = {("easy", "a"): 0.9, ("easy", "b"): 0.5, ("hard", "a"): 0.2, ("hard", "b"): 0.6}
USED = {"easy": {"a": 0.3, "b": 0.7}, "hard": {"a": 0.6, "b": 0.4}}
BETTER = {"easy": {"a": 1.0}, "hard": {"b": 1.0}}
VALUE = (0.9 + 0.6) / 2


def logged(seed: int, n: int = 400) -> list[Logged]:
    chance = random.Random(seed)
    found = []
    for _ in range(n):
        context = chance.choice(["easy", "hard"])
        action = "a" if chance.random() < USED[context]["a"] else "b"
        value = float(chance.random() < TRUTH[context, action])
        found.append(Logged(context, action, USED[context][action], value))
    return found


def better(context: str) -> Mapping[str, float]:
    return BETTER[context]


def truth(context: str, action: str) -> float:
    return TRUTH[context, action]


def wrong(context: str, action: str) -> float:
    return 0.1


ESTIMATES = {
    "inverse propensity": lambda log: inverse_propensity(log, better),
    "self-normalised": lambda log: self_normalised(log, better),
    "doubly robust": lambda log: doubly_robust(log, better, truth),
    "doubly robust, wrong model": lambda log: doubly_robust(log, better, wrong),
}


@pytest.mark.lengthy
@pytest.mark.parametrize("name", ESTIMATES)
def test_it_is_right_on_average_and_knows_how_sure_it_is(name: str) -> None:
    found = [ESTIMATES[name](logged(seed)) for seed in range(300)]
    values = [one.value for one in found]
    assert None not in values
    mean = statistics.mean(v for v in values if v is not None)
    spread = statistics.stdev(v for v in values if v is not None)
    assert mean == pytest.approx(VALUE, abs=4 * spread / math.sqrt(len(found)) + 0.002)
    assert statistics.mean(one.standard_error or 0 for one in found) == pytest.approx(spread, rel=0.12)
    inside = [abs((one.value or 0) - VALUE) <= 1.96 * (one.standard_error or 0) for one in found]
    assert sum(inside) / len(inside) > 0.9


def test_a_good_model_makes_it_surer_and_what_was_logged_alone_is_biased() -> None:
    log = logged(7, 2_000)
    plain, robust = inverse_propensity(log, better), doubly_robust(log, better, truth)
    assert (robust.standard_error or 0) < 0.8 * (plain.standard_error or 0)
    assert abs(statistics.mean(one.value for one in log) - VALUE) > 0.15
    assert plain.effective < len(log)


def test_the_policy_that_was_used_comes_to_what_it_came_to() -> None:
    log = logged(3)
    found = inverse_propensity(log, lambda context: USED[context])
    assert found.value == pytest.approx(statistics.mean(one.value for one in log))
    assert found.effective == pytest.approx(len(log))


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ([], NoEstimate.NO_UNITS),
        ([Logged("easy", "a", 0.5, 1.0)], NoEstimate.TOO_FEW_UNITS),
        ([Logged("easy", "a", 0.0, 1.0)] * 3, NoEstimate.NO_PROPENSITY),
        ([Logged("easy", "a", 1.5, 1.0)] * 3, NoEstimate.NO_PROPENSITY),
        ([Logged("easy", "a", 0.5, math.nan)] * 3, NoEstimate.NOT_FINITE),
    ],
)
def test_what_cannot_be_told_is_null_with_its_reason(log: list[Logged], reason: NoEstimate) -> None:
    for estimate in ESTIMATES.values():
        found: PolicyValue = estimate(log)
        assert (found.value, found.reason) == (None, reason)


def test_a_policy_that_does_nothing_of_what_was_done_has_no_ratio() -> None:
    log = [Logged("easy", "b", 0.5, 1.0)] * 5
    found = self_normalised(log, better)
    assert (found.value, found.reason) == (None, NoEstimate.ZERO_DENOMINATOR)
