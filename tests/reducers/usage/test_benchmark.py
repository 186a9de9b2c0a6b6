import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.contracts.analytics.comparison import BenchmarkMeasure
from loopgraph.contracts.analytics.sums import NO_SUMS, Moments, UsageSums
from loopgraph.reducers.usage.benchmark import benchmark, percentile_rank

ranks = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=30)


@pytest.mark.lengthy
@given(ranks)
def test_the_rank_is_that_of_scipy(among: list[float]) -> None:
    value = among[0]
    expected = stats.percentileofscore(among, value, kind="mean")
    assert percentile_rank(value, among) == pytest.approx(expected)
    assert percentile_rank(value, among, smaller_is_better=True) == pytest.approx(100 - expected)


def test_the_fastest_and_best_of_four() -> None:
    peers = {
        f"p{n}": UsageSums(executions=10, successes=9 - n, failures=1 + n, duration=Moments(10, 10_000 * (n + 1), 0))
        for n in range(4)
    }
    found = {one.measure: one for one in benchmark("p0", peers)}
    assert found[BenchmarkMeasure.SUCCESS_RATE].percentile_rank == 87.5
    assert found[BenchmarkMeasure.SUCCESS_RATE].median == pytest.approx(0.75)
    fast = found[BenchmarkMeasure.DURATION_MEAN_MS]
    assert (fast.value, fast.mean, fast.percentile_rank, fast.peers) == (1.0, 2.5, 87.5, 4)
    assert found[BenchmarkMeasure.EXECUTIONS].percentile_rank == 50


def test_alone_nothing_has_a_rank() -> None:
    for one in benchmark("p", {"p": UsageSums(executions=3, successes=3)}):
        assert one.percentile_rank is None
    assert {one.value for one in benchmark("gone", {"p": NO_SUMS})} == {None}
