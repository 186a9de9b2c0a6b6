"""Both ways of a service to its broker, as far as the settings want them."""

from __future__ import annotations

import asyncio
import contextlib

from loopgraph.orchestrators.broker.consuming import Consuming
from loopgraph.orchestrators.broker.publishing import Publishing


class Traffic:
    """What works beside the doors, in one or both directions."""

    def __init__(self, consuming: Consuming | None, publishing: Publishing | None) -> None:
        self._consuming = consuming
        self._publishing = publishing
        self._parts = [part for part in (consuming, publishing) if part is not None]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def standing(self) -> dict[str, dict[str, str]]:
        """How each part stands, for ``/readyz``."""
        named = {"consumer": self._consuming, "producer": self._publishing}
        return {name: part.standing.told for name, part in named.items() if part is not None}

    def start(self) -> None:
        """Has all of it begin."""
        self._tasks = [asyncio.create_task(part.run_forever()) for part in self._parts]

    def take_no_more(self) -> None:
        """Has nothing more taken in: what is in work is recorded, and said to be done with."""
        if self._consuming is not None:
            self._consuming.close()

    async def close(self, timeout_s: float) -> None:
        """Ends all of it in order: what was recorded is published, as far as that can be in this time."""
        for part in self._parts:
            part.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
