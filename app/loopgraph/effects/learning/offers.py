"""The usage log of plans: which trace was offered which plan, or not given it, and what came of that.

A trace is offered one plan at most. What is known of an offer stands at its relationship; a ``:PlanOffer`` has the keys by which
it is found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from loopgraph.assets import query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.learning.matching import MatchScore
from loopgraph.contracts.learning.plans import LearnedPattern, Plan
from loopgraph.contracts.learning.replays import Deviation, Following, Offer, ReplayOutcome, Settled
from loopgraph.effects.clock import now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.learning import mapping
from loopgraph.effects.traces.reading.reads import LAST, reader_of
from loopgraph.errors import NotFound

_PLAN = query("learning/plan_in_use")
_NAMES = query("learning/seen_names")
_OF_TRACE = query("learning/offer_of_trace")
_CREATE = query("learning/create_offer")
_UNSETTLED = query("learning/unsettled_offers")
_LOCK = query("learning/lock_offer")
_SETTLE = query("learning/settle_offer")
_COUNT = query("learning/count_replays")
_PAGE = query("learning/offers_page")
_OFFERED = query("learning/offered")
_OF_PATTERN = query("learning/offered_of_pattern")

MOST_OFFERS: Final = 20_000
"""So many of the newest offers an effect is estimated from."""

_PARTS: Final = ("semantic", "keyword", "intent", "context", "historical", "explanation")


class PlanInUse(NamedTuple):
    """A learned pattern, and the plan that its version in use is."""

    pattern: LearnedPattern
    plan: Plan


class Unsettled(NamedTuple):
    """An offer whose trace is over, with its plan; None where the version's text is none."""

    correlation_id: str
    withheld: bool
    plan: Plan | None


class Settlement(NamedTuple):
    """What came of an offer. ``replayed``: it counts as a replay of its pattern. ``look_again`` is when it is to be looked at
    once more, None if that was the last time."""

    correlation_id: str
    outcome: ReplayOutcome
    followed: bool
    following: Following | None
    actual_ms: float | None
    replayed: bool
    look_again: datetime | None


class Offers(NamedTuple):
    """One page of offers, and whether there are more."""

    offers: Sequence[Offer]
    has_more: bool


class OfferLog:
    """Reads and writes offers. Each method is one statement or one transaction."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def plan(self, pattern_id: str) -> PlanInUse | None:
        """A learned pattern with its plan; None if there is none, or its text is no plan."""
        rows = await self._graph.read(_PLAN, pattern_id=pattern_id)
        if not rows:
            return None
        [row] = rows
        if (plan := mapping.plan(row["text"])) is None:
            return None
        names = LearnedPattern.model_fields.keys() - {"node_id", "version"}
        fields = {name: value for name, value in row["learned"].items() if name in names}
        return PlanInUse(LearnedPattern(**fields, node_id=row["node_id"], version=row["version"]), plan)

    async def seen(self, name_keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """In which units names were seen, by their keys; those that were in none are absent."""
        rows = await self._graph.read(_NAMES, name_keys=sorted(name_keys)) if name_keys else []
        return {row["name_key"]: tuple(row["witnesses"]) for row in rows}

    async def offer(self, offer: Offer) -> Offer:
        """Writes an offer; if its trace was offered something before, that is it. Raises NotFound if there is no such trace or
        version."""

        async def work(tx: Transaction) -> Offer:
            rows = await tx.run(_OF_TRACE, correlation_id=offer.correlation_id)
            if not rows:
                raise NotFound("Trace", offer.correlation_id)
            [row] = rows
            if row["offer"]:
                return _offer(row)
            key = time_key(offer.at, offer.correlation_id)
            [created] = await tx.run(
                _CREATE,
                correlation_id=offer.correlation_id,
                node_id=offer.node_id,
                offer=_properties(offer),
                unit=offer.unit,
                withheld=offer.withheld,
                time_key=key,
                pattern_key=f"{offer.pattern_id}|{key}",
                settle_key=key,
            )
            if not created["created"]:
                raise NotFound("PatternVersion", offer.node_id)
            return offer.model_copy(update={"session_id": row["session_id"]})

        return await self._graph.transaction(work)

    async def unsettled(self, limit: int) -> list[Unsettled]:
        """Offers whose traces are over, and of which it is to be said what came, the oldest first."""
        rows = await self._graph.read(_UNSETTLED, above="", before=time_key(now(), LAST), limit=limit)
        return [Unsettled(row["correlation_id"], row["withheld"], mapping.plan(row["text"])) for row in rows]

    async def settle(self, settlement: Settlement) -> None:
        """Says what came of an offer, and counts it with its pattern, or counts it otherwise than before."""
        id_, success = settlement.correlation_id, settlement.outcome is ReplayOutcome.SUCCESS
        at = now()
        again = settlement.look_again
        settled = {
            "outcome": settlement.outcome.value,
            "followed": settlement.followed,
            "settled_at": at,
            "actual_duration_ms": settlement.actual_ms,
            "counted": settlement.replayed,
            "counted_success": settlement.replayed and success,
            **_followed(settlement.following),
        }

        async def work(tx: Transaction) -> None:
            told = {"outcome": settlement.outcome.value, "duration_ms": settlement.actual_ms, "settled_at": at}
            key = time_key(again, id_) if again else None
            rows = await tx.run(_LOCK, correlation_id=id_, settle_key=key, **told)
            if not rows:
                return
            [before] = rows
            await tx.run(_SETTLE, correlation_id=id_, settled=settled)
            replays = int(settlement.replayed) - int(before["counted"] or False)
            successes = int(settlement.replayed and success) - int(before["counted_success"] or False)
            if replays or successes:
                await tx.run(_COUNT, pattern_id=before["pattern_id"], replays=replays, successes=successes)

        await self._graph.transaction(work)

    async def page(self, pattern_id: str, page: Page, principal: Principal | None) -> Offers:
        """Offers of a pattern's plans, newest first, of traces that the principal may see."""
        before = page.after or f"{pattern_id}|{LAST}"
        rows = await self._graph.read(
            _PAGE, above=f"{pattern_id}|", before=before, reader=reader_of(principal), limit=page.first + 1
        )
        return Offers([_offer(row) for row in rows[: page.first]], len(rows) > page.first)

    async def settled(self, pattern_id: str | None, since: datetime) -> tuple[list[Settled | None], bool]:
        """What came of the offers (of one pattern) since an instant, None for those that are not settled yet; and whether these
        are all, of which the newest ``MOST_OFFERS`` are read."""
        above, before = time_key(since, ""), LAST
        limit = MOST_OFFERS + 1
        if pattern_id is None:
            rows = await self._graph.read(_OFFERED, above=above, before=before, limit=limit)
        else:
            keys = {"above": f"{pattern_id}|{above}", "before": f"{pattern_id}|{before}"}
            rows = await self._graph.read(_OF_PATTERN, **keys, limit=limit)
        return [_settled(row) for row in rows[:MOST_OFFERS]], len(rows) <= MOST_OFFERS


