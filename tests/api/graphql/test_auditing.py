"""Accesses in the audit trail, through a service that is set to have them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from conftest import settings_for
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id
from loopgraph.settings import Audited
from support.access import mate
from support.engines import EngineUnderTest
from support.service import Service, nodes, serving


@pytest.fixture(scope="module")
async def audited(engine: EngineUnderTest) -> AsyncIterator[Service]:
    settings = settings_for(engine).model_copy(update={"audit": tuple(Audited)})
    async with serving(settings) as service:
        yield service


DOCUMENT = """
query($first: ID!, $second: ID!, $pattern: ID!) {
  one: patternVersion(nodeId: $first) { descendants(traversal: {maxDepth: 2}) { reached } }
  other: patternVersion(nodeId: $second) { ancestors { reached } }
  pattern(patternId: $pattern) { lineage { reached } }
  lineagePath(sourceNodeId: $first, targetNodeId: $second) { length }
  commonAncestors(nodeIds: [$first, $second]) { all { nodeId } }
}
"""


@pytest.mark.lengthy
async def test_who_asked_for_which_lineage_and_what_was_executed(
    audited: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await audited.execute("lineage_create_pattern", input={"name": "sort", "templateCode": "sort"})
    pattern, first = made["pattern"]["patternId"], made["version"]["nodeId"]
    added = await audited.execute("lineage_add_version", input={"patternId": pattern, "templateCode": "sort well"})
    second, correlation_id = added["version"]["nodeId"], new_id()
    body = {"query": DOCUMENT, "variables": {"first": first, "second": second, "pattern": pattern}}
    with monkeypatch.context() as patch:
        patch.setattr("loopgraph.api.graphql.context.asking", lambda _: Principal(subject="ada", roles=("admin",)))
        answer = await audited.http.post("/graphql", json=body, headers={"X-Correlation-ID": correlation_id})
    assert "errors" not in answer.json(), answer.text
    execution = HookExecuted(
        correlation_id=new_id(), execution_id=new_id(), hook_type="T", node_id=second, success=True
    )
    await audited.parts.recorder.record([execution])
    await audited.parts.auditing.write()

    found = nodes(await audited.execute("lineage_events", filter={"correlationId": correlation_id}))
    assert {(event["eventType"], event["actorId"], event["severity"]) for event in found} == {
        ("LINEAGE_TRAVERSED", "ada", "DEBUG")
    }
    told = {event["data"]["operation"]: event for event in found}
    assert told.keys() == {"descendants", "ancestors", "pattern_lineage", "path", "common_ancestors"}
    assert (told["descendants"]["version"]["nodeId"], told["descendants"]["data"]["max_depth"]) == (first, 2)
    assert (told["pattern_lineage"]["pattern"]["patternId"], told["pattern_lineage"]["data"]["reached"]) == (pattern, 2)
    assert told["path"]["data"]["starts"] == [first, second]

    filter_ = {"nodeId": second, "eventTypes": ["EXECUTION_RECORDED"]}
    [event] = nodes(await audited.execute("lineage_events", filter=filter_))
    assert (event["data"]["execution_id"], event["pattern"]["patternId"]) == (execution.execution_id, pattern)
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda _: mate("bob"))
    assert nodes(await audited.execute("lineage_events", filter=filter_)) == []
    assert nodes(await audited.execute("lineage_events", filter={"correlationId": correlation_id})) == []
