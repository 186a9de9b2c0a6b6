"""The background task that says of each plan that was offered, and of each agent that was recommended, what came of it, when its
trace is over and a while later again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from loopgraph.computes.learning.agents.routing import agent_of
from loopgraph.computes.learning.outcomes import judged
from loopgraph.computes.learning.plans.extraction import plan_of
from loopgraph.computes.learning.plans.following import FOLLOWED, Step, followed
from loopgraph.contracts.learning.lessons import NOTHING_AFTER, Role
from loopgraph.contracts.learning.plans import Plan
from loopgraph.contracts.learning.replays import Following, ReplayOutcome
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog, Settlement
from loopgraph.effects.learning.recommendations import Outcome, RecommendationLog
from loopgraph.effects.learning.rounds import LearningRounds
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import Blame, blame_of

logger = logging.getLogger(__name__)

AT_ONCE: Final = 100
"""So many offers are looked at together."""

LOOK_S: Final = 2.0
"""So long is between two looks."""

LOOK_AGAIN: Final = timedelta(minutes=15)
"""So long after the end of a trace it is looked once more: the next prompt, or a rating, may say otherwise than its end did."""

_OUTCOMES: Final = {
    Role.SUCCESS: ReplayOutcome.SUCCESS,
    Role.FAILURE: ReplayOutcome.FAILURE,
    None: ReplayOutcome.UNKNOWN,
}


class _Read(NamedTuple):
    """Traces that are over, and what each is by the criteria of success, as far as that is known."""

    parts: Mapping[str, TraceParts]
    roles: Mapping[str, Role | None]


class Settling:
    """Several processes may do this: what one has settled another finds settled, or settles to the same."""

    def __init__(self, graph: Graph, judging: Judging) -> None:
        self._log = OfferLog(graph)
        self._recommendations = RecommendationLog(graph)
        self._rounds = LearningRounds(graph)
        self._traces = TraceReads(graph)
        self._judging = judging
        self.looks = 0

    async def run_forever(self) -> None:
        """Looks every ``LOOK_S`` until it is cancelled."""
        said = ""
        while True:
            try:
                while await self.look() == AT_ONCE:
                    pass
                said = ""
            except Exception as error:
                if blame_of(error) is not Blame.GRAPH:
                    logger.exception("it could not be said what came of plans; trying again")
                elif said != str(error):
                    logger.warning("it is said what came of plans when the graph can: %s", error)
                said = str(error)
            self.looks += 1
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Settles offers and recommendations whose traces are over; how many of that of which there are more."""
        return max(await self._look_at_offers(), await self._look_at_recommendations())

    async def _look_at_offers(self) -> int:
        waiting = await self._log.unsettled(AT_ONCE)
        read = await self._read([one.correlation_id for one in waiting])
        for one in waiting:
            if (found := read.parts.get(one.correlation_id)) is not None:
                await self._log.settle(settlement(found, one.plan, one.withheld, read.roles.get(one.correlation_id)))
        return len(waiting)

    async def _look_at_recommendations(self) -> int:
        waiting = await self._recommendations.unsettled(AT_ONCE)
        read = await self._read([one.correlation_id for one in waiting])
        for one in waiting:
            if (found := read.parts.get(one.correlation_id)) is not None:
                ran = agent_of(plan_of(found))
                role = read.roles.get(one.correlation_id)
                await self._recommendations.settle(
                    Outcome(one.correlation_id, _OUTCOMES[role], ran, ran == one.agent, _again(found))
                )
        return len(waiting)

    async def _read(self, ids: Sequence[str]) -> _Read:
        if not ids:
            return _Read({}, {})
        parts, after = await self._traces.parts(ids, None), await self._rounds.after(ids)
        able = [(parts[id_], after.get(id_, NOTHING_AFTER)) for id_ in ids if id_ in parts]
        outcomes = zip(able, judged(able, self._judging), strict=True)
        return _Read(parts, {one.trace.correlation_id: outcome.role for (one, _), outcome in outcomes})


def settlement(parts: TraceParts, plan: Plan | None, withheld: bool, role: Role | None) -> Settlement:
    """What came of an offer, by its trace. It is a replay if the plan was handed out and followed, and it is known
    how that ended."""
    trace = parts.trace
    following = _beside(parts, plan) if plan is not None else None
    is_followed = following is not None and following.adherence >= FOLLOWED
    return Settlement(
        correlation_id=trace.correlation_id,
        outcome=_OUTCOMES[role],
        followed=is_followed,
        following=following,
        actual_ms=trace.duration_ms,
        replayed=is_followed and not withheld and role is not None,
        look_again=_again(parts),
    )


def _again(parts: TraceParts) -> datetime | None:
    """When a trace is to be looked at once more."""
    again = (parts.trace.completed_at or parts.trace.at) + LOOK_AGAIN
    return again if again > now() else None


def _beside(parts: TraceParts, plan: Plan) -> Following:
    expected = plan.performance.duration_ms
    return followed(
        [Step(step.key, step.name) for step in plan.steps],
        [Step(step.key, step.name) for step in plan_of(parts).steps],
        expected.median if expected else None,
        parts.trace.duration_ms,
    )
