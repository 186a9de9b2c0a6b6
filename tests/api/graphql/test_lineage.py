"""The lineage as a client uses it: a pattern's whole story by the documents of ``graphql/operations``, through a socket."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.effects.clock import new_id
from support.scanning import Scans
from support.service import Json, Service, nodes

AGENT = {"type": "AGENT", "id": "refiner"}


class Story:
    """A client that changes lineages; every answer must be the payload."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.correlation_id = new_id()

    async def execute(self, name: str, /, **input: Any) -> Json:
        own = {"actor": AGENT, "correlationId": self.correlation_id}
        answer: Json = await self._service.execute(name, input={**own, **input})
        assert answer["__typename"].endswith("Payload"), answer
        return answer

    async def pattern(self, **input: Any) -> tuple[str, str]:
        """The ids of a new pattern and its version 1."""
        answer = await self.execute("lineage_create_pattern", **{"name": "sorting", **input})
        return answer["pattern"]["patternId"], answer["version"]["nodeId"]

    async def version(self, pattern_id: str, **input: Any) -> str:
        answer = await self.execute("lineage_add_version", patternId=pattern_id, **input)
        node_id: str = answer["version"]["nodeId"]
        return node_id


@pytest.fixture
def story(service: Service) -> Story:
    return Story(service)


def global_id(type_: str, id_: str) -> str:
    return b64encode(f"{type_}:{id_}".encode()).decode()


def at(text: str) -> datetime:
    """An instant of an answer: RFC 3339 with its offset."""
    instant = datetime.fromisoformat(text)
    assert instant.utcoffset() is not None
    return instant


class TestDefinitions:
    """What people wrote, as a scan records it and as anybody may make it."""

    @pytest.mark.lengthy
    async def test_says_whose_it_is_and_which_text_a_model_is_given(self, service: Service, tmp_path: Path) -> None:
        body, scans = f"Look for {new_id()}.", Scans(service.parts.graph, tmp_path / "home")
        file = tmp_path / new_id() / ".claude" / "commands" / "git" / "fix.md"
        file.parent.mkdir(parents=True)
        file.write_text(f"---\nmodel: small\n---\n{body}\n", encoding="utf-8")
        found = await scans.pattern(file.parents[3], name="git:fix")
        pattern = await service.execute("lineage_pattern", patternId=found.pattern_id)
        assert {key: pattern[key] for key in ("name", "patternType", "origin", "scope", "path")} == {
            "name": "git:fix",
            "patternType": "command",
            "origin": "PROJECT",
            "scope": f"folder:{file.parents[3].resolve()}",
            "path": ".claude/commands/git/fix.md",
        }
        version = await service.execute("lineage_version", nodeId=pattern["currentVersion"]["nodeId"])
        assert (version["bodyDigest"], version["path"]) == (body_digest(body), ".claude/commands/git/fix.md")
        listed = nodes(await service.execute("lineage_patterns", patternType="command", first=5))
        assert {one["patternType"] for one in listed} == {"command"}
        assert found.pattern_id in {one["patternId"] for one in listed}

    @pytest.mark.lengthy
    async def test_of_other_patterns_that_is_unknown(self, service: Service, story: Story) -> None:
        pattern_id, node_id = await story.pattern(metadata={"origin": "elsewhere", "path": 1, "scope": "mine"})
        pattern = await service.execute("lineage_pattern", patternId=pattern_id)
        assert (pattern["origin"], pattern["scope"], pattern["path"]) == (None, None, None)
        version = await service.execute("lineage_version", nodeId=node_id)
        assert (version["bodyDigest"], version["path"]) == (None, None)


