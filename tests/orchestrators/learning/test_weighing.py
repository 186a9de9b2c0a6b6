"""What traces in the graph say of the weights of a match."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.computes.learning.requests.lexical import Lexical
from loopgraph.contracts.learning.matching import SEED_WEIGHTS
from loopgraph.contracts.learning.weighing import Past
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog
from loopgraph.effects.learning.past import PastReads
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.orchestrators.learning.weighing import MOST_SPOKEN_FOR, Weighing
from support import learning
from support.learned import Learned
from support.replays import offer_of
from support.traces import NOON


async def gone(graph: Graph, ids: list[str]) -> dict[str, Past]:
    """Traces as they are gone through."""
    reads = PromptReads(graph)
    past, _ = await Weighing(PastReads(graph), PromptSearch(reads, Lexical()), SEED_WEIGHTS).pairs()
    return {one.correlation_id: one for one in past if one.correlation_id in ids}


async def test_traces_are_gone_through_with_what_they_were_asked_and_taught(graph: Graph) -> None:
    thing = learning.word()
    stories = [learning.told(f"fix the {thing}", at=NOON + timedelta(minutes=at), success=at != 2) for at in range(3)]
    ids = await learning.tell(graph, *stories)
    await learning.learn(learning.learner(graph), ids)
    past = await gone(graph, ids)
    assert [past[id_].role.value for id_ in ids] == ["success", "success", "failure"]
    assert len({one.pattern_id for one in past.values()}) == 1
    first = past[ids[0]]
    assert (first.prompt, first.session, first.speaks_for) == (f"fix the {thing}", f"{ids[0]}-session", 1.0)
    assert (first.context.domain, first.context.project, first.context.agent) == ("harbours", "/src", None)
    assert [step.name for step in first.plan.steps] == ["Read", "Edit", "Bash"]
    assert first.time_key < past[ids[1]].time_key < past[ids[2]].time_key


@pytest.mark.parametrize(("share", "withheld", "speaks_for"), [(0.2, True, 5.0), (0.2, False, 0.0), (0.01, True, 10.0)])
async def test_a_withheld_plan_has_a_trace_speak_for_those_that_were_handed_one(
    graph: Graph, share: float, withheld: bool, speaks_for: float
) -> None:
    thing = learning.word()
    ids = await learning.tell(graph, learning.told(f"fix the {thing}"), learning.told(f"fix the {thing}"))
    await learning.learn(learning.learner(graph), ids)
    [row, _] = await learning.taught(graph, ids)
    its = await learning.learned(graph, row["pattern_id"])
    pattern = Learned([thing], pattern_id=row["pattern_id"], node_id=its["node_id"])
    probable = share if withheld else 1.0 - share
    offer = offer_of(ids[1], pattern).model_copy(update={"withheld": withheld, "propensity": probable})
    await OfferLog(graph).offer(offer)
    past = await gone(graph, ids)
    assert (past[ids[0]].speaks_for, past[ids[1]].speaks_for) == pytest.approx((1.0, speaks_for))
    assert speaks_for <= MOST_SPOKEN_FOR
