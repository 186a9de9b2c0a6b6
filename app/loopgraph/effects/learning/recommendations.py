"""What is known of agents, and the log of which was recommended for which trace, and what came of that.

What is known of a recommendation stands at its relationship; an ``:AgentRecommendation`` has the keys by which it is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.learning.replays import ReplayOutcome
from loopgraph.contracts.learning.routing import (
    AgentRecord,
    LoggedRecommendation,
    RecordOrder,
    RecordScope,
    RoutingStrategy,
)
from loopgraph.effects.clock import now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.reading.reads import LAST, reader_of
from loopgraph.errors import NotFound

_RECORDS = query("learning/records_of_scopes")
_OF_TRACE = query("learning/recommendation_of_trace")
_CREATE = query("learning/create_recommendation")
_UNSETTLED = query("learning/unsettled_recommendations")
_SETTLE = query("learning/settle_recommendation")
_RECOMMENDED = query("learning/recommended")
_SINCE = query("learning/recommended_since")

MOST_RECORDS: Final = 200
"""So many agents of a scope are compared."""

MOST_RECOMMENDATIONS: Final = 20_000
"""So many of the newest recommendations a policy is estimated by."""


class Asked(NamedTuple):
    """A trace that an agent is recommended for, with what was recommended for it before, and whether it is over."""

    correlation_id: str
    session_id: str | None
    prompt_text: str | None
    project: str | None
    recommended: LoggedRecommendation | None
    is_over: bool


class Unsettled(NamedTuple):
    """A recommendation whose trace is over."""

    correlation_id: str
    agent: str


class Outcome(NamedTuple):
    """What came of a recommendation. ``look_again`` is when it is to be looked at once more, None if that was the last time."""

    correlation_id: str
    outcome: ReplayOutcome
    ran: str | None
    followed: bool
    look_again: datetime | None


class Recommendations(NamedTuple):
    """One page of recommendations, and whether there are more."""

    recommendations: Sequence[LoggedRecommendation]
    has_more: bool


class RecommendationLog:
    """Reads what is known of agents; reads and writes recommendations. Each method is one statement or one transaction."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def records(
        self, scopes: Mapping[RecordScope, str], order: RecordOrder
    ) -> dict[RecordScope, list[AgentRecord]]:
        """How runs of agents went, in some scopes: of each the ``MOST_RECORDS`` that go before others."""
        found: dict[RecordScope, list[AgentRecord]] = {}
        if scopes:
            names = AgentRecord.model_fields
            told = {"scope_keys": list(scopes.values()), "limit": MOST_RECORDS, **order._asdict()}
            for row in await self._graph.read(_RECORDS, **told):
                record = AgentRecord(**{name: row["record"][name] for name in names if name in row["record"]})
                found.setdefault(record.scope, []).append(record)
        return found

    async def asked(self, correlation_id: str, principal: Principal | None) -> Asked:
        """A trace, as an agent is recommended for it. Raises NotFound for one that there is not, or that is another's."""
        rows = await self._graph.read(_OF_TRACE, correlation_id=correlation_id, reader=reader_of(principal))
        if not rows:
            raise NotFound("Trace", correlation_id)
        [row] = rows
        names = {name: row[name] for name in ("correlation_id", "session_id", "prompt_text", "project")}
        recommended = _recommendation(row) if row["recommendation"] else None
        return Asked(**names, recommended=recommended, is_over=bool(row["is_over"]))

    async def log(self, one: LoggedRecommendation) -> LoggedRecommendation:
        """Writes a recommendation; if an agent was recommended for its trace before, that is it. Raises NotFound if there is no
        such trace."""

        async def work(tx: Transaction) -> LoggedRecommendation:
            rows = await tx.run(_OF_TRACE, correlation_id=one.correlation_id, reader=None)
            if not rows:
                raise NotFound("Trace", one.correlation_id)
            [row] = rows
            if row["recommendation"]:
                return _recommendation(row)
            key = time_key(one.at, one.correlation_id)
            told = {"recommendation": _properties(one), "time_key": key, "settle_key": key}
            await tx.run(_CREATE, correlation_id=one.correlation_id, agent=one.agent, **told)
            return one.model_copy(update={"session_id": row["session_id"]})

        return await self._graph.transaction(work)

    async def unsettled(self, limit: int) -> list[Unsettled]:
        """Recommendations whose traces are over, and of which it is to be said what came, the oldest first."""
        rows = await self._graph.read(_UNSETTLED, above="", before=time_key(now(), LAST), limit=limit)
        return [Unsettled(row["correlation_id"], row["agent"]) for row in rows]

    async def settle(self, one: Outcome) -> None:
        """Says what came of a recommendation."""
        id_, again = one.correlation_id, one.look_again
        settled = {"outcome": one.outcome.value, "ran": one.ran, "followed": one.followed, "settled_at": now()}
        key = time_key(again, id_) if again else None
        await self._graph.write(_SETTLE, correlation_id=id_, settle_key=key, settled=settled)

    async def page(self, page: Page, principal: Principal | None) -> Recommendations:
        """Recommendations, newest first, for traces that the principal may see."""
        keys = {"above": "", "before": page.after or LAST, "limit": page.first + 1}
        rows = await self._graph.read(_RECOMMENDED, **keys, reader=reader_of(principal))
        found = list(map(_recommendation, rows))
        return Recommendations(found[: page.first], len(found) > page.first)

    async def since(self, instant: datetime) -> tuple[list[LoggedRecommendation], bool]:
        """The recommendations since an instant, newest first, and whether these are all, of which ``MOST_RECOMMENDATIONS`` are
        read."""
        keys = {"above": time_key(instant, ""), "before": LAST, "limit": MOST_RECOMMENDATIONS + 1}
        found = list(map(_recommendation, await self._graph.read(_SINCE, **keys)))
        return found[:MOST_RECOMMENDATIONS], len(found) <= MOST_RECOMMENDATIONS


def key_of(one: LoggedRecommendation) -> str:
    """The key by which a recommendation is found among all."""
    return time_key(one.at, one.correlation_id)


def _properties(one: LoggedRecommendation) -> dict[str, Any]:
    """A recommendation as properties of its relationship."""
    names = ("correlation_id", "session_id", "agent", "outcome", "ran", "followed", "settled_at")
    told = one.model_dump(exclude=set(names), exclude_none=True)
    return {**told, "strategy": one.strategy.value, "candidates": list(one.candidates)}


def _recommendation(row: Row) -> LoggedRecommendation:
    found: Mapping[str, Any] = row["recommendation"]
    outcome = found.get("outcome")
    return LoggedRecommendation(
        correlation_id=row["correlation_id"],
        session_id=row["session_id"],
        at=found["at"],
        unit=found["unit"],
        agent=row["agent"],
        strategy=RoutingStrategy(found["strategy"]),
        propensity=found["propensity"],
        explore_share=found["explore_share"],
        action=found["action"],
        project=found.get("project"),
        pattern_id=found.get("pattern_id"),
        pattern_agent=found.get("pattern_agent"),
        historical_agent=found.get("historical_agent"),
        candidates=tuple(found["candidates"]),
        outcome=ReplayOutcome(outcome) if outcome else None,
        ran=found.get("ran"),
        followed=found.get("followed"),
        settled_at=found.get("settled_at"),
    )
