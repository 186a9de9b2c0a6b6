import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.contracts.loop.feedback import Reason
from loopgraph.reducers.usage.clustered import Clustered, Contrast, clustered, contrast

values = st.lists(st.floats(0.01, 1e4), min_size=10, max_size=40)


def of(numbers: list[float], name: str = "u") -> Clustered:
    """Every unit has one execution."""
    found = clustered({f"{name}{index}": (value, 1.0) for index, value in enumerate(numbers)})
    assert found is not None
    return found


def result_of(first: Clustered, second: Clustered) -> Contrast:
    found = contrast(first, second)
    assert found.reason is None
    assert found.difference_interval is not None
    return found


@pytest.mark.lengthy
@given(values, values)
def test_with_one_execution_for_each_unit_it_is_the_test_of_welch(first: list[float], second: list[float]) -> None:
    assume(np.ptp(first) > 0.1 and np.ptp(second) > 0.1)
    found, expected = result_of(of(first, "a"), of(second, "b")), stats.ttest_ind(second, first, equal_var=False)
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
    expected = stats.ttest_rel(second, first)
    assert result_of(of(first), of(second)).p_value == pytest.approx(expected.pvalue, rel=1e-5, abs=1e-12)


def test_the_mean_is_that_of_all_executions() -> None:
    found = clustered({"often": (30.0, 10.0), "once": (1.0, 1.0)})
    assert found is not None
    assert found.value == pytest.approx(31 / 11)
    assert found.units == pytest.approx(121 / 101)
    assert clustered({}) is None


def test_few_units_are_not_tested_however_many_executions_they_have() -> None:
    few = clustered({f"u{n}": (1_000.0 + n, 1_000.0) for n in range(9)})
    assert few is not None
    found = contrast(few, of([float(n) for n in range(50)], "b"))
    assert (found.reason, found.p_value) == (Reason.INSUFFICIENT_UNITS, None)
    assert found.relative is not None
    one = clustered({"most": (1e6, 1e6), **{f"u{n}": (1.5, 1.0) for n in range(30)}})
    assert one is not None
    assert contrast(one, one).reason is Reason.INSUFFICIENT_UNITS


def test_what_does_not_vary_is_not_tested() -> None:
    found = contrast(of([0.1] * 20, "a"), of([0.3] * 20, "b"))
    assert (found.reason, found.relative) == (Reason.ZERO_VARIANCE, pytest.approx(2.0))


def test_hedges_g_of_a_published_example() -> None:
    # Borenstein et al., Introduction to Meta-Analysis (2009), p. 26–28: means 103 and 100, deviations 5.5 and 4.5, 50 each:
    # g = 0.5924 with variance 0.0411.
    shape = stats.zscore(np.arange(50.0), ddof=1)
    found = result_of(of(list(100 + 4.5 * shape), "a"), of(list(103 + 5.5 * shape), "b"))
    assert found.effect_size == pytest.approx(0.5924, abs=1e-4)
    assert found.effect_size_interval is not None
    assert (found.effect_size_interval[1] - 0.5924) / 1.959964 == pytest.approx(0.0411**0.5, abs=2e-4)


@pytest.mark.lengthy
def test_executions_of_one_unit_are_not_taken_for_independent() -> None:
    random, alarms, naive = np.random.default_rng(11), 0, 0
    for _ in range(400):
        arms = [_sessions(random, name) for name in "ab"]
        p = result_of(*(clustered({unit: (sum(of), len(of)) for unit, of in arm.items()}) for arm in arms)).p_value  # type: ignore[arg-type]
        assert p is not None
        alarms += p < 0.05
        naive += stats.ttest_ind(*(np.concatenate(list(arm.values())) for arm in arms), equal_var=False).pvalue < 0.05
    assert naive / 400 > 0.25
    assert 0.02 < alarms / 400 < 0.09, alarms  # 5.8 % of 3,000


@pytest.mark.lengthy
def test_the_interval_of_the_relative_difference_holds_what_it_says() -> None:
    random, held = np.random.default_rng(12), 0
    for _ in range(400):
        arms = [clustered(_costs(random, name, scale)) for name, scale in (("a", 1.0), ("b", 0.69))]
        interval = result_of(*arms).relative_interval  # type: ignore[arg-type]
        assert interval is not None
        held += interval[0] <= -0.31 <= interval[1]
    assert 0.915 < held / 400 < 0.985, held  # 94.6 % of 3,000


def _sessions(random: np.random.Generator, name: str) -> dict[str, np.ndarray]:
    sizes = np.maximum(1, random.lognormal(1.5, 0.8, 40)).astype(int)
    return {f"{name}{n}": random.normal(100, 20) + random.normal(0, 20, size) for n, size in enumerate(sizes)}


def _costs(random: np.random.Generator, name: str, scale: float) -> dict[str, tuple[float, float]]:
    sizes = random.integers(1, 6, 60)
    return {
        f"{name}{n}": (
            float(scale * random.lognormal(0, 0.4) * random.lognormal(-0.08 - 0.08, 0.4, size).sum()),
            float(size),
        )
        for n, size in enumerate(sizes)
    }
