"""The statements of a request over lineages do not grow with the number of patterns in its lists.

Edges of the document that come to the same loader at one time share its statements, so a few more or less are a matter of time.
"""

from __future__ import annotations

import asyncio

import pytest

from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.effects.clock import new_id
from support.lineage import Room
from support.service import Service


async def patterns(service: Service, count: int) -> str:
    """The tag of so many new patterns, each with three versions in a row."""
    room, tag = Room.on(service.parts.graph), new_id()

    async def make() -> None:
        new = NewPattern(name="sorting", tags=(tag,))
        made = await room.lineage.create_pattern(new, NewVersion(activate=True), room.origin)
        for _ in range(2):
            await room.lineage.add_version(made.pattern.pattern_id, NewVersion(activate=True), room.origin)

    await asyncio.gather(*(make() for _ in range(count)))
    return tag


LISTS = """
query($tag: String!, $first: Int!) {
  patterns(first: $first, tag: $tag) {
    edges {
      node {
        currentVersion { ancestors { nodeCount } incomingEdges { edgeId } }
        versions(first: 2) { edges { node { version } } }
      }
    }
  }
}
"""

DEEPER = """
query($tag: String!, $first: Int!) {
  patterns(first: $first, tag: $tag) {
    edges {
      node {
        currentVersion {
          isRoot
          isLeaf
          pattern { name currentVersion { version } }
          incomingEdges { source { version pattern { name } } target { version } }
          outgoingEdges { edgeId }
          ancestors(traversal: {maxDepth: 1, maxNodes: 20}) { nodes { version { pattern { name } incomingEdges { edgeId } } } }
          descendants { nodeCount }
        }
        versions(first: 2) {
          edges { node { isRoot ancestors { nodeCount } pattern { name } events(first: 1) { edges { cursor } } } }
        }
        lineage { nodeCount }
        events(first: 2) { edges { node { eventType } } }
      }
    }
  }
}
"""

EVENTS = """
query($tag: String!, $first: Int!) {
  patterns(first: $first, tag: $tag) { edges { node { patternId } } }
  lineageEvents(first: $first) { edges { node { pattern { name } version { version pattern { name } } } } }
}
"""


@pytest.mark.lengthy
@pytest.mark.parametrize("document", [LISTS, DEEPER, EVENTS], ids=["lists", "deeper", "events"])
async def test_as_many_for_thirty_patterns_as_for_two(quiet_service: Service, document: str) -> None:
    tag = await patterns(quiet_service, 30)
    for_two = await quiet_service.statements(document, tag=tag, first=2)
    for_thirty = await quiet_service.statements(document, tag=tag, first=30)
    assert abs(for_thirty - for_two) < 10


OWN = """
query($tag: String!, $first: Int!) {
  patterns(first: $first, tag: $tag) {
    edges { node { patternId lineage(traversal: {maxNodes: 2}) { startIds truncated } events { edges { node { patternId } } } } }
  }
}
"""


@pytest.mark.lengthy
async def test_lineages_and_events_are_those_of_each_pattern(quiet_service: Service) -> None:
    tag = await patterns(quiet_service, 4)
    found = (await quiet_service.query(OWN, tag=tag, first=10))["patterns"]["edges"]
    assert len({tuple(edge["node"]["lineage"]["startIds"]) for edge in found}) == 4
    for node in (edge["node"] for edge in found):
        assert node["lineage"]["truncated"]
        assert [event["node"]["patternId"] for event in node["events"]["edges"]] == [node["patternId"]] * 3


async def test_the_answers_are_those_of_each_pattern(quiet_service: Service) -> None:
    tag = await patterns(quiet_service, 5)
    found = (await quiet_service.query(LISTS, tag=tag, first=10))["patterns"]["edges"]
    assert len(found) == 5
    for edge in found:
        assert edge["node"]["currentVersion"]["ancestors"] == {"nodeCount": 3}
        assert [each["node"]["version"] for each in edge["node"]["versions"]["edges"]] == [3, 2]
    edges = {edge["node"]["currentVersion"]["incomingEdges"][0]["edgeId"] for edge in found}
    assert len(edges) == 5


@pytest.mark.lengthy
async def test_things_by_global_id_are_read_together(quiet_service: Service) -> None:
    tag = await patterns(quiet_service, 20)
    found = await quiet_service.query(
        """query($tag: String!) { patterns(tag: $tag) { edges {
          node { id currentVersion { id incomingEdges { id } } } } } }""",
        tag=tag,
    )
    nodes = [edge["node"] for edge in found["patterns"]["edges"]]
    versions = [node["currentVersion"] for node in nodes]
    edges = [version["incomingEdges"][0] for version in versions]
    many = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    ids = [each["id"] for group in (nodes, versions, edges) for each in group]
    assert await quiet_service.statements(many, ids=ids) == 3
    assert (await quiet_service.query(many, ids=ids))["nodes"] == [{"id": id_} for id_ in ids]
