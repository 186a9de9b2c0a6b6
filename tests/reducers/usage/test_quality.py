from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.errors import InvalidInput
from loopgraph.reducers.samples import wilson_interval
from loopgraph.reducers.usage.quality import BANDS, quality_figures, quality_gate
from support.executions import Ran, sums_of

SCORES = st.lists(st.none() | st.floats(0, 1) | st.integers(0, 20).map(lambda step: step / 20), max_size=30)


@pytest.mark.lengthy
@given(SCORES, st.integers(0, 20))
def test_gates_and_bands_are_those_of_the_scores_themselves(scores: list[float | None], step: int) -> None:
    sums, threshold = sums_of(Ran(quality=score) for score in scores), step / 20
    known = [round(score, 6) for score in scores if score is not None]  # as exact as they are counted
    passed = sum(score >= threshold for score in known)
    gate = quality_gate(sums.grades, threshold)
    assert (gate.reported, gate.passed) == (len(known), passed)
    assert gate.rate == (passed / len(known) if known else None)
    assert gate.interval == wilson_interval(passed, len(known))
    figures = quality_figures(sums)
    bounds = [*BANDS.values()]
    expected = [
        sum(low <= score < high for score in known) for low, high in zip(bounds, [2.0, *bounds[:-1]], strict=True)
    ]
    assert [band.executions for band in figures.bands] == expected
    assert figures.reported == sum(expected) == sums.quality.n
    assert all(band.share == (band.executions / len(known) if known else None) for band in figures.bands)


@pytest.mark.parametrize("threshold", [0.81, -0.05, 1.05, 1e300])
def test_a_threshold_that_is_not_on_the_scale_is_refused(threshold: float) -> None:
    with pytest.raises(InvalidInput, match=r"^threshold: must be between 0 and 1 in steps of 0\.05"):
        quality_gate({}, threshold)
