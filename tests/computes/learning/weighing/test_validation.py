"""Learned weights are recommended where they do better on sessions that they were not learned from, and nowhere else."""

from __future__ import annotations

import random

import pytest

from loopgraph.computes.learning.weighing.validation import LEAST_SESSIONS, weigh
from loopgraph.contracts.learning.matching import SEED_WEIGHTS, MatchWeights
from loopgraph.contracts.learning.weighing import Reason
from support.weighing import PLANTED, drawn


def test_what_is_better_is_recommended_with_its_intervals() -> None:
    found = weigh(drawn(6_000, PLANTED, a_trace=3), SEED_WEIGHTS, handed_out=7)
    assert (found.reason, found.handed_out) == (None, 7)
    assert (found.traces, found.sessions, found.pairs) == (2_000, 500, 6_000)
    assert found.learned.historical > 0.4
    assert found.log_loss is not None
    assert found.log_loss.low < found.log_loss.difference < found.log_loss.high < 0.0
    for figure in (found.area, found.first):
        assert figure is not None
        assert 0.5 < figure.seed < figure.learned < 1.0
        assert 0.0 < figure.low < figure.difference < figure.high
        assert figure.difference == pytest.approx(figure.learned - figure.seed)
    assert found.learned_matches is not None
    assert 0 < found.learned_matches.fitting < found.learned_matches.pairs < found.pairs


@pytest.mark.exhaustive
@pytest.mark.parametrize(("weights", "steepness"), [(SEED_WEIGHTS, 12.0), (PLANTED, 0.0)])
def test_what_is_no_better_is_not(weights: MatchWeights, steepness: float) -> None:
    found = weigh(drawn(2_000, weights, steepness=steepness), SEED_WEIGHTS)
    assert found.reason is Reason.NOT_SURELY_BETTER
    assert found.log_loss is not None
    assert found.log_loss.high >= 0.0


def test_where_too_little_is_known_nothing_is_recommended() -> None:
    nothing = weigh([], SEED_WEIGHTS)
    assert (nothing.reason, nothing.learned, nothing.log_loss) == (Reason.TOO_FEW_SESSIONS, SEED_WEIGHTS, None)
    few = weigh(drawn(4 * (LEAST_SESSIONS - 1), PLANTED), SEED_WEIGHTS)
    assert (few.reason, few.sessions) == (Reason.TOO_FEW_SESSIONS, LEAST_SESSIONS - 1)
    assert few.log_loss is not None
    pairs = drawn(400, PLANTED)
    for fits, reason in ((True, Reason.ALL_FIT), (False, Reason.NOTHING_FITS)):
        found = weigh([pair._replace(fits=fits) for pair in pairs], SEED_WEIGHTS)
        assert (found.reason, found.learned, found.log_loss) == (reason, SEED_WEIGHTS, None)


def test_the_order_in_which_pairs_come_does_not_matter() -> None:
    pairs = drawn(800, PLANTED, a_trace=2)
    one, other = weigh(pairs, SEED_WEIGHTS), weigh(random.Random(5).sample(pairs, len(pairs)), SEED_WEIGHTS)
    assert one.log_loss is not None
    assert other.log_loss is not None
    assert one.log_loss.model_dump() == pytest.approx(other.log_loss.model_dump(), abs=1e-4)


@pytest.mark.exhaustive
def test_what_sessions_say_many_times_makes_nothing_surer() -> None:
    """Each session told ten times over, each time with a tenth of the weight, is as much as it was."""
    pairs = drawn(800, PLANTED)
    again = [pair._replace(trace=f"{pair.trace}-{time}", weight=0.1) for pair in pairs for time in range(10)]
    once, often = weigh(pairs, SEED_WEIGHTS).log_loss, weigh(again, SEED_WEIGHTS).log_loss
    assert once is not None
    assert often is not None
    assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=1e-3)
