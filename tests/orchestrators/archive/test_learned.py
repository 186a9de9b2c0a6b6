"""What traces taught, were offered and were recommended keeps none from the archive, and stays when they go."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from loopgraph.contracts.learning.replays import ReplayOutcome, Settled
from loopgraph.contracts.traces.retention import Kept, PruneReport
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.archive.segments import Archive
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog, Settlement
from loopgraph.effects.learning.recommendations import Outcome, RecommendationLog
from loopgraph.orchestrators.archive.pruning import Pruning
from loopgraph.orchestrators.archive.restoration import restore
from support import learning
from support.learned import Learned, learn
from support.replays import offer_of, plan, set_plan
from support.retention import LATEST, counting, forget_older, long_ago, remember
from support.routing import recommendation_of
from support.traces import statement

MONTH = timedelta(days=30)


@pytest.fixture(autouse=True)
async def nothing_older(graph: Graph) -> None:
    await forget_older(graph)


async def prune(graph: Graph, folder: Path) -> PruneReport:
    return await Pruning(Retention(graph), Archive(folder), LATEST, counted=counting(graph)).run()


async def ties(graph: Graph, id_: str) -> set[str]:
    """The types of what learning has tied to a trace."""
    rows = await statement(
        graph, "MATCH (t:Trace {correlation_id: $id}) MATCH (t)-[r]-() RETURN type(r) AS type", id=id_
    )
    return {row["type"] for row in rows} & {"TAUGHT", "SUPPORTED_BY", "FAILED_IN", "OFFERED", "RECOMMENDED"}


@pytest.mark.lengthy
async def test_a_trace_that_taught_and_was_offered_something_goes_and_comes_back(graph: Graph, tmp_path: Path) -> None:
    thing, begun, offers, recommendations = learning.word(), long_ago(), OfferLog(graph), RecommendationLog(graph)
    story = learning.told(f"fix the {thing}", at=begun)
    id_ = story[0].correlation_id
    await remember(graph, story, begun)
    learner = learning.learner(graph)
    await learning.learn(learner, [id_])
    [row] = await learning.taught(graph, [id_])
    offered = Learned([f"fix the {thing} of {new_id()}"])
    await learn(graph, offered)
    await set_plan(graph, offered, plan("Read", "Edit"))
    await offers.offer(offer_of(id_, offered, share=0.0))
    await recommendations.log(recommendation_of(id_))

    held = await prune(graph, tmp_path)  # it is yet to be said what came of both
    assert held.kept[Kept.REFERRED_TO] >= 1
    assert await ties(graph, id_) == {"TAUGHT", "SUPPORTED_BY", "OFFERED", "RECOMMENDED"}
    await offers.settle(Settlement(id_, ReplayOutcome.SUCCESS, True, None, 1_500.0, True, None))
    await recommendations.settle(Outcome(id_, ReplayOutcome.SUCCESS, "fixer", True, None))
    pattern_id, was = str(row["pattern_id"]), await learning.learned(graph, str(row["pattern_id"]))

    await prune(graph, tmp_path)
    assert await statement(graph, "MATCH (t:Trace {correlation_id: $id}) RETURN t.correlation_id AS id", id=id_) == []
    await learning.learn(learner, [id_])
    stays = await learning.learned(graph, pattern_id)
    assert (stays["learned"]["successes"], stays["text"]) == (1, was["text"])
    assert all(step["supporting"] == [] for step in stays["steps"])
    told, complete = await offers.settled(offered.pattern_id, now() - MONTH)
    assert complete
    assert [(one.success, one.duration_ms, one.withheld) for one in told if isinstance(one, Settled)] == [
        (True, 1_500.0, False)
    ]
    [kept] = [one for one in (await recommendations.since(now() - MONTH))[0] if one.correlation_id == id_]
    assert (kept.outcome, kept.ran, kept.followed, kept.candidates) == (
        ReplayOutcome.SUCCESS,
        "fixer",
        True,
        ("fixer", "tester"),
    )
    in_use = await offers.plan(offered.pattern_id)
    assert in_use is not None
    assert (in_use.pattern.replays, in_use.pattern.replay_successes) == (1, 1)

    await restore(Retention(graph), [tmp_path])
    assert await ties(graph, id_) == {"OFFERED", "RECOMMENDED"}
    await counting(graph)()
    await learning.learn(learner, [id_])
    assert await ties(graph, id_) == {"TAUGHT", "SUPPORTED_BY", "OFFERED", "RECOMMENDED"}
    again = await learning.learned(graph, pattern_id)
    assert again["learned"]["successes"] == 1
    assert [step["supporting"] for step in again["steps"]] == [[id_]] * len(again["steps"])
