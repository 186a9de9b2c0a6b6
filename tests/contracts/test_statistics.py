from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopgraph.contracts.statistics.metrics import Winsorised
from loopgraph.contracts.statistics.plans import GroupSequential
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments, RankedValues
from loopgraph.errors import InvalidInput
from support.statistics import moments

pairs = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=12)


def of(rows: list[tuple[float, float]]) -> JointMoments:
    return moments([x for x, _ in rows], [y for _, y in rows])


def close(a: JointMoments, b: JointMoments) -> bool:
    flat = [(v, w) for rows in zip(a.products, b.products, strict=True) for v, w in zip(*rows, strict=True)]
    means = zip(a.means, b.means, strict=True)
    return a.n == b.n and all(math.isclose(v, w, rel_tol=1e-9, abs_tol=1e-2) for v, w in [*means, *flat])


@pytest.mark.lengthy
@given(pairs, pairs, pairs)
def test_parts_add_up_to_the_whole_in_any_order(
    a: list[tuple[float, float]], b: list[tuple[float, float]], c: list[tuple[float, float]]
) -> None:
    whole = of(a + b + c)
    assert close(of(a) + of(b) + of(c), whole)
    assert close(of(a) + (of(b) + of(c)), whole)
    assert close(of(c) + of(a) + of(b), whole)
    assert of(a) + of([]) == of([]) + of(a) == of(a)


def test_covariances_are_numpys() -> None:
    random = np.random.default_rng(1)
    x, y, z = random.normal(0, 1, (3, 50))
    found, expected = moments(x, y, z), np.cov([x, y, z])
    assert np.allclose([[found.covariance(i, j) for j in range(3)] for i in range(3)], expected)


def test_counts_and_ranks_add_up() -> None:
    assert BinaryCounts(n=3, successes=1) + BinaryCounts(n=2, successes=2) == BinaryCounts(n=5, successes=3)
    assert RankedValues(values=(1.0, 3.0)) + RankedValues(values=(2.0,)) == RankedValues(values=(1.0, 2.0, 3.0))


def test_what_cannot_be() -> None:
    with pytest.raises(InvalidInput, match="variables"):
        moments([1.0]) + moments([1.0], [2.0])
    with pytest.raises(ValidationError, match="lower triangle"):
        JointMoments(n=1, means=(1.0, 2.0), products=((0.0,),))
    with pytest.raises(ValidationError, match="successes"):
        BinaryCounts(n=1, successes=2)
    with pytest.raises(ValidationError, match="ascend"):
        GroupSequential(planned_units=100, earlier_looks=(50, 20))
    with pytest.raises(ValidationError, match="below upper"):
        Winsorised(lower=0.9, upper=0.9)
