"""What bounds a request whatever it asks for; each limit says which it is and how much is allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from support.service import Json, Service


async def refusal(service: Service, document: str) -> str:
    """The message of the one error that a document is answered with, and of no data."""
    answer: Json = await service.ask(document)
    assert answer["data"] is None
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_DOCUMENT"
    return str(error["message"])


def nested(levels: int) -> str:
    """A document that the schema allows, with so many levels below ``pattern``; they come in pairs."""
    pairs = levels // 2
    return (
        '{ pattern(patternId: "x") { ' + "currentVersion { pattern { " * pairs + "patternId" + " } }" * pairs + " } }"
    )


@pytest.mark.lengthy
async def test_depth(service: Service) -> None:
    maximum = service.parts.settings.max_query_depth
    assert await service.query(nested(maximum - 2)) == {"pattern": None}
    assert f"exceeds maximum operation depth of {maximum}" in await refusal(service, nested(maximum + 1))


def through_connections(pairs: int) -> str:
    """A document with so many pairs of a connection and a link below ``patternVersion``."""
    begin, end = "incomingEdgesConnection(first: 1) { edges { node { source { " * pairs, " } } } }" * pairs
    return f'{{ patternVersion(nodeId: "x") {{ {begin} nodeId {end} }} }}'


@pytest.mark.lengthy
async def test_a_connection_is_one_level(service: Service) -> None:
    maximum = service.parts.settings.max_query_depth
    fitting = (maximum - 1) // 2
    assert await service.query(through_connections(fitting)) == {"patternVersion": None}
    assert f"exceeds maximum operation depth of {maximum}" in await refusal(service, through_connections(fitting + 1))


@pytest.mark.lengthy
async def test_depth_through_fragments(service: Service) -> None:
    parts = ['query { pattern(patternId: "nothing") { ...F0 } }']
    for i in range(8):
        inner = f"...F{i + 1}" if i < 7 else "patternId"
        parts.append(f"fragment F{i} on Pattern {{ currentVersion {{ pattern {{ {inner} }} }} }}")
    assert "exceeds maximum operation depth" in await refusal(service, "\n".join(parts))


async def test_fragments_in_a_circle(service: Service) -> None:
    circle = 'query { pattern(patternId: "x") { ...F } } fragment F on Pattern { currentVersion { pattern { ...F } } }'
    answer = await service.ask(circle)
    assert "data" not in answer or answer["data"] is None
    assert any("Cannot spread fragment" in error["message"] for error in answer["errors"])


@pytest.mark.parametrize(
    "document",
    [
        "{" + "a{" * 10_000 + "b" + "}" * 10_000 + "}",
        "{ pattern(patternId: " + "[" * 10_000 + "]" * 10_000 + ") { name } }",
        'mutation { createPattern(input: {name: "n", metadata: '
        + "{a:" * 10_000
        + "1"
        + "}" * 10_000
        + "}) { __typename } }",
        "query($v: " + "[" * 10_000 + "ID" + "]" * 10_000 + ") { __typename }",
    ],
    ids=["selections", "lists", "objects", "types"],
)
async def test_ten_thousand_levels(service: Service, document: str) -> None:
    assert "nested too deeply" in await refusal(service, document)


async def test_aliases(service: Service) -> None:
    maximum = service.parts.settings.max_query_aliases

    def aliases(count: int) -> str:
        return "{" + " ".join(f"a{i}: __typename" for i in range(count)) + "}"

    assert len(await service.query(aliases(maximum))) == maximum
    message = await refusal(service, aliases(maximum + 1))
    assert message == f"{maximum + 1} aliases found. Allowed: {maximum} (LOOPGRAPH_MAX_QUERY_ALIASES)"


@pytest.mark.lengthy
async def test_tokens(service: Service) -> None:
    maximum = service.parts.settings.max_query_tokens

    def tokens(count: int) -> str:
        """A document of so many tokens, fifteen of them around the list's items."""
        return "{ commonAncestors(nodeIds: [" + '"a" ' * (count - 15) + "]) { all { nodeId } } }"

    [error] = await service.errors(tokens(maximum))
    assert error["extensions"] == {"code": "INVALID_INPUT", "field": "nodeIds"}
    assert f"more than {maximum} tokens" in await refusal(service, tokens(maximum + 1))


@pytest.mark.parametrize("first", [-1, 0, 501])
@pytest.mark.parametrize("field", ["patterns", "lineageEvents"])
async def test_page_sizes(service: Service, field: str, first: int) -> None:
    maximum = service.parts.settings.max_page_size
    [error] = await service.errors(f"{{ {field}(first: {first}) {{ edges {{ cursor }} }} }}")
    assert error["message"] == f"first: must be between 1 and {maximum}, not {first}"
    assert error["extensions"] == {"code": "INVALID_INPUT", "field": "first"}
    assert error["path"] == [field]


async def test_common_ancestors_of_too_many(service: Service) -> None:
    maximum = service.parts.settings.max_page_size
    document = "query($ids: [ID!]!) { commonAncestors(nodeIds: $ids) { all { nodeId } } }"
    [error] = await service.errors(document, ids=[str(i) for i in range(maximum + 1)])
    assert error["message"] == f"nodeIds: must be at most {maximum}, not {maximum + 1}"


class TestBody:
    """Ten million bytes are more than a body may have, whether it says so or not."""

    HEADERS = {"content-type": "application/json"}

    def check(self, service: Service, response: httpx.Response) -> None:
        maximum = service.parts.settings.max_body_bytes
        assert response.status_code == 413
        assert response.json()["error"] == {
            "code": "BODY_TOO_LARGE",
            "field": "body",
            "message": f"the body is larger than {maximum} bytes",
        }

    @pytest.mark.lengthy
    async def test_with_its_length(self, service: Service) -> None:
        body = b'{"query": "{ __typename }", "pad": "' + b"x" * 10_000_000 + b'"}'
        self.check(service, await service.http.post("/graphql", content=body, headers=self.HEADERS))

    @pytest.mark.lengthy
    async def test_in_chunks(self, service: Service) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield b'{"query": "{ __typename }", "pad": "'
            for _ in range(100):
                yield b"x" * 100_000
            yield b'"}'

        self.check(service, await service.http.post("/graphql", content=chunks(), headers=self.HEADERS))

    @pytest.mark.lengthy
    async def test_the_service_goes_on(self, service: Service) -> None:
        await self.test_with_its_length(service)
        assert await service.query("{ __typename }") == {"__typename": "Query"}

    @pytest.mark.lengthy
    async def test_what_is_nested_too_deeply_to_be_read(self, service: Service) -> None:
        body = b'{"query": "{ __typename }", "variables": {"v": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}"
        response = await service.http.post("/graphql", content=body, headers=self.HEADERS)
        assert response.status_code == 400
        assert "depth limit" in response.json()["errors"][0]["message"]
