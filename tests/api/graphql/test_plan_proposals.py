"""Proposals that learned patterns become one are listed with their evidence, carried out, and dismissed."""

from __future__ import annotations

import pytest

from loopgraph.effects.clock import new_id
from support import learning
from support.proposals import proposed
from support.service import Service


@pytest.mark.lengthy
async def test_proposals_are_listed_and_decided(service: Service) -> None:
    graph = service.parts.graph
    one, other = await proposed(graph), await proposed(graph)
    listed = await service.execute("learning_plan_proposals", status="OPEN", kind="MERGE", first=50)
    found = {edge["node"]["proposalId"]: edge["node"] for edge in listed["edges"]}
    mine = found[one.proposal_id]
    assert (mine["pattern"]["patternId"], mine["other"]["patternId"]) == (one.pattern_id, one.other_id)
    assert mine["evidence"] == {
        "score": 0.9,
        "planSimilarity": 1.0,
        "successes": 2,
        "failures": 0,
        "otherSuccesses": 3,
        "otherFailures": 0,
        "prompts": 0,
    }
    assert (mine["decidedAt"], mine["nodeId"]) == (None, None)

    done = await service.execute(
        "learning_accept_proposal", input={"proposalId": one.proposal_id, "reason": "the same"}
    )
    assert done["__typename"] == "PlanProposalPayload"
    told = done["proposal"]
    assert (told["status"], told["reason"], told["patternId"], told["otherId"]) == (
        "ACCEPTED",
        "the same",
        one.pattern_id,
        one.other_id,
    )
    assert one.other_id is not None
    merged = await learning.learned(graph, one.other_id)
    assert (merged["node_id"], merged["learned"]["successes"]) == (told["nodeId"], 5)

    dismissed = await service.execute("learning_dismiss_proposal", input={"proposalId": other.proposal_id})
    assert dismissed["proposal"]["status"] == "DISMISSED"
    for id_, wanted in ((other.proposal_id, "InvalidTransition"), (new_id(), "NotFound")):
        accepting = await service.execute("learning_accept_proposal", input={"proposalId": id_})
        dismissing = await service.execute("learning_dismiss_proposal", input={"proposalId": id_})
        assert (accepting["__typename"], dismissing["__typename"]) == (wanted, wanted)
