"""Recommends agents for requests, and estimates what another way of doing so would have come to."""

from __future__ import annotations

from datetime import datetime, timedelta

from loopgraph.computes.learning.agents.routing import BEST_FIRST, choose, draw
from loopgraph.computes.learning.agents.routing_policies import policy_effect
from loopgraph.computes.learning.plans.replaying import replay_plan
from loopgraph.computes.learning.plans.seen_names import names_of
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.matching import LONGEST_REQUEST
from loopgraph.contracts.learning.routing import (
    AgentStanding,
    Choice,
    LoggedRecommendation,
    PatternAgent,
    Recommendation,
    RoutingPolicy,
    RoutingPolicyEffect,
    RoutingStrategy,
    scopes_of,
)
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog
from loopgraph.effects.learning.recommendations import RecommendationLog, Recommendations
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.replays import LEAST_SUPPORT


class Routing:
    """Recommends agents. ``least`` is the score of a match from which on a learned pattern says who, ``explore_share`` the share
    of sessions in which chance does, ``badly_below`` the success rate below which an agent surely does badly."""

    def __init__(
        self, graph: Graph, matching: Matching, *, least: float, explore_share: float, badly_below: float
    ) -> None:
        self._log = RecommendationLog(graph)
        self._plans = OfferLog(graph)
        self._matching = matching
        self._least = least
        self._explore_share = explore_share
        self._badly_below = badly_below

    async def recommend(self, request: str, context: MatchContext) -> Recommendation:
        """Who a request should go to, without chance. Nothing is logged. Raises InvalidInput."""
        pattern = await self._pattern(request, context)
        action = features_of(request).action
        records = await self._log.records(scopes_of(action, context.project), BEST_FIRST)
        choice = choose(pattern, records, badly_below=self._badly_below)
        return Recommendation(
            agent=choice.agent,
            strategy=choice.strategy,
            reason=choice.reason,
            propensity=None if choice.agent is None else 1.0,
            explore_share=0.0,
            choice=choice,
            action=action,
            project=context.project,
        )

    async def route(
        self, correlation_id: str, request: str | None, context: MatchContext, principal: Principal | None, at: datetime
    ) -> tuple[Recommendation, LoggedRecommendation | None]:
        """Who a trace should go to, with chance's share; it is logged, unless nobody is known. Asked again, it is what was
        recommended first. ``request`` is the trace's prompt, unless it is given. Raises NotFound, InvalidInput, also for a trace
        that is over: it cannot go to anybody any more."""
        asked = await self._log.asked(correlation_id, principal)
        if asked.recommended is None and asked.is_over:
            raise InvalidInput(
                "correlationId", "must be a trace that goes on: of one that is over, nothing can be recommended"
            )
        text = request if request is not None else (asked.prompt_text or "")[:LONGEST_REQUEST]
        if not text.strip():
            if asked.recommended is not None:
                return _logged(asked.recommended), asked.recommended
            raise InvalidInput("request", "must say what is to be done: the prompt of the trace is not kept")
        where = context.model_copy(update={"project": context.project or asked.project})
        without_chance = await self.recommend(text, where)
        drawn = draw(without_chance.choice, asked.session_id or correlation_id, self._explore_share)
        if asked.recommended is not None:
            return _as_logged(without_chance, asked.recommended), asked.recommended
        if drawn is None:
            return without_chance, None
        choice = without_chance.choice
        logged = await self._log.log(
            LoggedRecommendation(
                correlation_id=correlation_id,
                session_id=asked.session_id,
                at=at,
                unit=drawn.unit,
                agent=drawn.agent,
                strategy=drawn.strategy,
                propensity=drawn.propensity,
                explore_share=self._explore_share,
                action=without_chance.action,
                project=without_chance.project,
                pattern_id=choice.pattern_id,
                pattern_agent=choice.pattern_agent,
                historical_agent=choice.historical_agent,
                candidates=tuple(one.agent for one in choice.candidates),
            )
        )
        return _as_logged(without_chance, logged), logged

    async def _pattern(self, request: str, context: MatchContext) -> PatternAgent | None:
        """The agent of the best pattern that fits surely enough and names one."""
        for match in await self._matching.match(request, context, self._least):
            if match.pattern.agent is None or match.pattern.successes < LEAST_SUPPORT:
                continue
            found = await self._plans.plan(match.pattern.pattern_id)
            if found is None:
                continue
            seen = await self._plans.seen(names_of(found.plan))
            if (agent := replay_plan(found.pattern, found.plan, seen).agent) is not None:
                return PatternAgent(match.pattern.pattern_id, agent, match.score.total)
        return None

    async def page(self, page: Page, principal: Principal | None) -> Recommendations:
        """What was recommended, newest first."""
        return await self._log.page(page, principal)

    async def effect(self, policy: RoutingPolicy, agent: str | None, days: int) -> RoutingPolicyEffect:
        """What another policy would have come to, by the recommendations of the last so many days. Raises InvalidInput."""
        if not 1 <= days <= 3_650:
            raise InvalidInput("days", f"must be between 1 and 3650, not {days}")
        if (policy is RoutingPolicy.ONE_AGENT) != bool(agent):
            raise InvalidInput("agent", "is needed for ONE_AGENT, and for nothing else")
        log, complete = await self._log.since(now() - timedelta(days=days))
        return policy_effect(log, policy, agent, complete=complete)


def _logged(one: LoggedRecommendation) -> Recommendation:
    """What was recommended, by the log alone: without the records of then, and without how surely the pattern fitted."""
    choice = Choice(
        agent=one.greedy,
        pattern_id=one.pattern_id,
        pattern_agent=one.pattern_agent,
        historical_agent=one.historical_agent,
        candidates=tuple(AgentStanding(agent=name) for name in one.candidates),
    )
    return Recommendation(
        agent=one.agent,
        strategy=one.strategy,
        reason=None,
        propensity=one.propensity,
        explore_share=one.explore_share,
        choice=choice,
        action=one.action,
        project=one.project,
    )


def _as_logged(recommended: Recommendation, logged: LoggedRecommendation) -> Recommendation:
    return recommended.model_copy(
        update={
            "agent": logged.agent,
            "strategy": RoutingStrategy(logged.strategy),
            "reason": None,
            "propensity": logged.propensity,
            "explore_share": logged.explore_share,
        }
    )
