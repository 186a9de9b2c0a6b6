"""Applied versions under watch by GraphQL, through a real socket: the service itself watches them and rolls back."""

from __future__ import annotations

import asyncio

import pytest

from support.feedback import make_subject
from support.operations import regression
from support.service import Json, Service, nodes
from support.waiting import PATIENCE_S
from support.watching import FAST, SLOWER, applied, used

WATCH_OF = """
query($nodeId: ID!) {
  patternVersion(nodeId: $nodeId) {
    nodeId
    status
    watch { watchId status decision { decisionId } }
    decision { decisionId }
    pattern { currentVersion { nodeId version templateCode } }
  }
}
"""
SEVERAL = """
query($patternId: ID!) {
  pattern(patternId: $patternId) { versions(first: 10) { edges { node { nodeId watch { watchId } } } } }
}
"""


async def watched(service: Service, node_id: str, status: str) -> Json:
    """The version as soon as its watch has this status."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            version: Json = (await service.query(WATCH_OF, nodeId=node_id))["patternVersion"]
            if (version["watch"] or {}).get(
                "status"
            ) == status:  # read anew: the version itself was read before its watch
                found: Json = (await service.query(WATCH_OF, nodeId=node_id))["patternVersion"]
                return found
            await asyncio.sleep(0.02)


@pytest.mark.lengthy
async def test_the_service_rolls_back_what_regresses_and_shows_its_proof(service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    node_id = (await applied(subject)).candidate_node_id
    version = await watched(service, node_id, "WATCHING")
    assert version["watch"]["decision"] == version["decision"]
    await used(subject, node_id, 12, SLOWER)
    version = await watched(service, node_id, "ROLLED_BACK")
    current = version["pattern"]["currentVersion"]
    assert (version["status"], current["version"], current["templateCode"]) == ("DEPRECATED", 3, "print('good')")

    watch = await service.execute("feedback_watch", watchId=version["watch"]["watchId"], first=5)
    assert watch["restored"]["nodeId"] == current["nodeId"]
    guard = watch["metricGuard"]
    assert abs(guard["proofMean"] - FAST) < 5
    assert abs(guard["mean"] - SLOWER) < 5
    assert guard["lossInterval"]["low"] > guard["margin"] == 0.1
    [edge] = nodes(watch["version"]["outgoingEdges"])
    assert edge["targetNodeId"] == current["nodeId"]
    assert edge["metadata"]["metric_loss"] == guard["loss"]
    [event] = nodes(watch["version"]["events"])
    assert (event["eventType"], event["actorId"], event["data"]["units"]) == ("VERSION_ROLLED_BACK", "loop", 12)
    page = watch["executions"]
    seen = page["edges"]
    while page["pageInfo"]["hasNextPage"]:
        page = (
            await service.execute(
                "feedback_watch", watchId=watch["watchId"], first=5, after=page["pageInfo"]["endCursor"]
            )
        )["executions"]
        seen += page["edges"]
    assert len({edge["node"]["executionId"] for edge in seen}) == len(seen) == 12
    assert all(edge["evidence"] for edge in seen)
    assert len({edge["node"]["unit"] for edge in seen}) == 12

    found = await service.execute("feedback_watches", patternId=subject.pattern_id)
    assert [one["status"] for one in nodes(found)] == ["ROLLED_BACK"]
    assert nodes(await service.execute("feedback_watches", patternId=subject.pattern_id, status="HELD")) == []
    of_versions = nodes((await service.query(SEVERAL, patternId=subject.pattern_id))["pattern"]["versions"])
    assert [one["watch"] is not None for one in of_versions] == [False, True, False]


@pytest.mark.lengthy
async def test_a_reviewer_decides_on_a_regression_once(service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    watch_id = await regression(subject)
    about = {"watchId": watch_id, "actor": {"id": "ann"}}
    [waiting] = nodes(await service.execute("feedback_watches", patternId=subject.pattern_id, status="REGRESSED"))
    assert (waiting["review"], waiting["stillBetter"], waiting["breached"]) == ("STILL_BETTER", True, ["DURATION_MS"])
    done = await service.execute("feedback_approve_rollback", input={**about, "note": "as it was"})
    assert done["__typename"] == "WatchPayload", done
    watch = done["watch"]
    assert (watch["status"], watch["endedBy"], watch["note"]) == ("ROLLED_BACK", "ann", "as it was")
    assert watch["pattern"]["currentVersion"]["nodeId"] == watch["restored"]["nodeId"]
    again = await service.execute("feedback_dismiss_regression", input={**about, "reason": "no"})
    assert (again["__typename"], again["current"], again["wanted"]) == ("InvalidTransition", "ROLLED_BACK", "DISMISSED")
    unknown = await service.execute("feedback_dismiss_regression", input={"watchId": "nobody", "reason": ""})
    assert (unknown["__typename"], unknown["kind"]) == ("NotFound", "Watch")


@pytest.mark.lengthy
async def test_a_regression_that_is_dismissed_leaves_the_version_in_use(service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    watch_id = await regression(subject)
    done = await service.execute("feedback_dismiss_regression", input={"watchId": watch_id, "reason": "fine"})
    assert (done["watch"]["status"], done["watch"]["note"]) == ("DISMISSED", "fine")
    watch = await service.execute("feedback_watch", watchId=watch_id)
    assert watch["restored"] is None
    assert [event["eventType"] for event in nodes(watch["version"]["events"])] == [
        "REGRESSION_DISMISSED",
        "VERSION_REGRESSED",
    ]
