"""The GraphQL endpoint as HTTP clients meet it, through a real socket."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from loopgraph.api.graphql import app
from loopgraph.api.graphql.encoding import encoded
from loopgraph.api.graphql.pace import Pace, Turns
from loopgraph.api.graphql.schema import build_schema
from loopgraph.contracts.audit import EventFilter
from loopgraph.contracts.base import Page
from loopgraph.effects.clock import new_id
from support.feedback_api import CREATE_PATTERN
from support.service import Json, Service

TRACE = "query($id: ID!) { trace(correlationId: $id) { source } }"
START = "mutation($input: StartTraceInput!) { startTrace(input: $input) { __typename } }"


def refusal(response: httpx.Response, status: int) -> str:
    """The message of an answer that refuses a request in GraphQL's form."""
    assert response.status_code == status, response.text
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "UNSUPPORTED_MEDIA_TYPE" if status == 415 else "BAD_REQUEST"}
    return str(error["message"])


@pytest.mark.lengthy
async def test_queries_by_get(service: Service) -> None:
    trace = new_id()
    await service.query(START, input={"correlationId": trace, "source": "test"})
    parameters = {"query": TRACE, "variables": f'{{"id": "{trace}"}}'}
    response = await service.http.get("/graphql", params=parameters)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == {"data": {"trace": {"source": "test"}}}
    wrong = await service.http.get("/graphql", params={**parameters, "variables": "{bad"})
    assert "JSON" in refusal(wrong, 400)


async def test_mutations_by_get_are_refused_and_do_nothing(service: Service) -> None:
    trace = new_id()
    mutation = f'mutation {{ startTrace(input: {{correlationId: "{trace}"}}) {{ __typename }} }}'
    assert "GET" in refusal(await service.http.get("/graphql", params={"query": mutation}), 400)
    assert (await service.query(TRACE, id=trace))["trace"] is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{bad", "unexpected character"),
        ("5", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('[{"query": "{ __typename }"}]', "must be a JSON object"),
        (b'{"query": "\xff"}', "UTF-8"),
        ("{}", "No GraphQL query"),
        ('{"query": 5}', "`query` must be a string"),
        ('{"query": "{ __typename }", "variables": []}', "`variables` must be an object"),
        ('{"query": "{ __typename }", "operationName": "other"}', 'operation named "other"'),
    ],
)
async def test_what_is_no_request_is_refused(service: Service, body: str | bytes, problem: str) -> None:
    response = await service.http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert problem in refusal(response, 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", None])
async def test_only_json_is_read(service: Service, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    response = await service.http.post("/graphql", content='{"query": "{ __typename }"}', headers=headers)
    assert refusal(response, 415).startswith("the body must be application/json, not ")


async def test_a_document_that_the_schema_does_not_allow(service: Service) -> None:
    for document in ("{ nothing }", "{", "query($id: ID!) { trace(correlationId: $id) { source } }"):
        [error] = await service.errors(document)
        assert error["extensions"]["code"] == "INVALID_DOCUMENT"


@pytest.mark.lengthy
async def test_the_correlation_id_of_the_request_is_that_of_its_answer_and_its_events(service: Service) -> None:
    async def create(header: str) -> tuple[str, str]:
        body = {"query": CREATE_PATTERN, "variables": {"input": {"name": "greet"}}}
        response = await service.http.post("/graphql", json=body, headers={"X-Correlation-ID": header})
        pattern_id = response.json()["data"]["createPattern"]["version"]["patternId"]
        page = await service.parts.events.page(EventFilter(pattern_id=pattern_id), Page(first=10))
        [written] = {event.correlation_id for event in page.events}
        return response.headers["x-correlation-id"], written or ""

    mine = new_id()
    assert await create(mine) == (mine, mine)
    answered, written = await create("not an id")
    assert answered == written != "not an id"


@pytest.mark.lengthy
async def test_an_unexpected_error_is_masked_and_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: str) -> Any:
        raise RuntimeError("a secret of the house")

    turns = Turns(Pace())
    context = SimpleNamespace(
        correlation_id="the-request",
        principal=None,
        loaders=SimpleNamespace(pattern=SimpleNamespace(load=fail)),
        services=service.parts,
        turns=turns,
        operation=turns.operation,
    )
    with caplog.at_level(logging.ERROR):
        result: Any = await build_schema(service.parts.settings).execute(
            '{ pattern(patternId: "any") { name } }', context_value=context
        )
    [error] = result.errors
    shown: Json = error.formatted
    assert shown["extensions"] == {"code": "INTERNAL", "correlationId": "the-request"}
    assert "secret" not in shown["message"]
    [record] = caplog.records
    assert "the-request" in record.getMessage()
    assert "a secret of the house" in (record.exc_text or "")


@pytest.mark.parametrize("id_", ["Tm90aGluZzpx", "UGFnZUluZm86cQ=="])
async def test_an_id_that_is_no_global_id_is_refused(service: Service, id_: str) -> None:
    [error] = await service.errors("query ($id: ID!) { node(id: $id) { id } }", id=id_)
    assert error["extensions"] == {"code": "INVALID_INPUT", "field": "id"}


async def test_graphiql_is_for_browsers(service: Service) -> None:
    response = await service.http.get("/graphql", headers={"accept": "text/html"})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "GraphiQL" in response.text


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_an_answer_is_being_made_until_it_is_encoded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    busy: list[bool] = []

    async def noted(value: Any, pace: Pace) -> bytes:
        busy.append(pace.busy)
        return await encoded(value, pace)

    monkeypatch.setattr(app, "encoded", noted)
    assert "errors" not in (await service.ask("{ __typename }"))
    assert busy == [True]
