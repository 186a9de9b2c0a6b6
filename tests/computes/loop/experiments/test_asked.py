"""What may not be asked of a run."""

from __future__ import annotations

import pytest

from loopgraph.computes.loop.experiments.asked import check_asked
from loopgraph.contracts.loop.design import AllocationRule, ExperimentDesign
from loopgraph.contracts.loop.feedback import LoopInput
from loopgraph.errors import InvalidInput


def asked(design: ExperimentDesign) -> None:
    check_asked(LoopInput(pattern_id="p", design=design, min_sample_size=10))


def test_the_candidate_with_the_least_share_has_its_first_look_before_the_last() -> None:
    few = ExperimentDesign(candidates_at_once=2, candidate_shares=(0.01, 0.5), max_units=100)
    with pytest.raises(InvalidInput, match=r"at least 1500, not 100: .* where 0\.02 of them") as error:
        asked(few)
    assert error.value.field == "input.design.maxUnits"
    asked(few.model_copy(update={"max_units": 1_500}))
    asked(ExperimentDesign(candidates_at_once=2, candidate_shares=(0.25, 0.5), max_units=60))
    asked(ExperimentDesign(candidates_at_once=5, max_units=20))
    with pytest.raises(InvalidInput, match="at least 60, not 20"):
        asked(ExperimentDesign(candidates_at_once=5, max_units=20, allocation=AllocationRule.THOMPSON))
