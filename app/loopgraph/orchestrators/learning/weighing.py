"""Which weights of a match fit what came of prompts."""

from __future__ import annotations

import asyncio
from typing import Final

from loopgraph.computes.learning.plans.names import plain_or_none
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.computes.learning.weighing.hindsight import pairs_of
from loopgraph.computes.learning.weighing.validation import weigh
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.matching import LONGEST_REQUEST, MatchWeights
from loopgraph.contracts.learning.weighing import Pair, Past, Weighed
from loopgraph.effects.learning.past import Learned, PastReads
from loopgraph.orchestrators.learning.prompt_search import PromptSearch

MOST_TRACES: Final = 5_000
"""So many traces are gone through, the newest."""
MOST_SPOKEN_FOR: Final = 10.0
"""A trace from which a plan was withheld speaks for so many at most."""


class Weighing:
    """Learns weights from traces that are over. It changes nothing."""

    def __init__(self, reads: PastReads, search: PromptSearch, in_use: MatchWeights) -> None:
        self._reads = reads
        self._search = search
        self._in_use = in_use

    async def weigh(self) -> Weighed:
        """What the newest traces say of the weights."""
        past, pairs = await self.pairs()
        handed = sum(not one.speaks_for for one in past)
        return await asyncio.to_thread(weigh, pairs, self._in_use, handed)

    async def pairs(self) -> tuple[list[Past], list[Pair]]:
        """The newest traces, and their prompts with the patterns that there were before them."""
        learned = await self._reads.newest(MOST_TRACES)
        past = await asyncio.to_thread(lambda: list(map(_past, learned)))
        if not past:
            return [], []
        vectors, scale = await self._search.placed([one.prompt[:LONGEST_REQUEST] for one in past])
        return past, await asyncio.to_thread(pairs_of, past, vectors, scale)


def _past(one: Learned) -> Past:
    """A trace with what it asked for, as whoever asks for matches knows it: the agent that is to do it is not known then."""
    return Past(
        one.correlation_id,
        one.time_key,
        one.session_id or one.correlation_id,
        one.prompt,
        features_of(one.prompt),
        MatchContext(domain=plain_or_none(one.domain) if one.domain else None, project=one.project),
        one.role,
        one.pattern_id,
        one.plan,
        _speaks_for(one),
    )


def _speaks_for(one: Learned) -> float:
    if one.withheld is None:
        return 1.0
    return min(MOST_SPOKEN_FOR, 1.0 / one.propensity) if one.withheld and one.propensity else 0.0
