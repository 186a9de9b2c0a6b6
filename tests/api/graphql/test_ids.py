"""Arguments and inputs take a thing's own id or its global one, everywhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import graphql
import pytest
from graphql import GraphQLInputType, OperationDefinitionNode, get_named_type, is_input_object_type, type_from_ast

from loopgraph.api.graphql.ids import KINDS, is_global
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id
from support.operations import variables_of_all
from support.schema import SCHEMA
from support.service import Json, Service, operation, operation_names
from support.traces import at

KIND_OF_VARIABLE = {"source": "PatternVersion", "target": "PatternVersion", "a": "Trace", "b": "Trace"}
KIND_OF_ID = {
    "feedback_run": "FeedbackRun",
    "feedback_follow_run": "FeedbackRun",
    "sessions_session": "Session",
    "traces_episode": "Trace",
}


@pytest.fixture(scope="module")
def service(quiet_service: Service) -> Service:
    """Its worker looks at the runs when it is poked, and not in between: what is done to two of them finds them alike."""
    return quiet_service


def global_id(kind: str, id_: str) -> str:
    return b64encode(f"{kind}:{id_}".encode()).decode()


def definition(name: str) -> OperationDefinitionNode:
    parts = graphql.parse(operation(name)).definitions
    return next(part for part in parts if isinstance(part, OperationDefinitionNode))


def changed(name: str, variables: Json, change: Any) -> Iterator[Json]:
    """The variables of a document with its ids changed, each by itself; ``change`` takes the kind and the id."""

    def walk(owner: str, field: str, type_: GraphQLInputType, value: Any) -> Iterator[Any]:
        named = get_named_type(type_)
        if isinstance(value, list):
            for at, item in enumerate(value):
                yield from ([*value[:at], new, *value[at + 1 :]] for new in walk(owner, field, type_, item))
        elif is_input_object_type(named) and isinstance(value, dict):
            for key, item in value.items():
                yield from ({**value, key: new} for new in walk(named.name, key, named.fields[key].type, item))
        elif named.name == "ID" and isinstance(value, str):
            kind = (
                KINDS.get(f"{owner}.{field}") or KINDS.get(field) or KIND_OF_VARIABLE.get(field) or KIND_OF_ID.get(name)
            )
            if kind is not None:
                yield change(kind, value)

    for variable in definition(name).variable_definitions or ():
        key = variable.variable.name.value
        type_: Any = type_from_ast(SCHEMA, variable.type)
        if key in variables:
            yield from ({**variables, key: new} for new in walk(name, key, type_, variables[key]))


def every(name: str, variables: Json) -> Json:
    """The variables with all ids made global, one after the other."""

    def to_global(kind: str, id_: str) -> str:
        return id_ if is_global(id_) else global_id(kind, id_)

    while changes := [one for one in changed(name, variables, to_global) if one != variables]:
        variables = changes[0]
    return variables


QUERIES = [name for name in operation_names() if definition(name).operation.value == "query"]
MUTATIONS = [name for name in operation_names() if definition(name).operation.value == "mutation"]


@pytest.fixture(scope="module")
async def variables(service: Service) -> dict[str, Json]:
    return await variables_of_all(service)


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_query_answers_the_same_for_either_id(service: Service, variables: dict[str, Json]) -> None:
    different = 0
    for name in QUERIES:
        own, either = variables[name], every(name, variables[name])
        different += own != either
        document = operation(name)
        assert await service.query(document, **either) == await service.query(document, **own), name
    assert different > 20


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_mutation_does_the_same_for_either_id(service: Service) -> None:
    own, either = await variables_of_all(service), await variables_of_all(service)
    different = 0
    for name in sorted(MUTATIONS, key=lambda name: name != "feedback_cancel_run"):  # before others poke the worker
        taken = every(name, either[name])
        different += taken != either[name]
        [by_own] = (await service.query(operation(name), **own[name])).values()
        [by_global] = (await service.query(operation(name), **taken)).values()
        assert by_own["__typename"] == by_global["__typename"], (name, by_own, by_global)
        if "correlationId" in by_global:
            assert by_global["correlationId"] == either[name]["input"]["correlationId"]
    assert different > 18


@pytest.mark.lengthy
async def test_the_id_of_another_kind_is_refused_by_its_path(service: Service, variables: dict[str, Json]) -> None:
    def wrong(kind: str, _: str) -> str:
        return global_id("Session" if kind != "Session" else "Trace", "x")

    for name in QUERIES:
        for given in changed(name, variables[name], wrong):
            [error] = await service.errors(operation(name), **given)
            assert error["extensions"]["code"] == "INVALID_INPUT", (name, error)
            assert "must be the id of a" in error["message"]
    fields = set[str]()
    for name in MUTATIONS:
        for given in changed(name, variables[name], wrong):
            [answer] = (await service.query(operation(name), **given)).values()
            assert answer["__typename"] == "InvalidInput", (name, answer)
            fields.add(answer.get("field"))
    assert {"input.nodeId", "input.source.nodeId", "input.sources.1.nodeId", "input.correlationId"} <= fields


@pytest.mark.lengthy
async def test_what_reads_as_a_global_id_is_one_and_every_thing_is_found_by_its_own(service: Service) -> None:
    plain = new_id()
    odd = global_id("Trace", plain)  # clients choose ids, and may take those that the API gave them
    session = global_id("Session", plain)
    await service.parts.recorder.record(
        [TraceStarted(correlation_id=one, session_id=session, timestamp=at(0)) for one in (plain, odd)]
    )
    document = "query($id: ID!) { trace(correlationId: $id) { id correlationId } }"
    for given, found in ((plain, plain), (odd, plain), (global_id("Trace", odd), odd)):
        answer = await service.query(document, id=given)
        assert answer["trace"] == {"id": global_id("Trace", found), "correlationId": found}
        assert (await service.query("query($id: ID!) { node(id: $id) { id } }", id=answer["trace"]["id"]))["node"] == {
            "id": global_id("Trace", found)
        }
    document = "query($id: ID!) { session(id: $id) { sessionId } }"
    assert (await service.query(document, id=session))["session"] is None
    found = await service.query(document, id=global_id("Session", session))
    assert found["session"] == {"sessionId": session}


def test_a_text_that_decodes_the_same_but_is_spelled_otherwise_is_no_global_id() -> None:
    assert global_id("Trace", "x") == "VHJhY2U6eA=="
    assert is_global("VHJhY2U6eA==")
    assert not is_global("VHJhY2U6eB==")


async def test_nodes_answers_null_for_what_is_no_node_alone(service: Service, variables: dict[str, Json]) -> None:
    pattern_id = variables["lineage_pattern"]["patternId"]
    good = [global_id("Pattern", pattern_id), global_id("Trace", variables["traces_whole"]["correlationId"])]
    bad = [
        "",
        "x",
        "no id at all",
        pattern_id,
        global_id("Pattern", new_id()),
        global_id("PageInfo", "x"),
        global_id("Nothing", "x"),
    ]
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    found = (await service.query(document, ids=[good[0], *bad, good[1], good[0]]))["nodes"]
    pattern, trace = ({"__typename": kind, "id": id_} for kind, id_ in zip(("Pattern", "Trace"), good, strict=True))
    assert found == [pattern, *[None] * len(bad), trace, pattern]


def test_every_kind_of_node_is_known_by_its_global_id() -> None:
    kinds = {type_.name for type_ in SCHEMA.get_possible_types(SCHEMA.type_map["Node"])}
    assert {kind for kind in kinds if not is_global(global_id(kind, "x"))} == set()
    assert not is_global(global_id("PageInfo", "x"))


@pytest.mark.lengthy
async def test_nodes_reads_each_type_once(quiet_service: Service) -> None:
    service = quiet_service
    traces = [new_id() for _ in range(20)]
    for trace in traces:
        await service.execute("traces_start", input={"correlationId": trace})
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    ids = [global_id(kind, trace) for trace in traces for kind in ("Trace", "Session", "Pattern")]
    assert await service.statements(document, ids=ids) == 3


@pytest.mark.slow
async def test_an_id_that_nothing_can_have_is_refused_by_every_mutation(
    service: Service, variables: dict[str, Json]
) -> None:
    for bad in ("9笋", "", "a b", "x" * 201, "\x00", " a", "a\nb", "-a"):
        for name in MUTATIONS:
            for given in changed(name, variables[name], lambda kind, id_, bad=bad: bad):
                [answer] = (await service.query(operation(name), **given)).values()
                assert answer["__typename"] == "InvalidInput", (name, bad, answer)
