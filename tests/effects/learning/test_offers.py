"""The usage log of plans, as the graph holds it, on every engine."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from loopgraph.computes.learning.plans.following import Step, followed
from loopgraph.contracts.base import Page
from loopgraph.contracts.learning.replays import Following, ReplayOutcome, Settled
from loopgraph.contracts.traces.events import TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog, Settlement
from loopgraph.errors import NotFound
from support.access import mate, owned
from support.learned import Learned, learn
from support.replays import offer_of, plan, set_plan
from support.traces import Traces, record

FOLLOWING = followed([Step("Read", "Read"), Step("Bash", "Bash")], [Step("Read", "Read")], 1_000.0, 1_500.0)


async def learned(graph: Graph) -> Learned:
    one = Learned([f"fix the parser of {new_id()}"])
    await learn(graph, one)
    await set_plan(graph, one, plan("Read", "Bash"))
    return one


async def trace(graph: Graph, *, over: bool = True, user: str | None = None) -> str:
    id_ = new_id()
    await record(Traces(graph), TraceStarted(correlation_id=id_, timestamp=now(), user_id=user, session_id=f"{id_}-s"))
    if over:
        await record(Traces(graph), TraceCompleted(correlation_id=id_, success=True, timestamp=now()))
    return id_


def settlement(
    id_: str, outcome: ReplayOutcome, *, replayed: bool = True, following: Following | None = FOLLOWING
) -> Settlement:
    return Settlement(id_, outcome, True, following, 1_500.0, replayed, None)


async def test_a_trace_is_offered_one_plan_however_often_it_is_asked(graph: Graph) -> None:
    one, other, log = await learned(graph), await learned(graph), OfferLog(graph)
    id_ = await trace(graph)
    first = offer_of(id_, one, share=0.0)
    answers = await asyncio.gather(*(log.offer(first) for _ in range(4)), log.offer(offer_of(id_, other, share=0.0)))
    assert len({answer.pattern_id for answer in answers}) == 1
    found = [offer for each in (one, other) for offer in (await log.page(each.pattern_id, Page(first=9), None)).offers]
    assert len(found) == 1
    assert found[0].session_id == f"{id_}-s"
    assert (found[0].outcome, found[0].following, found[0].settled_at) == (None, None, None)
    assert found[0].score == first.score


async def test_what_came_of_it_is_counted_once_and_otherwise_when_it_is_said_otherwise(graph: Graph) -> None:
    one, log, id_ = await learned(graph), OfferLog(graph), await trace(graph)
    await log.offer(offer_of(id_, one, share=0.0))

    async def counts() -> tuple[int, int]:
        found = await log.plan(one.pattern_id)
        assert found is not None
        return found.pattern.replays, found.pattern.replay_successes

    assert await counts() == (0, 0)
    for outcome, replayed, expected in (
        (ReplayOutcome.SUCCESS, True, (1, 1)),
        (ReplayOutcome.SUCCESS, True, (1, 1)),
        (ReplayOutcome.FAILURE, True, (1, 0)),
        (ReplayOutcome.UNKNOWN, False, (0, 0)),
        (ReplayOutcome.SUCCESS, True, (1, 1)),
    ):
        await log.settle(settlement(id_, outcome, replayed=replayed))
        assert await counts() == expected
    [offer] = (await log.page(one.pattern_id, Page(first=9), None)).offers
    assert (offer.outcome, offer.followed, offer.following) == (ReplayOutcome.SUCCESS, True, FOLLOWING)
    assert offer.settled_at is not None
    await log.settle(settlement(new_id(), ReplayOutcome.SUCCESS))


async def test_only_traces_that_are_over_are_to_be_settled(graph: Graph) -> None:
    one, log = await learned(graph), OfferLog(graph)
    over, open_ = await trace(graph), await trace(graph, over=False)
    for id_ in (over, open_):
        await log.offer(offer_of(id_, one, share=0.0))
    waiting = {each.correlation_id: each.plan for each in await log.unsettled(10_000)}
    assert waiting[over] == plan("Read", "Bash")
    assert open_ not in waiting
    await log.settle(settlement(over, ReplayOutcome.SUCCESS))
    assert over not in {each.correlation_id for each in await log.unsettled(10_000)}
    again = Settlement(over, ReplayOutcome.SUCCESS, True, FOLLOWING, 1.0, True, now() - timedelta(seconds=1))
    await log.settle(again)
    assert over in {each.correlation_id for each in await log.unsettled(10_000)}
    await log.settle(again._replace(look_again=now() + timedelta(hours=1)))
    assert over not in {each.correlation_id for each in await log.unsettled(10_000)}


async def test_pages_and_what_came_of_all(graph: Graph) -> None:
    one, log, begin = await learned(graph), OfferLog(graph), now()
    ids = [await trace(graph, user="ann") for _ in range(3)]
    offers = [offer_of(id_, one, at=begin + timedelta(milliseconds=n), unit=f"u{n}") for n, id_ in enumerate(ids)]
    for offer in offers:
        await log.offer(offer)
    first = await log.page(one.pattern_id, Page(first=2), None)
    assert ([offer.correlation_id for offer in first.offers], first.has_more) == (ids[:0:-1], True)
    await owned(graph)
    assert (await log.page(one.pattern_id, Page(first=9), mate("bob"))).offers == []
    await log.settle(settlement(ids[0], ReplayOutcome.FAILURE))
    traces, complete = await log.settled(one.pattern_id, begin - timedelta(seconds=1))
    assert complete
    assert traces == [None, None, Settled(offers[0].unit, offers[0].withheld, False, 1_500.0)]
    everything, _ = await log.settled(None, begin - timedelta(seconds=1))
    assert traces[-1] in everything
    assert (await log.settled(one.pattern_id, begin + timedelta(hours=1)))[0] == []


async def test_what_is_not_there_is_offered_nothing(graph: Graph) -> None:
    one, log = await learned(graph), OfferLog(graph)
    with pytest.raises(NotFound):
        await log.offer(offer_of(new_id(), one))
    with pytest.raises(NotFound):
        await log.offer(offer_of(await trace(graph), Learned(["x"])))
    assert await log.plan(new_id()) is None
    other = Learned([f"fix {new_id()}"])
    await learn(graph, other)
    assert await log.plan(other.pattern_id) is None, "its text is no plan"
