"""What a query can cost is known before it runs, by its page sizes; what costs too much is refused, and says what would do."""

from __future__ import annotations

import time
from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, get_introspection_query, parse
from graphql.execution.values import VariableValues, get_variable_values

from loopgraph.api.graphql import cost
from loopgraph.api.graphql.types.weight import READS_MUCH
from support.schema import SCHEMA
from support.service import Json, Service

MUCH = int(READS_MUCH.weight)

FREE = cost.Limits(nodes=10**15, page=500, traversal=20_000)


def cost_of(document: str, limits: cost.Limits = FREE, **variables: Any) -> cost.Cost:
    """What the only operation of a document can cost."""
    parsed = parse(document)
    [operation] = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
    fragments = {one.name.value: one for one in parsed.definitions if isinstance(one, FragmentDefinitionNode)}
    values = get_variable_values(SCHEMA, operation.variable_definitions or (), variables)
    assert isinstance(values, VariableValues), values
    return cost.check(SCHEMA, operation, fragments, values, limits)


def connection(name: str, first: str, inner: str) -> str:
    return f"{name}({first}) {{ edges {{ node {{ {inner} }} }} }}"


@pytest.mark.parametrize(
    ("document", "nodes"),
    [
        ("{ __typename }", 0),
        ('{ pattern(patternId: "x") { name } }', 1),
        # the connection; an edge and a node for each item
        ("{ patterns(first: 10) { edges { node { name } } } }", 1 + 10 + 10),
        ("{ patterns { edges { node { name } } } }", 1 + 20 + 20),
        ("{ patterns(first: 10) { pageInfo { hasNextPage } } }", 1 + 1),
        # a field that is looked up by itself counts, too
        ("{ patterns(first: 10) { edges { node { currentVersion { isRoot } } } } }", 1 + 10 + 10 + 10 + 10),
        ("{ patterns(first: 10) { edges { node { versions(first: 5) { edges { node { nodeId } } } } } } }", 21 + 10 * 11),
        ("{ " + connection("patterns", "first: 3", connection("versions", "first: 3", "nodeId")) + " }", 7 + 3 * 7),
        # without `first`, as many as a page may have
        ('{ trace(correlationId: "x") { steps { toolName } } }', 1 + 500),
        ('{ trace(correlationId: "x") { steps(first: null) { toolName } } }', 1 + 500),
        ('{ trace(correlationId: "x") { steps(first: 7) { toolName } } }', 1 + 7),
        # what a page may not have is refused by the field itself
        ('{ trace(correlationId: "x") { steps(first: 7000) { toolName } } }', 1 + 500),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        ('{ lineage(patternId: "x", traversal: {maxNodes: 30}) { nodes { depth } edges { edgeId } } }', 1 + 30 + 500),
        ('{ lineage(patternId: "x", traversal: {maxNodes: 300}) { nodes { depth } edges { edgeId } } }', 1 + 300 + 600),
        ('{ lineage(patternId: "x") { nodes { depth } } }', 1 + 20_000),
        ("{ lineageMap(maxNodes: 300) { patterns { name } versions { nodeId } edges { edgeId } } }", MUCH + 1 + 300 + 300 + 600),
        ("{ lineageMap(maxNodes: 300) { versions { whole { version } } } }", MUCH + 1 + 300 + 300),
        ("{ lineageMap { versions { nodeId } } }", MUCH + 1 + 20_000),
        # fields of one response name are one; fragments and aliases are what they stand for
        ("{ patterns(first: 2) { edges { node { name } } } patterns(first: 2) { edges { node { tags } } } }", 1 + 2 + 2),
        ("{ a: patterns(first: 2) { totals: pageInfo { endCursor } } b: patterns(first: 2) { edges { cursor } } }", 2 + 1 + 2),
        ("{ ...F ...F } fragment F on Query { patterns(first: 2) { edges { cursor } } }", 1 + 2),
        ("{ patterns(first: 2) { edges @include(if: false) { cursor } } }", 1),
        ("{ patterns(first: 2) { edges @skip(if: true) { cursor } pageInfo { endCursor } } }", 2),
        ('{ nodes(ids: ["a", "b"]) { ... on Pattern { currentVersion { version } } ... on Trace { steps(first: 5) { id } } } }',
         2 + 2 + 10),
        ('{ traceDiff(a: "x", b: "y") { rows { kind } } }', 1 + 4_000),
    ],
)  # fmt: skip
def test_what_counts(document: str, nodes: int) -> None:
    assert cost_of(document).nodes == nodes


