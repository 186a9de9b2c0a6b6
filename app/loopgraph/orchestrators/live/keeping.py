"""The background task that takes away what was told long ago."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.live.pruning import ChangePruning
from loopgraph.errors import Blame, blame_of

logger = logging.getLogger(__name__)

EVERY_S: Final = 60.0


class ChangeKeeping:
    """Keeps what was told for some time. Several processes can do it side by side."""

    def __init__(self, graph: Graph, kept: timedelta) -> None:
        self._pruning = ChangePruning(graph)
        self._kept = kept

    async def run_forever(self) -> None:
        """Looks every minute, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self._pruning.prune(now(), self._kept)
            except Exception as error:
                if blame_of(error) is Blame.GRAPH:
                    logger.warning("what was told long ago is taken away when the graph can: %s", error)
                else:
                    logger.exception("what was told long ago could not be taken away; trying again")
