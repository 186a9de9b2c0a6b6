"""Importing transcripts: find them, leave out what is as it was, read the rest, record it, and note how far that is.

A position is kept after all that it stands for is committed, so an import that was broken off goes on when it is repeated, and
what was recorded without a note of it is recorded again, which changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from loopgraph.contracts.traces.observations import Observation
from loopgraph.contracts.traces.records import Recorded
from loopgraph.contracts.traces.transcripts import Position, TranscriptNews, TranscriptProgress
from loopgraph.effects.clock import now
from loopgraph.effects.transcripts.files import FoundFile, head_of, uuids_in
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.orchestrators.recording.patience import patiently
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.transcripts.clients import TranscriptClient
from loopgraph.orchestrators.transcripts.reading import Reading

logger = logging.getLogger(__name__)

AT_ONCE: Final = 1_000
"""So many events are recorded together, where others bring events, too."""

_WAITING: Final = 1
"""So many such batches are read ahead while another is recorded."""

_LOOKED_UP: Final = 1_000

LINE_BYTES: Final = 32 * 1024 * 1024


T = TypeVar("T")


class Batch(NamedTuple):
    """What is recorded together, how far the files are then, and what was in those that are read to their ends."""

    events: Sequence[Observation]
    positions: Sequence[Position]
    news: Sequence[TranscriptNews]


class TranscriptImport:
    """Imports the transcripts of one client. ``quiet_for``: a file that was not written for so long is over (None: none is).
    No line may take more than about ``line_bytes`` of memory; ``at_once`` events are recorded together. ``report`` is called
    with the totals after every batch, ``told`` with what was new in a transcript when that is recorded."""

    def __init__(
        self,
        client: TranscriptClient,
        recorder: Recorder,
        positions: Positions,
        *,
        quiet_for: timedelta | None = None,
        line_bytes: int = LINE_BYTES,
        at_once: int = AT_ONCE,
        report: Callable[[TranscriptProgress], None] = lambda _: None,
        told: Callable[[TranscriptNews], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._positions = positions
        self._quiet_ns = quiet_for / timedelta(microseconds=1) * 1000 if quiet_for is not None else None
        self._line_bytes = line_bytes
        self._at_once = at_once
        self._report = report
        self._told = told
        self._progress = TranscriptProgress()
        self._pending: list[Observation] = []
        self._reached: dict[str, Position] = {}
        self._news: list[TranscriptNews] = []
        self._open: dict[str, Reading] = {}
        self._heads: dict[Path, str] = {}
        self._settled: dict[str, Position] = {}

    async def run(self, paths: Iterable[Path], *, follow: bool = False) -> TranscriptProgress:
        """Reads what is new in the transcripts at these paths, files or folders. ``follow``: what is read stays open, so that
        what is written next is read without what stands before it.

        Raises InvalidInput for a path where nothing is, and ServiceErrors when the graph takes nothing in.
        """
        self._progress = TranscriptProgress()
        files = await asyncio.to_thread(self._found, list(paths))
        known = await self._known(files, settled=self._settled if follow else {})
        changed = [file for file in files if not self._is_known(file, known.get(file.file_id))]
        self._tell(unchanged=len(files) - len(changed), total_bytes=sum(file.to_read for file in changed))
        copies = await asyncio.to_thread(Copies, self._client, changed, files, known, self._heads) if changed else None
        queue: asyncio.Queue[Batch | None] = asyncio.Queue(_WAITING)
        writer = asyncio.create_task(self._write(queue))
        try:
            for file in changed:
                assert copies is not None
                await self._read(file, known.get(file.file_id), copies, queue, writer, follow=follow)
            await self._hand_on(queue, writer)
            await self._put(queue, writer, None)
            await writer
        except BaseException:
            self._open.clear()  # what was read and not recorded is read again
            raise
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self._pending, self._reached, self._news = [], {}, []
        return self._progress

    # Which files

    def _found(self, paths: Sequence[Path]) -> list[FoundFile]:
        every = {path for given in paths for path in self._client.transcripts(given)}
        files: dict[str, FoundFile] = {}
        for path in sorted(every, reverse=True):  # a file counts for more than itself compressed, which is found first
            try:
                files.update((file.file_id, file) for file in self._client.found(path))
            except OSError as error:
                logger.error("%s could not be read: %s", path, error)
                self._tell(failed=1)
        return sorted(files.values(), key=lambda file: (file.stamp.mtime_ns, file.path, file.part))

    async def _known(self, files: Sequence[FoundFile], *, settled: dict[str, Position]) -> dict[str, Position]:
        """How far they have been read. Those of ``settled`` that are still so are not asked for again: where one file holds many
        transcripts, all are found whenever one changes."""
        ids = [file.file_id for file in files if not self._is_known(file, settled.get(file.file_id))]
        for start in range(0, len(ids), _LOOKED_UP):
            for id_ in ids[start : start + _LOOKED_UP]:
                settled.pop(id_, None)
            settled |= await self._positions.by_id(ids[start : start + _LOOKED_UP])
        return {file.file_id: settled[file.file_id] for file in files if file.file_id in settled}

    def _is_known(self, file: FoundFile, position: Position | None) -> bool:
        return position is not None and position.is_at(file.stamp) and (position.closed or not self._is_quiet(file))

    def _is_quiet(self, file: FoundFile) -> bool:
        return self._quiet_ns is not None and file.stamp.mtime_ns < time.time_ns() - self._quiet_ns

    # Reading

    async def _read(
        self,
        file: FoundFile,
        known: Position | None,
        copies: Copies,
        queue: asyncio.Queue[Batch | None],
        writer: asyncio.Task[None],
        *,
        follow: bool,
    ) -> None:
        is_alone = copies.is_alone(file)
        reading = await self._attempt(file, partial(self._opened, file, known, copies))
        more, read, most = reading is not None, 0, self._at_once
        while reading and more:
            room = max(1, most - len(self._pending))
            taken = await self._attempt(file, partial(reading.take, room, last=self._is_quiet(file)))
            if taken is None:
                self._counted(reading, file)  # what stands before that is recorded
                return
            more = taken.more
            self._pending += taken.events
            self._reached[file.file_id] = reading.position(whole=not more)
            self._tell(bytes=taken.bytes, too_large=taken.too_large)
            read += taken.bytes
            if len(self._pending) >= most or len(self._reached) >= most or taken.bytes >= most * 1_000:
                await self._hand_on(queue, writer)
        if reading:
            self._keep_open(reading, file, follow=follow and is_alone and not self._is_quiet(file))
            self._finished(reading, file, read)

    def _finished(self, reading: Reading, file: FoundFile, read: int) -> None:
        self._counted(reading, file)
        # How much it was to be is known only now: it may have grown, or go on where it was, or be compressed.
        self._tell(files=1, total_bytes=read - file.to_read)

    def _counted(self, reading: Reading, file: FoundFile) -> None:
        counts = reading.counts.totals()
        if counts["events"]:
            self._news.append(TranscriptNews(place=file.place, name=file.name, **counts))
        understood = counts.pop("events")
        is_session = bool(understood) and self._client.is_session(file.path) and not file.is_subagents
        self._tell(sessions=int(is_session), **counts)

    def _opened(self, file: FoundFile, known: Position | None, copies: Copies) -> Reading:
        reading = self._open.get(file.file_id)
        if reading is None or not copies.is_alone(file) or not reading.goes_on_with(file):
            reading = Reading(self._client, file, known, copies.head_of(file), self._line_bytes)
            reading.begin(copies.repeated_in(file, self._line_bytes))
        return reading

    async def _attempt(self, file: FoundFile, work: Callable[[], T]) -> T | None:
        """Does a part of reading a file, in a thread; None if that failed: the file is passed over, and the others are read."""
        try:
            return await asyncio.to_thread(work)
        except FileNotFoundError:  # it went while it was read: so does a client's own cleaning
            pass
        except OSError as error:
            logger.error("%s could not be read: %s", file.place, error)
            self._tell(failed=1)
        except Exception:
            logger.exception("%s could not be read: it is passed over", file.place)
            self._tell(failed=1)
        self._open.pop(file.file_id, None)
        return None

    def _keep_open(self, reading: Reading, file: FoundFile, *, follow: bool) -> None:
        self._open.pop(file.file_id, None)
        if follow:
            self._open[file.file_id] = reading
            while len(self._open) > _KEPT_OPEN:
                del self._open[next(iter(self._open))]

    # Recording

    async def _hand_on(self, queue: asyncio.Queue[Batch | None], writer: asyncio.Task[None]) -> None:
        batch = Batch(self._pending, list(self._reached.values()), self._news)
        self._pending, self._reached, self._news = [], {}, []
        await self._put(queue, writer, batch)

    async def _put(self, queue: asyncio.Queue[Batch | None], writer: asyncio.Task[None], batch: Batch | None) -> None:
        """Waits for room, unless the writer has failed: then raises what it failed with."""
        putting = asyncio.create_task(queue.put(batch))
        try:
            await asyncio.wait((putting, writer), return_when=asyncio.FIRST_COMPLETED)
            if writer.done():
                await writer
        finally:
            if not putting.done():
                putting.cancel()

    async def _write(self, queue: asyncio.Queue[Batch | None]) -> None:
        """Records what is handed on, in its order."""
        while (batch := await queue.get()) is not None:
            if batch.events:
                await self._record(batch.events)
            if batch.positions:
                at = now()
                reached = [position.model_copy(update={"read_at": at}) for position in batch.positions]
                await patiently(partial(self._positions.save, reached))
            for news in batch.news:
                self._told(news)

    async def _record(self, events: Sequence[Observation]) -> None:
        outcomes = await patiently(partial(self._recorder.record, events))
        done = [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
        repeated = sum(outcome.repeated for outcome in done)
        self._tell(recorded=len(done) - repeated, known=repeated, refused=len(outcomes) - len(done))

    def _tell(self, **more: int) -> None:
        self._progress = self._progress.plus(**more)
        self._report(self._progress)


_KEPT_OPEN: Final = 64
"""So many transcripts that were written last are kept open while they are followed."""


class Copies:
    """Which lines of which transcripts stand in another, too: a session that was forked begins with a copy of another's.

    Those that begin with the same line are copies of one: the first of them is read whole, of the others what is new. ``heads``
    are the ids of first lines that are known, empty where there is none, and become more.
    """

    def __init__(
        self,
        client: TranscriptClient,
        changed: Sequence[FoundFile],
        files: Sequence[FoundFile],
        known: Mapping[str, Position],
        heads: dict[Path, str],
    ) -> None:
        self._client = client
        self._heads = heads
        self._alike: dict[str, list[Path]] = {}
        for file in files:
            if (position := known.get(file.file_id)) and position.head:
                heads.setdefault(file.path, position.head)
        if client.beside is None:
            return
        anew = {file.path for file in changed}
        beside: set[Path] = set()
        for path in anew:
            if client.is_session(path) and path not in beside:  # those beside one are beside each of them
                beside.update(client.beside(path))
        for path in sorted({*beside, *(file.path for file in files)}):
            if not client.is_session(path):
                continue
            if path in anew or path not in heads:
                heads[path] = _head(path) or ""
            if head := heads[path]:
                self._alike.setdefault(head, []).append(path)

    def head_of(self, file: FoundFile) -> str | None:
        """The id of a transcript's first line."""
        return self._heads.get(file.path) or None

    def is_alone(self, file: FoundFile) -> bool:
        """Whether it is known that no other begins like it: so it has no lines of another, and gets none."""
        if self._client.beside is None or not self._client.is_session(file.path):
            return True
        return len(self._alike.get(self._heads.get(file.path) or "", ())) == 1

    def repeated_in(self, file: FoundFile, line_bytes: int) -> set[str]:
        """The ids of its lines, and perhaps more, that are read in another; lines of more bytes are read in none. Raises
        OSError."""
        alike = self._alike.get(self._heads.get(file.path) or "", [])
        if len(alike) < 2:
            return set()
        ordered = sorted(alike, key=_age)
        before = ordered[: ordered.index(file.path)]
        return {uuid for path in before for uuid in uuids_in(path, line_bytes)}


def _head(path: Path) -> str | None:
    try:
        return head_of(path).uuid
    except OSError:
        return None


def _age(path: Path) -> tuple[bool, str, int, str]:
    """The order in which transcripts that begin alike were begun, as well as that can be told."""
    head, status = head_of(path), path.stat()
    return head.is_copy, head.at, status.st_mtime_ns, str(path)