@pytest.mark.parametrize(
    ("declared", "given", "items"),
    [
        ("$n: Int!", {"n": 7}, 7),
        ("$n: Int! = 9", {}, 9),
        ("$n: Int! = 9", {"n": 3}, 3),
    ],
)
def test_variables_and_their_defaults(declared: str, given: Json, items: int) -> None:
    assert cost_of(f"query({declared}) {{ patterns(first: $n) {{ edges {{ cursor }} }} }}", **given).nodes == 1 + items


def test_the_steps_of_a_tree_are_shared_by_the_lists_that_nest_them() -> None:
    steps = "steps { toolName steps { toolName steps { toolName steps { toolName } } } }"
    assert cost_of(f'{{ trace(correlationId: "x") {{ {steps} }} }}').nodes == 1 + 500 + 3 * 20_000


def test_connections_share_them_as_well() -> None:
    def nested(levels: int) -> str:
        inner = f"{{ toolName {nested(levels - 1)} }}" if levels else "{ toolName }"
        return f"stepsConnection(first: 500) {{ edges {{ node {inner} }} }}"

    found = cost_of(f'{{ trace(correlationId: "x") {{ {nested(3)} }} }}')
    # the trace; of each level a connection for each step above, and as many edges and nodes as the tree has steps
    assert found.nodes == 1 + (1 + 2 * 500) + (500 + 2 * 20_000) + 2 * (20_000 + 2 * 20_000)


def test_what_links_lead_back_to_is_there_again_for_each_that_leads() -> None:
    again = "hookExecutions(first: 100) { trace { hookExecutions(first: 100) { toolName } } }"
    assert cost_of(f'{{ trace(correlationId: "x") {{ {again} }} }}').nodes == 1 + 100 + 100 + 100 * 100
    whole = "hookExecutions(first: 500) { trace { hookExecutions(first: 500) { toolName } } }"
    traces = connection("traces", "first: 500", whole)
    pages = connection("traces", "first: 500", f"session {{ {traces} }}")
    assert (
        cost_of(f"{{ {pages} }}").nodes > 10**9
    )  # the most that one read gives does not bound what is shown again and again


def test_leaving_the_tree_multiplies_again() -> None:
    inner = "version { pattern { versions(first: 10) { edges { cursor } } } }"
    found = cost_of(f'{{ trace(correlationId: "x") {{ steps(first: 3) {{ {inner} }} }} }}')
    assert found.nodes == 1 + 3 + 3 + 3 + 3 + 30


def test_introspection_is_allowed_and_walks_through_all_types_are_not() -> None:
    assert cost_of(get_introspection_query(), cost.Limits(100_000, 500, 20_000)).nodes < 100_000
    deep = "name"
    for _ in range(3):
        deep = f"fields {{ type {{ {deep} }} }}"
    assert cost_of(f"{{ __schema {{ types {{ {deep} }} }} }}").nodes > 1_000_000


def test_what_a_type_wraps_ends_with_its_deepest_wrapping() -> None:
    def of(levels: int, end: str = "name") -> int:
        for _ in range(levels):
            end = f"ofType {{ {end} }}"
        return cost_of(f"{{ __schema {{ types {{ fields {{ type {{ {end} }} }} }} }} }}").nodes

    costs = [of(levels) for levels in range(9)]
    assert costs[0] < costs[1] < costs[2] < costs[3]
    assert len(set(costs[3:])) == 1, "`[Int!]!` has three"
    named = (
        "fields { type { ofType: fields { type { ofType: fields { type { ofType: fields { type { name } } } } } } } }"
    )
    hidden = named.replace("{ name }", "{ ofType { fields { name } } }")
    assert cost_of(f"{{ __schema {{ types {{ {hidden} }} }} }}").nodes > 1_000_000, "an alias takes nothing off"


def test_an_input_object_of_many_levels() -> None:
    """Lists anywhere in an argument are bounded, and the path says where; free JSON is not looked into."""
    document = "mutation($i: MergeVersionsInput!) { mergeVersions(input: $i) { __typename } }"
    sources = [{"nodeId": "x"}] * 501
    with pytest.raises(cost.InvalidInput) as caught:
        cost_of(document, i={"patternId": "p", "sources": sources})
    assert str(caught.value) == "input.sources: must be at most 500, not 501"
    cost_of(document, i={"patternId": "p", "sources": sources[:1], "parameters": {"any": [1] * 10_000}})


