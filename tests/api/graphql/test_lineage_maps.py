"""Maps of the lineage as a client asks for them: a family, everything, and what is refused."""

from __future__ import annotations

from base64 import b64encode

import pytest

from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.effects.clock import new_id
from support.lineage import Room, chain, parents
from support.service import Json, Service

MAP = """
query($patternId: ID, $patternType: String, $since: DateTime, $asOf: DateTime, $maxNodes: Int) {
  lineageMap(patternId: $patternId, patternType: $patternType, since: $since, asOf: $asOf, maxNodes: $maxNodes) {
    patterns { patternId name }
    versions { nodeId patternId inUse whole { nodeId templateCode } pattern { name } }
    edges { sourceNodeId targetNodeId relationshipType target { nodeId } }
    truncated
  }
}
"""


async def forked(service: Service, forks: int) -> str:
    """A chain of three versions and so many patterns that fork from its first one; the id of its pattern."""
    room, (pattern, versions) = Room.on(service.parts.graph), chain(3)
    await room.history(pattern, versions)
    for _ in range(forks):
        fork = NewPattern(pattern_id=new_id(), name="fork")
        await room.history(fork, [NewVersion(node_id=new_id(), parents=parents([str(versions[0].node_id)]))])
    return str(pattern.pattern_id)


@pytest.mark.lengthy
async def test_a_family_is_shown_with_links_to_all_of_it(service: Service) -> None:
    pattern_id = await forked(service, 2)
    global_id = b64encode(f"Pattern:{pattern_id}".encode()).decode()
    for id_ in (pattern_id, global_id):
        found: Json = (await service.query(MAP, patternId=id_))["lineageMap"]
        assert sorted(pattern["name"] for pattern in found["patterns"]) == ["chain", "fork", "fork"]
        assert [version["whole"]["nodeId"] for version in found["versions"]] == [
            one["nodeId"] for one in found["versions"]
        ]
        assert {version["pattern"]["name"] for version in found["versions"] if version["patternId"] == pattern_id} == {
            "chain"
        }
        assert [edge["target"]["nodeId"] for edge in found["edges"]] == [
            edge["targetNodeId"] for edge in found["edges"]
        ]
        assert (len(found["versions"]), len(found["edges"]), found["truncated"]) == (5, 4, False)
    drawn = await service.execute("lineage_map", patternId=pattern_id)
    assert [one["version"] for one in drawn["versions"]] == [3, 2, 1, 1, 1]
    cut = (await service.query(MAP, patternId=pattern_id, maxNodes=2))["lineageMap"]
    assert (len(cut["versions"]), cut["truncated"]) == (2, True)
    assert (await service.query(MAP, patternId=new_id()))["lineageMap"] is None


@pytest.mark.lengthy
async def test_everything_of_a_type_is_shown(service: Service) -> None:
    room, kind = Room.on(service.parts.graph), new_id()
    pattern = NewPattern(name="sorting", pattern_type=kind)
    made = await room.lineage.create_pattern(pattern, NewVersion(activate=True), room.origin)
    found = (await service.query(MAP, patternType=kind))["lineageMap"]
    assert [(one["nodeId"], one["inUse"]) for one in found["versions"]] == [(made.version.node_id, True)]
    empty = {"patterns": [], "versions": [], "edges": [], "truncated": False}
    assert (await service.query(MAP, patternType=new_id()))["lineageMap"] == empty


@pytest.mark.lengthy
async def test_what_is_asked_wrongly_is_refused_by_its_name(service: Service) -> None:
    asked: list[tuple[Json, str]] = [
        ({"maxNodes": 0}, "maxNodes"),
        ({"maxNodes": 20_001}, "maxNodes"),
        ({"since": "2026-02-01T00:00:00Z", "asOf": "2026-01-01T00:00:00Z"}, "since"),
        ({"since": "2026-02-01T00:00:00"}, "since"),
        ({"patternType": " "}, "patternType"),
    ]
    for variables, field in asked:
        [error] = await service.errors(MAP, **variables)
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", field), error


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_the_statements_do_not_grow_with_the_patterns_of_a_family(quiet_service: Service) -> None:
    few, many = [await forked(quiet_service, forks) for forks in (2, 30)]
    for_few = await quiet_service.statements(MAP, patternId=few)
    assert await quiet_service.statements(MAP, patternId=many) == for_few
