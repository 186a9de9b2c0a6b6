import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.contracts.analytics.sums import Tally
from loopgraph.contracts.loop.feedback import Reason
from loopgraph.reducers.usage.clustered import Clustered, Contrast, Rows, clustered, columns, contrast

values = st.lists(st.floats(0.01, 1e4), min_size=10, max_size=40)


def of(numbers: list[float]) -> Clustered:
    """Every unit has one execution."""
    found = clustered(np.array(numbers), np.ones(len(numbers)))
    assert found is not None
    return found


def result_of(first: Clustered, second: Clustered, both: tuple[Rows, Rows] | None = None) -> Contrast:
    found = contrast(first, second, both)
    assert found.reason is None
    assert found.difference_interval is not None
    return found


@pytest.mark.lengthy
@given(values, values)
def test_with_one_execution_for_each_unit_it_is_the_test_of_welch(first: list[float], second: list[float]) -> None:
    assume(np.ptp(first) > 0.1 and np.ptp(second) > 0.1)
    found, expected = result_of(of(first), of(second)), stats.ttest_ind(second, first, equal_var=False)
    assert found.difference == pytest.approx(np.mean(second) - np.mean(first), abs=1e-8)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    low, high = expected.confidence_interval()
    assert found.difference_interval == (
        pytest.approx(low, rel=1e-6, abs=1e-6),
        pytest.approx(high, rel=1e-6, abs=1e-6),
    )


@pytest.mark.lengthy
@given(st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(-3, 5)), min_size=10, max_size=40))
def test_units_that_used_both_are_compared_with_themselves(pairs: list[tuple[float, float]]) -> None:
    assume(np.ptp([gain for _, gain in pairs]) > 0.1)
    first, second = [value for value, _ in pairs], [value + gain for value, gain in pairs]
    expected, rows = stats.ttest_rel(second, first), np.arange(len(pairs))
    found = result_of(of(first), of(second), (rows, rows))
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-5, abs=1e-12)
    # In whatever order the units of the second come.
    backwards = result_of(of(first), of(second[::-1]), (rows, rows[::-1]))
    assert backwards.p_value == pytest.approx(found.p_value, rel=1e-5, abs=1e-12)


def test_units_that_tell_nothing_of_one_do_not_count_as_those_of_both() -> None:
    told, nothing = np.arange(20.0), np.zeros(20)
    first = clustered(np.concatenate([told, nothing]), np.repeat([1.0, 0.0], 20))
    second = clustered(np.concatenate([nothing, told + 1]), np.repeat([0.0, 1.0], 20))
    assert first is not None
    assert second is not None
    assert (first.value, first.means.n) == (of(list(told)).value, 20)
    rows = np.arange(40)
    apart = result_of(of(list(told)), of(list(told + 1)))
    assert result_of(first, second, (rows, rows)) == apart
    assert result_of(first, second, (rows[:0], rows[:0])) == apart


def test_the_mean_is_that_of_all_executions() -> None:
    found = clustered(np.array([30.0, 1.0]), np.array([10.0, 1.0]))
    assert found is not None
    assert found.value == pytest.approx(31 / 11)
    assert found.units == pytest.approx(121 / 101)
    assert clustered(np.array([]), np.array([])) is None
    assert clustered(np.array([0.0]), np.array([0.0])) is None


def test_tallies_are_columns() -> None:
    tallies = {"a": Tally(4, 1, 3, 2, 10**20, 5), "b": Tally(1, 1)}
    executions, successes, failures, timed, duration, cost = columns(tallies.values())
    assert [list(each) for each in (executions, successes, failures, timed, duration, cost)] == [
        [4, 1], [1, 1], [3, 0], [2, 0], [1e20, 0], [5, 0],
    ]  # fmt: skip
    assert columns([]).shape == (len(Tally._fields), 0)


def test_few_units_are_not_tested_however_many_executions_they_have() -> None:
    few = clustered(1_000.0 + np.arange(9), np.full(9, 1_000.0))
    assert few is not None
    found = contrast(few, of([float(n) for n in range(50)]))
    assert (found.reason, found.p_value) == (Reason.INSUFFICIENT_UNITS, None)
    assert found.relative is not None
    one = clustered(np.array([1e6, *[1.5] * 30]), np.array([1e6, *[1.0] * 30]))
    assert one is not None
    assert contrast(one, one, (np.arange(31), np.arange(31))).reason is Reason.INSUFFICIENT_UNITS


def test_what_does_not_vary_is_not_tested() -> None:
    found = contrast(of([0.1] * 20), of([0.3] * 20))
    assert (found.reason, found.relative) == (Reason.ZERO_VARIANCE, pytest.approx(2.0))


def test_hedges_g_of_a_published_example() -> None:
    # Borenstein et al., Introduction to Meta-Analysis (2009), p. 26–28: means 103 and 100, deviations 5.5 and 4.5, 50 each:
    # g = 0.5924 with variance 0.0411.
    shape = stats.zscore(np.arange(50.0), ddof=1)
    found = result_of(of(list(100 + 4.5 * shape)), of(list(103 + 5.5 * shape)))
    assert found.effect_size == pytest.approx(0.5924, abs=1e-4)
    assert found.effect_size_interval is not None
    assert (found.effect_size_interval[1] - 0.5924) / 1.959964 == pytest.approx(0.0411**0.5, abs=2e-4)


@pytest.mark.lengthy
def test_executions_of_one_unit_are_not_taken_for_independent() -> None:
    random, alarms, naive = np.random.default_rng(11), 0, 0
    for _ in range(400):
        arms = [_sessions(random) for _ in range(2)]
        sums = [(np.array([of.sum() for of in arm]), np.array([float(len(of)) for of in arm])) for arm in arms]
        p = result_of(*(clustered(*each) for each in sums)).p_value  # type: ignore[arg-type]
        assert p is not None
        alarms += p < 0.05
        naive += stats.ttest_ind(*(np.concatenate(arm) for arm in arms), equal_var=False).pvalue < 0.05
    assert naive / 400 > 0.25
    assert 0.02 < alarms / 400 < 0.09, alarms  # 5.8 % of 3,000


@pytest.mark.lengthy
def test_the_interval_of_the_relative_difference_holds_what_it_says() -> None:
    random, held = np.random.default_rng(12), 0
    for _ in range(400):
        arms = [clustered(*_costs(random, scale)) for scale in (1.0, 0.69)]
        interval = result_of(*arms).relative_interval  # type: ignore[arg-type]
        assert interval is not None
        held += interval[0] <= -0.31 <= interval[1]
    assert 0.915 < held / 400 < 0.985, held  # 94.6 % of 3,000


def _sessions(random: np.random.Generator) -> list[np.ndarray]:
    sizes = np.maximum(1, random.lognormal(1.5, 0.8, 40)).astype(int)
    return [random.normal(100, 20) + random.normal(0, 20, size) for size in sizes]


def _costs(random: np.random.Generator, scale: float) -> tuple[np.ndarray, np.ndarray]:
    sizes = random.integers(1, 6, 60)
    sums = [scale * random.lognormal(0, 0.4) * random.lognormal(-0.08 - 0.08, 0.4, size).sum() for size in sizes]
    return np.array(sums), sizes.astype(float)