class TestRefusal:
    """The answer to what costs too much: where most of it is, what it costs, what may be, and what would do."""

    CIRCLE = (
        "query($n: Int!) { patterns(first: $n) { edges { node { versions(first: $n) { edges { node { pattern { "
        "versions(first: $n) { edges { cursor } } } } } } } } } }"
    )

    async def refusal(self, service: Service, document: str, **variables: Any) -> Json:
        answer = await service.ask(document, **variables)
        assert answer["data"] is None
        [error] = answer["errors"]
        found: Json = error
        return found

    @pytest.mark.lengthy
    async def test_a_circle(self, service: Service) -> None:
        error = await self.refusal(service, self.CIRCLE, n=100)
        path = "patterns.edges.node.versions.edges.node.pattern.versions.edges"
        assert error["extensions"] == {"code": "TOO_EXPENSIVE", "field": path, "cost": 1_040_301, "maximum": 250_000}
        assert error["message"].startswith(f"{path}: the query can answer with 1,040,301 nodes")
        assert "250,000 are allowed; ask for pages of at most 61" in error["message"]

    @pytest.mark.lengthy
    async def test_what_it_says_would_do(self, service: Service) -> None:
        assert "errors" not in await service.ask(self.CIRCLE, n=61)
        await self.refusal(service, self.CIRCLE, n=62)

    @pytest.mark.lengthy
    async def test_nothing_of_it_ran(self, quiet_service: Service) -> None:
        before = quiet_service.parts.graph.statements
        await self.refusal(quiet_service, self.CIRCLE, n=500)
        assert quiet_service.parts.graph.statements == before

    @pytest.mark.lengthy
    async def test_many_values_of_one_object(self, service: Service) -> None:
        fields = " ".join(f"a{i}: version" for i in range(49))
        document = (
            f'{{ lineage(patternId: "x") {{ nodes {{ version {{ {fields} }} }} nodes {{ version {{ {fields} }} }} }} }}'
        )
        await self.refusal(service, "{ " + " ".join(f"l{i}: {document[1:-1]}" for i in range(3)) + " }")

    @pytest.mark.parametrize("length", [501, 5_000])
    async def test_many_ids(self, service: Service, length: int) -> None:
        document = "query($given: [ID!]!) { nodes(ids: $given) { id } }"
        error = await self.refusal(service, document, given=["VHJhY2U6dA=="] * length)
        assert error["extensions"] == {"code": "INVALID_INPUT", "field": "ids"}
        assert error["message"] == f"ids: must be at most 500, not {length}"

    async def test_over_a_websocket(self, service: Service) -> None:
        async with service.socket() as socket:
            await socket.subscribe("1", self.CIRCLE, n=500)
            message = await socket.receive()
            assert message["type"] == "error"
            assert message["payload"][0]["extensions"]["code"] == "TOO_EXPENSIVE"


@pytest.mark.lengthy
def test_the_walk_is_linear_in_the_document() -> None:
    """The largest document, fragments spread, takes no longer than its size says."""

    def seconds(selections: int) -> float:
        document = "{ " + " ".join(f"a{i}: __typename" for i in range(selections)) + " }"
        parsed = parse(document)
        [operation] = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
        began = time.thread_time()
        for _ in range(5):
            cost.check(SCHEMA, operation, {}, VariableValues({}, {}), FREE)
        return time.thread_time() - began

    assert seconds(4_000) < 40 * seconds(400)


@pytest.mark.lengthy
def test_what_reads_much_for_a_small_answer_is_charged_for_it() -> None:
    def courses(count: int) -> str:
        return " ".join(f'a{n}: experimentCourse(experimentId: "x", first: 1) {{ plannedUnits }}' for n in range(count))

    def summaries(first: int) -> str:
        each = "currentVersion { signalSummary { traces } }"
        return f"{{ patterns(first: {first}) {{ edges {{ node {{ {each} }} }} }} }}"

    assert cost_of(f"{{ {courses(1)} }}").nodes == MUCH + 1
    assert cost_of(summaries(10)).nodes == 1 + 10 + 10 + 10 + 10 * (MUCH + 1)
    limits = cost.Limits(nodes=250_000, page=500, traversal=20_000)
    cost_of(f"{{ {courses(200)} }}", limits)
    with pytest.raises(cost.TooExpensive, match="read much"):
        cost_of(f"{{ {courses(300)} }}", limits)
    with pytest.raises(cost.TooExpensive, match=r"pages of at most 2\d\d in"):
        cost_of(summaries(500), limits)
