"""Links: beside each raw id the thing itself, by one read for all parents of a list."""

from __future__ import annotations

import pytest

from loopgraph.api.graphql.types.traces import pages
from loopgraph.computes.traces.waterfall import Waterfall
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from support.operations import variables_of_all
from support.quick import first_quick
from support.service import Json, Service, nodes
from support.traces import make_version

LINKS = {
    "lineage_edge": "lineageEdge(edgeId: $edgeId) { sourceNodeId source { own: nodeId } targetNodeId target { own: nodeId } "
    "sourcePatternId sourcePattern { own: patternId } targetPatternId targetPattern { own: patternId } }",
    "lineage_version": "patternVersion(nodeId: $nodeId) { patternId pattern { own: patternId } }",
    "feedback_run": "feedbackRun(id: $id) { patternId pattern { own: patternId } controlNodeId control { own: nodeId } }",
    "feedback_improvement": "improvement(improvementId: $improvementId) { patternId pattern { own: patternId } "
    "runId run { own: runId } candidateNodeId candidate { own: nodeId } baseNodeId base { own: nodeId } }",
    "feedback_experiment": "experiment(experimentId: $experimentId) { patternId pattern { own: patternId } "
    "runId run { own: runId } improvementId improvement { own: improvementId } controlNodeId control { own: nodeId } "
    "treatmentNodeId treatment { own: nodeId } }",
    "feedback_decision": "decision(decisionId: $decisionId) { experimentId experiment { own: experimentId } "
    "improvementId improvement { own: improvementId } }",
}


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("name", first_quick(LINKS))
async def test_a_link_leads_to_what_the_raw_id_names(service: Service, name: str) -> None:
    variables = (await variables_of_all(service))[name]
    declared = ", ".join(f"${key}: ID!" for key in variables)
    [found] = (await service.query(f"query({declared}) {{ {LINKS[name]} }}", **variables)).values()
    raw = {key: value for key, value in found.items() if not isinstance(value, dict)}
    linked = {key: value["own"] for key, value in found.items() if isinstance(value, dict)}
    assert len(raw) == len(linked) >= 1
    assert None not in raw.values()
    for key, value in linked.items():
        assert value in {raw.get(f"{key}Id"), raw.get(f"{key}NodeId")}, key


async def events_of(service: Service, traces: int) -> tuple[str, list[TraceEvent]]:
    """A session of so many traces: each spawned a child by a step in a step, which ran a version of its own and made a call."""
    session, events = new_id(), list[TraceEvent]()
    for _ in range(traces):
        trace, child, outer, inner, node_id = (
            new_id(),
            new_id(),
            new_id(),
            new_id(),
            await make_version(service.parts.graph),
        )
        events += [
            TraceStarted(correlation_id=trace, session_id=session),
            HookExecuted(correlation_id=trace, execution_id=outer, session_id=session, hook_type="t", success=True),
            HookExecuted(
                correlation_id=trace, execution_id=inner, parent_id=outer, hook_type="t", node_id=node_id, success=True
            ),
            EndpointCalled(
                correlation_id=trace,
                call_id=new_id(),
                hook_execution_id=inner,
                service_name="s",
                endpoint_path="/",
                success=True,
            ),
            TraceStarted(correlation_id=child, session_id=session, parent_id=trace, root_id=trace, spawned_by=inner),
        ]
    return session, events


TREE = """
query($session: ID!) {
  traces(filter: {sessionId: $session}, first: 50) { edges { node {
    correlationId sessionId session { sessionId } rootId root { correlationId } parentId parent { correlationId }
    spawnedBy spawnedByStep { executionId } spawnBasis
    hookExecutionsConnection(first: 5) { edges { node {
      executionId correlationId trace { correlationId } parentId parent { executionId } sessionId session { sessionId }
      nodeId version { nodeId } experiment { experimentId }
    } } }
    endpointCallsConnection(first: 5) { edges { node {
      hookExecutionId hookExecution { executionId } correlationId trace { correlationId }
    } } }
  } } }
}
"""


