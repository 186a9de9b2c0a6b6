import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.errors import InvalidInput
from loopgraph.reducers import histogram as histograms
from loopgraph.reducers.histogram import (
    LONGEST_US,
    RELATIVE_ERROR,
    histogram,
    index_of,
    indices_of,
    longest,
    quantile,
    quantiles,
    shortest,
)

durations = st.integers(min_value=0, max_value=10**13)
QS = (0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0)


def assert_within(counted: float | None, exact: float) -> None:
    assert counted == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-12, abs=0)


def test_the_mapping_is_that_of_the_published_sketch() -> None:
    # Masson, Rim & Lee (2019), definition 2: a value has the index ⌈log_γ x⌉ with γ = (1 + α) / (1 − α). Ours begins at 1.
    gamma = math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))
    for duration in (2, 3, 10, 999, 1_000, 123_456, 60_000_000, 86_400_000_000, 10**15):
        assert index_of(duration) == math.ceil(math.log(duration) / gamma) + 1
    assert (index_of(0), index_of(1)) == (0, 1)


@pytest.mark.lengthy
@given(st.integers(min_value=1, max_value=LONGEST_US))
def test_a_duration_lies_within_the_bounds_of_its_bucket(duration: int) -> None:
    gamma, index = Fraction(101, 99), index_of(duration) - 1
    assert duration <= gamma**index
    assert index == 0 or duration > gamma ** (index - 1)


@pytest.mark.lengthy
@given(st.lists(durations, min_size=1, max_size=50))
def test_many_indices_at_once_are_the_same(values: list[int]) -> None:
    assert indices_of(np.array(values)).tolist() == [index_of(value) for value in values]


@pytest.mark.lengthy
@given(st.lists(durations, min_size=1, max_size=80), st.sampled_from(QS))
def test_quantiles_are_those_of_numpy_within_the_bound(values: list[int], q: float) -> None:
    assert_within(quantile(histogram(values), q), float(np.quantile(values, q)))


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda random: random.lognormal(12, 1.5, 20_000), id="log-normal"),
        pytest.param(lambda random: 50_000 * (1 + random.pareto(1.1, 20_000)), id="Pareto"),
        pytest.param(
            lambda random: np.append(random.normal(2e4, 1e3, 9_000), random.normal(9e6, 1e5, 11_000)), id="bimodal"
        ),
        pytest.param(lambda _: np.full(20_000, 123_457), id="constant"),
        pytest.param(lambda random: random.exponential(3, 20_000), id="a few microseconds"),
    ],
)
def test_quantiles_of_known_shapes_are_within_the_bound(draw: object) -> None:
    values = np.floor(draw(np.random.default_rng(7))).astype(np.int64)  # type: ignore[operator]
    found = quantiles(histogram(values.tolist()), QS)
    for q, counted in zip(QS, found, strict=True):
        assert_within(counted, float(np.quantile(values, q)))


@pytest.mark.lengthy
@given(st.lists(durations, min_size=1, max_size=40))
def test_quantiles_never_fall(values: list[int]) -> None:
    found = quantiles(histogram(values), QS)
    assert found == sorted(found, key=lambda value: value if value is not None else -1.0)
    assert (found[0], found[-1]) == (shortest(histogram(values)), longest(histogram(values)))


def test_the_quantile_of_few_durations_lies_between_them() -> None:
    assert quantile({index_of(1): 1, index_of(2): 1}, 0.5) == 1.5
    assert quantile({0: 3}, 0.99) == 0.0
    assert quantile({}, 0.5) is None
    assert quantile({5: 0}, 0.5) is None


def test_the_longest_durations_have_a_bucket() -> None:
    assert index_of(10**30) == index_of(LONGEST_US) == max(histogram([10**30, 1]))
    assert_within(longest(histogram([LONGEST_US])), LONGEST_US)
    assert len(histograms._UPPER) < 2_300


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="negative"):
        index_of(-1)
    with pytest.raises(InvalidInput, match="negative"):
        histogram([3, -1])
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        quantile({1: 1}, 95)
