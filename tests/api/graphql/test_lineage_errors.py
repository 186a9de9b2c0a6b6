"""What is wrong with a change of the lineage is a member of its result, names the argument, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.contracts.audit import EventFilter
from loopgraph.contracts.base import Page
from loopgraph.effects.clock import new_id
from support.service import Json, Service


class Subject:
    """A pattern with two versions, the second a refinement of the first; whatever is refused leaves it as it is."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.pattern_id, self.first, self.second = new_id(), new_id(), new_id()
        self.edge_id = new_id()

    async def make(self) -> None:
        await self.changed("create_pattern", name="sorting", patternId=self.pattern_id, nodeId=self.first)
        parent = {"nodeId": self.first, "edgeId": self.edge_id}
        await self.changed("add_version", patternId=self.pattern_id, nodeId=self.second, parents=[parent])

    async def ask(self, change: str, **input: Any) -> Json:
        answer: Json = await self._service.execute(f"lineage_{change}", input=input)
        return answer

    async def changed(self, change: str, **input: Any) -> Json:
        answer = await self.ask(change, **input)
        assert answer["__typename"].endswith("Payload"), answer
        return answer

    async def refused(self, change: str, **input: Any) -> Json:
        """The error, which came without any change."""
        before = await self._state()
        error = await self.ask(change, **input)
        assert not error["__typename"].endswith("Payload"), error
        assert error["message"]
        assert await self._state() == before
        return error

    async def _state(self) -> list[object]:
        parts = self._service.parts
        events = await parts.events.page(EventFilter(pattern_id=self.pattern_id), Page(first=100))
        return [
            await parts.lineage_reads.patterns([self.pattern_id]),
            await parts.lineage_reads.versions_pages([self.pattern_id], 100),
            events,
        ]


@pytest.fixture
async def subject(service: Service) -> Subject:
    subject = Subject(service)
    await subject.make()
    return subject


BAD_IDS = ["", "a b", " a", "-a", "é", "9笋", "a\nb", "\u0000", "x" * 201]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("change", "field", "input"),
    [
        ("add_version", "patternId", {}),
        ("merge_versions", "patternId", {"sources": [{"nodeId": "{first}"}, {"nodeId": "{second}"}]}),
        ("derive_version", "patternId", {"source": {"nodeId": "{first}"}}),
        ("disconnect_versions", "edgeId", {}),
        ("activate_version", "nodeId", {}),
        ("deprecate_version", "nodeId", {"reason": ""}),
        ("archive_version", "nodeId", {}),
        ("reject_version", "nodeId", {}),
        ("set_current_version", "nodeId", {}),
    ],
)
async def test_an_id_that_nothing_can_have(subject: Subject, change: str, field: str, input: Json) -> None:
    for bad in BAD_IDS:
        error = await subject.refused(change, **filled({**input, field: bad}, subject))
        assert error["__typename"] == "InvalidInput", bad
        assert error["message"].startswith(f"input.{field}: must "), bad


class TestNotFound:
    @pytest.mark.lengthy
    @pytest.mark.parametrize(
        ("change", "input"),
        [
            ("add_version", {"parents": [{"nodeId": "nobody"}]}),
            ("derive_version", {"source": {"nodeId": "nobody"}}),
            ("derive_version", {"source": {"nodeId": "nobody"}, "patternId": "{pattern}"}),
            ("fork_pattern", {"source": {"nodeId": "nobody"}, "name": "fork"}),
            ("merge_versions", {"sources": [{"nodeId": "{first}"}, {"nodeId": "nobody"}]}),
            (
                "connect_versions",
                {"sourceNodeId": "nobody", "targetNodeId": "{first}", "relationshipType": "RELATED_TO"},
            ),
            (
                "connect_versions",
                {"sourceNodeId": "{first}", "targetNodeId": "nobody", "relationshipType": "RELATED_TO"},
            ),
            ("activate_version", {"nodeId": "nobody"}),
            ("deprecate_version", {"nodeId": "nobody", "reason": ""}),
            ("deprecate_version", {"nodeId": "{first}", "reason": "", "replacedBy": "nobody"}),
            ("archive_version", {"nodeId": "nobody"}),
            ("reject_version", {"nodeId": "nobody"}),
            ("set_current_version", {"nodeId": "nobody"}),
        ],
    )
    async def test_an_unknown_version(self, subject: Subject, change: str, input: Json) -> None:
        if change in ("add_version", "merge_versions"):
            input = {"patternId": "{pattern}", **input}
        error = await subject.refused(change, **filled(input, subject))
        assert (error["__typename"], error["kind"], error["missingId"]) == ("NotFound", "PatternVersion", "nobody")
        assert error["message"] == "no PatternVersion has the id 'nobody'"

    @pytest.mark.lengthy
    async def test_an_unknown_pattern_or_edge(self, subject: Subject) -> None:
        sources = [{"nodeId": subject.first}, {"nodeId": subject.second}]
        for change, input, kind in (
            ("add_version", {"patternId": "nothing"}, "Pattern"),
            ("derive_version", {"patternId": "nothing", "source": {"nodeId": subject.first}}, "Pattern"),
            ("merge_versions", {"patternId": "nothing", "sources": sources}, "Pattern"),
            ("disconnect_versions", {"edgeId": "nothing"}, "LineageEdge"),
        ):
            error = await subject.refused(change, **input)
            assert (error["__typename"], error["kind"], error["missingId"]) == ("NotFound", kind, "nothing")


