"""How well a learned pattern fits a prompt: the five-part score of seed 003 §3.2."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import numpy as np

from loopgraph.computes.learning.requests.actions import differ
from loopgraph.computes.learning.requests.contrasts import apart
from loopgraph.contracts.counted import counted
from loopgraph.contracts.learning.embeddings import Vectors
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.learning.matching import SEED_WEIGHTS, Asking, MatchPart, MatchScore, MatchWeights

SAME_ACTION: Final = 1.0
NEAR_ACTION: Final = 0.8
"""Actions that are said for the same work: ``upgrade`` and ``install``."""
UNTOLD_ACTION: Final = 0.5
"""One of the two does not tell its action: nothing speaks for or against."""
OTHER_ACTION: Final = 0.3
"""The seed's for another intent."""
OTHER_CONTEXT: Final = 0.5
"""The seed's for another domain."""


class Candidate(NamedTuple):
    """What is scored: ``semantic`` is how near the nearest exemplar is, 0..1, ``features`` are those of that exemplar.
    ``expected`` is the success that is expected of it (``expecting``), of ``runs`` that are known, so many of which succeeded."""

    semantic: float
    features: PromptFeatures
    context: MatchContext
    expected: float | None
    runs: int
    successes: int = 0


def score(
    request: PromptFeatures, context: MatchContext, candidate: Candidate, weights: MatchWeights | None = None
) -> MatchScore:
    """The score of a candidate. What is not known makes no part: the others are weighed without it."""
    weights = weights or SEED_WEIGHTS
    common = shared(request.keywords, candidate.features.keywords)
    keyword = _overlap(common, request.keywords, candidate.features.keywords)
    intent, intent_words = _intent(request, candidate.features)
    fit, fit_words = _context(context, candidate.context)
    parts: dict[MatchPart, float | None] = {
        MatchPart.SEMANTIC: candidate.semantic,
        MatchPart.KEYWORD: keyword,
        MatchPart.INTENT: intent,
        MatchPart.CONTEXT: fit,
        MatchPart.HISTORICAL: candidate.expected,
    }
    total = weighted(parts, weights)
    said = (
        f"meaning {candidate.semantic:.2f}",
        f"keywords {keyword:.2f} ({', '.join(common) or 'none in common'})",
        f"intent {intent:.2f} ({intent_words})",
        f"context {f'{fit:.2f} ' if fit is not None else ''}({fit_words})",
        _history(candidate),
    )
    return MatchScore(
        total=total,
        semantic=candidate.semantic,
        keyword=keyword,
        intent=intent,
        context=fit,
        historical=candidate.expected,
        explanation=f"{total:.2f}: " + "; ".join(said) + (f"; weighed {weights}" if weights != SEED_WEIGHTS else ""),
        vetoed=_veto(request, candidate.features),
    )


def asking_for_the_same(
    prompts: Sequence[Asking], near: Vectors, at_least: float, weights: MatchWeights
) -> list[dict[int, float]]:
    """Of each prompt which of the others have its action and a score of ``at_least`` so much, without history, by their places.
    ``near`` has a row of semantic parts for each."""
    found: list[dict[int, float]] = [{} for _ in prompts]
    others = weights.keyword + weights.intent + weights.context
    # What is less near than this does not come to it even if all else is the same.
    least = (at_least * (weights.semantic + others) - others) / weights.semantic if weights.semantic else 0.0
    for one, other in np.argwhere(np.triu(near >= least, 1)).tolist():
        mine, its = prompts[one], prompts[other]
        if mine.features.action == its.features.action:
            candidate = Candidate(float(near[one, other]), its.features, its.context, None, 0)
            match = score(mine.features, mine.context, candidate, weights)
            if match.vetoed is None and match.total >= at_least:
                found[one][other] = found[other][one] = match.total
    return found


def weighted(parts: dict[MatchPart, float | None], weights: MatchWeights) -> float:
    """The mean of the parts that are known, by their weights; 0 if those weigh nothing."""
    known = {part: value for part, value in parts.items() if value is not None}
    weight = sum(getattr(weights, part.value) for part in known)
    if not weight:
        return 0.0
    return float(min(1.0, sum(getattr(weights, part.value) * value for part, value in known.items()) / weight))


def shared(one: Collection[str], other: Collection[str]) -> tuple[str, ...]:
    """The keywords that both have, in the order of the first."""
    others = set(other)
    return tuple(word for word in one if word in others)


def _overlap(common: Collection[str], one: Collection[str], other: Collection[str]) -> float:
    most = max(len(one), len(other))
    return len(common) / most if most else 0.0


def _intent(request: PromptFeatures, other: PromptFeatures) -> tuple[float, str]:
    mine, its = request.action, other.action
    if not mine or not its:
        who = "neither tells its action" if not mine and not its else f"only one tells its action, {mine or its}"
        return UNTOLD_ACTION, who
    if mine == its:
        return SAME_ACTION, f"both {mine}"
    if differ(mine, its):
        return OTHER_ACTION, f"{mine} is not {its}"
    return NEAR_ACTION, f"{mine} is near {its}"


def _veto(request: PromptFeatures, other: PromptFeatures) -> str | None:
    if not differ(request.action, other.action):
        return apart(request.contrasts, other.contrasts, request.keywords, other.keywords)
    return f"the request asks to {request.action}, and the pattern was learned from prompts that ask to {other.action}"


def _context(request: MatchContext, other: MatchContext) -> tuple[float | None, str]:
    same: list[str] = []
    different: list[str] = []
    for name in MatchContext.model_fields:
        mine, its = getattr(request, name), getattr(other, name)
        if mine is not None and its is not None:
            (same if mine == its else different).append(name)
    if not same and not different:
        return None, "nothing known to compare"
    words = [*(f"same {name}" for name in same), *(f"other {name}" for name in different)]
    return (len(same) + OTHER_CONTEXT * len(different)) / (len(same) + len(different)), ", ".join(words)


def _history(candidate: Candidate) -> str:
    if candidate.expected is None:
        return "history (not run yet)"
    return f"history {candidate.expected:.2f} ({candidate.successes} of {counted(candidate.runs, 'run')} went well)"
