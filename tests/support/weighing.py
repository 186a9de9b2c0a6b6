"""Pairs of prompts and patterns whose outcomes follow from weights that are planted: by the score that the product makes of
them."""

from __future__ import annotations

import math

import numpy as np

from loopgraph.computes.learning.matches.scoring import Candidate, score
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.learning.matching import MatchPart, MatchWeights
from loopgraph.contracts.learning.weighing import Pair

PLANTED = MatchWeights(semantic=0.1, keyword=0.1, intent=0.1, context=0.1, historical=0.6)
_WORDS = tuple(f"word{number}" for number in range(8))
_ACTIONS = ("fix", "replace", "prevent", "")
_PROJECTS = ("/src/shop", "/src/bank", None)


def drawn(
    count: int,
    weights: MatchWeights,
    seed: int = 1,
    *,
    steepness: float = 12.0,
    a_session: int = 4,
    a_trace: int = 1,
) -> list[Pair]:
    """So many pairs, ``a_session`` traces in each session and ``a_trace`` pairs of each trace: one fits with the probability
    logistic(``steepness`` · (score by these weights - 0.55))."""
    rng = np.random.default_rng(seed)

    def features() -> PromptFeatures:
        words = tuple(word for word in _WORDS if rng.random() < 0.5)
        return PromptFeatures(action=str(rng.choice(_ACTIONS)), intent="debugging", keywords=words)

    def context() -> MatchContext:
        return MatchContext(project=_PROJECTS[int(rng.integers(len(_PROJECTS)))])

    pairs: list[Pair] = []
    while len(pairs) < count:
        runs = int(rng.integers(1, 9))
        candidate = Candidate(float(rng.random()), features(), context(), float(rng.random()), runs)
        its = score(features(), context(), candidate, weights)
        fits = rng.random() < 1 / (1 + math.exp(-steepness * (its.total - 0.55)))
        values = (getattr(its, part.value) for part in MatchPart)
        semantic, keyword, intent, where, history = (math.nan if value is None else value for value in values)
        trace = len(pairs) // a_trace
        parts = (semantic, keyword, intent, where, history)
        pairs.append(Pair(f"trace-{trace}", f"session-{trace // a_session}", parts, bool(fits), 1 / a_trace))
    return pairs