def filled(value: Any, subject: Subject) -> Any:
    """The input with the subject's ids in it."""
    if isinstance(value, dict):
        return {name: filled(item, subject) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, subject) for item in value]
    names = {"{pattern}": subject.pattern_id, "{first}": subject.first, "{second}": subject.second}
    return names.get(value, value) if isinstance(value, str) else value


OF_PATTERN = {"patternId": "{pattern}"}
FROM_FIRST = {"source": {"nodeId": "{first}"}}
BOTH = [{"nodeId": "{first}"}, {"nodeId": "{second}"}]
DEEP: Json = {}
for _ in range(300):
    DEEP = {"deeper": DEEP}


class TestInvalidInput:
    @pytest.mark.lengthy
    @pytest.mark.parametrize(
        ("change", "input", "field", "problem"),
        [
            ("create_pattern", {"name": "  "}, "name", "at least 1 character"),
            ("create_pattern", {"name": "x" * 256}, "name", "at most 255 characters"),
            ("create_pattern", {"name": "n", "patternId": "a b"}, "patternId", "must begin with a letter or digit"),
            ("create_pattern", {"name": "n", "nodeId": "-"}, "nodeId", "must begin with a letter or digit"),
            ("create_pattern", {"name": "n", "tags": ["a", ""]}, "tags.1", "at least 1 character"),
            ("create_pattern", {"name": "n", "versionTags": [""]}, "versionTags.0", "at least 1 character"),
            ("create_pattern", {"name": "n", "metadata": [1]}, "metadata", "valid dictionary"),
            ("create_pattern", {"name": "n", "versionMetadata": "x"}, "versionMetadata", "valid dictionary"),
            ("create_pattern", {"name": "n", "parameters": DEEP}, "parameters", "at most 200 levels"),
            ("create_pattern", {"name": "n", "versionMetadata": DEEP}, "versionMetadata", "at most 200 levels"),
            ("create_pattern", {"name": "n", "confidenceScore": 1.5}, "confidenceScore", "less than or equal to 1"),
            (
                "create_pattern",
                {"name": "n", "performanceBaseline": {"p95Ms": -1}},
                "performanceBaseline.p95Ms",
                "greater than or equal to 0",
            ),
            ("create_pattern", {"name": "n", "correlationId": "a b"}, "correlationId", "must begin with"),
            ("create_pattern", {"name": "n", "actor": {"id": ""}}, "actor.id", "at least 1 character"),
            ("add_version", {**OF_PATTERN, "version": 7}, "version", "must be 3, the next version"),
            ("add_version", {**OF_PATTERN, "version": 0}, "version", "greater than or equal to 1"),
            (
                "add_version",
                {**OF_PATTERN, "parents": [BOTH[0], {"nodeId": "{second}", "similarityScore": -0.5}]},
                "parents.1.similarityScore",
                "greater than or equal to 0",
            ),
            (
                "add_version",
                {**OF_PATTERN, "parents": [{"nodeId": "{first}", "metadata": DEEP}]},
                "parents.0.metadata",
                "at most 200 levels",
            ),
            ("add_version", {**OF_PATTERN, "parents": [BOTH[0]] * 2}, "parents.1", "already a parent by REFINED_FROM"),
            (
                "add_version",
                {**OF_PATTERN, "parents": [{**parent, "edgeId": "{second}"} for parent in BOTH]},
                "parents.1.edgeId",
                "already the id of another",
            ),
            ("derive_version", {"source": {"nodeId": "{first}", "edgeId": "?"}}, "source.edgeId", "must begin with"),
            ("fork_pattern", {"name": "", **FROM_FIRST}, "name", "at least 1 character"),
            ("fork_pattern", {"name": "n", "tags": [""], **FROM_FIRST}, "tags.0", "at least 1 character"),
            (
                "fork_pattern",
                {"name": "n", "source": {"nodeId": "{first}", "confidenceScore": 2}},
                "source.confidenceScore",
                "less than or equal to 1",
            ),
            ("merge_versions", {**OF_PATTERN, "sources": BOTH[:1]}, "sources", "must be at least two versions"),
            ("merge_versions", {**OF_PATTERN, "sources": [BOTH[0]] * 2}, "sources.1", "already a parent"),
            (
                "connect_versions",
                {"sourceNodeId": "{first}", "targetNodeId": "{first}", "relationshipType": "RELATED_TO"},
                "targetNodeId",
                "must differ from sourceNodeId",
            ),
            (
                "connect_versions",
                {"sourceNodeId": "", "targetNodeId": "{first}", "relationshipType": "RELATED_TO"},
                "sourceNodeId",
                "1 to 200 characters",
            ),
            ("set_current_version", {"nodeId": "{second}"}, "nodeId", "is DRAFT; only an ACTIVE version"),
            ("deprecate_version", {"nodeId": "{first}", "reason": "x" * 1_000_001}, "reason", "at most 1000000"),
            ("reject_version", {"nodeId": "{second}", "reason": "x" * 1_000_001}, "reason", "at most 1000000"),
            ("deprecate_version", {"nodeId": "{first}", "reason": "", "replacedBy": "{first}"}, "replacedBy", "itself"),
        ],
    )
    async def test_it_names_the_argument_and_what_would_be_right(
        self, subject: Subject, change: str, input: Json, field: str, problem: str
    ) -> None:
        error = await subject.refused(change, **filled(input, subject))
        assert (error["__typename"], error["field"]) == ("InvalidInput", f"input.{field}")
        assert error["message"].startswith(f"input.{field}: ")
        assert problem in error["message"]

    @pytest.mark.parametrize("literal", ["12345678901234567890123", "1e999", "-1e999", "{b: [1e999]}"])
    async def test_numbers_of_a_document_that_json_cannot_hold(self, service: Service, literal: str) -> None:
        document = """mutation { createPattern(input: {name: "n", parameters: {a: %s}}) {
          __typename ... on InvalidInput { field } } }"""
        answer = await service.query(document % literal)
        assert answer == {"createPattern": {"__typename": "InvalidInput", "field": "input.parameters"}}

    @pytest.mark.lengthy
    async def test_a_cycle_is_told_with_its_path(self, subject: Subject) -> None:
        for change, input, field in (
            (
                "connect_versions",
                {"sourceNodeId": subject.second, "targetNodeId": subject.first, "relationshipType": "MERGED_INTO"},
                "targetNodeId",
            ),
            ("deprecate_version", {"nodeId": subject.second, "reason": "", "replacedBy": subject.first}, "replacedBy"),
        ):
            if change == "deprecate_version":
                await subject.changed("activate_version", nodeId=subject.second)
            error = await subject.refused(change, **input)
            assert (error["__typename"], error["field"]) == ("InvalidInput", f"input.{field}")
            assert error["path"] == [subject.second, subject.first, subject.second]
            assert " → ".join(error["path"]) in error["message"]


