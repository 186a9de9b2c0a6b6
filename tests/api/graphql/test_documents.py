"""Documents that would take long to check are refused before they are: the effort goes by the length of their text."""

from __future__ import annotations

import time

import pytest
from graphql import get_introspection_query

from loopgraph.api.graphql import cost, documents
from loopgraph.api.graphql.documents import Documents
from support.quick import first_quick
from support.schema import SCHEMA
from support.service import Service
from support.stretches import watched

DOCUMENTS = Documents(documents.Limits(15, 50, 5_000), cost.Limits(250_000, 500, 20_000))


def doubling(levels: int, spread: str = "...F{n} ...F{n}") -> str:
    """Fragments that each spread the next one twice, and so on: 2^levels selections."""
    parts = ["{ patterns { edges { node { ...F0 } } } }"]
    for level in range(levels):
        parts.append(f"fragment F{level} on Pattern {{ {spread.replace('{n}', str(level + 1))} }}")
    parts.append(f"fragment F{levels} on Pattern {{ name }}")
    return "\n".join(parts)


def circle(length: int) -> str:
    spreads = " ".join(f"...F{other}" for other in range(length))
    return "{ patterns { edges { node { ...F0 } } } } " + " ".join(
        f"fragment F{i} on Pattern {{ name {spreads} }}" for i in range(length)
    )


def overlapping(fields: int) -> str:
    """Fields of the same name, of which each has to be compared with each."""
    return "{ " + 'pattern(patternId: "x") { name } ' * fields + "}"


def overlapping_deep(width: int, levels: int) -> str:
    inner = "name " * width
    for _ in range(levels):
        inner = f"currentVersion {{ pattern {{ {inner} }} }} " * 2
    return f'{{ pattern(patternId: "x") {{ {inner} }} }}'


def types_of_types(levels: int) -> str:
    inner = "name"
    for _ in range(levels):
        inner = f"fields {{ type {{ {inner} }} }}"
    return f"{{ __schema {{ types {{ {inner} }} }} }}"


def inline(levels: int) -> str:
    inner = "name"
    for _ in range(levels):
        inner = f"... on Pattern {{ {inner} }} ... on Pattern {{ {inner} }}"
    return f'{{ pattern(patternId: "x") {{ {inner} }} }}'


EXPENSIVE = {
    "fragments that spread the next one twice": doubling(200),
    "fields that do, through two lists": doubling(60, "a: versions { edges { node { pattern { ...F{n} } } } } ...F{n}"),
    "aliases inside fragments": doubling(
        40, "a: currentVersion { pattern { ...F{n} } } b: currentVersion { pattern { ...F{n} } }"
    ),
    "fragments in a circle, each with each": circle(60),
    "one name many times": overlapping(700),
    "one name many times, nested": overlapping_deep(10, 5),
    "inline fragments": inline(9),
    "many aliases": "{ " + " ".join(f"a{i}: __typename" for i in range(1_600)) + " }",
    "many operations": " ".join(f"query Q{i} {{ patterns {{ edges {{ cursor }} }} }}" for i in range(450)),
    "many directives": "{ patterns " + "@include(if: true) " * 700 + " { edges { cursor } } }",
    "many variables": "query(" + " ".join(f"$v{i}: ID" for i in range(1_000)) + ") { __typename }",
    "a list of many levels": "{ pattern(patternId: " + "[" * 2_000 + "]" * 2_000 + ") { name } }",
    "an object of many levels": "mutation { createPattern(input: " + "{a: " * 900 + "1" + "}" * 900 + ") { __typename } }",
    "introspection of types of types": types_of_types(4),
    "many unknown fields": "{ " + " ".join(f"unknown{i}" for i in range(4_900)) + " }",
    "many unused fragments": "{ __typename } " + " ".join(f"fragment F{i} on Pattern {{ name }}" for i in range(550)),
    "many variables that are used everywhere": "query("
    + " ".join(f"$v{i}: Int!" for i in range(300))
    + ") { "
    + " ".join(f"p{i}: patterns(first: $v{i}) {{ ...F }}" for i in range(300))
    + " } fragment F on PatternConnection { edges { cursor } }",
}  # fmt: skip


@pytest.mark.lengthy
@pytest.mark.parametrize("name", EXPENSIVE)
async def test_checking_is_cheap(name: str) -> None:
    """However the selections multiply, a document of 5,000 tokens takes less than a second of this thread (tens of ms here)."""
    began = time.thread_time()
    DOCUMENTS._checked(SCHEMA, EXPENSIVE[name])
    assert time.thread_time() - began < 1.5


@pytest.mark.lengthy
@pytest.mark.parametrize("name", sorted(EXPENSIVE.keys() - {"many directives", "many variables", "many operations"}))
async def test_expensive_documents_are_refused(service: Service, name: str) -> None:
    response = await service.http.post("/graphql", json={"query": EXPENSIVE[name]})
    assert response.json()["errors"], "it was executed"
    assert response.json().get("data") is None


@pytest.mark.lengthy
def test_twice_the_levels_are_not_the_square_of_the_time() -> None:
    def seconds(levels: int) -> float:
        began = time.thread_time()
        for _ in range(5):
            DOCUMENTS._checked(SCHEMA, doubling(levels))
        return time.thread_time() - began

    assert seconds(240) < 40 * seconds(30)


async def test_sizes_are_those_with_fragments_spread(service: Service) -> None:
    [error] = await service.errors(doubling(13))
    expected = f"{2**13 + 3} selections found, with all fragments spread. Allowed: 5000 (LOOPGRAPH_MAX_QUERY_TOKENS)"
    assert error["message"] == expected


async def test_aliases_count_wherever_their_fragment_is_spread(service: Service) -> None:
    document = (
        '{ patterns { edges { node { ...F } } } lineage(patternId: "x") { nodes { version { pattern { ...F } } } } }'
    )
    aliases = " ".join(f"a{i}: name" for i in range(26))
    [error] = await service.errors(f"{document} fragment F on Pattern {{ {aliases} }}")
    assert error["message"] == "52 aliases found. Allowed: 50 (LOOPGRAPH_MAX_QUERY_ALIASES)"


@pytest.mark.lengthy
async def test_what_browsers_ask_for_is_allowed(service: Service) -> None:
    assert "errors" not in await service.ask(get_introspection_query(input_value_deprecation=True))


@pytest.mark.parametrize(
    "document", first_quick(["{ a" + " " * 3_000_000 + "!", '{ a(b: "' + "c" * 3_000_000]), ids=["spaces", "a string"]
)
@pytest.mark.slow
async def test_a_long_document_that_cannot_be_parsed(service: Service, document: str) -> None:
    """It is looked at beside the event loop, and only once."""
    body = {"query": document}
    async with watched() as found:
        response = await service.http.post("/graphql", json=body)
    assert "Syntax Error" in response.json()["errors"][0]["message"]
    assert found.longest_s < 0.15


async def test_a_syntax_error_over_a_websocket(service: Service) -> None:
    async with service.socket() as socket:
        await socket.subscribe("1", "{ a")
        message = await socket.receive()
    assert message["type"] == "error"
    assert "Syntax Error" in message["payload"][0]["message"]


async def test_documents_are_remembered(service: Service) -> None:
    known = Documents(documents.Limits(15, 50, 5_000), cost.Limits(250_000, 500, 20_000))
    first = await known.checked(SCHEMA, "{ __typename }")
    assert await known.checked(SCHEMA, "{ __typename }") is first
    long = "{ __typename }" + " " * 10_000
    assert await known.checked(SCHEMA, long) is not await known.checked(SCHEMA, long)