@pytest.mark.lengthy
async def test_links_within_traces(quiet_service: Service) -> None:
    service = quiet_service

    async def of(traces: int) -> tuple[list[Json], int]:
        session, events = await events_of(service, traces)
        await service.parts.recorder.record(events)
        statements = await service.statements(TREE, session=session)
        return nodes((await service.query(TREE, session=session))["traces"]), statements

    _, few = await of(1)
    found, many = await of(10)
    # Loaders gather what is asked for at one time; where a slice of time ends in between, one reads twice.
    assert many < few + 8
    assert len(found) == 20
    for trace in found:
        assert trace["session"] == {"sessionId": trace["sessionId"]}
        assert trace["parent"] == (trace["parentId"] and {"correlationId": trace["parentId"]})
        assert trace["root"] == (trace["rootId"] and {"correlationId": trace["rootId"]})
        assert trace["spawnedByStep"] == (trace["spawnedBy"] and {"executionId": trace["spawnedBy"]})
        assert trace["spawnBasis"] == (trace["spawnedBy"] and "CLIENT")
        for step in nodes(trace["hookExecutionsConnection"]):
            assert step["trace"] == {"correlationId": trace["correlationId"]}
            assert step["parent"] == (step["parentId"] and {"executionId": step["parentId"]})
            assert step["session"] == (step["sessionId"] and {"sessionId": step["sessionId"]})
            assert step["version"] == (step["nodeId"] and {"nodeId": step["nodeId"]})
            assert step["experiment"] is None
        for call in nodes(trace["endpointCallsConnection"]):
            assert call["hookExecution"] == {"executionId": call["hookExecutionId"]}
            assert call["trace"] == {"correlationId": trace["correlationId"]}
    assert sum(trace["parentId"] is not None for trace in found) == 10


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_links_of_events_and_assignments(service: Service) -> None:
    variables = await variables_of_all(service)
    document = """
    query($pattern: ID!) {
      lineageEvents(filter: {patternId: $pattern, eventTypes: [EDGE_CREATED]}) {
        edges { node { edgeId edge { edgeId } patternId pattern { patternId } } }
      }
      assignVariant(patternId: $pattern, unit: "u") {
        patternId pattern { patternId } nodeId assignedVersion { nodeId } experiment { reason }
      }
    }
    """
    found = await service.query(document, pattern=variables["lineage_pattern"]["patternId"])
    [event] = nodes(found["lineageEvents"])
    assert event["edge"] == {"edgeId": event["edgeId"]}
    assert event["pattern"] == {"patternId": event["patternId"]}
    assigned = found["assignVariant"]
    assert assigned["pattern"] == {"patternId": assigned["patternId"]}
    assert (assigned["assignedVersion"], assigned["experiment"]) == ({"nodeId": assigned["nodeId"]}, None)


@pytest.mark.lengthy
async def test_links_to_one_tree_draw_it_once(quiet_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = new_id()
    for _ in range(12):
        event = {"correlation_id": trace, "hook_type": "ToolUse"}
        (await quiet_service.http.post("/api/traces/hook", json=event)).raise_for_status()
    drawn = []
    monkeypatch.setattr(pages, "Waterfall", lambda tops: drawn.append(tops) or Waterfall(tops))
    answer = await quiet_service.query(
        """query($id: ID!) { trace(correlationId: $id) { hookExecutionsConnection(first: 12) { edges { node {
            trace { totalHooks waterfall(first: 1) { totalCount } timeline(first: 1) { totalCount } } } } } } }""",
        id=trace,
    )
    edges = answer["trace"]["hookExecutionsConnection"]["edges"]
    assert [edge["node"]["trace"]["totalHooks"] for edge in edges] == [12] * 12
    assert {edge["node"]["trace"]["waterfall"]["totalCount"] for edge in edges} == {13}
    assert len(drawn) == 1