class TestConflict:
    @pytest.mark.lengthy
    async def test_taken_ids_and_numbers(self, subject: Subject) -> None:
        pattern_id, first = subject.pattern_id, subject.first
        pair = {"sourceNodeId": first, "targetNodeId": subject.second, "relationshipType": "REFINED_FROM"}
        for change, input, kind, id_ in (
            ("create_pattern", {"name": "other", "patternId": pattern_id}, "Pattern", pattern_id),
            ("create_pattern", {"name": "sorting", "nodeId": first}, "PatternVersion", first),
            ("add_version", {"patternId": pattern_id, "nodeId": subject.second}, "PatternVersion", subject.second),
            ("add_version", {"patternId": pattern_id, "version": 2}, "PatternVersion", f"{pattern_id} version 2"),
            (
                "derive_version",
                {"source": {"nodeId": first, "edgeId": subject.edge_id}},
                "LineageEdge",
                subject.edge_id,
            ),
            ("connect_versions", pair, "LineageEdge", f"{first} → {subject.second}"),
            ("connect_versions", {**pair, "edgeId": subject.edge_id}, "LineageEdge", subject.edge_id),
        ):
            error = await subject.refused(change, **input)
            assert (error["__typename"], error["kind"], error["conflictingId"]) == ("Conflict", kind, id_)

    @pytest.mark.lengthy
    async def test_an_edge_that_is_closed_already(self, subject: Subject) -> None:
        await subject.changed("disconnect_versions", edgeId=subject.edge_id)
        error = await subject.refused("disconnect_versions", edgeId=subject.edge_id)
        assert (error["__typename"], error["conflictingId"]) == ("Conflict", subject.edge_id)


