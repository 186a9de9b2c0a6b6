"""Patterns, versions and edges: what each operation writes, its event, and that a refused one changes nothing."""

from __future__ import annotations

import pytest

from loopgraph.contracts.audit import EventType
from loopgraph.contracts.lineage.changes import Created, NewPattern, NewVersion, ParentLink, template_hash
from loopgraph.contracts.lineage.patterns import (
    Baseline,
    Direction,
    EdgeStrength,
    EvolutionType,
    PatternStatus,
    RelationshipType,
)
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import Conflict, InvalidInput, NotFound
from support.lineage import DERIVED, EVERY_TYPE, MERGED, Room, parents


@pytest.fixture
def room(graph: Graph) -> Room:
    return Room.on(graph)


FULL = NewVersion(
    label="first try",
    template_code="sort({items})\n\ttabs, NULs \0 and 😀",
    parameters={"depth": 3, "nested": {"list": [1, 2.5, None, "x"]}, "": True},
    change_summary="a start",
    tags=("fast", "stable"),
    metadata={"source": "test"},
    confidence_score=0.75,
    performance_baseline=Baseline(p50=10.0, p95=20.5, avg_duration=11.0),
    quality_baseline=1.0,
    success_rate_baseline=0.0,
)


async def current_of(room: Room, pattern_id: str) -> str | None:
    return (await room.reads.patterns([pattern_id]))[pattern_id].current_node_id


class TestCreatePattern:
    async def test_everything_comes_back_as_it_was_given(self, room: Room) -> None:
        new = NewPattern(name=" sorting ", pattern_type="skill", description="d", tags=("a",), metadata={"k": [1]})
        before = now()
        created = await room.lineage.create_pattern(new, FULL, room.origin)
        pattern, version = created.pattern, created.version
        assert (await room.reads.patterns([pattern.pattern_id])) == {pattern.pattern_id: pattern}
        assert (await room.reads.versions([version.node_id])) == {version.node_id: version}
        assert (pattern.name, pattern.pattern_type, pattern.tags, pattern.metadata) == (
            "sorting",
            "skill",
            ("a",),
            {"k": [1]},
        )
        assert (pattern.latest_version, pattern.current_node_id) == (1, None)
        assert version.model_dump(include=FULL.model_fields_set) == FULL.model_dump(include=FULL.model_fields_set)
        assert (version.version, version.pattern_name, version.status) == (1, "sorting", PatternStatus.DRAFT)
        assert version.template_hash == template_hash(FULL.template_code)
        assert (version.usage.usage_count, version.usage.success_rate) == (0, None)
        assert before <= version.created_at == version.updated_at <= now()
        assert (version.created_by, version.activated_at) == ("tester", None)

    async def test_an_active_first_version_is_the_current_one(self, room: Room) -> None:
        created = await room.pattern()
        pattern_id, node_id = created.pattern.pattern_id, created.version.node_id
        assert await current_of(room, pattern_id) == created.pattern.current_node_id == node_id
        assert created.version.activated_at == created.version.created_at
        event = await room.the_event(EventType.PATTERN_CREATED)
        assert (event.pattern_id, event.node_id, event.before) == (pattern_id, node_id, None)
        assert event.after == {"version": 1, "status": "active", "name": "sorting", "current_node_id": node_id}

    async def test_the_first_version_is_number_one(self, room: Room) -> None:
        with pytest.raises(InvalidInput, match=r"^version: .* is 1, not 2"):
            await room.pattern(version=2)
        assert await room.written() == []

    @pytest.mark.parametrize("given", [("pattern_id",), ("node_id",), ("pattern_id", "node_id")])
    async def test_a_retry_gives_the_first_result_again(self, room: Room, given: tuple[str, ...]) -> None:
        ids = {name: new_id() for name in given}
        new = NewPattern(name="sorting", pattern_id=ids.get("pattern_id"))
        version = FULL.model_copy(update={"node_id": ids.get("node_id"), "activate": True})
        first = await room.lineage.create_pattern(new, version, room.origin)
        state = await room.state(first.pattern.pattern_id)
        again = await room.lineage.create_pattern(new, version, room.origin)
        assert not first.repeated
        assert again == first.model_copy(update={"repeated": True})
        assert await room.state(first.pattern.pattern_id) == state

    async def test_a_retry_after_more_happened_gives_the_same_version(self, room: Room) -> None:
        new, version = NewPattern(name="sorting", pattern_id=new_id()), NewVersion(activate=True)
        first = await room.lineage.create_pattern(new, version, room.origin)
        second = await room.lineage.add_version(first.pattern.pattern_id, NewVersion(activate=True), room.origin)
        await room.connect((await room.pattern()).version.node_id, first.version.node_id)
        again = await room.lineage.create_pattern(new, version, room.origin)
        assert (again.version, again.edges, again.repeated) == (first.version, (), True)
        assert (again.pattern.latest_version, again.pattern.current_node_id) == (2, second.version.node_id)

    @pytest.mark.parametrize(("name", "kind"), [("pattern_id", "Pattern"), ("node_id", "PatternVersion")])
    async def test_the_same_id_with_other_content_is_a_conflict(self, room: Room, name: str, kind: str) -> None:
        id_ = new_id()
        pattern = NewPattern(name="sorting", pattern_id=id_ if name == "pattern_id" else None)
        version = NewVersion(node_id=id_ if name == "node_id" else None)
        first = await room.lineage.create_pattern(pattern, version, room.origin)
        state = await room.state(first.pattern.pattern_id)
        for other in (
            version.model_copy(update={"template_code": "other"}),
            version.model_copy(update={"tags": ("x",)}),
        ):
            with pytest.raises(Conflict) as caught:
                await room.lineage.create_pattern(pattern, other, room.origin)
            assert (caught.value.kind, caught.value.id) == (kind, id_)
        with pytest.raises(Conflict):
            await room.lineage.create_pattern(pattern.model_copy(update={"name": "other"}), version, room.origin)
        assert await room.state(first.pattern.pattern_id) == state

    async def test_a_new_pattern_may_not_take_the_id_of_a_version_that_is_there(self, room: Room) -> None:
        taken, pattern_id = await room.pattern(), new_id()
        with pytest.raises(Conflict, match="taken by other content"):
            await room.lineage.create_pattern(
                NewPattern(name="n", pattern_id=pattern_id), NewVersion(node_id=taken.version.node_id), room.origin
            )
        assert await room.reads.patterns([pattern_id]) == {}


