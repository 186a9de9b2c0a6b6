"""Several candidates beside each other, by GraphQL."""

from __future__ import annotations

import pytest

from support.feedback_api import make_client
from support.service import Service, nodes

pytestmark = pytest.mark.slow

EVIDENCE = """
query($nodeId: ID!, $candidateId: ID!) {
  patternVersion(nodeId: $nodeId) {
    decision {
      verdict reason
      result { familySize adjustedPValue control { n } treatment { n } }
      experiment {
        arms { arm nodeId share improvement { status reason } version { version } tally { units } droppedAt }
        executions(first: 5) { edges { decisionId node { executionId nodeId arm unit } } }
      }
    }
  }
  improvement(improvementId: $candidateId) {
    decisionsConnection(first: 5) { edges { node { verdict reason explanation } } }
  }
}
"""


@pytest.mark.exhaustive
async def test_the_best_is_applied_and_its_proof_is_all_arms(service: Service) -> None:
    client = await make_client(service)
    slower, faster = [await client.candidate(templateCode=f"print({number})") for number in range(2)]
    run_id = await client.waiting(design={"candidatesAtOnce": 2, "candidateShares": [0.3, 0.3]}, minSampleSize=15)
    experiment_id = nodes(nodes((await client.run(run_id))["improvements"])[0]["experiments"])[0]["experimentId"]
    found = await service.execute("feedback_experiment", experimentId=experiment_id)
    assert (found["design"]["candidatesAtOnce"], found["design"]["candidateShares"]) == (2, [0.3, 0.3])
    arms = [(arm["arm"], arm["nodeId"], arm["share"], arm["improvementId"]) for arm in found["arms"]]
    versions = [each["candidate"]["nodeId"] for each in (slower, faster)]
    assert arms == [
        ("CONTROL", client.node_id, pytest.approx(0.4), None),
        ("TREATMENT", versions[0], 0.3, slower["improvementId"]),
        ("TREATMENT", versions[1], 0.3, faster["improvementId"]),
    ]

    means = {client.node_id: 100.0, versions[0]: 98.0, versions[1]: 50.0}
    for _ in range(2):  # the first units may all be needed for a first look
        await client.work(means)
        unit = 0
        while (await client.run(run_id))["status"] == "WAITING" and unit < 400:
            unit += 1
            given = await client.assigned(f"more-{unit}")
            named = {"experimentId": given["experimentId"], "unit": f"more-{unit}"}
            await client.record(given["nodeId"], means[given["nodeId"]] + unit % 7, **named)
    run = await client.ended(run_id)
    assert (run["status"], run["improvementsApplied"]) == ("COMPLETED", 1)

    told = await service.query(EVIDENCE, nodeId=versions[1], candidateId=slower["improvementId"])
    decision = told["patternVersion"]["decision"]
    assert (decision["verdict"], decision["reason"]) == ("APPLY", "SIGNIFICANT_IMPROVEMENT")
    assert decision["result"]["familySize"] == 2
    proof = decision["experiment"]
    assert [arm["improvement"] and arm["improvement"]["status"] for arm in proof["arms"]] == [
        None,
        "REJECTED",
        "APPLIED",
    ]
    assert [arm["version"]["version"] for arm in proof["arms"]] == [1, 2, 3]
    by_version, page = dict.fromkeys(means, 0), {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        at = {"experimentId": experiment_id, "first": 100, "after": page["endCursor"]}
        executions = (await service.execute("feedback_experiment", **at))["executions"]
        page = executions["pageInfo"]
        for edge in executions["edges"]:
            by_version[edge["node"]["nodeId"]] += edge["decisionId"] is not None
    assert by_version[client.node_id] == decision["result"]["control"]["n"]
    assert by_version[versions[1]] == decision["result"]["treatment"]["n"]
    assert by_version[versions[0]] > 0
    [left] = nodes(told["improvement"]["decisionsConnection"])
    assert (left["verdict"], left["reason"]) == ("REJECT", "OUTPERFORMED")
    assert left["explanation"].startswith("Another candidate of the same experiment did better")

    for node_id, effect in zip(versions, (-2.0, -50.0), strict=True):
        of = {"experimentId": experiment_id, "treatmentNodeId": node_id}
        standing = await service.execute("feedback_experiment_standing", gain=0.2, **of)
        assert standing["estimate"]["effect"] == pytest.approx(effect, abs=6.0)
        course = await service.execute("feedback_experiment_course", first=5, **of)
        assert course["points"][-1]["effect"] == pytest.approx(effect, abs=6.0)
    another = f'{{ experimentCourse(experimentId: "{experiment_id}", treatmentNodeId: "another") {{ level }} }}'
    [error] = await service.errors(another)
    assert "must be a candidate of the experiment" in error["message"]
