"""Running schema statements, which are no part of transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from loopgraph.effects.graph.client import Graph
from loopgraph.errors import ServiceError

_ATTEMPTS = 5
_PAUSE_S = 0.2


async def run_schema(graph: Graph, statements: Iterable[str]) -> None:
    """Runs statements one by one. Each must be idempotent: where another process runs the same one now, it is run again."""
    for statement in statements:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await graph.run_alone(statement)
                break
            except ServiceError:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(_PAUSE_S * attempt)
