"""Maps of the lineage: whole families and everything, in outline, against networkx on the same patterns in memory."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import networkx as nx
import pytest

from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.lineage.maps import LineageMap, MapFilter
from loopgraph.contracts.lineage.patterns import Direction, LineageEdge, PatternStatus, RelationshipType
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import CHUNK
from loopgraph.effects.lineage.outlines import OutlineReads
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.lineage import maps
from loopgraph.orchestrators.lineage.maps import Maps
from support.lineage import EVERY_TYPE, MANY_NODES, Room, parents

FORKED, RELATED = RelationshipType.FORKED_FROM, RelationshipType.RELATED_TO
ALL = MapFilter()


@dataclass(frozen=True)
class Drawn:
    """Patterns of a type of their own, with the ids of their versions, oldest first."""

    room: Room
    type: str
    patterns: dict[str, list[str]]

    def maps(self, max_nodes: int = MANY_NODES) -> Maps:
        return Maps(self.room.reads, OutlineReads(self.room.graph), max_nodes)

    async def pattern(self, versions: int, stem: str | None = None) -> str:
        """A new pattern whose versions follow each other, the first forked from ``stem``."""
        pattern, ids = (
            NewPattern(pattern_id=new_id(), name=f"pattern {new_id()[-4:]}", pattern_type=self.type),
            [new_id() for _ in range(versions)],
        )
        links = [parents([stem], FORKED) if stem else (), *(parents([before]) for before in ids[:-1])]
        new = [
            NewVersion(node_id=id_, parents=link, label=f"no. {number}", template_code="long " * 50)
            for number, (id_, link) in enumerate(zip(ids, links, strict=True), 1)
        ]
        await self.room.history(pattern, new)
        assert pattern.pattern_id is not None
        self.patterns[pattern.pattern_id] = ids
        return pattern.pattern_id

    async def edges(self) -> list[LineageEdge]:
        ids = [node_id for those in self.patterns.values() for node_id in those]
        return await self.room.reads.edges(ids, Direction.DESCENDANTS, EVERY_TYPE)


@pytest.fixture
def drawn(graph: Graph) -> Drawn:
    return Drawn(Room.on(graph), new_id(), {})


def ids(found: LineageMap | None) -> list[str]:
    assert found is not None
    return [version.node_id for version in found.versions]


def grouped(drawn: Drawn, pattern_ids: Sequence[str]) -> set[str]:
    return {node_id for pattern_id in pattern_ids for node_id in drawn.patterns[pattern_id]}


@pytest.mark.lengthy
async def test_a_family_is_all_patterns_that_edges_connect_over_any_number_of_others(drawn: Drawn) -> None:
    first = await drawn.pattern(4)
    second = await drawn.pattern(3, drawn.patterns[first][1])
    third = await drawn.pattern(2, drawn.patterns[second][2])
    related = await drawn.pattern(1)
    await drawn.room.connect(drawn.patterns[related][0], drawn.patterns[first][0], RELATED)
    await drawn.pattern(2)  # is of no family
    family = [first, second, third, related]
    edges = {edge.edge_id for edge in await drawn.edges()}
    for pattern_id in family:
        found = await drawn.maps().of_family(pattern_id, ALL)
        assert found is not None
        assert (set(ids(found)), len(found.versions)) == (grouped(drawn, family), 10)
        assert {pattern.pattern_id for pattern in found.patterns} == set(family)
        assert found.patterns[0].pattern_id == pattern_id
        assert {edge.edge_id for edge in found.edges} < edges
        assert len(found.edges) == 3 + 2 + 1 + 2 + 1
        assert not found.truncated
    assert await drawn.maps().of_family(new_id(), ALL) is None


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", range(3))
async def test_families_are_the_components_that_networkx_finds(drawn: Drawn, seed: int) -> None:
    chance, whole = random.Random(seed), nx.Graph()
    for _ in range(12):
        earlier = [node_id for those in drawn.patterns.values() for node_id in those]
        stem = chance.choice(earlier) if earlier and chance.random() < 0.5 else None
        whole.add_node(await drawn.pattern(chance.randint(1, 4), stem))
    owner = {node_id: pattern_id for pattern_id, those in drawn.patterns.items() for node_id in those}
    for edge in await drawn.edges():
        whole.add_edge(owner[edge.source_node_id], owner[edge.target_node_id])
    for component in nx.connected_components(whole):
        found = await drawn.maps().of_family(chance.choice(sorted(component)), ALL)
        assert set(ids(found)) == grouped(drawn, sorted(component))


@pytest.mark.lengthy
async def test_an_outline_is_what_the_version_is(drawn: Drawn) -> None:
    """All versions of several chunks, each with its number, label, status and whether it is in use."""
    pattern_id = await drawn.pattern(2 * CHUNK + 7)
    other = await drawn.pattern(1, drawn.patterns[pattern_id][3])
    found = await drawn.maps().of_family(pattern_id, ALL)
    assert ids(found) == [*reversed(drawn.patterns[pattern_id]), *drawn.patterns[other]]
    assert found is not None
    versions = await drawn.room.reads.versions(ids(found))
    for outline in found.versions:
        whole = versions[outline.node_id]
        same = ("node_id", "pattern_id", "version", "label", "status", "created_at")
        expected = {name: getattr(whole, name) for name in same} | {"usage_count": whole.usage.usage_count}
        assert outline.model_dump(exclude={"in_use"}) == expected


@pytest.mark.lengthy
async def test_a_map_is_as_of_an_instant(drawn: Drawn) -> None:
    first, second = await drawn.pattern(1), await drawn.pattern(1)
    [source], [target] = drawn.patterns[first], drawn.patterns[second]
    apart = now()
    edge, _ = await drawn.room.connect(source, target, FORKED)
    joined = now()
    await drawn.room.lineage.disconnect(edge.edge_id, "a mistake", drawn.room.origin)
    later = (await drawn.room.lineage.add_version(first, NewVersion(), drawn.room.origin)).version.node_id
    for instant, expected in ((apart, {source}), (joined, {source, target}), (None, {source, later})):
        assert set(ids(await drawn.maps().of_family(first, MapFilter(as_of=instant)))) == expected
    before = MapFilter(as_of=apart - timedelta(days=9))
    nothing = await drawn.maps().of_family(first, before)
    assert nothing == LineageMap(patterns=(), versions=(), edges=(), truncated=False)


async def test_everything_is_filtered_by_type_and_time(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "PAGE", 2)
    old = await drawn.pattern(2)
    middle = now()
    await drawn.pattern(1)
    forked = await drawn.pattern(2, drawn.patterns[old][1])
    added = (await drawn.room.lineage.add_version(old, NewVersion(), drawn.room.origin)).version.node_id
    everything = await drawn.maps().of_everything(MapFilter(pattern_type=drawn.type))
    assert set(ids(everything)) == {*grouped(drawn, list(drawn.patterns)), added}
    assert [pattern.pattern_id for pattern in everything.patterns] == list(reversed(drawn.patterns))
    assert len(everything.edges) == 1 + 1 + 1 + 1
    recent = await drawn.maps().of_everything(MapFilter(pattern_type=drawn.type, since=middle))
    assert set(ids(recent)) == {*grouped(drawn, list(drawn.patterns)), added} - set(drawn.patterns[old])
    assert [edge.target_node_id for edge in recent.edges] == [drawn.patterns[forked][1]]
    of_no_type = await drawn.maps().of_everything(MapFilter(pattern_type=new_id()))
    assert (of_no_type.versions, of_no_type.edges, of_no_type.truncated) == ((), (), False)


@pytest.mark.lengthy
async def test_what_is_more_than_a_limit_is_left_out_and_said(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "PAGE", 2)
    first = await drawn.pattern(3)
    for _ in range(4):
        await drawn.pattern(2, drawn.patterns[first][0])
    only = MapFilter(pattern_type=drawn.type)
    for most in (1, 4, 10, 11):
        for found in (await drawn.maps().of_everything(only, most), await drawn.maps().of_family(first, only, most)):
            assert found is not None
            assert (len(found.versions), found.truncated) == (most, most < 11)
    nearest = await drawn.maps().of_family(first, ALL, 3)
    assert ids(nearest) == list(reversed(drawn.patterns[first]))
    for looks in (2, 5, 10):
        few = drawn.maps(looks)
        for found in (await few.of_everything(only), await few.of_family(first, ALL)):
            assert found is not None
            assert (len(found.versions), found.truncated) == (looks, True)


async def test_what_is_asked_wrongly_is_refused(drawn: Drawn) -> None:
    pattern_id = await drawn.pattern(1)
    backwards = MapFilter(since=now(), as_of=now() - timedelta(days=1))
    for filter, most, field in ((ALL, 0, "maxNodes"), (ALL, MANY_NODES + 1, "maxNodes"), (backwards, None, "since")):
        with pytest.raises(InvalidInput) as refused:
            await drawn.maps().of_family(pattern_id, filter, most)
        assert refused.value.field == field
        with pytest.raises(InvalidInput):
            await drawn.maps().of_everything(filter, most)


async def test_a_status_is_told(drawn: Drawn) -> None:
    made = await drawn.room.pattern(activate=False)
    found = await drawn.maps().of_family(made.pattern.pattern_id, ALL)
    assert found is not None
    assert [(version.status, version.in_use) for version in found.versions] == [(PatternStatus.DRAFT, False)]
    await drawn.room.lineage.activate(made.version.node_id, drawn.room.origin)
    found = await drawn.maps().of_family(made.pattern.pattern_id, ALL)
    assert found is not None
    assert [(version.status, version.in_use) for version in found.versions] == [(PatternStatus.ACTIVE, True)]
