"""What came of plans that were offered is said when their traces are over, and again when it turns out otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from loopgraph.contracts.base import Page
from loopgraph.contracts.learning.replays import DeviationKind, Offer, ReplayOutcome
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.contracts.traces.events import TraceEvent
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog
from loopgraph.orchestrators.learning.settling import LOOK_AGAIN, Settling
from support.feedback import TESTER
from support.learned import Learned, learn
from support.learning import FIXING, JUDGE, told
from support.replays import offer_of, plan, set_plan
from support.said import taking_feedback
from support.traces import Traces, record

PLAN = plan("Read", "Edit", "Bash", duration_ms=2_000)
ASKING = ("mcp__loopgraph__replay_plan", {"request": "fix it"})
LONG_AGO = now() - 2 * LOOK_AGAIN


async def learned(graph: Graph) -> Learned:
    one = Learned([f"fix the parser of {new_id()}"])
    await learn(graph, one)
    steps = [step.model_copy(update={"program": "pytest" if step.name == "Bash" else None}) for step in PLAN.steps]
    await set_plan(graph, one, PLAN.model_copy(update={"steps": tuple(steps)}))
    return one


async def offered(graph: Graph, one: Learned, events: Sequence[TraceEvent], *, share: float = 0.0) -> str:
    """A trace that was offered the plan with its prompt, and then went on."""
    begin, *rest = events
    await record(Traces(graph), begin)
    await OfferLog(graph).offer(offer_of(begin.correlation_id, one, share=share))
    await record(Traces(graph), *rest)
    return begin.correlation_id


async def offer(graph: Graph, one: Learned) -> Offer:
    [found] = (await OfferLog(graph).page(one.pattern_id, Page(first=9), None)).offers
    return found


async def counts(graph: Graph, one: Learned) -> tuple[int, int]:
    found = await OfferLog(graph).plan(one.pattern_id)
    assert found is not None
    return found.pattern.replays, found.pattern.replay_successes


def fixing(steps: Sequence[tuple[str, dict[str, Any]]] = FIXING, **fields: Any) -> list[TraceEvent]:
    return told("fix the parser", steps, **{"at": LONG_AGO, **fields})


async def settle(graph: Graph) -> None:
    settling = Settling(graph, JUDGE)
    while await settling.look():
        pass


async def test_a_plan_that_was_followed_and_did_well_is_a_replay_that_succeeded(graph: Graph) -> None:
    one = await learned(graph)
    await offered(graph, one, fixing([ASKING, *FIXING]))
    await settle(graph)
    found = await offer(graph, one)
    assert (found.outcome, found.followed) == (ReplayOutcome.SUCCESS, True)
    assert found.following is not None
    assert (found.following.planned, found.following.taken, found.following.matched) == (3, 3, 3)
    assert (found.following.adherence, found.following.deviations) == (1.0, ())
    assert found.following.expected_duration_ms == 2_000
    assert found.following.actual_duration_ms is not None
    assert found.following.variance == found.following.actual_duration_ms / 2_000 - 1
    assert await counts(graph, one) == (1, 1)
    await settle(graph)
    assert await counts(graph, one) == (1, 1)


async def test_one_that_was_withheld_is_aligned_too_and_is_no_replay(graph: Graph) -> None:
    one = await learned(graph)
    await offered(graph, one, fixing(), share=0.9999)
    await settle(graph)
    found = await offer(graph, one)
    assert (found.withheld, found.outcome, found.followed) == (True, ReplayOutcome.SUCCESS, True)
    assert await counts(graph, one) == (0, 0)


async def test_one_that_was_not_followed_is_no_replay_and_says_where_it_went(graph: Graph) -> None:
    one = await learned(graph)
    await offered(graph, one, fixing([("WebFetch", {"url": "http://a.b"}), ("Grep", {"pattern": "x"}), FIXING[0]]))
    await settle(graph)
    found = await offer(graph, one)
    assert found.followed is False
    assert found.following is not None
    assert [(each.kind, each.name) for each in found.following.deviations] == [
        (DeviationKind.ADDED, "WebFetch"),
        (DeviationKind.ADDED, "Grep"),
        (DeviationKind.SKIPPED, "Edit"),
        (DeviationKind.SKIPPED, "Bash"),
    ]
    assert await counts(graph, one) == (0, 0)


async def test_one_that_failed_counts_as_a_replay_that_failed(graph: Graph) -> None:
    one = await learned(graph)
    await offered(graph, one, fixing(failing=[2], success=False))
    await settle(graph)
    assert (await offer(graph, one)).outcome is ReplayOutcome.FAILURE
    assert await counts(graph, one) == (1, 0)


async def test_a_trace_that_goes_on_is_waited_for(graph: Graph) -> None:
    one, events = await learned(graph), fixing()
    await offered(graph, one, events[:-1])
    await settle(graph)
    assert (await offer(graph, one)).settled_at is None
    await record(Traces(graph), events[-1])
    await settle(graph)
    assert (await offer(graph, one)).outcome is ReplayOutcome.SUCCESS


async def test_what_is_said_later_counts_in_place_of_what_was_told_first(graph: Graph) -> None:
    one = await learned(graph)
    id_ = await offered(graph, one, fixing(at=now() - timedelta(seconds=30)))
    await settle(graph)
    assert await counts(graph, one) == (1, 1)
    await taking_feedback(graph).submit(NewFeedback(correlation_id=id_, rating=1), TESTER, None)
    soon = "MATCH (x:PlanOffer {correlation_id: $id}) SET x.settle_key = '0000000000000001|x' RETURN 1 AS n"
    await graph.run_alone(soon, {"id": id_})
    await settle(graph)
    assert (await offer(graph, one)).outcome is ReplayOutcome.FAILURE
    assert await counts(graph, one) == (1, 0)
