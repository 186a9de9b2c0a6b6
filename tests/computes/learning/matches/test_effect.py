"""A random share of sessions is given no plans, and the others are compared with it."""

from __future__ import annotations

import math

import pytest

from loopgraph.computes.learning.matches.effect import DURATION, SUCCESS, of_durations, of_successes
from loopgraph.computes.learning.matches.withholding import draw
from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.contracts.learning.replays import Settled
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.plans import AlwaysValid
from loopgraph.errors import InvalidInput
from loopgraph.reducers.unit_samples import unit_samples

PLAN = AlwaysValid(planned_units=200, treatment_share=0.8)


@pytest.mark.lengthy
def test_who_is_given_none_stays_so_and_is_as_many_as_wanted() -> None:
    drawn = [draw(f"session {number}", 0.2) for number in range(20_000)]
    share = sum(one.withheld for one in drawn) / len(drawn)
    assert share == pytest.approx(0.2, abs=4 * math.sqrt(0.2 * 0.8 / len(drawn)))
    assert {(one.withheld, one.propensity) for one in drawn} == {(True, 0.2), (False, 0.8)}
    assert drawn[0] == draw("session 0", 0.2)
    assert "session" not in drawn[0].unit
    more = [draw(f"session {number}", 0.5) for number in range(2_000)]
    assert all(after.withheld for before, after in zip(drawn, more, strict=False) if before.withheld)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(InvalidInput):
        draw("a", share)


def test_none_and_all_are_shares_too() -> None:
    assert not any(draw(str(number), 0.0).withheld for number in range(1_000))
    assert all(draw(str(number), 1.0).withheld for number in range(1_000))


def test_a_session_is_one_unit_and_what_is_not_known_of_it_is_left_out() -> None:
    traces = [
        Settled("a", False, True, 10.0),
        Settled("a", False, False, 30.0),
        Settled("b", False, None, None),
        Settled("c", True, True, 0.0),
    ]
    successes, durations = of_successes(traces), of_durations(traces)
    assert [one.value for one in successes.treatment] == [0.5]
    assert [one.value for one in successes.control] == [1.0]
    assert [one.value for one in durations.treatment] == [20.0]
    assert durations.control == []


def test_an_effect_is_found_with_its_sign_and_none_with_too_few() -> None:
    traces = [
        Settled(f"{arm}{number}", withheld, number % 10 < good, base * (1 + number % 7 / 10))
        for arm, withheld, good, base in (("t", False, 9, 40.0), ("c", True, 4, 80.0))
        for number in range(100)
    ]
    arms = of_successes(traces)
    found = analyse(SUCCESS, unit_samples(SUCCESS, arms.control, arms.treatment), PLAN)
    assert found.effect == pytest.approx(0.5)
    assert found.interval is not None
    assert found.interval[0] > 0
    arms = of_durations(traces)
    found = analyse(DURATION, unit_samples(DURATION, arms.control, arms.treatment), PLAN)
    assert found.relative == pytest.approx(-0.5)
    few = of_successes(traces[:1])
    nothing = analyse(SUCCESS, unit_samples(SUCCESS, few.control, few.treatment), PLAN)
    assert (nothing.effect, nothing.reason) == (None, NoEstimate.NO_UNITS)
