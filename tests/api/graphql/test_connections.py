"""Lists are paged in one way: by cursors, each good for its own kind of list, and counted where they are at hand."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_non_null_type

from support.operations import variables_of_all
from support.quick import first_quick
from support.schema import SCHEMA
from support.service import Json, Service, nodes
from support.waiting import PATIENCE_S

CURSORS = {
    f"{type_.name}.{name}": field
    for type_ in SCHEMA.type_map.values()
    if isinstance(type_, GraphQLObjectType) and type_ is not SCHEMA.subscription_type
    for name, field in type_.fields.items()
    if "after" in field.args
}


@pytest.fixture(scope="module")
async def places(service: Service) -> dict[str, str]:
    """How to come to an object of each type that has connections."""
    variables = await variables_of_all(service)
    trace, run = variables["traces_whole"]["correlationId"], variables["feedback_run"]["id"]
    learned = variables["learning_pattern"]["patternId"]
    return {
        "Query": "%s",
        "Pattern": f'pattern(patternId: "{variables["lineage_pattern"]["patternId"]}") {{ %s }}',
        "PatternVersion": f'patternVersion(nodeId: "{variables["lineage_version"]["nodeId"]}") {{ %s }}',
        "Session": f'session(id: "{variables["sessions_session"]["id"]}") {{ %s }}',
        "Trace": f'trace(correlationId: "{trace}") {{ %s }}',
        "HookExecution": f'trace(correlationId: "{trace}") '
        "{ hookExecutionsConnection(first: 1) { edges { node { %s } } } }",
        "EndpointCall": f'trace(correlationId: "{trace}") '
        "{ endpointCallsConnection(first: 1) { edges { node { %s } } } }",
        "Episode": f'episode(id: "{trace}") {{ %s }}',
        "FeedbackRun": f'feedbackRun(id: "{run}") {{ %s }}',
        "Improvement": f'improvement(improvementId: "{variables["feedback_improvement"]["improvementId"]}") {{ %s }}',
        "Experiment": f'experiment(experimentId: "{variables["feedback_experiment"]["experimentId"]}") {{ %s }}',
        "Watch": f'watch(watchId: "{variables["feedback_watch"]["watchId"]}") {{ %s }}',
        "LearnedPattern": f'learnedPattern(patternId: "{learned}") {{ %s }}',
        "LearnedStep": f'learnedPattern(patternId: "{learned}") {{ plan {{ steps {{ %s }} }} }}',
        "Query.replayOffers": f'patternId: "{learned}"',
        "Query.improvements": f'patternId: "{variables["lineage_pattern"]["patternId"]}"',
        "Query.traceTimeline": f'correlationId: "{trace}"',
    }


def asked(places: dict[str, str], coordinate: str, arguments: str, selection: str) -> str:
    owner, name = coordinate.split(".")
    more = places.get(coordinate, "")
    return "{ " + places[owner] % f"found: {name}({more} {arguments}) {{ {selection} }}" + " }"


def found_in(answer: Any) -> Json:
    """The aliased connection, wherever it is in an answer."""
    while "found" not in answer:
        answer = next(iter(answer.values() if isinstance(answer, dict) else answer))
        answer = answer["node"] if isinstance(answer, dict) and "node" in answer else answer
    found: Json = answer["found"]
    return found


@pytest.mark.lengthy
@pytest.mark.parametrize("coordinate", first_quick(CURSORS, 3))
async def test_a_cursor_of_another_list_is_refused(service: Service, places: dict[str, str], coordinate: str) -> None:
    of_another = "patterns" if coordinate != "Query.patterns" else "runs"
    other = urlsafe_b64encode(f"{of_another}:0000000000000001|x".encode()).decode()
    for cursor in ("", "x", "eA==", other, urlsafe_b64encode(b"traces:x").decode(), "é"):
        document = asked(places, coordinate, f'after: "{cursor}"', "pageInfo { hasNextPage }")
        errors = await service.errors(document)
        told = {(error["extensions"].get("code"), error["extensions"].get("field")) for error in errors}
        assert told == {("INVALID_INPUT", "after")}, cursor
        assert all("cursor" in error["message"] for error in errors)


@pytest.mark.lengthy
@pytest.mark.parametrize("coordinate", first_quick(CURSORS, 9))
async def test_pages_are_parts_of_the_whole_and_counted_alike(
    service: Service, places: dict[str, str], coordinate: str
) -> None:
    selection = "totalCount pageInfo { hasNextPage endCursor } edges { cursor node { __typename } }"

    async def page(arguments: str) -> Json:
        return found_in(await service.query(asked(places, coordinate, arguments, selection)))

    whole = await page("first: 200")
    async with asyncio.timeout(PATIENCE_S):
        while True:
            cursors, totals = list[str](), set[int | None]()
            after = None
            for _ in range(4):
                one = await page("first: 1" + (f', after: "{after}"' if after else ""))
                cursors += [edge["cursor"] for edge in one["edges"]]
                totals.add(one["totalCount"])
                after = one["pageInfo"]["endCursor"]
                if not one["pageInfo"]["hasNextPage"]:
                    break
            before, whole = whole, await page("first: 200")
            if before == whole:
                break  # else what other tests have left to do has changed the list meanwhile
    assert cursors == [edge["cursor"] for edge in whole["edges"]][: len(cursors)]
    assert totals == {whole["totalCount"]}
    at_hand = coordinate.endswith(("Connection", ".waterfall", ".timeline", "Timeline")) or coordinate in COUNTED
    assert whole["totalCount"] == (len(whole["edges"]) if at_hand else None)


COUNTED = {"Pattern.versions", "PatternVersion.executions"}
"""Lists that are read page by page, and whose items are counted as they come to be."""

SLICES = [
    f"{type_.name}.{name}"
    for type_ in SCHEMA.type_map.values()
    if isinstance(type_, GraphQLObjectType)
    for name, field in type_.fields.items()
    if "offset" in field.args and f"{type_.name}.{name}Connection" in CURSORS
]


@pytest.mark.parametrize("coordinate", SLICES)
async def test_a_connection_has_what_the_slice_has(service: Service, places: dict[str, str], coordinate: str) -> None:
    owner, name = coordinate.split(".")
    of = SCHEMA.type_map[owner].fields[name].type
    item = get_named_type(of.of_type if is_non_null_type(of) else of)
    own = next(
        field for field in ("callId", "executionId", "correlationId", "edgeId", "improvementId") if field in item.fields
    )
    both = (
        f"found: {name}Connection(first: 100) {{ edges {{ node {{ {own} }} }} }} slice: {name}(first: 100) {{ {own} }}"
    )
    answer: Any = await service.query("{ " + places[owner] % both + " }")
    while "found" not in answer:
        [answer] = answer.values() if isinstance(answer, dict) else answer
        answer = answer["node"] if isinstance(answer, dict) and "node" in answer else answer
    assert nodes(answer["found"]) == answer["slice"]


def test_there_are_many_of_them() -> None:
    assert len(CURSORS) > 25
    assert len(SLICES) > 12