class TestMaking:
    @pytest.mark.lengthy
    async def test_a_pattern_comes_back_whole(self, service: Service, story: Story) -> None:
        pattern_id, node_id = new_id(), new_id()
        wanted: Json = {
            "patternId": pattern_id,
            "nodeId": node_id,
            "name": "sorting",
            "patternType": "skill",
            "description": "sorts",
            "tags": ["fast"],
            "metadata": {"team": {"name": "a"}},
            "label": "first",
            "templateCode": "sort({items})\n😀",
            "parameters": {"depth": 3, "list": [1, None, "x", {"y": 2.5}]},
            "versionTags": ["v"],
            "versionMetadata": {"k": True},
            "performanceBaseline": {"p50Ms": 10.5, "p95Ms": None},
            "createdBy": "the author",
        }
        made = await story.execute("lineage_create_pattern", **wanted)
        assert made["repeated"] is False
        again = await story.execute("lineage_create_pattern", **wanted)
        assert again == {**made, "repeated": True}
        pattern = await service.execute("lineage_pattern", patternId=pattern_id)
        for name in ("name", "patternType", "description", "tags", "metadata", "createdBy"):
            assert pattern[name] == wanted[name]
        assert pattern["id"] == global_id("Pattern", pattern_id)
        assert pattern["currentVersion"] == {"nodeId": node_id, "version": 1}
        version = await service.execute("lineage_version", nodeId=node_id)
        for name in ("templateCode", "parameters"):
            assert version[name] == wanted[name]
        assert (version["tags"], version["metadata"]) == (["v"], {"k": True})
        assert version["performanceBaseline"] == {"p50Ms": 10.5, "p95Ms": None, "p99Ms": None, "avgDurationMs": None}
        assert version["templateHash"].startswith("sha256:")
        assert (version["status"], version["isRoot"], version["isLeaf"]) == ("ACTIVE", True, True)
        assert version["pattern"]["currentVersion"] == {"nodeId": node_id}

    @pytest.mark.lengthy
    async def test_derive_fork_and_merge(self, service: Service, story: Story) -> None:
        pattern_id, first = await story.pattern()
        derived = await story.execute(
            "lineage_derive_version", source={"nodeId": first, "similarityScore": 0.5, "changeSummary": "shorter"}
        )
        assert derived["pattern"]["patternId"] == pattern_id
        assert derived["version"]["evolutionType"] == "DERIVATION"
        [edge] = derived["edges"]
        assert (edge["sourceNodeId"], edge["relationshipType"]) == (first, "DERIVED_FROM")
        assert edge["weight"] == pytest.approx((0.75 + 0.5) / 2)
        forked = await story.execute("lineage_fork_pattern", name="fork", source={"nodeId": first})
        assert forked["pattern"]["name"] == "fork"
        assert [edge["relationshipType"] for edge in forked["edges"]] == ["FORKED_FROM"]
        sources = [{"nodeId": each["version"]["nodeId"]} for each in (derived, forked)]
        merged = await story.execute("lineage_merge_versions", patternId=pattern_id, sources=sources, activate=True)
        assert merged["version"]["version"] == 3
        assert merged["pattern"]["currentVersion"] == {"nodeId": merged["version"]["nodeId"]}
        assert {edge["sourceNodeId"] for edge in merged["edges"]} == {source["nodeId"] for source in sources}
        version = await service.execute("lineage_version", nodeId=merged["version"]["nodeId"])
        assert {edge["source"]["pattern"]["name"] for edge in nodes(version["incomingEdges"])} == {"sorting", "fork"}
        assert (version["isRoot"], version["isLeaf"]) == (False, True)

    @pytest.mark.exhaustive
    @pytest.mark.lengthy
    async def test_what_is_made_from_a_version_has_its_template_unless_it_brings_one(
        self, service: Service, story: Story
    ) -> None:
        template = {"templateCode": "sort({items})", "parameters": {"depth": 3}}
        pattern_id, source = await story.pattern(patternType="skill", **template)
        other = await story.version(pattern_id, templateCode="another", parameters={"depth": 4})
        document = "query($id: ID!) { patternVersion(nodeId: $id) { templateCode parameters patternType } }"

        async def made(document_name: str, /, **input: Any) -> Json:
            node_id = (await story.execute(document_name, **input))["version"]["nodeId"]
            version: Json = (await service.query(document, id=node_id))["patternVersion"]
            return version

        for name, input in (
            ("lineage_derive_version", {"source": {"nodeId": source}}),
            ("lineage_fork_pattern", {"source": {"nodeId": source}, "name": "fork"}),
            ("lineage_merge_versions", {"sources": [{"nodeId": source}, {"nodeId": other}], "patternId": pattern_id}),
        ):
            assert await made(name, **input) == {**template, "patternType": "skill"}
            assert await made(name, **input, templateCode=None) == {**template, "patternType": "skill"}
            kept = await made(name, **input, parameters={"depth": 5})
            assert kept == {**template, "parameters": {"depth": 5}, "patternType": "skill"}
            own = await made(name, **input, templateCode="")
            assert own == {"templateCode": "", "parameters": {}, "patternType": "skill"}
        typed = await made("lineage_fork_pattern", source={"nodeId": source}, name="fork", patternType="command")
        assert typed == {**template, "patternType": "command"}

    @pytest.mark.lengthy
    async def test_a_retry_of_a_fork_without_a_template_is_told_apart_from_another_fork(self, story: Story) -> None:
        pattern_id, source = await story.pattern(templateCode="sort({items})")
        other = await story.version(pattern_id, templateCode="another")
        wanted = {"name": "fork", "patternId": new_id(), "nodeId": new_id()}
        made = await story.execute("lineage_fork_pattern", **wanted, source={"nodeId": source, "edgeId": new_id()})
        edge_id = made["edges"][0]["edgeId"]
        again = await story.execute("lineage_fork_pattern", **wanted, source={"nodeId": source, "edgeId": edge_id})
        assert again == {**made, "repeated": True}
        with pytest.raises(AssertionError, match="Conflict"):
            await story.execute("lineage_fork_pattern", **wanted, source={"nodeId": other, "edgeId": edge_id})

    @pytest.mark.lengthy
    async def test_a_traversal_that_its_depth_cut_says_so(self, service: Service, story: Story) -> None:
        pattern_id, _ = await story.pattern()
        for _ in range(2):
            newest = await story.version(pattern_id, activate=True)
        for depth, truncated in ((1, True), (2, False), (3, False)):
            found = await service.execute("lineage_ancestors", nodeId=newest, traversal={"maxDepth": depth})
            up = found["ancestors"]
            assert (up["nodeCount"], up["truncated"]) == (min(depth, 2) + 1, truncated)

    @pytest.mark.lengthy
    async def test_severities_say_who_has_to_look(self, service: Service, story: Story) -> None:
        pattern_id, first = await story.pattern()
        second = await story.version(pattern_id, activate=True)
        await story.execute("lineage_deprecate_version", nodeId=first, reason="old", replacedBy=second)
        document = """
        query($filter: EventFilterInput!) { lineageEvents(filter: $filter) { edges { node { eventType severity } } } }
        """

        async def found(**filter: Any) -> set[tuple[str, str]]:
            page = (await service.query(document, filter={"patternId": pattern_id, **filter}))["lineageEvents"]
            return {(edge["node"]["eventType"], edge["node"]["severity"]) for edge in page["edges"]}

        assert await found(severities=["WARNING", "ERROR"]) == {("VERSION_DEPRECATED", "WARNING")}
        assert ("VERSION_ADDED", "INFO") in await found()

    @pytest.mark.lengthy
    async def test_edges_are_drawn_and_closed(self, service: Service, story: Story) -> None:
        (_, a), (_, b) = await story.pattern(), await story.pattern()
        wanted = {"sourceNodeId": a, "targetNodeId": b, "relationshipType": "REFINED_FROM", "edgeId": new_id()}
        drawn = await story.execute("lineage_connect_versions", **wanted, edgeStrength="CRITICAL", metadata={"m": 1})
        edge = drawn["edge"]
        assert (edge["weight"], edge["validTo"], edge["isActive"], drawn["repeated"]) == (1.0, None, True, False)
        closed = (await story.execute("lineage_disconnect_versions", edgeId=edge["edgeId"], reason="wrong"))["edge"]
        assert (closed["isActive"], closed["deactivationReason"]) == (False, "wrong")
        assert at(edge["validFrom"]) < at(closed["validTo"])
        found = await service.execute("lineage_edge", edgeId=edge["edgeId"])
        assert found["validTo"] == closed["validTo"]
        assert (found["metadata"], found["edgeStrength"]) == ({"m": 1}, "CRITICAL")
        assert (found["source"], found["target"]) == ({"nodeId": a}, {"nodeId": b})
        version = await service.execute("lineage_version", nodeId=b)
        assert [each["isActive"] for each in nodes(version["incomingEdges"])] == [False]
        assert version["isRoot"]
        assert nodes((await service.execute("lineage_version", nodeId=a))["outgoingEdges"]) == []

    @pytest.mark.lengthy
    async def test_the_lifecycle(self, story: Story) -> None:
        pattern_id, first = await story.pattern()
        second, third = [await story.version(pattern_id) for _ in range(2)]
        activated = (await story.execute("lineage_activate_version", nodeId=second))["version"]
        assert (activated["status"], activated["pattern"]["currentVersion"]) == ("ACTIVE", {"nodeId": second})
        current = (await story.execute("lineage_set_current_version", nodeId=first))["version"]
        assert current["pattern"]["currentVersion"] == {"nodeId": first}
        deprecated = await story.execute("lineage_deprecate_version", nodeId=first, reason="slow", replacedBy=second)
        assert deprecated["version"]["deprecationReason"] == "slow"
        assert deprecated["version"]["pattern"]["currentVersion"] == {"nodeId": second}
        assert (deprecated["edge"]["targetNodeId"], deprecated["edge"]["relationshipType"]) == (second, "DEPRECATED_BY")
        archived = (await story.execute("lineage_archive_version", nodeId=first))["version"]
        assert archived["status"] == "ARCHIVED"
        assert at(archived["activatedAt"]) <= at(archived["deprecatedAt"]) <= at(archived["archivedAt"])
        assert (await story.execute("lineage_reject_version", nodeId=third, reason="no"))["version"][
            "status"
        ] == "REJECTED"


