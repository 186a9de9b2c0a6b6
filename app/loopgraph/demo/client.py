"""A small client of the public API: GraphQL, its subscriptions as server-sent events, and the doors for traces."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Self

import httpx

from loopgraph.errors import ServiceError

Json = dict[str, Any]

_CONNECTIONS = 16
"""At once, the streams of subscriptions included; further requests wait for a free one."""

_IDLE_S = 2.0
"""A connection that was idle for longer is not used again: the service closes it after five, whatever the demo does then."""


class Client:
    """Speaks to the service at ``url``. Every method raises ServiceError for an answer that is not the wanted one."""

    def __init__(self, url: str, correlation_id: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"X-Correlation-ID": correlation_id, "X-Source": "loopgraph-demo"},
            timeout=httpx.Timeout(60, pool=None),
            limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_IDLE_S),
            trust_env=False,  # no proxy stands before loopback
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def query(self, document: str, **variables: Any) -> Json:
        """The ``data`` of a GraphQL operation."""
        return _data(await self._post("/graphql", {"query": document, "variables": variables}))

    async def mutate(self, document: str, **input_: Any) -> Json:
        """The payload of a mutation with one field, which takes ``input``."""
        (result,) = (await self.query(document, input=input_)).values()
        if "message" in result:
            raise ServiceError(f"the service refused a change: {result['__typename']}: {result['message']}")
        payload: Json = result
        return payload

    async def subscribe(self, document: str, **variables: Any) -> AsyncGenerator[Json, None]:
        """The ``data`` of every event of a subscription, until the service completes it."""
        body = {"query": document, "variables": variables}
        timeout = httpx.Timeout(60, read=None)
        try:
            async with self._http.stream(
                "POST", "/graphql", json=body, headers={"Accept": "text/event-stream"}, timeout=timeout
            ) as response:
                if response.is_error:
                    await response.aread()
                    raise _refusal(response)
                async for line in response.aiter_lines():
                    name, _, value = line.partition(": ")
                    if name == "data" and value:
                        yield _data(json.loads(value))
        except httpx.HTTPError as error:
            raise _silence(error) from error

    async def report(self, event: str, body: Json, headers: Mapping[str, str]) -> None:
        """Hands in one event of a trace: start, routing, hook, endpoint or complete."""
        await self._post(f"/api/traces/{event}", body, headers)

    async def _post(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
        try:
            response = await self._http.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise _silence(error) from error
        if response.is_error:
            raise _refusal(response)
        answer: Json = response.json()
        return answer


def _data(answer: Json) -> Json:
    if answer.get("errors"):
        raise ServiceError(f"the service answered with an error: {answer['errors'][0]['message']}")
    data: Json = answer["data"]
    return data


def _refusal(response: httpx.Response) -> ServiceError:
    return ServiceError(f"{response.request.url.path} answered {response.status_code}: {response.text[:500]}")


def _silence(error: httpx.HTTPError) -> ServiceError:
    return ServiceError(f"the service does not answer: {error!r}")
