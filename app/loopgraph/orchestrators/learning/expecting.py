"""The success that is expected of learned patterns, by the records of all of them, as they are now and then."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from typing import Final

from loopgraph.computes.learning.matches.expecting import prior_of
from loopgraph.contracts.learning.matching import Prior
from loopgraph.effects.learning.prompts import PromptReads

logger = logging.getLogger(__name__)

FRESH_S: Final = 60.0
"""All records together change slowly: what was read so long ago is good enough."""
REST: Final = 200
"""And what took long to read is good for so many times as long."""


class Expecting:
    """Keeps what is expected of a pattern whose record is not known. The first who asks waits, nobody after that."""

    def __init__(self, reads: PromptReads) -> None:
        self._reads = reads
        self._prior: Prior | None = None
        self._until = 0.0
        self._reading: asyncio.Task[Prior] | None = None

    async def prior(self) -> Prior:
        """That of the last look."""
        if self._prior is not None and time.monotonic() < self._until:
            return self._prior
        if self._reading is None or self._reading.done():
            # In a context of its own: the time of who asks first is no limit for what all wait for.
            self._reading = asyncio.create_task(self._read(), context=contextvars.Context())
            self._reading.add_done_callback(_told)
        return self._prior if self._prior is not None else await asyncio.shield(self._reading)

    async def _read(self) -> Prior:
        began = time.monotonic()
        prior = self._prior = prior_of(*await self._reads.records())
        ended = time.monotonic()
        self._until = ended + max(FRESH_S, REST * (ended - began))
        return prior


def _told(task: asyncio.Task[Prior]) -> None:
    """Whoever waits is told of its error; others go on with what was read before, and the next asks again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.debug("what success is to be expected is read again: %s", error)
