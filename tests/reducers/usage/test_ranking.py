import pytest

from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Count, Counted
from loopgraph.reducers.usage.ranking import change, difference_interval, mean_rate, merged, ranked, surest
from support.traces import NOON


def counted(name: str, successes: int, failures: int, unknown: int = 0) -> Counted:
    return Counted(Subject(SubjectKind.PATTERN, name), successes + failures + unknown, successes, failures)


def test_the_surest_first_not_the_luckiest() -> None:
    found = [
        counted("lucky", 5, 0),
        counted("sure", 95, 5),
        counted("bad", 1, 99),
        counted("few", 4, 0),
        counted("gone", 50, 0),
    ]
    rates = surest(found, {"lucky": "Lucky", "sure": "Sure", "bad": "Bad", "few": "Few"}, 5)
    assert [rate.label for rate in rates] == ["Sure", "Lucky", "Bad"]
    assert [rate.success_rate for rate in rates] == [0.95, 1.0, 0.01]
    assert mean_rate(rates) == pytest.approx((0.95 + 1 + 0.01) / 3)
    assert mean_rate([]) is None


def test_counts_of_parts_are_ranked_as_the_graph_ranks_counts_of_all() -> None:
    found = merged(
        [counted("ä", 1, 1), counted("b", 3, 0), counted("z", 2, 0, 1), counted("b", 1, 0), counted("ä", 1, 0)]
    )
    assert found == [counted("b", 4, 0), counted("ä", 2, 1), counted("z", 2, 0, 1)]
    assert merged([]) == []


def test_what_is_not_known_is_in_no_rate() -> None:
    rate = ranked(counted("a", 3, 1, unknown=6), "A")
    assert (rate.executions, rate.success_rate) == (10, 0.75)
    assert ranked(counted("a", 0, 0, unknown=6), "A").confidence is None
    assert surest([counted("a", 0, 0, unknown=6)], {"a": "A"}, 0) == []


def test_the_interval_of_a_difference_is_that_of_a_published_table() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), p. 873–890, table II, method 10: 56/70 − 48/80, 9/10 − 3/10, 10/10 − 0/10.
    for first, second, low, high in (
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ):
        assert difference_interval(first, second) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert difference_interval((0, 0), (1, 2)) is None


def test_a_window_against_the_one_before() -> None:
    found = change([Count(NOON, 40, 20, 10)], [Count(NOON, 50, 40, 10), Count(NOON, 10, 0, 0)])
    assert (found.executions_before, found.executions_change) == (40, 0.5)
    assert found.success_rate_change == pytest.approx(0.8 - 2 / 3)
    assert found.success_rate_change_interval is not None
    nothing = change([], [Count(NOON, 1, 1, 0)])
    assert (nothing.executions_change, nothing.success_rate_change, nothing.success_rate_change_interval) == (None,) * 3
