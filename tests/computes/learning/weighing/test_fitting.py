"""Outcomes move the weights of a score to those that made them, and no outcomes leave them where they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from loopgraph.computes.learning.weighing.fitting import STRENGTH, as_numbers, as_weights, fit, table_of
from loopgraph.contracts.learning.matching import SEED_WEIGHTS, MatchPart, MatchWeights
from loopgraph.contracts.learning.weighing import Pair
from support.weighing import PLANTED, drawn


def learned(pairs: Sequence[Pair]) -> MatchWeights:
    return as_weights(fit(table_of(pairs)).weights)


def test_without_outcomes_the_weights_are_exactly_the_seeds() -> None:
    assert learned([]) == SEED_WEIGHTS
    alike = [pair for pair in drawn(200, PLANTED) if pair.fits]
    assert learned(alike) == SEED_WEIGHTS


def test_a_planted_weighting_is_found() -> None:
    found = learned(drawn(12_000, PLANTED))
    assert list(as_numbers(found)) == pytest.approx(list(as_numbers(PLANTED)), abs=0.06)


def test_few_outcomes_move_them_little() -> None:
    away = [np.abs(as_numbers(learned(drawn(count, PLANTED))) - as_numbers(SEED_WEIGHTS)).max() for count in (10, 400)]
    assert 0.0 < away[0] < 0.1 < away[1]


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(3))
def test_outcomes_that_no_part_tells_leave_them_near_the_seeds(seed: int) -> None:
    found = learned(drawn(4_000, PLANTED, seed, steepness=0.0))
    spread = [math.sqrt(weight * (1 - weight) / (STRENGTH + 1)) for weight in as_numbers(SEED_WEIGHTS)]
    away = np.abs(as_numbers(found) - as_numbers(SEED_WEIGHTS))
    assert (away <= spread).all()


def test_a_part_that_is_never_known_keeps_the_seeds_weight() -> None:
    place = list(MatchPart).index(MatchPart.CONTEXT)
    pairs = [
        pair._replace(parts=tuple(math.nan if at == place else value for at, value in enumerate(pair.parts)))
        for pair in drawn(4_000, PLANTED)
    ]
    found = learned(pairs)
    assert found.context == pytest.approx(SEED_WEIGHTS.context, abs=1e-3)
    assert found.historical > 0.2


def test_parts_that_tell_all_give_weights_that_are_finite_and_sum_to_one() -> None:
    pairs = [Pair(str(at), str(at), (at % 2, 0.5, 0.5, math.nan, 0.5), bool(at % 2), 1.0) for at in range(200)]
    numbers = as_numbers(learned(pairs))
    assert numbers.sum() == pytest.approx(1.0)
    assert (numbers > 0.0).all()
    assert numbers[0] > SEED_WEIGHTS.semantic


def test_pairs_count_as_much_as_they_weigh() -> None:
    pairs = drawn(600, PLANTED)
    halves = [pair._replace(weight=0.5) for pair in pairs for _ in range(2)]
    assert list(as_numbers(learned(halves))) == pytest.approx(list(as_numbers(learned(pairs))), abs=1e-4)
