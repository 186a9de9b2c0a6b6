"""Following the transcripts of clients: what is there is imported, and then whatever is written, as it is written."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from loopgraph.contracts.traces.transcripts import TranscriptNews, TranscriptProgress
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.effects.transcripts.watching import held, written
from loopgraph.errors import LoopgraphError
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.transcripts.clients import TranscriptClient
from loopgraph.orchestrators.transcripts.importing import LINE_BYTES, TranscriptImport

logger = logging.getLogger(__name__)

_PAUSE_S: Final = 5.0
"""Between two attempts, while the graph takes nothing in."""

_LOOK_S: Final = 60.0
"""How often it is looked whether a client has a folder yet, or other ones: what is watched of one that went is told by nobody."""

_ALL_EVERY_S: Final = 3600.0
"""How often it is looked for files that have been quiet for so long that they are over, and for what was missed."""

Told = Callable[[TranscriptClient, TranscriptProgress], None]
News = Callable[[TranscriptClient, TranscriptNews], None]


class TranscriptFollower:
    """Follows the transcripts of some clients. ``told`` is called after the first import of what is there, and after each in
    which there was something new; before that ``news`` with each transcript in which there was."""

    def __init__(
        self,
        clients: Sequence[TranscriptClient],
        recorder: Recorder,
        positions: Positions,
        *,
        quiet_for: timedelta | None = None,
        line_bytes: int = LINE_BYTES,
        told: Told = lambda client, progress: None,
        news: News = lambda client, news: None,
    ) -> None:
        self._told = told
        self._begun: set[str] = set()
        importer = partial(TranscriptImport, quiet_for=quiet_for, line_bytes=line_bytes)
        self._imports = [
            (client, importer(client, recorder, positions, told=partial(news, client))) for client in clients
        ]

    async def run_forever(self) -> None:
        """Follows all of them until it is cancelled; a graph that is away is waited for."""
        async with asyncio.TaskGroup() as group:
            for client, importer in self._imports:
                group.create_task(self._follow_on(client, importer))

    async def _follow_on(self, client: TranscriptClient, importer: TranscriptImport) -> None:
        """Follows a client whatever happens: what nobody has thought of is logged, and begun anew."""
        while True:
            try:
                await self._follow(client, importer)
            except Exception:
                logger.exception("transcripts of %s could not be followed; trying again", client.title)
            await asyncio.sleep(_PAUSE_S)

    async def _follow(self, client: TranscriptClient, importer: TranscriptImport) -> None:
        """Follows a client as long as its folders are those that they are now."""
        homes = await self._homes(client)
        places = _places(client)
        changed, waiting = asyncio.Event(), set(homes)

        async def watch() -> None:
            try:
                async for paths in written(places, client.is_transcript, below=client.watches_below):
                    waiting.update(paths)
                    changed.set()
            except (OSError, RuntimeError) as error:  # one went, or cannot be watched
                logger.warning("transcripts of %s are not watched: %s", client.title, error)

        with held(places) as are_there:
            watching = asyncio.create_task(watch())
            await asyncio.sleep(0)  # what is written from now on is told of
            try:
                all_at = time.monotonic() + _ALL_EVERY_S
                while True:
                    paths = set(waiting)
                    waiting.clear()
                    changed.clear()
                    if not await self._import(client, importer, paths):
                        waiting |= paths
                        await asyncio.sleep(_PAUSE_S)
                        continue
                    try:
                        await asyncio.wait_for(changed.wait(), _LOOK_S)
                    except TimeoutError:
                        if watching.done() or not are_there() or _places(client) != places:
                            return  # and all is looked at again
                        if time.monotonic() >= all_at:
                            all_at = time.monotonic() + _ALL_EVERY_S
                            waiting.update(homes)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _homes(self, client: TranscriptClient) -> list[Path]:
        """The client's folders, as soon as it has any."""
        while True:
            if homes := client.homes():
                return homes
            await asyncio.sleep(_LOOK_S)

    async def _import(self, client: TranscriptClient, importer: TranscriptImport, paths: Iterable[Path]) -> bool:
        """Imports what is new there; whether that was possible."""
        try:
            progress = await importer.run([path for path in paths if path.is_file() or path.is_dir()], follow=True)
        except (LoopgraphError, OSError) as error:
            logger.warning("transcripts of %s wait: %s", client.title, error)
            return False
        except Exception:
            logger.exception("transcripts of %s could not be imported; trying again", client.title)
            return False
        is_first = client.name not in self._begun
        self._begun.add(client.name)
        if is_first or progress.recorded or progress.refused or progress.failed:
            self._told(client, progress)
        return True


def _places(client: TranscriptClient) -> list[Path]:
    """The folders to be watched."""
    return [client.watched(home) for home in client.homes()]
