"""Outcomes move the weights of a score, and little of them moves little."""

from __future__ import annotations

import numpy as np
import pytest

from loopgraph.computes.learning.matches.weights import Observed, learned_weights
from loopgraph.contracts.learning.matching import MatchPart, MatchWeights


def draw(count: int, truth: MatchWeights, seed: int = 1, *, unknown: float = 0.0) -> list[Observed]:
    """Outcomes whose probability is the score by the true weights."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        parts = {part: float(rng.random()) for part in MatchPart}
        probability = sum(getattr(truth, part.value) * value for part, value in parts.items())
        known = {part: None if rng.random() < unknown else value for part, value in parts.items()}
        drawn.append(Observed(known, bool(rng.random() < probability)))
    return drawn


def as_list(weights: MatchWeights) -> list[float]:
    return [getattr(weights, part.value) for part in MatchPart]


TRUTH = MatchWeights(semantic=0.1, keyword=0.1, intent=0.1, context=0.1, historical=0.6)


def test_without_outcomes_the_seeds_weights_hold() -> None:
    assert learned_weights([]) == MatchWeights()


@pytest.mark.lengthy
def test_many_outcomes_find_the_true_weights_and_few_stay_near_the_prior() -> None:
    few, many = learned_weights(draw(10, TRUTH)), learned_weights(draw(40_000, TRUTH))
    assert as_list(few) == pytest.approx(as_list(MatchWeights()), abs=0.06)
    assert as_list(many) == pytest.approx(as_list(TRUTH), abs=0.04)


@pytest.mark.lengthy
def test_outcomes_that_agree_with_the_prior_leave_it() -> None:
    assert as_list(learned_weights(draw(40_000, MatchWeights()))) == pytest.approx(as_list(MatchWeights()), abs=0.04)


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", range(5))
def test_weights_are_never_negative_and_sum_to_one_whatever_was_observed(seed: int) -> None:
    against = [Observed(one.parts, not one.helped) for one in draw(2_000, TRUTH, seed, unknown=0.4)]
    for observed in (against, draw(2_000, TRUTH, seed, unknown=0.9), [Observed(dict.fromkeys(MatchPart), True)] * 3):
        weights = as_list(learned_weights(observed))
        assert sum(weights) == pytest.approx(1.0)
        assert min(weights) >= 0.0


@pytest.mark.lengthy
def test_the_score_gets_better_where_the_prior_is_wrong() -> None:
    """By the Brier score on outcomes that were not learned from."""
    unseen, learned = draw(20_000, TRUTH, seed=9), learned_weights(draw(3_000, TRUTH, seed=2))

    def brier(weights: MatchWeights) -> float:
        scores = [
            sum(getattr(weights, part.value) * (value or 0.0) for part, value in one.parts.items()) for one in unseen
        ]
        return float(np.mean([(one.helped - score) ** 2 for one, score in zip(unseen, scores, strict=True)]))

    assert brier(learned) < brier(MatchWeights())
    assert brier(learned) - brier(TRUTH) < 0.003
