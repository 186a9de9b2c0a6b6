"""Which media type an answer has, and which status: the GraphQL-over-HTTP specification, and clients that are older than it."""

from __future__ import annotations

import pytest

from loopgraph.api.graphql.negotiation import GRAPHQL, JSON, media_type, prefers_events
from support.service import Service


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        (GRAPHQL, GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),  # Apollo Client
        (f"{GRAPHQL}; charset=utf-8, application/json; charset=utf-8", GRAPHQL),  # graphql-http's own client
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"application/json, {GRAPHQL};q=0.5", JSON),
        (f"{GRAPHQL};q=0", JSON),
        (f"{GRAPHQL};q=much", JSON),
        ("text/plain", JSON),
        (f"text/html, */*;q=0.1, {GRAPHQL};q=0.2", GRAPHQL),
    ],
)
def test_the_media_type(accept: str | None, expected: str) -> None:
    assert media_type(accept) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/event-stream", True),
        ("text/event-stream, application/json", True),
        (f"{GRAPHQL}, application/json, text/event-stream, multipart/mixed", False),  # urql, for queries
        ("text/event-stream, multipart/mixed", True),  # urql, for subscriptions
        ("application/json;q=0.5, text/event-stream", True),
        ("text/event-stream;q=0", False),
        ("", False),
    ],
)
def test_whether_a_client_would_rather_have_events(accept: str, expected: bool) -> None:
    assert prefers_events(accept) == expected


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("{ __typename }", 200),
        ("{", 400),
        ("{ nothing }", 400),
        ("query($x: Int!) { __typename @skip(if: false) patterns(first: $x) { edges { cursor } } }", 400),
        ("query A { __typename } query B { __typename }", 400),
        ('{ pattern(patternId: "UXVlcnk6eA==") { name } traceDiff(a: "x", b: "y") { rows { kind } } }', 200),
    ],
)
async def test_the_status_says_whether_it_was_executed(service: Service, query: str, status: int) -> None:
    response = await service.http.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL})
    assert (response.status_code, response.headers["content-type"]) == (status, GRAPHQL)
    assert ("data" in response.json()) == (status == 200)
    legacy = await service.http.post("/graphql", json={"query": query}, headers={"accept": "application/json"})
    assert (legacy.status_code, legacy.headers["content-type"]) == (200, JSON)
    assert legacy.json() == {"data": None, **response.json()}


@pytest.mark.parametrize(("content", "status"), [("{bad", 400), ("{}", 400), ('{"query": 5}', 400)])
async def test_what_is_no_request_is_refused_in_the_same_media_type(
    service: Service, content: str, status: int
) -> None:
    headers = {"content-type": "application/json", "accept": GRAPHQL}
    response = await service.http.post("/graphql", content=content, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (status, GRAPHQL)
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_client_that_takes_events_too_gets_them_for_subscriptions_alone(service: Service) -> None:
    headers = {"accept": f"{GRAPHQL}, application/json, text/event-stream"}
    response = await service.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert response.json() == {"data": {"__typename": "Query"}}
    follow = 'subscription { feedbackRun(id: "nothing") { status } }'
    response = await service.http.post("/graphql", json={"query": follow}, headers=headers)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert "NOT_FOUND" in response.text
    refused = await service.http.post("/graphql", json={"query": follow}, headers={"accept": GRAPHQL})
    assert refused.status_code == 400
