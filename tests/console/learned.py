"""A learned pattern as the learner makes it, with what came of its plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from loopgraph.computes.learning.plans.following import Step, followed
from loopgraph.contracts.learning.replays import ReplayOutcome
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.learning.offers import OfferLog, Settlement
from support.learned import Learned, retire_all
from support.learning import FIXING, learn, learner, taught, tell, told, word
from support.replays import offer_of
from support.service import Service


async def fill_learned(service: Service) -> str:
    """The id of a learned pattern, whose plan was offered to a trace that left it here and there, and withheld from another."""
    graph, at, thing = service.parts.graph, now() - timedelta(minutes=40), word()
    await retire_all(graph)
    run, another = (*FIXING[:2], ("Grep", {"pattern": "split"})), f"{new_id()}-withheld"
    ids = await tell(
        graph,
        told(f"fix the empty fields of the {thing} importer", at=at),
        told(f"please fix the {thing} importer's empty fields", at=at + timedelta(minutes=1)),
        told(f"fix the empty fields of the {thing} importer", at=at + timedelta(minutes=2), failing=[2], success=False),
        told("fix the importer: it skips empty fields", run, at=at + timedelta(minutes=3)),
        told("fix the importer and its quotes", at=at + timedelta(minutes=4), correlation_id=another),
    )
    await learn(learner(graph), ids[:3])
    [pattern_id] = {row["pattern_id"] for row in await taught(graph, ids[:3])}
    pattern = (await service.execute("learning_pattern", patternId=pattern_id))["nodeId"]
    one = Learned(["fix"], pattern_id=pattern_id, node_id=pattern)
    log = OfferLog(graph)
    for place, (id_, share) in enumerate(((ids[3], 0.0), (another, 1.0))):
        await log.offer(offer_of(id_, one, share=share, at=at + timedelta(minutes=3 + place)))
    following = followed(_steps(FIXING), _steps(run), 3_000.0, 4_500.0)
    await log.settle(Settlement(ids[3], ReplayOutcome.SUCCESS, True, following, 4_500.0, True, now()))
    return str(pattern_id)


def _steps(tools: Sequence[tuple[str, dict[str, Any]]]) -> list[Step]:
    return [Step(name, name) for name, _ in tools]
