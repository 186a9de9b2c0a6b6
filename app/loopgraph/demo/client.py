"""A small client of the public API: GraphQL, its subscriptions as server-sent events, and the doors for traces."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Self

import httpx

from loopgraph.errors import ServiceError

Json = dict[str, Any]

_CONNECTIONS = 16
"""At once, the streams of subscriptions included; further requests wait for a free one."""

_IDLE_S = 2.0
"""A connection that was idle for longer is not used again: the service closes it after five, whatever the demo does then."""

RETRY_FOR_S = 180.0
"""So long a request is sent again while the service says that what is in its way passes."""

_TOO_BUSY = "The machine is too busy for the demo now: let it finish what else it does, and run it again"

_PASSING = frozenset({"GRAPH_UNAVAILABLE", "GRAPH_TIMEOUT", "OVERLOADED", "UPGRADING"})
"""Codes of what passes by itself: on a busy machine the graph may take longer to answer than the service's clients would wait."""


class _NotNow(ServiceError):
    """The service asks to come again, in ``after_s`` seconds."""

    def __init__(self, problem: str, after_s: float = 1.0) -> None:
        super().__init__(problem)
        self.after_s = after_s


def _unheard(_: str) -> None:
    """For who does not want to know."""


class Client:
    """Speaks to the service at ``url``. Every method raises ServiceError for an answer that is not the wanted one.

    A request that the service cannot answer now, or whose answer does not come, is sent again, for three minutes; so what makes
    something must bring its id. ``trouble`` is told what is in the way, and the empty string when it is not any more.
    """

    def __init__(self, url: str, correlation_id: str, trouble: Callable[[str], None] = _unheard) -> None:
        self._trouble = trouble
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
        body = {"query": document, "variables": variables}

        async def once() -> Json:
            return _data(await self._post("/graphql", body))

        return await self._patiently(once)

    async def mutate(self, document: str, **input_: Any) -> Json:
        """The payload of a mutation with one field, which takes ``input``."""
        (result,) = (await self.query(document, input=input_)).values()
        if "message" in result:
            raise ServiceError(f"the service refused a change: {result['__typename']}: {result['message']}")
        payload: Json = result
        return payload

    async def subscribe(self, document: str, **variables: Any) -> AsyncGenerator[Json, None]:
        """The ``data`` of every event of a subscription that begins with how things are, until the service completes it."""
        patience = _Patience(self._trouble)
        while True:
            try:
                async with aclosing(self._events({"query": document, "variables": variables})) as events:
                    async for data in events:
                        patience.rewarded()
                        yield data
                return
            except _NotNow as error:
                await patience.wait(error)

    async def _events(self, body: Json) -> AsyncGenerator[Json, None]:
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

        async def once() -> Json:
            return await self._post(f"/api/traces/{event}", body, headers)

        await self._patiently(once)

    async def _patiently(self, ask: Callable[[], Awaitable[Json]]) -> Json:
        patience = _Patience(self._trouble)
        while True:
            try:
                answer = await ask()
            except _NotNow as error:
                await patience.wait(error)
            else:
                patience.rewarded()
                return answer

    async def _post(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
        try:
            response = await self._http.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise _silence(error) from error
        if response.is_error:
            raise _refusal(response)
        answer: Json = response.json()
        return answer


class _Patience:
    """With one request: it ends some time after the first answer that was none."""

    def __init__(self, trouble: Callable[[str], None]) -> None:
        self._trouble = trouble
        self._since: float | None = None

    async def wait(self, error: _NotNow) -> None:
        """Waits as long as was asked for. Raises the error when that has lasted too long."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now + error.after_s > self._since + RETRY_FOR_S:
            raise ServiceError(f"{error} (asked again for {now - self._since:.0f} s). {_TOO_BUSY}") from error
        self._trouble(str(error))
        await asyncio.sleep(error.after_s)

    def rewarded(self) -> None:
        """There was an answer."""
        if self._since is not None:
            self._since = None
            self._trouble("")


def _data(answer: Json) -> Json:
    if errors := answer.get("errors"):
        problem, more = f"the service answered with an error: {errors[0]['message']}", errors[0].get("extensions", {})
        if more.get("code") in _PASSING:
            raise _NotNow(problem, float(more.get("retryAfterS", 1)))
        raise ServiceError(problem)
    data: Json = answer["data"]
    return data


def _refusal(response: httpx.Response) -> ServiceError:
    problem = f"{response.request.url.path} answered {response.status_code}: {response.text[:500]}"
    after = response.headers.get("retry-after", "")
    if response.status_code in (429, 503) and after.isdecimal() and any(code in response.text for code in _PASSING):
        return _NotNow(problem, float(after))
    return ServiceError(problem)


def _silence(error: httpx.HTTPError) -> ServiceError:
    """What silence is called. Who does not even listen has ended; all else passes, or may be the machine's."""
    if isinstance(error, httpx.ConnectError):
        return ServiceError("the service does not answer: it has ended, nothing listens at its address. Run it again")
    if isinstance(error, httpx.TimeoutException):
        return _NotNow("the service does not answer in time")
    if isinstance(error, httpx.TransportError):
        return _NotNow("the service does not answer: its connection was cut off")
    return ServiceError(f"the service does not answer as it should: {error}")
