"""Finds the learned patterns that fit a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from loopgraph.computes.learning.matches.expecting import expected
from loopgraph.computes.learning.matches.scoring import Candidate, asking_for_the_same, score, weighted
from loopgraph.computes.learning.requests.contrasts import contrasts
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.base import Principal
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.learning.matching import (
    LONGEST_REQUEST,
    MAX_RESULTS,
    MIN_CONFIDENCE,
    Asking,
    MatchAnswer,
    MatchPart,
    MatchScore,
    MatchWeights,
    PatternMatch,
    Prior,
)
from loopgraph.contracts.learning.plans import LearnedPattern
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.learning.prompts import Found, PromptReads
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.learning.expecting import Expecting
from loopgraph.orchestrators.learning.prompt_search import PromptSearch, Searched

CANDIDATES: Final = 40
"""So many patterns are scored, the nearest by meaning: the parts beside that have no more than 0.6 of a score to move."""
MOST_RESULTS: Final = 25
CLOSEST: Final = 10


class Matching:
    """Matches requests to learned patterns. It is a ``Closest``."""

    def __init__(self, search: PromptSearch, reads: PromptReads, weights: MatchWeights | None = None) -> None:
        self._search = search
        self._reads = reads
        self._expecting = Expecting(reads)
        self._weights = weights or MatchWeights()

    async def match(
        self,
        request: str,
        context: MatchContext,
        min_confidence: float = MIN_CONFIDENCE,
        max_results: int = MAX_RESULTS,
        principal: Principal | None = None,
    ) -> list[PatternMatch]:
        """The patterns that fit a request, best first: see ``answer``."""
        return list((await self.answer(request, context, min_confidence, max_results, principal)).matches)

    async def answer(
        self,
        request: str,
        context: MatchContext,
        min_confidence: float = MIN_CONFIDENCE,
        max_results: int = MAX_RESULTS,
        principal: Principal | None = None,
    ) -> MatchAnswer:
        """The patterns whose score is ``min_confidence`` or more, at most ``max_results``, in the order of their scores.
        Raises InvalidInput."""
        check(request, min_confidence, max_results)
        features = features_of(request)
        prior = await self._expecting.prior()
        searched, scored = await self._scored(request, features, context, prior)
        good = [(one, its) for one, its in scored if its.total >= min_confidence and its.vetoed is None]
        good.sort(key=lambda pair: (-_rank(pair[1], prior, self._weights), pair[0].pattern.pattern_id))
        good = good[:max_results]
        readable = await self._reads.readable([one for one, _ in good], principal)
        return MatchAnswer(
            matches=tuple(
                PatternMatch(
                    pattern=one.pattern,
                    score=its,
                    expected_success=its.historical,
                    exemplar=one.text if one.pattern.pattern_id in readable else None,
                )
                for one, its in good
            ),
            features=features,
            weights=self._weights,
            model=searched.by.model.key,
            semantic=searched.by.semantic,
            note=searched.note,
            searched=len(searched.by),
            complete=searched.by.complete,
        )

    async def closest(
        self, prompt_text: str, features: PromptFeatures, context: MatchContext
    ) -> Sequence[tuple[str, float]]:
        """See ``contracts.learning.matching.Closest``."""
        _, scored = await self._scored(prompt_text[:LONGEST_REQUEST], features, context, None)
        near = [(one.pattern.pattern_id, its.total) for one, its in scored if its.vetoed is None]
        return sorted(near, key=lambda pair: (-pair[1], pair[0]))[:CLOSEST]

    async def expected_success(self, pattern: LearnedPattern) -> float | None:
        """How probable it is that a run of the kind of a learned pattern succeeds; None while there was none."""
        return expected(pattern, await self._expecting.prior())

    async def look(self) -> None:
        """See ``contracts.learning.matching.Closest``."""
        await self._search.look()

    async def prepare(self, texts: Sequence[str]) -> None:
        """See ``contracts.learning.matching.Closest``."""
        await self._search.prepare([text[:LONGEST_REQUEST] for text in texts])

    async def among(self, prompts: Sequence[Asking], at_least: float) -> Sequence[Mapping[int, float]]:
        """See ``contracts.learning.matching.Closest``."""
        if len(prompts) < 2:
            return [{} for _ in prompts]
        near = await self._search.likeness([one.prompt_text[:LONGEST_REQUEST] for one in prompts])
        return await made_of(len(prompts) ** 2, lambda: asking_for_the_same(prompts, near, at_least, self._weights))

    async def _scored(
        self, text: str, features: PromptFeatures, context: MatchContext, prior: Prior | None
    ) -> tuple[Searched, list[tuple[Found, MatchScore]]]:
        """The nearest patterns as they are committed now, each with its score; without ``prior``, history is no part of it."""
        searched = await self._search.search(text, features.action, CANDIDATES)
        nearest = {hit.pattern_id: searched.semantic_of(hit) for hit in searched.hits}
        scored = [
            (one, self._score(one, nearest[one.pattern.pattern_id], features, context, prior))
            for one in await self._reads.found(searched.hits)
        ]
        return searched, scored

    def _score(
        self, found: Found, semantic: float, features: PromptFeatures, context: MatchContext, prior: Prior | None
    ) -> MatchScore:
        pattern = found.pattern
        candidate = Candidate(
            semantic=semantic,
            features=found.features.model_copy(update={"contrasts": contrasts(found.text)}),
            context=MatchContext(domain=pattern.domain, project=pattern.project, agent=pattern.agent),
            expected=expected(pattern, prior) if prior else None,
            runs=pattern.runs,
            successes=pattern.successes,
        )
        return score(features, context, candidate, self._weights)


def check(request: str, min_confidence: float, max_results: int) -> None:
    """Raises InvalidInput for what cannot be matched."""
    if not request.strip():
        raise InvalidInput("request", "must say what is to be done")
    if len(request) > LONGEST_REQUEST:
        raise InvalidInput("request", f"must have at most {LONGEST_REQUEST:,} characters, not {len(request):,}")
    if not 0.0 <= min_confidence <= 1.0:
        raise InvalidInput("minConfidence", f"must be between 0 and 1, not {min_confidence}")
    if not 1 <= max_results <= MOST_RESULTS:
        raise InvalidInput("maxResults", f"must be between 1 and {MOST_RESULTS}, not {max_results}")


def _rank(its: MatchScore, prior: Prior, weights: MatchWeights) -> float:
    """The score, of which history is a part: what was not run goes as well as all else does. The seed's product of score and
    success rate counts history twice, and the study of runs by others finds the right pattern first less often by it."""
    if its.historical is not None:
        return its.total
    return weighted(
        {part: getattr(its, part.value) for part in MatchPart} | {MatchPart.HISTORICAL: prior.base}, weights
    )
