"""How far a pattern can be relied on, and how several are ranked."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.analytics.reliability import Candidate
from loopgraph.contracts.analytics.sums import NO_SUMS, UsageSums
from loopgraph.reducers.samples import wilson_interval
from loopgraph.reducers.usage.reliability import ranked, reliability
from support.executions import Ran, ms, sums_of


def of_units(*units: tuple[int, int]) -> UsageSums:
    """Executions of units, each with so many successes and failures."""
    return sums_of(
        Ran(unit=f"u{number}", success=success)
        for number, (successes, failures) in enumerate(units)
        for success in [True] * successes + [False] * failures
    )


def test_nothing_is_known_without_executions() -> None:
    found = reliability(NO_SUMS, 0.8)
    assert (found.executions, found.success_rate, found.interval, found.reliability) == (0, None, None, None)
    assert found.verdict == "unknown"
    going_on = reliability(sums_of([Ran(success=None)]), 0.8)
    assert (going_on.executions, going_on.unknown, going_on.reliability) == (0, 1, None)


def test_executions_of_units_of_their_own_are_worth_what_they_are() -> None:
    """Each unit has one: then the interval is Wilson's over all, but for the correction for few units, n / (n - 1)."""
    found = reliability(of_units(*[(1, 0)] * 160, *[(0, 1)] * 40), 0.8)
    assert (found.executions, found.units, found.success_rate) == (200, 200, 0.8)
    assert found.effective == pytest.approx(199)
    assert found.interval == pytest.approx(wilson_interval(160, 200), abs=1e-3)
    assert found.reliability == found.interval[0] if found.interval else None


def test_executions_that_depend_on_each_other_are_worth_less() -> None:
    """Twenty units of ten that all end alike are worth twenty executions, not two hundred."""
    found = reliability(of_units(*[(10, 0)] * 16, *[(0, 10)] * 4), 0.8)
    assert found.effective == pytest.approx(19)
    assert found.interval == pytest.approx(wilson_interval(16, 20), abs=0.02)


def test_where_nothing_varies_the_units_count() -> None:
    found = reliability(of_units(*[(10, 0)] * 5), 0.8)
    assert found.effective == pytest.approx(5)
    assert found.interval == pytest.approx(wilson_interval(5, 5))
    assert reliability(of_units((50, 0)), 0.8).effective == 1
    assert reliability(of_units((30, 20)), 0.8).effective == 1
    alone = UsageSums(executions=9, successes=8, failures=1)  # nobody told them apart
    assert reliability(alone, 0.8).interval == pytest.approx(wilson_interval(8, 9))


@pytest.mark.parametrize(
    ("successes", "failures", "verdict"),
    [(100, 0, "reliable"), (85, 15, "unknown"), (40, 60, "unreliable"), (3, 0, "unknown")],
)
def test_the_interval_decides(successes: int, failures: int, verdict: str) -> None:
    assert reliability(of_units(*[(1, 0)] * successes, *[(0, 1)] * failures), 0.8).verdict == verdict


@pytest.mark.lengthy
def test_the_interval_covers_the_rate_of_units_that_differ() -> None:
    """Units with rates of their own, eight executions each: the interval at 95 % holds the true rate about so often; Wilson's
    over executions as if they were independent does far less."""
    chance, held, naive, runs = random.Random(3), 0, 0, 400
    for _ in range(runs):
        units = []
        for _ in range(25):
            rate = chance.betavariate(2.1, 0.9)  # 0.7 on average
            successes = sum(chance.random() < rate for _ in range(8))
            units.append((successes, 8 - successes))
        sums = of_units(*units)
        low, high = reliability(sums, 0.8).interval or (1.0, 0.0)
        held += low <= 0.7 <= high
        low, high = wilson_interval(sums.successes, sums.executions) or (1.0, 0.0)
        naive += low <= 0.7 <= high
    assert held / runs > 0.92
    assert naive / runs < 0.85


sums = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8).map(lambda units: of_units(*units))


