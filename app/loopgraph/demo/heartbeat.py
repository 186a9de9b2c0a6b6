"""A line where otherwise nothing would be said for long: on a busy machine a step takes as long as all of it elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console, ConsoleRenderable, RenderHook
from rich.control import Control
from rich.markup import escape

SILENCE_S = 15.0
"""So long nothing is said at most."""


class Heartbeat(RenderHook):
    """Listens to a console, and says what is waited for when there has been silence."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._doing, self._trouble = "", ""
        self._began_at = self._said_at = time.monotonic()
        console.push_render_hook(self)

    def doing(self, what: str) -> None:
        """What goes on from now on, as a sentence."""
        self._doing, self._trouble, self._began_at = what, "", time.monotonic()

    def trouble(self, what: str) -> None:
        """What is in its way; the empty string when it is not any more."""
        self._trouble = what

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Speaks for the length of the block."""
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            task.cancel()

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Notes that something is said; bars that are drawn anew are nothing said."""
        if not all(isinstance(renderable, Control) for renderable in renderables):
            self._said_at = time.monotonic()
        return renderables

    def due_in_s(self) -> float:
        """Seconds until it is to speak."""
        return self._said_at + SILENCE_S - time.monotonic()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(max(self.due_in_s(), 0.0))
            if self.due_in_s() > 0:
                continue
            if self._doing:
                why = f" ({self._trouble})" if self._trouble else ""
                seconds = time.monotonic() - self._began_at
                self._console.print(f"  … {escape(self._doing + why)}, for {seconds:.0f} s now", soft_wrap=True)
            self._said_at = time.monotonic()