@pytest.mark.lengthy
async def test_an_impossible_step_names_both_states(subject: Subject) -> None:
    for change, node_id, current, wanted in (
        ("activate_version", subject.first, "ACTIVE", "ACTIVE"),
        ("reject_version", subject.first, "ACTIVE", "REJECTED"),
        ("archive_version", subject.first, "ACTIVE", "ARCHIVED"),
        ("deprecate_version", subject.second, "DRAFT", "DEPRECATED"),
    ):
        more = {"reason": "r"} if change == "deprecate_version" else {}
        error = await subject.refused(change, nodeId=node_id, **more)
        assert (error["__typename"], error["current"], error["wanted"]) == ("InvalidTransition", current, wanted)
        assert error["message"] == f"PatternVersion {node_id!r} is {current} and cannot become {wanted}"


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        ('{ commonAncestors(nodeIds: ["{first}", "nobody"]) { all { nodeId } } }', "NOT_FOUND", None),
        ('{ commonAncestors(nodeIds: ["{first}"]) { all { nodeId } } }', "INVALID_INPUT", "nodeIds"),
        ('{ lineagePath(sourceNodeId: "nobody", targetNodeId: "{first}") { cost } }', "NOT_FOUND", None),
        (
            '{ lineagePath(sourceNodeId: "{first}", targetNodeId: "{second}", relationshipTypes: []) { cost } }',
            "INVALID_INPUT",
            "relationshipTypes",
        ),
        (
            '{ lineagePath(sourceNodeId: "{first}", targetNodeId: "{second}", asOf: "2026-01-01T00:00:00") { cost } }',
            "INVALID_INPUT",
            "asOf",
        ),
        (
            '{ patternVersion(nodeId: "{first}") { incomingEdges(relationshipTypes: []) { edgeId } } }',
            "INVALID_INPUT",
            "relationshipTypes",
        ),
        (
            '{ patternVersion(nodeId: "{first}") { ancestors(traversal: {maxDepth: 0}) { nodeCount } } }',
            "INVALID_INPUT",
            "traversal.maxDepth",
        ),
        (
            '{ patternVersion(nodeId: "{first}") { ancestors(traversal: {maxNodes: 0}) { nodeCount } } }',
            "INVALID_INPUT",
            "traversal.maxNodes",
        ),
        (
            '{ lineage(patternId: "{pattern}", traversal: {relationshipTypes: []}) { nodeCount } }',
            "INVALID_INPUT",
            "traversal.relationshipTypes",
        ),
        (
            '{ lineageEvents(filter: {since: "2026-01-01T00:00:00"}) { edges { cursor } } }',
            "INVALID_INPUT",
            "filter.since",
        ),
        (
            '{ pattern(patternId: "{pattern}") { versions(after: "bm90IGEgbnVtYmVy") { edges { cursor } } } }',
            "INVALID_INPUT",
            "after",
        ),
        ('{ patterns(after: "%") { edges { cursor } } }', "INVALID_INPUT", "after"),
        ("{ patterns(first: 0) { edges { cursor } } }", "INVALID_INPUT", "first"),
        ("{ lineageEvents(first: 501) { edges { cursor } } }", "INVALID_INPUT", "first"),
        ('{ node(id: "not a global id") { id } }', "INVALID_INPUT", "id"),
    ],
)
async def test_what_is_wrong_with_a_query(
    service: Service, subject: Subject, document: str, code: str, field: str | None
) -> None:
    for name in ("{pattern}", "{first}", "{second}"):
        document = document.replace(name, filled(name, subject))
    [error] = await service.errors(document)
    assert (error["extensions"]["code"], error["extensions"].get("field")) == (code, field)


@pytest.mark.lengthy
async def test_one_wrong_field_does_not_spoil_its_neighbours(service: Service, subject: Subject) -> None:
    document = """query($id: ID!) { patternVersion(nodeId: $id) {
      good: ancestors { nodeCount } bad: ancestors(traversal: {maxNodes: -1}) { nodeCount } } }"""
    [error] = await service.errors(document, id=subject.second)
    assert error["path"] == ["patternVersion", "bad"]
    assert "must be between 1 and" in error["message"]