@pytest.mark.lengthy
@given(sums, st.floats(0, 1))
def test_what_holds_of_all(of: UsageSums, threshold: float) -> None:
    found = reliability(of, threshold)
    if found.interval is not None and found.success_rate is not None and found.effective is not None:
        low, high = found.interval
        assert 0 <= low <= found.success_rate <= high <= 1
        assert 1 <= found.effective <= found.executions


# Ranking


GOOD, POOR = of_units(*[(1, 0)] * 100), of_units(*[(1, 0)] * 50, *[(0, 1)] * 50)


def rank(*candidates: tuple[str, float | None, UsageSums, UsageSums]) -> list[tuple[str, float]]:
    given = [Candidate(id_, similarity) for id_, similarity, *_ in candidates]
    history, recent = ({each[0]: each[place] for each in candidates} for place in (2, 3))
    return [(one.pattern_id, round(one.score, 3)) for one in ranked(given, history, recent, 0.8)]


def test_the_score_of_seed_000() -> None:
    """0.4 similarity, 0.3 historical success, 0.3 recent performance; success is the lower bound of its interval."""
    low, _ = wilson_interval(100, 100) or (0, 0)
    [found] = ranked([Candidate("a", 0.5)], {"a": GOOD}, {"a": GOOD}, 0.8)
    assert (found.historical_success, found.recent_speed) == (pytest.approx(low), 1.0)
    assert found.recent_performance == pytest.approx((low + 1) / 2)
    assert found.score == pytest.approx(0.4 * 0.5 + 0.3 * low + 0.3 * (low + 1) / 2)
    assert found.rank == 1


def test_what_was_never_used_ranks_behind_what_works_and_its_success_is_not_known() -> None:
    found = ranked(
        [Candidate("new", 0.9), Candidate("good", 0.6)],
        {"new": NO_SUMS, "good": GOOD},
        {"new": NO_SUMS, "good": GOOD},
        0.8,
    )
    assert [one.pattern_id for one in found] == ["good", "new"]
    assert (found[1].history.success_rate, found[1].historical_success, found[1].recent_performance) == (None, 0, 0)
    assert found[1].score == pytest.approx(0.36)


def test_few_successes_count_for_less_than_many() -> None:
    assert [id_ for id_, _ in rank(("few", 0.5, of_units((1, 0)), NO_SUMS), ("many", 0.5, GOOD, NO_SUMS))] == [
        "many",
        "few",
    ]


def test_how_it_did_lately_counts() -> None:
    assert [id_ for id_, _ in rank(("worse", 0.5, GOOD, POOR), ("as-ever", 0.5, GOOD, GOOD))] == ["as-ever", "worse"]


def test_the_slower_is_worth_less_lately() -> None:
    fast, slow = (sums_of(Ran(unit=f"u{n}", duration_us=ms(time)) for n in range(50)) for time in (100, 400))
    found = ranked(
        [Candidate("slow", 0.5), Candidate("fast", 0.5)],
        {"slow": slow, "fast": fast},
        {"slow": slow, "fast": fast},
        0.8,
    )
    assert [(one.pattern_id, one.recent_speed) for one in found] == [("fast", 1.0), ("slow", 0.25)]
    untimed = sums_of(Ran(unit=f"u{n}", duration_us=None) for n in range(50))
    [alone] = ranked([Candidate("a", 0.5)], {"a": untimed}, {"a": untimed}, 0.8)
    assert (alone.recent_speed, alone.recent_performance) == (None, alone.recent.reliability)


def test_without_similarities_the_others_count_alike() -> None:
    low, _ = wilson_interval(100, 100) or (0, 0)
    [(_, score)] = rank(("a", None, GOOD, NO_SUMS))
    assert score == round(low / 2, 3)


def test_equal_scores_are_in_a_fixed_order() -> None:
    assert [id_ for id_, _ in rank(("b", 0.5, GOOD, GOOD), ("a", 0.5, GOOD, GOOD))] == ["a", "b"]
