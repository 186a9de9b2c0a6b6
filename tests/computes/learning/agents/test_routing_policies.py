"""What another policy of routing would have come to, against what it comes to where that is known."""

from __future__ import annotations

import random
import statistics
from datetime import timedelta

import pytest

from loopgraph.computes.learning.agents.routing import choose, draw
from loopgraph.computes.learning.agents.routing_policies import policy_effect, taken_by
from loopgraph.contracts.learning.replays import ReplayOutcome
from loopgraph.contracts.learning.routing import (
    AgentRecord,
    LoggedRecommendation,
    RecordScope,
    RoutingPolicy,
    RoutingPolicyEffect,
)
from loopgraph.contracts.statistics.estimates import NoEstimate
from support.quick import first_quick
from support.traces import NOON

RECORDS = {
    RecordScope.ACTION: [
        AgentRecord(agent=name, scope=RecordScope.ACTION, action="fix", successes=successes, failures=9)
        for name, successes in (("best", 40), ("good", 30), ("weak", 12))
    ]
}
TRUTH = {("fix", "best"): 0.5, ("fix", "good"): 0.8, ("fix", "weak"): 0.2, ("test", "best"): 0.9, ("test", "good"): 0.4,
         ("test", "weak"): 0.3}  # fmt: skip
"""How probable a success is: the record is wrong about ``fix``."""


def log(seed: int, *, share: float = 0.4, sessions: int = 300, each: int = 2) -> list[LoggedRecommendation]:
    """What is recommended to sessions, with what comes of it: some sessions are luckier than others."""
    chance, found = random.Random(seed), []
    choice = choose(None, RECORDS, badly_below=0.3)
    for session in range(sessions):
        drawn = draw(choice, f"{seed}/{session}", share)
        assert drawn is not None
        luck = chance.uniform(-0.1, 0.1)
        for number in range(each):
            action = "fix" if chance.random() < 0.5 else "test"
            success = chance.random() < TRUTH[action, drawn.agent] + luck
            found.append(
                LoggedRecommendation(
                    correlation_id=f"{session}/{number}", session_id=None, at=NOON + timedelta(seconds=session), unit=drawn.unit,
                    agent=drawn.agent, strategy=drawn.strategy, propensity=drawn.propensity, explore_share=share, action=action,
                    project=None, pattern_id=None, pattern_agent=None, historical_agent=choice.historical_agent,
                    candidates=("best", "good", "weak"), settled_at=NOON,
                    outcome=ReplayOutcome.SUCCESS if success else ReplayOutcome.FAILURE,
                )
            )  # fmt: skip
    return found


def effect(
    told: list[LoggedRecommendation], policy: RoutingPolicy = RoutingPolicy.ONE_AGENT, agent: str | None = "good"
) -> RoutingPolicyEffect:
    return policy_effect(told, policy, agent, complete=True)


@pytest.mark.lengthy
@pytest.mark.parametrize("name", first_quick(["inverse_propensity", "self_normalised", "doubly_robust"]))
def test_it_is_right_on_average_and_its_interval_holds_though_sessions_differ(name: str) -> None:
    truth = (TRUTH["fix", "good"] + TRUTH["test", "good"]) / 2
    found = [getattr(effect(log(seed)), name) for seed in range(60)]
    assert statistics.mean(one.value for one in found) == pytest.approx(truth, abs=0.03)
    inside = [one.interval[0] <= truth <= one.interval[1] for one in found]
    assert sum(inside) / len(inside) > 0.85
    assert all(one.reason is None and 10 < one.effective < 600 for one in found)


def test_what_the_log_came_to_is_its_mean() -> None:
    told = log(3)
    mean = statistics.mean(one.outcome is ReplayOutcome.SUCCESS for one in told)
    found = effect(told)
    assert found.logged.value == pytest.approx(mean)
    assert (found.decisions, found.units, found.uncovered) == (600, 300, 0)
    assert found.logged.interval is not None
    again = effect(log(3, each=1))
    assert found.doubly_robust.standard_error != again.doubly_robust.standard_error


def test_the_policies_do_what_they_say() -> None:
    one = log(1, sessions=1)[0].model_copy(update={"pattern_agent": "weak", "agent": "good"})
    assert taken_by(one, RoutingPolicy.LEARNED_FIRST) == {"weak": 1.0}
    assert taken_by(one, RoutingPolicy.HISTORICAL) == {"best": 1.0}
    assert taken_by(one, RoutingPolicy.ONE_AGENT, "good") == {"good": 1.0}
    assert taken_by(one, RoutingPolicy.ONE_AGENT, "nobody") == {"weak": 1.0}
    assert taken_by(one, RoutingPolicy.UNIFORM) == pytest.approx({"best": 1 / 3, "good": 1 / 3, "weak": 1 / 3})
    nothing = one.model_copy(update={"historical_agent": None, "pattern_agent": None})
    assert taken_by(nothing, RoutingPolicy.HISTORICAL) == {"good": 1.0}


def test_without_chance_only_what_was_done_can_be_told() -> None:
    told = log(5, share=0.0)
    other = effect(told)
    assert (other.uncovered, other.doubly_robust.reason) == (600, NoEstimate.NO_OVERLAP)
    assert other.inverse_propensity.value is None
    assert other.logged.interval is not None
    same = effect(told, RoutingPolicy.LEARNED_FIRST, None)
    assert same.uncovered == 0
    assert same.self_normalised.value == pytest.approx(same.logged.value)


def test_of_an_agent_that_was_never_a_candidate_nothing_can_be_told() -> None:
    told = log(5)
    other = effect(told, agent="nobody")
    for one in (other.inverse_propensity, other.self_normalised, other.doubly_robust):
        assert (one.value, one.interval, one.reason) == (None, None, NoEstimate.NO_OVERLAP)
    assert other.uncovered == other.decisions == 600
    assert other.logged.interval is not None
    once = [
        one.model_copy(update={"candidates": (*one.candidates, "seldom")}) if one is told[0] else one for one in told
    ]
    assert effect(once, agent="seldom").uncovered == 0
    assert effect([], agent="nobody").doubly_robust.reason is NoEstimate.NO_UNITS


def test_what_is_not_known_is_counted_and_few_sessions_have_no_interval() -> None:
    told = log(7, sessions=6)
    told[0] = told[0].model_copy(update={"outcome": None, "settled_at": None})
    told[1] = told[1].model_copy(update={"outcome": ReplayOutcome.UNKNOWN})
    found = effect(told)
    assert (found.decisions, found.unsettled, found.unknown, found.units) == (10, 1, 1, 5)
    assert (found.logged.interval, found.logged.reason) == (None, NoEstimate.TOO_FEW_UNITS)
    assert effect([]).logged.reason is NoEstimate.NO_UNITS


def test_where_all_went_well_there_is_no_interval() -> None:
    told = [one.model_copy(update={"outcome": ReplayOutcome.SUCCESS}) for one in log(9)]
    assert effect(told).logged.reason is NoEstimate.NO_VARIANCE
