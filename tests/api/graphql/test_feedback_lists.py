"""Lists of the improvement loop by GraphQL, page by page, and its global ids."""

from __future__ import annotations

from typing import Any

import pytest

from support.feedback_api import Client, make_client
from support.service import Service, nodes

SLOW, FAST = 100.0, 50.0


@pytest.fixture
async def client(service: Service) -> Client:
    return await make_client(service)


@pytest.mark.slow
async def test_pages_of_runs_and_improvements(client: Client) -> None:
    runs, improvements = [], []
    for number in range(3):
        improvements.append((await client.candidate(templateCode=f"print({number})"))["improvementId"])
        run_id = await client.waiting()
        await client.service.execute("feedback_cancel_run", input={"runId": run_id})
        runs.append(run_id)
    await client.service.execute("feedback_reject_improvement", input={"improvementId": improvements[0]})

    async def walk(name: str, key: str, **filter_: Any) -> list[str]:
        ids, after, more = [], None, True
        while more:
            filter_ = {"patternId": client.pattern_id, **filter_}
            if name == "feedback_runs":
                page = await client.service.execute("feedback_runs", first=2, after=after, **filter_)
            else:
                page = await client.service.execute("feedback_improvements", first=2, after=after, **filter_)
            assert len(page["edges"]) <= 2
            ids += [edge["node"][key] for edge in page["edges"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        return ids

    assert await walk("feedback_runs", "runId") == runs[::-1]
    assert await walk("feedback_runs", "runId", status="COMPLETED") == []
    assert await walk("feedback_improvements", "improvementId") == improvements[::-1]
    assert await walk("feedback_improvements", "improvementId", status="REJECTED") == improvements[:1]
    everywhere = await client.service.execute("feedback_runs", status="CANCELLED", first=3)
    assert [edge["node"]["runId"] for edge in everywhere["edges"]] == runs[::-1]


@pytest.mark.lengthy
async def test_the_executions_of_an_experiment_page_by_page(client: Client) -> None:
    candidate = await client.candidate()
    run_id = await client.waiting()
    [taken] = nodes((await client.run(run_id))["improvements"])
    experiment_id = nodes(taken["experiments"])[0]["experimentId"]
    arms = {client.node_id: "CONTROL", candidate["candidate"]["nodeId"]: "TREATMENT"}
    # An execution is dated by its start: the shorter ones that follow began later, however fast they are recorded.
    recorded = {
        node_id: [await client.record(node_id, 10.0 * n, experimentId=experiment_id) for n in (3, 2, 1)]
        for node_id in arms
    }
    # Not finished, so no evidence; and not of this experiment.
    document = "mutation($input: RecordHookExecutionInput!) { recordHookExecution(input: $input) { __typename } }"
    begun = {"correlationId": f"{client.pattern_id}-work", "hookType": "PostToolUse", "nodeId": client.node_id}
    await client.service.query(document, input={**begun, "experimentId": experiment_id, "status": "IN_PROGRESS"})
    await client.record(client.node_id, 10.0)

    found, after = [], None
    for more in (True, True, False):
        experiment = await client.service.execute(
            "feedback_experiment", experimentId=experiment_id, first=2, after=after
        )
        page = experiment["executions"]
        assert page["pageInfo"]["hasNextPage"] is more
        after = page["pageInfo"]["endCursor"]
        found += page["edges"]
    assert [edge["decisionId"] for edge in found] == [None] * 6
    assert {edge["node"]["arm"] for edge in found[:3]} != {edge["node"]["arm"] for edge in found[3:]}
    for node_id, arm in arms.items():
        mine = [edge["node"] for edge in found if edge["node"]["nodeId"] == node_id]
        assert [execution["executionId"] for execution in mine] == recorded[node_id]
        assert [execution["durationMs"] for execution in mine] == [30.0, 20.0, 10.0]
        assert {execution["arm"] for execution in mine} == {arm}
    [error] = await client.service.errors(
        "query($id: ID!) { experiment(experimentId: $id) { executions(first: 501) { edges { cursor } } } }",
        id=experiment_id,
    )
    assert error["extensions"] == {"code": "INVALID_INPUT", "field": "first"}
    await client.service.execute("feedback_cancel_run", input={"runId": run_id})


@pytest.mark.slow
async def test_everything_of_the_loop_has_a_global_id(client: Client) -> None:
    candidate, run_id = await client.candidate(), await client.waiting()
    await client.supply(run_id, {client.node_id: SLOW, candidate["candidate"]["nodeId"]: FAST})
    await client.ended(run_id)
    document = """
    query($id: ID!) {
      improvement(improvementId: $id) {
        id runId improvementId
        decisions { id decisionId experiment { id experimentId } }
      }
    }
    """
    found = (await client.service.query(document, id=candidate["improvementId"]))["improvement"]
    run_document = "query($id: ID!) { feedbackRun(id: $id) { id runId } }"
    run = (await client.service.query(run_document, id=found["runId"]))["feedbackRun"]
    [decision] = found["decisions"]
    wanted = {
        run["id"]: ("FeedbackRun", run["runId"]),
        found["id"]: ("Improvement", found["improvementId"]),
        decision["experiment"]["id"]: ("Experiment", decision["experiment"]["experimentId"]),
        decision["id"]: ("Decision", decision["decisionId"]),
    }
    node = """
    query($id: ID!) {
      node(id: $id) {
        id
        __typename
        ... on FeedbackRun { own: runId }
        ... on Improvement { own: improvementId }
        ... on Experiment { own: experimentId }
        ... on Decision { own: decisionId }
      }
    }
    """
    for id_, (type_, own) in wanted.items():
        answer = (await client.service.query(node, id=id_))["node"]
        assert answer == {"id": id_, "__typename": type_, "own": own}
    several = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    answer = (await client.service.query(several, ids=list(wanted)))["nodes"]
    assert answer == [{"__typename": type_, "id": id_} for id_, (type_, _) in wanted.items()]
