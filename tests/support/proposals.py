"""Learned patterns that should be one, and proposals that say so."""

from __future__ import annotations

from datetime import timedelta

from loopgraph.computes.learning.doubling import merge_evidence, smaller_first
from loopgraph.contracts.learning.proposals import PlanProposal, ProposalKind
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.proposals import ProposalLog
from loopgraph.effects.learning.rounds import LearningRounds
from loopgraph.orchestrators.learning.upkeep import proposal_of
from support import learning


async def doubles(graph: Graph) -> tuple[str, str]:
    """Two learned patterns that are about the same, but not in the same words: the greater one, and the other."""
    thing = learning.word()
    stories = [learning.told(f"fix the {thing} lighthouse lamp") for _ in range(3)]
    stories += [learning.told(f"repair the dim {thing} lighthouse") for _ in range(2)]
    ids = await learning.tell(graph, *stories)
    await learning.learn(learning.learner(graph), ids)
    rows = {row["id"]: row["pattern_id"] for row in await learning.taught(graph, ids)}
    assert rows[ids[0]] != rows[ids[-1]]
    return rows[ids[0]], rows[ids[-1]]


async def proposed(graph: Graph) -> PlanProposal:
    """A proposal that two such patterns become one."""
    greater, other = await doubles(graph)
    known = await LearningRounds(graph).patterns([greater, other])
    merged, into = smaller_first(known[greater], known[other])
    evidence = merge_evidence(merged, into, 0.9)
    assert evidence is not None
    proposal, log = proposal_of(ProposalKind.MERGE, [merged, into], evidence), ProposalLog(graph, timedelta(0))
    while not await log.propose(await log.looked(), None, [proposal]):
        pass
    return proposal
