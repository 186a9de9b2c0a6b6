"""What the demo's client makes of answers that it did not want, from the real service."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from conftest import settings_for
from loopgraph.demo.client import Client
from loopgraph.demo.documents import ASSIGN_VARIANT, CREATE_PATTERN, FOLLOW_RUN
from loopgraph.errors import ServiceError
from support.engines import EngineUnderTest
from support.service import serving


@pytest.fixture(scope="module")
async def client(embedded_engine: EngineUnderTest) -> AsyncIterator[Client]:
    async with serving(settings_for(embedded_engine)) as service, Client(service.url, "test-demo-client") as client:
        yield client


async def test_a_refused_change_says_why(client: Client) -> None:
    with pytest.raises(ServiceError, match=r"refused a change: InvalidInput: input\.name"):
        await client.mutate(CREATE_PATTERN, name="")


async def test_an_error_of_a_query_is_passed_on(client: Client) -> None:
    with pytest.raises(ServiceError, match="no Pattern has the id 'nowhere'"):
        await client.query(ASSIGN_VARIANT, patternId="nowhere", unit="one")


async def test_a_refused_event_says_why(client: Client) -> None:
    with pytest.raises(ServiceError, match=r"/api/traces/hook answered 4\d\d: .*hook_?[tT]ype"):
        await client.report("hook", {"success": True}, {"X-Correlation-ID": "test-demo-client"})


async def test_a_subscription_ends_with_its_error(client: Client) -> None:
    with pytest.raises(ServiceError, match="'nowhere'"):
        await anext(client.subscribe(FOLLOW_RUN, id="nowhere"))


async def test_silence_is_said_plainly() -> None:
    async with Client("http://127.0.0.1:1", "test-demo-client") as client:
        with pytest.raises(ServiceError, match="does not answer"):
            await client.query("{ __typename }")
        with pytest.raises(ServiceError, match="does not answer"):
            await anext(client.subscribe("subscription { __typename }"))