class TestAddVersion:
    async def test_the_next_version_refines_the_one_in_use(self, room: Room) -> None:
        first = await room.pattern()
        pattern_id = first.pattern.pattern_id
        for _ in range(2):
            added = await room.lineage.add_version(pattern_id, NewVersion(), room.origin)
            [edge] = added.edges
            assert (edge.source_node_id, edge.target_node_id) == (first.version.node_id, added.version.node_id)
            assert (edge.relationship_type, edge.valid_to) == (RelationshipType.REFINED_FROM, None)
            assert edge.source_pattern_id == edge.target_pattern_id == pattern_id
            assert await room.reads.edges_by_id([edge.edge_id]) == {edge.edge_id: edge}
        assert (added.version.version, added.pattern.latest_version) == (3, 3)
        assert await current_of(room, pattern_id) == first.version.node_id

    async def test_while_all_are_drafts_it_refines_the_latest(self, room: Room) -> None:
        first = await room.pattern(activate=False)
        second = await room.lineage.add_version(first.pattern.pattern_id, NewVersion(), room.origin)
        third = await room.lineage.add_version(first.pattern.pattern_id, NewVersion(), room.origin)
        assert second.edges[0].source_node_id == first.version.node_id
        assert third.edges[0].source_node_id == second.version.node_id

    async def test_no_parents_make_a_root_and_parents_may_be_of_any_pattern(self, room: Room) -> None:
        first, other = await room.pattern(), await room.pattern()
        pattern_id = first.pattern.pattern_id
        root = await room.lineage.add_version(pattern_id, NewVersion(parents=()), room.origin)
        assert root.edges == ()
        link = ParentLink(
            node_id=other.version.node_id,
            relationship_type=DERIVED,
            edge_id=new_id(),
            edge_strength=EdgeStrength.CRITICAL,
            similarity_score=0.5,
            confidence_score=0.0,
            change_summary="why",
            breaking_changes=True,
            metadata={"a": {"b": 1}},
        )
        links = (link, *parents([first.version.node_id, root.version.node_id], MERGED))
        merged = await room.lineage.add_version(pattern_id, NewVersion(parents=links), room.origin)
        edge = next(edge for edge in merged.edges if edge.edge_id == link.edge_id)
        assert edge.model_dump(include=set(ParentLink.model_fields) - {"node_id"}) == link.model_dump(
            exclude={"node_id"}
        )
        assert (edge.source_node_id, edge.source_pattern_id) == (other.version.node_id, other.pattern.pattern_id)
        assert edge.weight == 0.5
        stored = await room.reads.edges([merged.version.node_id], Direction.ANCESTORS, EVERY_TYPE)
        assert sorted(stored, key=lambda each: each.edge_id) == sorted(merged.edges, key=lambda each: each.edge_id)

    async def test_an_active_version_comes_into_use_at_once(self, room: Room) -> None:
        first = await room.pattern()
        added = await room.lineage.add_version(first.pattern.pattern_id, NewVersion(activate=True), room.origin)
        assert await current_of(room, first.pattern.pattern_id) == added.version.node_id
        event = await room.the_event(EventType.VERSION_ADDED)
        assert (event.node_id, event.before) == (added.version.node_id, {"current_node_id": first.version.node_id})
        assert event.after == {"version": 2, "status": "active", "current_node_id": added.version.node_id}
        [edge] = added.edges
        assert event.data == {
            "edges": [
                {
                    "edge_id": edge.edge_id,
                    "source_node_id": first.version.node_id,
                    "target_node_id": added.version.node_id,
                    "relationship_type": "REFINED_FROM",
                }
            ]
        }

    async def test_a_retry_gives_the_first_result_and_other_content_is_a_conflict(self, room: Room) -> None:
        first = await room.pattern()
        pattern_id, new = first.pattern.pattern_id, NewVersion(node_id=new_id(), template_code="a", activate=True)
        added = await room.lineage.add_version(pattern_id, new, room.origin)
        await room.connect((await room.pattern()).version.node_id, added.version.node_id)
        state = await room.state(pattern_id)
        again = await room.lineage.add_version(pattern_id, new, room.origin)
        assert again == added.model_copy(update={"repeated": True})
        for wrong_pattern, content in ((pattern_id, "b"), ((await room.pattern()).pattern.pattern_id, "a")):
            with pytest.raises(Conflict) as caught:
                await room.lineage.add_version(
                    wrong_pattern, new.model_copy(update={"template_code": content}), room.origin
                )
            assert (caught.value.kind, caught.value.id) == ("PatternVersion", new.node_id)
        assert await room.state(pattern_id) == state

    async def test_a_version_number_that_is_taken_or_not_the_next_is_refused(self, room: Room) -> None:
        pattern_id = (await room.pattern()).pattern.pattern_id
        assert (await room.lineage.add_version(pattern_id, NewVersion(version=2), room.origin)).version.version == 2
        state = await room.state(pattern_id)
        with pytest.raises(Conflict, match="version 2': it exists; the next is 3"):
            await room.lineage.add_version(pattern_id, NewVersion(version=2), room.origin)
        with pytest.raises(InvalidInput, match="version: must be 3"):
            await room.lineage.add_version(pattern_id, NewVersion(version=4), room.origin)
        assert await room.state(pattern_id) == state

    @pytest.mark.parametrize(
        ("links", "error"),
        [
            (parents(["nobody"]), r"no PatternVersion has the id 'nobody'"),
            (parents(["FIRST", "FIRST"]), r"parents\.1: .* is already a parent by REFINED_FROM"),
            (parents(["OWN"]), r"parents: .* cannot be its own parent"),
            (
                tuple(ParentLink(node_id="FIRST", relationship_type=kind, edge_id="OWN") for kind in (DERIVED, MERGED)),
                r"parents\.1\.edgeId: .* is already the id of another of these edges",
            ),
        ],
        ids=["unknown", "twice", "itself", "one edge id twice"],
    )
    async def test_wrong_parents_are_refused_and_nothing_is_written(
        self, room: Room, links: tuple[ParentLink, ...], error: str
    ) -> None:
        first, own = await room.pattern(), new_id()
        names = {"FIRST": first.version.node_id, "OWN": own}

        def named(link: ParentLink) -> ParentLink:
            ids = {"node_id": names.get(link.node_id, link.node_id), "edge_id": names.get(link.edge_id or "")}
            return link.model_copy(update=ids)

        new = NewVersion(node_id=own, parents=tuple(map(named, links)))
        state, events = await room.state(first.pattern.pattern_id), await room.written()
        with pytest.raises((InvalidInput, NotFound), match=error):
            await room.lineage.add_version(first.pattern.pattern_id, new, room.origin)
        assert await room.state(first.pattern.pattern_id) == state
        assert await room.written() == events
        assert await room.reads.versions([own]) == {}

    async def test_an_unknown_pattern_is_named(self, room: Room) -> None:
        with pytest.raises(NotFound, match="no Pattern has the id 'nothing'"):
            await room.lineage.add_version("nothing", NewVersion(), room.origin)

    @pytest.mark.parametrize("kind", [DERIVED, MERGED])
    async def test_an_edge_id_is_unique_over_all_types(self, room: Room, kind: RelationshipType) -> None:
        first = await room.pattern()
        node_id, pattern_id = first.version.node_id, first.pattern.pattern_id
        link = ParentLink(node_id=node_id, relationship_type=DERIVED, edge_id=new_id())
        await room.lineage.add_version(pattern_id, NewVersion(parents=(link,)), room.origin)
        state = await room.state(pattern_id)
        again = link.model_copy(update={"relationship_type": kind})
        with pytest.raises(Conflict) as caught:
            await room.lineage.add_version(pattern_id, NewVersion(parents=(again,)), room.origin)
        assert (caught.value.kind, caught.value.id) == ("LineageEdge", link.edge_id)
        assert await room.state(pattern_id) == state


