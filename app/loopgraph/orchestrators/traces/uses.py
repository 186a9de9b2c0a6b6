"""The background task of the service that looks at uses again when there are more versions that they may be of."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from loopgraph.contracts.traces.uses import Choosing
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.reconsidering import PAGE, Reconsidering
from loopgraph.errors import Blame, blame_of

logger = logging.getLogger(__name__)

LEAST_S: Final = 2.0


class UseLinker:
    """Moves uses to better versions. Several processes can do it side by side. ``looks`` counts how often it has looked."""

    def __init__(self, graph: Graph, choosing: Choosing, poll_ms: int = 0) -> None:
        self._uses = Reconsidering(graph, choosing)
        self._poll_s = max(LEAST_S, poll_ms / 1000)
        self.looks = 0

    async def run_forever(self) -> None:
        """Looks every ``poll_ms``, but every two seconds at most, until it is cancelled."""
        said = ""
        while True:
            try:
                await self.look()
                said = ""
            except Exception as error:
                if blame_of(error) is not Blame.GRAPH:
                    logger.exception("uses could not be looked at again; trying again")
                elif said != str(error):
                    logger.warning("uses are looked at again when the graph can: %s", error)
                said = str(error)
            await asyncio.sleep(self._poll_s)

    async def look(self) -> int:
        """Looks at the uses of all new versions; returns how many uses it has looked at."""
        count, at = 0, now()
        while versions := await self._uses.new_versions(at):
            ids = await self._uses.uses_of(versions)
            for start in range(0, len(ids), PAGE):
                await self._uses.reconsider(ids[start : start + PAGE], at)
            await self._uses.looked_at(versions, at)
            count += len(ids)
        self.looks += 1
        return count
