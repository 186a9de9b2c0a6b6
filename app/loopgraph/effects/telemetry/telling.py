"""Where the service tells of itself, and how long: the settings of OpenTelemetry made into spans and a sender of metrics."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from loopgraph import __version__
from loopgraph.contracts.spans import MARK
from loopgraph.effects.clock import new_id
from loopgraph.effects.telemetry.metrics import CONTENT_TYPE, export_request
from loopgraph.effects.telemetry.outage import Outage
from loopgraph.effects.telemetry.spans import TIMEOUT_S, OtelSpans
from loopgraph.settings import Settings

logger = logging.getLogger(__name__)


class Telling:
    """The telemetry of one service, from its settings; ``collect`` gives the families of its registry."""

    def __init__(self, settings: Settings, collect: Callable[[], Any]) -> None:
        self.instance = new_id()
        self._url = settings.otel_url.rstrip("/")
        self._headers = settings.otel_header_values
        self._every_s = settings.otel_metrics_seconds
        self._collect = collect
        self._began_ns = time.time_ns()
        self._resource = {
            "service.name": settings.otel_service_name,
            "service.version": __version__,
            "service.instance.id": self.instance,
        }
        self.spans = OtelSpans(self._url, self._headers, self._resource, self.instance, settings.otel_trace_share)
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # what it cannot send is told once, by us

    async def send_metrics_forever(self, look: Callable[[], Awaitable[None]]) -> None:
        """Sends the metrics every some seconds until it is cancelled, each time after a ``look`` at what is not counted."""
        if not self._every_s:
            return
        outage = Outage(logger, "the service's metrics", self._url)
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            while True:
                await asyncio.sleep(self._every_s)
                await look()
                if why := await self._sent(client):
                    outage.is_so(why)
                else:
                    outage.is_over()

    async def _sent(self, client: httpx.AsyncClient) -> str:
        """Why the metrics were not taken; empty if they were."""
        body = export_request(self._collect(), self._resource, self._began_ns, time.time_ns())
        headers = {**self._headers, MARK: self.instance, "content-type": CONTENT_TYPE}
        try:
            answer = await client.post(f"{self._url}/v1/metrics", content=body, headers=headers)
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__
        return "" if answer.is_success else f"HTTP {answer.status_code}"

    async def close(self) -> None:
        """Sends the spans that are left, for some seconds at most."""
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                await asyncio.to_thread(self.spans.close)
        except TimeoutError:
            logger.warning("what the service told of itself at its end was not taken at %s", self._url)