class TestAsking:
    @pytest.mark.lengthy
    async def test_traversals(self, service: Service, story: Story) -> None:
        pattern_id, first = await story.pattern()
        left, right = [await story.version(pattern_id, parents=[{"nodeId": first}]) for _ in range(2)]
        sources = [{"nodeId": left}, {"nodeId": right, "edgeStrength": "CRITICAL"}]
        merged = (await story.execute("lineage_merge_versions", patternId=pattern_id, sources=sources))["version"][
            "nodeId"
        ]
        _, outside = await story.pattern()

        graph = (await service.execute("lineage_ancestors", nodeId=merged))["ancestors"]
        assert [(node["version"]["nodeId"], node["depth"]) for node in graph["nodes"]] == [
            (merged, 0),
            (left, 1),
            (right, 1),
            (first, 2),
        ]
        assert (graph["startIds"], graph["nodeCount"], graph["reached"], graph["truncated"]) == ([merged], 4, 4, False)
        assert len(graph["edges"]) == 4
        near = {"maxDepth": 1, "statuses": ["ACTIVE"], "maxNodes": 2, "relationshipTypes": ["REFINED_FROM"]}
        down = (await service.execute("lineage_descendants", nodeId=first, traversal=near))["descendants"]
        assert ([node["version"]["nodeId"] for node in down["nodes"]], down["reached"], down["truncated"]) == (
            [first],
            2,
            True,
        )
        path = await service.execute("lineage_path", source=first, target=merged, metric="WEIGHT")
        assert [version["nodeId"] for version in path["versions"]] == [first, right, merged]
        assert path["length"] == 2
        assert await service.execute("lineage_path", source=outside, target=merged) is None
        common = await service.execute("lineage_common_ancestors", nodeIds=[left, merged])
        assert [version["nodeId"] for version in common["nearest"]] == [left]
        assert [version["nodeId"] for version in common["all"]] == [left, first]
        whole = await service.execute("lineage_of_pattern", patternId=pattern_id)
        assert (whole["nodeCount"], whole["edgeCount"], whole["truncated"]) == (4, 4, False)
        assert (whole["roots"], whole["leaves"]) == ([{"nodeId": first}], [{"nodeId": merged}])
        assert {node["version"]["nodeId"]: (node["inDegree"], node["outDegree"]) for node in whole["nodes"]} == {
            first: (0, 2),
            left: (1, 1),
            right: (1, 1),
            merged: (2, 0),
        }
        inner = (
            "query($id: ID!) { pattern(patternId: $id) { lineage(traversal: {maxNodes: 3}) { nodeCount truncated } } }"
        )
        assert (await service.query(inner, id=pattern_id))["pattern"]["lineage"] == {"nodeCount": 3, "truncated": True}

    @pytest.mark.lengthy
    async def test_as_of_an_instant_before_an_edge_was_closed(self, service: Service, story: Story) -> None:
        pattern_id, first = await story.pattern()
        second = await story.version(pattern_id)
        version = await service.execute("lineage_version", nodeId=second)
        closed = await story.execute("lineage_disconnect_versions", edgeId=nodes(version["incomingEdges"])[0]["edgeId"])
        edge = closed["edge"]

        async def known(as_of: str | None) -> tuple[int, bool]:
            found = await service.execute("lineage_ancestors", nodeId=second, traversal={"asOf": as_of})
            path = await service.execute("lineage_path", source=first, target=second, asOf=as_of)
            return found["ancestors"]["nodeCount"], path is not None

        assert await known(None) == (1, False)
        assert await known(edge["validTo"]) == (1, False)
        assert await known(edge["validFrom"]) == (2, True)
        assert await known("2001-01-01T00:00:00+05:30") == (1, False)

    async def test_what_is_not_there_is_null(self, service: Service) -> None:
        for name, variables in (
            ("lineage_pattern", {"patternId": "nothing"}),
            ("lineage_version", {"nodeId": "nobody"}),
            ("lineage_edge", {"edgeId": "nothing"}),
            ("lineage_of_pattern", {"patternId": "nothing"}),
            ("lineage_ancestors", {"nodeId": "nobody"}),
        ):
            assert await service.execute(name, **variables) is None

    @pytest.mark.lengthy
    async def test_everything_is_found_by_its_global_id(self, service: Service, story: Story) -> None:
        pattern_id, _ = await story.pattern()
        node_id = await story.version(pattern_id)
        version = await service.execute("lineage_version", nodeId=node_id)
        edge_id = nodes(version["incomingEdges"])[0]["edgeId"]
        events = await service.execute("lineage_events", filter={"nodeId": node_id})
        event_id = events["edges"][0]["node"]["eventId"]
        wanted = [
            ("Pattern", pattern_id),
            ("PatternVersion", node_id),
            ("LineageEdge", edge_id),
            ("LineageEvent", event_id),
        ]
        own = {"Pattern": "patternId", "PatternVersion": "nodeId", "LineageEdge": "edgeId", "LineageEvent": "eventId"}
        for type_, id_ in wanted:
            found = await service.execute("lineage_node", id=global_id(type_, id_))
            assert (found["__typename"], found["id"], found[own[type_]]) == (type_, global_id(type_, id_), id_)
            assert await service.execute("lineage_node", id=global_id(type_, "nothing")) is None
        assert version["id"] == global_id("PatternVersion", node_id)
        many = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
        ids = [global_id(type_, id_) for type_, id_ in (*wanted, ("LineageEdge", "nothing"))]
        found = (await service.query(many, ids=ids))["nodes"]
        assert [node and node["__typename"] for node in found] == [*(type_ for type_, _ in wanted), None]

    async def test_by_get(self, service: Service, story: Story) -> None:
        pattern_id, _ = await story.pattern()
        query = {"query": f'{{ pattern(patternId: "{pattern_id}") {{ name }} }}'}
        response: httpx.Response = await service.http.get("/graphql", params=query)
        assert response.json() == {"data": {"pattern": {"name": "sorting"}}}


