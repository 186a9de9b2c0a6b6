"""Plans of learned patterns, handed to agents with their prompts, and whether that helps."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from loopgraph.computes.learning.matches.effect import DURATION, SUCCESS, Arms, of_durations, of_successes
from loopgraph.computes.learning.matches.withholding import draw
from loopgraph.computes.learning.plans.replaying import rendered, replay_plan
from loopgraph.computes.learning.plans.seen_names import names_of
from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.matching import LONGEST_REQUEST, MIN_CONFIDENCE, PatternMatch
from loopgraph.contracts.learning.replays import Offer, ReplayEffect, ReplayPlan
from loopgraph.contracts.statistics.estimates import Estimate
from loopgraph.contracts.statistics.metrics import MetricDefinition
from loopgraph.contracts.statistics.plans import AlwaysValid
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog, Offers, PlanInUse
from loopgraph.errors import InvalidInput, LoopgraphError, NotFound, ServiceError
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.reducers.unit_samples import unit_samples

logger = logging.getLogger(__name__)

LONGEST_TEXT: Final = 4_000
"""So many characters a plan that is handed out has: a client takes 10,000 from all hooks."""

PATIENCE_S: Final = 0.5
"""So long a prompt waits for a plan to be found; then it goes without."""

LEAST_SUPPORT: Final = 2
"""So many successful traces a plan rests on, at least, that a prompt is given unasked: one alone can be made for that."""

MOST_SUPPORT: Final = 1_000
"""More need not be asked for."""

PLANNED_UNITS: Final = 200
"""So many sessions the intervals of the effect are narrowest at."""


class Replays:
    """Hands out plans. ``least`` is the score of a match from which on it does (None: never), ``withheld_share`` the share of
    sessions that are given none."""

    def __init__(self, graph: Graph, matching: Matching, *, least: float | None, withheld_share: float) -> None:
        self._log = OfferLog(graph)
        self._matching = matching
        self._least = least
        self._withheld_share = withheld_share

    @property
    def hands_out(self) -> bool:
        """Whether prompts are given plans at all."""
        return self._least is not None

    async def plan(self, pattern_id: str) -> ReplayPlan | None:
        """The plan of a learned pattern; None if there is none."""
        found = await self._log.plan(pattern_id)
        return await self._replay(found) if found else None

    async def plan_for(
        self, request: str, context: MatchContext, principal: Principal | None, least_support: int = 1
    ) -> tuple[ReplayPlan, PatternMatch] | None:
        """The plan of the pattern that fits a request best and rests on so many successful traces, with the match; None if none
        does. Raises InvalidInput."""
        if not 1 <= least_support <= MOST_SUPPORT:
            raise InvalidInput("leastSupport", f"must be between 1 and {MOST_SUPPORT:,}, not {least_support}")
        for match in await self._matching.match(request, context, MIN_CONFIDENCE, principal=principal):
            if match.pattern.successes < least_support:
                continue
            if (found := await self._log.plan(match.pattern.pattern_id)) is not None:
                return await self._replay(found), match
        return None

    async def hand(
        self, prompt: str, correlation_id: str, session_id: str, context: MatchContext, at: datetime
    ) -> str | None:
        """The text of the plan for a prompt that is recorded; None where none fits surely enough, or it is withheld. Either is
        written down before it is answered. What fails, or takes too long, costs the prompt nothing but the plan."""
        try:
            found = await self._fitting(prompt, context)
            if found is None:
                return None
            match, in_use = found
            drawn = draw(session_id, self._withheld_share)
            offer = Offer(
                correlation_id=correlation_id,
                session_id=None,
                pattern_id=match.pattern.pattern_id,
                node_id=in_use.pattern.node_id,
                version=in_use.pattern.version,
                at=at,
                unit=drawn.unit,
                score=match.score,
                withheld=drawn.withheld,
                propensity=drawn.propensity,
            )
            written = await self._log.offer(offer)
        except LoopgraphError as error:
            logger.warning("A prompt was given no plan: %s", error)
            return None
        except Exception:  # nobody foresaw it, and it is none of the prompt's
            logger.exception("A prompt was given no plan")
            return None
        if written.withheld:
            return None
        if written.pattern_id != offer.pattern_id:  # asked again: it was another one then
            in_use = await self._log.plan(written.pattern_id) or in_use
        return rendered(await self._replay(in_use), LONGEST_TEXT)

    async def _replay(self, in_use: PlanInUse) -> ReplayPlan:
        seen = await self._log.seen(names_of(in_use.plan))
        expected = await self._matching.expected_success(in_use.pattern)
        return replay_plan(in_use.pattern, in_use.plan, seen, expected)

    async def _fitting(self, prompt: str, context: MatchContext) -> tuple[PatternMatch, PlanInUse] | None:
        """The best match that is good enough, with its plan. Raises ServiceError if that takes too long."""
        if self._least is None or not prompt.strip():
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                for match in await self._matching.match(prompt[:LONGEST_REQUEST], context, self._least, 1):
                    if match.pattern.successes < LEAST_SUPPORT:
                        continue
                    if (in_use := await self._log.plan(match.pattern.pattern_id)) is not None:
                        return match, in_use
        except TimeoutError as error:
            raise ServiceError(f"no plan was found within {PATIENCE_S} s") from error
        return None

    async def offers(self, pattern_id: str, page: Page, principal: Principal | None) -> Offers:
        """The usage log of a learned pattern, newest first. Raises NotFound for what is none."""
        found = await self._log.page(pattern_id, page, principal)
        if not found.offers:
            await self._check_learned(pattern_id)
        return found

    async def _check_learned(self, pattern_id: str) -> None:
        if await self._log.plan(pattern_id) is None:
            raise NotFound("LearnedPattern", pattern_id)

    async def effect(self, pattern_id: str | None, days: int) -> ReplayEffect:
        """Whether the plans (of one pattern) help, by the offers of the last so many days. Raises InvalidInput, NotFound."""
        if not 1 <= days <= 3_650:
            raise InvalidInput("days", f"must be between 1 and 3650, not {days}")
        traces, complete = await self._log.settled(pattern_id, now() - timedelta(days=days))
        settled = [one for one in traces if one is not None]
        if pattern_id is not None and not traces:
            await self._check_learned(pattern_id)
        return ReplayEffect(
            offers=sum(not one.withheld for one in settled),
            withheld=sum(one.withheld for one in settled),
            unsettled=len(traces) - len(settled),
            unknown=sum(one.success is None for one in settled),
            complete=complete,
            success=self._estimate(SUCCESS, of_successes(settled)),
            duration_ms=self._estimate(DURATION, of_durations(settled)),
        )

    def _estimate(self, metric: MetricDefinition, arms: Arms) -> Estimate:
        share = min(max(1.0 - self._withheld_share, 0.01), 0.99)
        samples = unit_samples(metric, arms.control, arms.treatment)
        return analyse(metric, samples, AlwaysValid(planned_units=PLANNED_UNITS, treatment_share=share))
