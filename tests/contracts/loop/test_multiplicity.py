from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.contracts.loop.multiplicity import benjamini_hochberg, holm


def test_holm_is_what_r_answers() -> None:
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.04, 0.6, 0.005]) == pytest.approx([0.08, 0.6, 0.015])
    assert holm([]) == []


@pytest.mark.lengthy
@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_is_the_closed_test_of_bonferroni(p_values: list[float]) -> None:
    # A hypothesis is refused when every set of hypotheses that holds it is refused by Bonferroni's test.
    indices = range(len(p_values))
    sets = [chosen for size in range(1, len(p_values) + 1) for chosen in combinations(indices, size)]
    expected = [
        max(min(1.0, len(each) * min(p_values[i] for i in each)) for each in sets if index in each) for index in indices
    ]
    assert holm(p_values) == pytest.approx(expected)


def test_benjamini_hochberg_is_what_r_answers() -> None:
    """By ``p.adjust`` with ``BH``."""
    assert benjamini_hochberg([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05] * 5)
    assert benjamini_hochberg([0.04, 0.6, 0.005]) == pytest.approx([0.06, 0.6, 0.015])
    assert benjamini_hochberg([]) == []


@pytest.mark.lengthy
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_benjamini_hochberg_is_what_scipy_answers(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(list(np.atleast_1d(stats.false_discovery_control(p_values))))


@pytest.mark.lengthy
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.integers(0, 5))
def test_tests_without_a_p_value_count_as_those_that_found_nothing(p_values: list[float], silent: int) -> None:
    for adjust in (holm, benjamini_hochberg):
        whole = adjust([*p_values, *[1.0] * silent])[: len(p_values)]
        assert adjust(p_values, len(p_values) + silent) == pytest.approx(whole)