def key_of(offer: Offer) -> str:
    """The key by which an offer is found among those of its pattern."""
    return f"{offer.pattern_id}|{time_key(offer.at, offer.correlation_id)}"


def _settled(row: Row) -> Settled | None:
    if not row["settled"]:
        return None
    success = {"success": True, "failure": False}.get(row["outcome"])
    return Settled(row["unit"], row["withheld"], success, row["duration_ms"])


def _properties(offer: Offer) -> dict[str, Any]:
    """An offer as properties of its relationship."""
    return {
        "pattern_id": offer.pattern_id,
        "at": offer.at,
        "unit": offer.unit,
        "score": offer.score.total,
        **{name: getattr(offer.score, name) for name in _PARTS if getattr(offer.score, name) is not None},
        "withheld": offer.withheld,
        "propensity": offer.propensity,
    }


def _followed(following: Following | None) -> dict[str, Any]:
    if following is None:
        return {}
    return {
        "planned": following.planned,
        "taken": following.taken,
        "matched": following.matched,
        "adherence": following.adherence,
        "deviating": following.deviating,
        "deviations": orjson.dumps([one.model_dump(mode="json") for one in following.deviations]).decode(),
        "expected_duration_ms": following.expected_duration_ms,
        "performance_variance": following.variance,
    }


def _offer(row: Row) -> Offer:
    found: Mapping[str, Any] = row["offer"]
    score = {name: found.get(name) for name in _PARTS}
    outcome = found.get("outcome")
    return Offer(
        correlation_id=row["correlation_id"],
        session_id=row["session_id"],
        pattern_id=found["pattern_id"],
        node_id=row["node_id"],
        version=row["version"],
        at=found["at"],
        unit=found["unit"],
        score=MatchScore.model_validate({**score, "total": found["score"]}),
        withheld=found["withheld"],
        propensity=found["propensity"],
        outcome=ReplayOutcome(outcome) if outcome else None,
        followed=found.get("followed"),
        following=_following(found),
        settled_at=found.get("settled_at"),
    )


def _following(found: Mapping[str, Any]) -> Following | None:
    if found.get("adherence") is None:
        return None
    return Following(
        planned=found["planned"],
        taken=found["taken"],
        matched=found["matched"],
        adherence=found["adherence"],
        deviations=tuple(Deviation.model_validate(one) for one in orjson.loads(found["deviations"])),
        deviating=found["deviating"],
        expected_duration_ms=found.get("expected_duration_ms"),
        actual_duration_ms=found.get("actual_duration_ms"),
        variance=found.get("performance_variance"),
    )