class TestForkAndMerge:
    async def test_a_fork_is_a_new_pattern_with_an_edge_from_the_old(self, room: Room) -> None:
        source = (await room.pattern()).version
        new = NewVersion(
            parents=parents([source.node_id], RelationshipType.FORKED_FROM), evolution_type=EvolutionType.FORK
        )
        forked = await room.lineage.create_pattern(NewPattern(name="fork"), new, room.origin)
        [edge] = forked.edges
        assert (edge.source_node_id, edge.source_pattern_id) == (source.node_id, source.pattern_id)
        assert (edge.target_pattern_id, edge.relationship_type.value) == (forked.pattern.pattern_id, "FORKED_FROM")
        assert forked.version.evolution_type is EvolutionType.FORK
        event = await room.the_event(EventType.PATTERN_FORKED)
        assert event.pattern_id == forked.pattern.pattern_id

    async def test_a_fork_from_nowhere_leaves_no_pattern(self, room: Room) -> None:
        new = NewPattern(name="fork", pattern_id=new_id())
        with pytest.raises(NotFound, match="'nobody'"):
            await room.lineage.create_pattern(new, NewVersion(parents=parents(["nobody"])), room.origin)
        assert await room.reads.patterns([str(new.pattern_id)]) == {}
        assert await room.written() == []

    async def test_a_merge_has_an_edge_from_each(self, room: Room) -> None:
        made: list[Created] = [await room.pattern() for _ in range(3)]
        ids = [each.version.node_id for each in made]
        new = NewVersion(parents=parents(ids, MERGED), evolution_type=EvolutionType.MERGE)
        merged = await room.lineage.add_version(made[0].pattern.pattern_id, new, room.origin, EventType.VERSION_MERGED)
        assert {edge.source_node_id for edge in merged.edges} == set(ids)
        event = await room.the_event(EventType.VERSION_MERGED)
        assert len(event.data["edges"]) == 3
