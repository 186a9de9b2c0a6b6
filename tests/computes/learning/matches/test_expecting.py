"""The success that is expected of a learned pattern."""

from __future__ import annotations

import random

import pytest

from loopgraph.computes.learning.matches.expecting import expected, prior_of
from loopgraph.contracts.learning.matching import Prior, Record
from loopgraph.contracts.learning.plans import LearnedPattern, Standing


def pattern(successes: int, failures: int) -> LearnedPattern:
    return LearnedPattern(
        pattern_id="p", name="p", node_id="n", version=1, standing=Standing.ACTIVE, intent="", action="", keywords=(),
        successes=successes, failures=failures,
    )  # fmt: skip


def test_one_success_is_no_certainty_and_many_are_nearly_one() -> None:
    prior = Prior(0.4, 4.0)
    assert expected(pattern(1, 0), prior) == pytest.approx(2.6 / 5)
    assert expected(pattern(40, 0), prior) == pytest.approx(41.6 / 44)
    assert expected(pattern(0, 40), prior) == pytest.approx(1.6 / 44)
    assert expected(pattern(0, 0), prior) is None


def test_without_records_anything_may_be() -> None:
    assert prior_of([]) == Prior(0.5, 4.0)


def test_failed_traces_that_no_pattern_has_count_for_the_base_rate() -> None:
    records = [Record(1, 0, 40), Record(1, 1, 10)]
    assert prior_of(records).base == pytest.approx(51 / 62)
    assert prior_of(records, waiting=50).base == pytest.approx(51 / 112)


def drawn(rates: list[float], runs: int) -> tuple[list[Record], int, list[tuple[int, int, float]]]:
    """Records of patterns with these rates, as the learner has them: without those that never succeeded, whose failures wait."""
    chance = random.Random(5)
    records, waiting, kept = [], 0, []
    for rate in rates:
        successes = sum(chance.random() < rate for _ in range(runs))
        if successes:
            records.append(Record(successes, runs - successes, 1))
            kept.append((successes, runs - successes, rate))
        else:
            waiting += runs
    return records, waiting, kept


def test_where_patterns_are_alike_the_rate_of_all_counts_and_where_they_differ_their_own() -> None:
    alike, waiting, _ = drawn([0.45] * 300, 3)
    same = prior_of(alike, waiting)
    apart, waiting, _ = drawn([0.05, 0.9] * 150, 3)
    different = prior_of(apart, waiting)
    assert same.strength >= 16.0
    assert different.strength <= 1.0


@pytest.mark.parametrize("runs", [1, 3])
def test_it_is_calibrated_where_the_rates_of_patterns_are_not(runs: int) -> None:
    """What is expected of patterns comes to what their next runs come to; their own rates are far too good."""
    chance = random.Random(9)
    records, waiting, kept = drawn([chance.betavariate(1.2, 1.8) for _ in range(600)], runs)
    prior = prior_of(records, waiting)
    said = [expected(pattern(good, bad), prior) or 0.0 for good, bad, _ in kept]
    came = sum(rate for *_, rate in kept) / len(kept)
    own = sum(good / (good + bad) for good, bad, _ in kept) / len(kept)
    assert sum(said) / len(said) == pytest.approx(came, abs=0.06)
    assert own > came + 0.1
