"""An upgrade that runs while the process already answers: how far it is, and what hinders it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.effects.schema.migrations import Migration, Progress
from loopgraph.errors import LoopgraphError, ServiceError

logger = logging.getLogger(__name__)

_PAUSE_S = 1.0
_LONG_PAUSE_S = 10.0


class Upgrade:
    """The migrations that one database lacks, on their way. ``pending`` until they are applied and the service has begun."""

    def __init__(self, graph: Graph, lacking: tuple[Migration, ...]) -> None:
        self._graph = graph
        self._lacking = lacking
        self._progress: Progress | None = None
        self._problem: str | None = None
        self.pending = bool(lacking)

    @property
    def message(self) -> str:
        """One sentence for people: that the database is upgraded, how far that is, and what hinders it."""
        text = "upgrading what an older loopgraph stored"
        text += f" ({self._progress})" if self._progress else ""
        return f"{text}; it is tried again: {self._problem}" if self._problem else f"{text}; try again soon"

    async def run(self, begin: Callable[[], Awaitable[None]]) -> None:
        """Applies what is lacking, as often as it takes, and then calls ``begin``, which starts the service."""
        while self.pending:
            try:
                await schema.upgrade(self._graph, self._lacking, self._tell)
                await begin()
                self.pending = False
            except Exception as error:
                known = isinstance(error, LoopgraphError)
                self._problem = str(error) if known else "it failed unexpectedly, the log has more"
                logger.error("the upgrade is interrupted: %s", error, exc_info=not known)
                await asyncio.sleep(_PAUSE_S if isinstance(error, ServiceError) else _LONG_PAUSE_S)

    def _tell(self, progress: Progress) -> None:
        self._progress, self._problem = progress, None
