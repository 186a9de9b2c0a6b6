import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.contracts.loop.arms import SampleStatistics
from loopgraph.errors import InvalidInput
from loopgraph.reducers.samples import merge, percentile, success_rate, summarize, wilson_interval

durations = st.floats(min_value=0.0, max_value=1e7, allow_nan=False)
samples = st.lists(durations, max_size=60)


def assert_close(a: SampleStatistics, b: SampleStatistics) -> None:
    assert a.n == b.n
    assert a.mean == pytest.approx(b.mean, rel=1e-9, abs=1e-9)
    assert a.m2 == pytest.approx(b.m2, rel=1e-7, abs=1e-4)


@pytest.mark.lengthy
@given(st.lists(durations, min_size=2, max_size=60))
def test_moments_are_those_of_numpy(values: list[float]) -> None:
    sample = summarize(values)
    assert sample.n == len(values)
    assert sample.mean == pytest.approx(np.mean(values), rel=1e-12, abs=1e-12)
    assert sample.variance == pytest.approx(np.var(values, ddof=1), rel=1e-7, abs=1e-4)


def test_moments_keep_their_digits_far_from_zero() -> None:
    # The textbook formula E[x²] − E[x]² gives 0 or a negative variance here.
    assert summarize([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]).variance == 30.0


def test_nist_numacc4_certified_values() -> None:
    # NIST StRD, univariate summary statistics, NumAcc4: mean 10000000.2, standard deviation 0.1, certified exactly.
    sample = summarize([10_000_000.2] + [10_000_000.1, 10_000_000.3] * 500)
    assert sample.variance is not None
    assert sample.mean == pytest.approx(10_000_000.2, rel=1e-15)
    assert math.sqrt(sample.variance) == pytest.approx(0.1, rel=1e-7)


def test_variance_needs_two_values() -> None:
    assert summarize([]) == SampleStatistics(n=0, mean=0.0, m2=0.0)
    assert summarize([]).variance is None
    assert summarize([7.0]) == SampleStatistics(n=1, mean=7.0, m2=0.0)
    assert summarize([7.0]).variance is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused_by_its_place(value: float) -> None:
    with pytest.raises(InvalidInput, match=r"values\.2: must be a finite number"):
        summarize([1.0, 2.0, value])


def test_deviations_beyond_the_range_of_a_float_are_refused() -> None:
    with pytest.raises(InvalidInput, match="too large"):
        summarize([0.0, 1e200])
    with pytest.raises(InvalidInput, match="too large"):
        merge(summarize([0.0]), summarize([1e200]))


@pytest.mark.lengthy
@given(samples, samples)
def test_merging_equals_summarizing_everything(a: list[float], b: list[float]) -> None:
    assert_close(merge(summarize(a), summarize(b)), summarize(a + b))


@pytest.mark.lengthy
@given(samples, samples)
def test_merge_is_commutative(a: list[float], b: list[float]) -> None:
    assert_close(merge(summarize(a), summarize(b)), merge(summarize(b), summarize(a)))


@pytest.mark.lengthy
@given(samples, samples, samples)
def test_merge_is_associative(a: list[float], b: list[float], c: list[float]) -> None:
    x, y, z = summarize(a), summarize(b), summarize(c)
    assert_close(merge(merge(x, y), z), merge(x, merge(y, z)))


@pytest.mark.lengthy
@given(samples)
def test_the_empty_sample_is_neutral(values: list[float]) -> None:
    sample = summarize(values)
    assert merge(sample, summarize([])) == merge(summarize([]), sample) == sample


@pytest.mark.lengthy
@given(durations, st.integers(1, 40), st.integers(1, 40))
def test_constant_samples_keep_a_variance_of_exactly_zero(value: float, n: int, m: int) -> None:
    assert merge(summarize([value] * n), summarize([value] * m)) == SampleStatistics(n=n + m, mean=value, m2=0.0)


@pytest.mark.lengthy
@given(st.lists(durations, min_size=1, max_size=60), st.floats(0, 100))
def test_percentiles_are_those_of_numpy_in_any_order(values: list[float], q: float) -> None:
    expected = np.percentile(np.array(values), q, method="linear")
    assert percentile(values, q) == expected
    assert percentile(sorted(values, reverse=True), q) == expected


def test_percentile_interpolates_between_order_statistics() -> None:
    # Type 7: position 1 + (n − 1)·q, here 1 + 3·0.95 = 3.85.
    assert percentile([40.0, 10.0, 30.0, 20.0], 95) == pytest.approx(38.5)
    assert percentile([5.0], 99) == 5.0
    assert percentile([], 50) is None


@pytest.mark.parametrize("q", [-0.1, 100.1, math.nan])
def test_percentile_refuses_a_rank_outside_0_to_100(q: float) -> None:
    with pytest.raises(InvalidInput, match="q: must be between 0 and 100"):
        percentile([1.0], q)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_is_that_of_newcombe(successes: int, n: int, low: float, high: float) -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    interval = wilson_interval(successes, n)
    assert interval is not None
    assert [round(bound, 4) for bound in interval] == [low, high]


@pytest.mark.lengthy
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_wilson_interval_holds_the_rates_that_the_score_test_does_not_refuse(
    count: tuple[int, int], confidence: float
) -> None:
    successes, n = count
    interval = wilson_interval(successes, n, confidence)
    assert interval is not None
    low, high = interval
    assert 0.0 <= low <= successes / n <= high <= 1.0
    z = stats.norm.isf((1 - confidence) / 2)
    for bound in interval:
        if 0.0 < bound < 1.0:
            assert abs(successes / n - bound) / math.sqrt(bound * (1 - bound) / n) == pytest.approx(z, rel=1e-6)


def test_rates_of_nothing_are_null() -> None:
    assert success_rate(0, 0) is None
    assert wilson_interval(0, 0) is None
    assert success_rate(3, 4) == 0.75


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (1, 0)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    with pytest.raises(InvalidInput, match="successes: must be between 0 and n"):
        success_rate(successes, n)
    with pytest.raises(InvalidInput, match="successes: must be between 0 and n"):
        wilson_interval(successes, n)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_confidence_is_a_probability(confidence: float) -> None:
    with pytest.raises(InvalidInput, match="confidence: must be strictly between 0 and 1"):
        wilson_interval(1, 2, confidence)
