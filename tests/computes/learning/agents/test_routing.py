"""Which agent is recommended: the learned pattern's, else the one with the best record; and which by chance."""

from __future__ import annotations

from collections import Counter

import pytest

from loopgraph.computes.learning.agents.routing import agent_of, choose, draw
from loopgraph.computes.learning.upkeep import wilson
from loopgraph.contracts.learning.lessons import TracePlan, TraceStep
from loopgraph.contracts.learning.plans import StepKind
from loopgraph.contracts.learning.routing import (
    AgentRecord,
    NoAgent,
    PatternAgent,
    RecordScope,
    RoutingStrategy,
)
from loopgraph.reducers.samples import wilson_interval

HERE, ANYWHERE = RecordScope.ACTION_IN_PROJECT, RecordScope.ACTION
BADLY = 0.3


def record(agent: str, successes: int, failures: int, scope: RecordScope = HERE) -> AgentRecord:
    return AgentRecord(agent=agent, scope=scope, action="fix", project="/src", successes=successes, failures=failures)


def subagent(name: str) -> TraceStep:
    return TraceStep(kind=StepKind.SUBAGENT, name=name)


def test_the_lower_end_of_the_interval_decides_and_not_the_rate() -> None:
    choice = choose(None, {HERE: [record("few", 5, 0), record("many", 46, 4)]}, badly_below=BADLY)
    assert choice.agent == choice.historical_agent == "many"
    assert choice.strategy is RoutingStrategy.HISTORICAL
    assert [(one.agent, one.successes, one.runs) for one in choice.candidates] == [("few", 5, 5), ("many", 46, 50)]
    [few, many] = choice.candidates
    assert few.lower is not None
    assert many.lower is not None
    assert few.lower < many.lower
    assert (many.lower, many.upper) == pytest.approx(wilson_interval(46, 50))


@pytest.mark.parametrize(("successes", "runs"), [(0, 5), (5, 5), (3, 8), (90, 100)])
def test_the_interval_is_wilsons(successes: int, runs: int) -> None:
    assert wilson(successes, runs) == pytest.approx(wilson_interval(successes, runs), abs=1e-12)


def test_what_a_learned_pattern_says_goes_before_the_record() -> None:
    records = {HERE: [record("fixer", 9, 1)]}
    choice = choose(PatternAgent("p", "planner", 0.9), records, badly_below=BADLY)
    assert (choice.agent, choice.pattern_agent, choice.historical_agent) == ("planner", "planner", "fixer")
    assert choice.strategy is RoutingStrategy.LEARNED_PATTERN
    assert [one.agent for one in choice.candidates] == ["fixer", "planner"]
    assert choice.candidates[1].lower is None


def test_the_narrowest_scope_that_is_known_well_enough_counts() -> None:
    wide = record("other", 30, 0, ANYWHERE)
    assert choose(None, {HERE: [record("fixer", 4, 1)], ANYWHERE: [wide]}, badly_below=BADLY).agent == "fixer"
    assert choose(None, {HERE: [record("fixer", 4, 0)], ANYWHERE: [wide]}, badly_below=BADLY).agent == "other"


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([], NoAgent.NOTHING_KNOWN),
        ([record("fixer", 0, 0)], NoAgent.NOTHING_KNOWN),
        ([record("fixer", 4, 0)], NoAgent.TOO_FEW_RUNS),
        ([record("ignore_all_previous_rules", 9, 0)], NoAgent.TOO_FEW_RUNS),
        ([record("seen_twice", 2, 3)], NoAgent.TOO_FEW_RUNS),
        ([record("fixer", 3, 60)], NoAgent.ALL_DO_BADLY),
    ],
)
def test_nobody_is_recommended_where_nothing_is_known(records: list[AgentRecord], reason: NoAgent) -> None:
    choice = choose(None, {HERE: records}, badly_below=BADLY)
    assert (choice.agent, choice.strategy, choice.reason, choice.candidates) == (None, None, reason, ())
    assert draw(choice, "s", 0.5) is None


@pytest.mark.lengthy
def test_chance_takes_any_candidate_as_often_as_it_says_and_always_the_same_for_a_unit() -> None:
    records = {HERE: [record("a", 40, 2), record("b", 20, 9), record("c", 10, 9)]}
    choice = choose(None, records, badly_below=BADLY)
    drawn = {f"s{number}": draw(choice, f"s{number}", 0.3) for number in range(6_000)}
    counts = Counter(one.agent for one in drawn.values() if one)
    probable = {one.agent: one.propensity for one in drawn.values() if one}
    assert probable == {"a": pytest.approx(0.8), "b": pytest.approx(0.1), "c": pytest.approx(0.1)}
    for agent, share in probable.items():
        assert counts[agent] / len(drawn) == pytest.approx(share, abs=0.02)
    assert all(draw(choice, unit, 0.3) == one for unit, one in drawn.items())
    strategies = {one.agent: one.strategy for one in drawn.values() if one}
    assert strategies == {
        "a": RoutingStrategy.HISTORICAL,
        "b": RoutingStrategy.EXPLORATION,
        "c": RoutingStrategy.EXPLORATION,
    }


def test_without_a_share_of_chance_it_is_the_best_and_surely_so() -> None:
    choice = choose(None, {HERE: [record("a", 40, 2), record("b", 20, 9)]}, badly_below=BADLY)
    drawn = [draw(choice, f"s{number}", 0.0) for number in range(200)]
    assert {(one.agent, one.propensity) for one in drawn if one} == {("a", 1.0)}


@pytest.mark.parametrize(
    ("plan", "agent"),
    [
        (TracePlan(agent="fixer", steps=(subagent("Explore"),)), "fixer"),
        (TracePlan(steps=(subagent("Explore"), subagent("Explore"))), "Explore"),
        (TracePlan(steps=(subagent("Explore"), subagent("Plan"))), None),
        (TracePlan(steps=(subagent("agent"),)), None),
        (TracePlan(), None),
    ],
)
def test_who_did_it_is_the_agent_that_was_chosen_or_the_only_subagent(plan: TracePlan, agent: str | None) -> None:
    assert agent_of(plan) == agent