async def all_pages(first: int, ask: Callable[[str | None], Awaitable[Json]]) -> list[Json]:
    """What is in all pages of a connection, which follow each other by ``endCursor``."""
    nodes: list[Json] = []
    after = None
    while True:
        page = await ask(after)
        assert len(page["edges"]) == first or not page["pageInfo"]["hasNextPage"]
        nodes += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


class TestPages:
    @pytest.mark.lengthy
    @pytest.mark.parametrize("first", [1, 2, 5, 6])
    async def test_versions(self, service: Service, story: Story, first: int) -> None:
        pattern_id, _ = await story.pattern()
        for _ in range(4):
            await story.version(pattern_id)

        async def ask(after: str | None) -> Json:
            pattern = await service.execute("lineage_pattern", patternId=pattern_id, first=first, after=after)
            page: Json = pattern["versions"]
            return page

        assert [version["version"] for version in await all_pages(first, ask)] == [5, 4, 3, 2, 1]

    @pytest.mark.lengthy
    @pytest.mark.parametrize("first", [1, 3, 4])
    async def test_patterns(self, service: Service, story: Story, first: int) -> None:
        tag = new_id()
        ids = [(await story.pattern(name=f"Ab{i}Cd", tags=[tag], patternType=f"t{i % 2}"))[0] for i in range(4)]

        async def found(**filter: str) -> list[str]:
            patterns = await all_pages(
                first,
                lambda after: service.execute("lineage_patterns", tag=tag, first=first, after=after, **filter),
            )
            return [pattern["patternId"] for pattern in patterns]

        assert await found() == ids[::-1]
        assert await found(patternType="t1") == [ids[3], ids[1]]
        assert await found(nameContains="b2c") == [ids[2]]

    @pytest.mark.lengthy
    @pytest.mark.parametrize("first", [1, 2, 10])
    async def test_events(self, service: Service, story: Story, first: int) -> None:
        pattern_id, _ = await story.pattern()
        for _ in range(3):
            await story.version(pattern_id)

        async def found(**filter: Any) -> list[Json]:
            wanted = {"correlationId": story.correlation_id, **filter}
            return await all_pages(
                first, lambda after: service.execute("lineage_events", filter=wanted, first=first, after=after)
            )

        events = await found()
        assert [event["eventType"] for event in events] == ["VERSION_ADDED"] * 3 + ["PATTERN_CREATED"]
        assert [event["after"]["version"] for event in events] == [4, 3, 2, 1]
        assert {(event["actorType"], event["actorId"]) for event in events} == {("AGENT", "refiner")}
        assert all(event["pattern"]["patternId"] == pattern_id for event in events)
        instants = [at(event["recordedAt"]) for event in events]
        assert instants == sorted(instants, reverse=True)
        narrow = await found(eventTypes=["VERSION_ADDED"], actorType="AGENT", since=events[1]["recordedAt"])
        assert narrow == events[:2]
        assert await found(until=events[2]["recordedAt"]) == events[3:]

    async def test_the_audit_log(self, service: Service, story: Story) -> None:
        pattern_id, node_id = await story.pattern()
        page = await service.execute("lineage_audit_log", filter={"correlationId": story.correlation_id})
        [edge] = page["edges"]
        entry, point = edge["node"]["auditLogEntry"], edge["node"]["timeSeriesEntry"]
        assert (entry["event_type"], entry["actor"]) == ("pattern_created", {"type": "agent", "id": "refiner"})
        assert (entry["pattern_id"], entry["node_id"]) == (pattern_id, node_id)
        assert (point["value"], point["timestamp"]) == (1, pytest.approx(at(entry["timestamp"]).timestamp()))

    async def test_events_of_a_pattern_and_of_a_version(self, service: Service, story: Story) -> None:
        pattern_id, first = await story.pattern()
        await story.version(pattern_id)
        document = """
        query($pattern: ID!, $node: ID!) {
          pattern(patternId: $pattern) { events(filter: {actorId: "refiner"}) { edges { node { eventType } } } }
          patternVersion(nodeId: $node) { events(first: 1) { edges { node { eventType } } pageInfo { hasNextPage } } }
        }
        """
        found = await service.query(document, pattern=pattern_id, node=first)
        of_pattern = [edge["node"]["eventType"] for edge in found["pattern"]["events"]["edges"]]
        assert of_pattern == ["VERSION_ADDED", "PATTERN_CREATED"]
        assert found["patternVersion"]["events"] == {
            "edges": [{"node": {"eventType": "PATTERN_CREATED"}}],
            "pageInfo": {"hasNextPage": False},
        }
