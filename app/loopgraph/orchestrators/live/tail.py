"""Reads what every process tells of its commits, for all who follow in this one.

One task looks for what is next, by one statement, as long as somebody follows. What this process commits is told at once, where
it is the next of its writer; whatever else happens, the next look finds it. While the graph is away nothing is lost: the look
goes on where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from loopgraph.computes.live.following import Following, timed
from loopgraph.contracts.live import Change, Cursor, Told
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.live.reads import ChangeReads
from loopgraph.errors import Blame, GraphUnavailable, InvalidInput, ShuttingDown, blame_of

logger = logging.getLogger(__name__)

PAGE: Final = 100
"""So many changes of each writer are read at once for one who comes back."""

OLD: Final = timedelta(hours=1)
"""A younger cursor does not name a writer that is not there any more: it is taken away after twice that time without a change."""

_LONGEST_WAIT_S: Final = 10.0

_CATCH_UP_S: Final = 30.0
"""So long somebody waits until this process has heard of what another has told him."""

_LEEWAY: Final = timedelta(minutes=1)
"""Clocks differ, and a commit takes its time after the instant that it has."""

_ELSEWHERE: Final = "is of another graph, or of this one before it was restored"


class Listener(Protocol):
    """Who is told everything in this process, without making anybody wait."""

    def hear(self, told: Sequence[Told]) -> None: ...

    def lose(self, lost: Lost) -> None: ...

    def end(self, ended: ShuttingDown) -> None: ...


class Lost(NamedTuple):
    """Of what was told ``since`` an instant, some is not kept any more and was told to nobody here; ``cursor`` is after it."""

    since: datetime
    cursor: Cursor


class Past(NamedTuple):
    """What was told after a cursor and up to where one goes on. ``read_from``: what was told after that instant is not all
    kept."""

    positions: Mapping[int, int]
    upto: Mapping[int, int]
    part: tuple[int, int] | None
    read_from: datetime | None


class Page(NamedTuple):
    """The next part of a past. ``lost``: of what comes before its end, some was taken away meanwhile."""

    told: Sequence[Told]
    lost: bool


class Tail:
    """What every process tells, once for each process that has followers. ``poll_ms`` is how often it looks; ``delayed`` is told
    of each change how many seconds after its instant those who follow were told."""

    def __init__(self, graph: Graph, poll_ms: int, delayed: Callable[[float], None] = lambda _: None) -> None:
        self._delayed = delayed
        self._graph = graph
        self._reads = ChangeReads(graph)
        self._poll_s = poll_ms / 1000
        self._listeners: list[Listener] = []
        self._following: Following | None = None
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.Lock()
        self._poked = asyncio.Event()
        self._looked = asyncio.Condition()
        self._complete = now()  # when everything had been told to all who listen
        self._ended: ShuttingDown | None = None
        self.followers = 0
        """How many follow now."""

    def listen(self, listener: Listener) -> None:
        """Has somebody told everything as long as anybody follows."""
        self._listeners.append(listener)

    def end(self) -> None:
        """Ends whatever is followed, with ShuttingDown, and has nobody begin any more: the service stops."""
        self._ended = ShuttingDown("the service is stopping; go on after the last update when it is there again")
        self._poked.set()
        for listener in self._listeners:
            listener.end(self._ended)

    def check(self) -> None:
        """Raises ShuttingDown once the service stops."""
        if self._ended is not None:
            raise self._ended.with_traceback(None)

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Somebody follows in this block: what is committed from its beginning on is told. Raises ServiceErrors."""
        self.check()
        self.followers += 1
        try:
            async with self._begun:
                if self._following is None:
                    await self._begin()
            yield
        finally:
            self.followers -= 1
            if not self.followers:
                self._end()

    @property
    def positions(self) -> Mapping[int, int]:
        """Where those are who were told everything, now."""
        return dict(self._following.positions) if self._following else {}

    async def since(self, cursor: Cursor) -> Past:
        """What was told between a cursor and now; it is to be asked for within ``followed``. Whoever joins before anything else
        is awaited misses nothing that is told later. Raises InvalidInput for a cursor that no update of this graph carried."""
        writers = {one.number: one for one in await self._reads.writers()}
        named = cursor.positions.keys() | ({cursor.part[0]} if cursor.part else set())
        unknown = named - writers.keys()
        if unknown and cursor.at > now() - OLD:
            raise InvalidInput("after", _ELSEWHERE)
        heard = {number: seq for number, seq in cursor.positions.items() if number in writers}
        if cursor.part is not None and cursor.part[0] in writers:
            heard[cursor.part[0]] = cursor.positions.get(cursor.part[0], 0) + 1
        await self._catch_up(heard)
        gone = [number for number, one in writers.items() if one.floor > cursor.positions.get(number, 0)]
        read_from = cursor.at if gone or unknown else None
        return Past(cursor.positions, self.positions, cursor.part, read_from)

    async def _catch_up(self, heard: Mapping[int, int]) -> None:
        """Returns when this process has heard of what another has told already. Raises InvalidInput if there is no such thing,
        and GraphUnavailable if it does not hear of it."""
        ahead = {(number, seq) for number, seq in heard.items() if seq > self.positions.get(number, 0)}
        if ahead and not ahead <= {(one.writer, one.seq) for one in (await self._reads.look(ahead)).changes}:
            raise InvalidInput("after", _ELSEWHERE)
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                while any(seq > self.positions.get(number, 0) for number, seq in ahead):
                    self._poked.set()
                    async with self._looked:
                        await self._looked.wait()
                    self.check()
        except TimeoutError:
            raise GraphUnavailable(
                "this process has not heard yet of what comes before the cursor; try again"
            ) from None

    async def pages(self, past: Past) -> AsyncIterator[Page]:
        """What there is of a past, in order."""
        positions = {number: past.positions.get(number, 0) for number in past.upto}
        behind = [number for number, seq in past.upto.items() if positions[number] < seq]
        while behind:
            found = await asyncio.gather(
                *(self._reads.page(number, positions[number], past.upto[number], PAGE) for number in behind)
            )
            lost = any(
                (page[0].seq if page else past.upto[number] + 1) > positions[number] + 1
                for number, page in zip(behind, found, strict=True)
            )
            # What comes after a page that is full is not known yet: nothing later is told before it.
            until = min((max(one.at for one in page) for page in found if len(page) == PAGE), default=None)
            told: list[Told] = []
            for at, change in timed(change for page in found for change in page):
                if until is None or at <= until:
                    told.append(Told(change, dict(positions)))
                    positions[change.writer] = change.seq
            behind = [
                number
                for number, page in zip(behind, found, strict=True)
                if page and (len(page) == PAGE or positions[number] < page[-1].seq)
            ]
            if told or lost:
                yield Page(told, lost)

    async def _begin(self) -> None:
        self._complete = now()
        writers = await self._reads.writers()
        newest = await asyncio.gather(*(self._reads.newest(one) for one in writers))
        following = Following({one.number: seq for one, seq in zip(writers, newest, strict=True)})
        following.know(writers)
        self._following = following
        self._graph.writers.listeners.add(self._offer)
        self._task = asyncio.create_task(self._run())

    def _end(self) -> None:
        self._graph.writers.listeners.discard(self._offer)
        self._following = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _offer(self, change: Change) -> None:
        """A change of this process, committed just now."""
        if self._following is None:
            return
        if told := self._following.take([change]):
            self._tell(told)
        elif change.seq > self._following.positions.get(change.writer, 0):
            self._poked.set()

    def _tell(self, told: Sequence[Told]) -> None:
        at = now()
        for one in told:
            self._delayed((at - one.change.at).total_seconds())
        for listener in self._listeners:
            listener.hear(told)

    async def _run(self) -> None:
        said, wait_s = "", self._poll_s
        while True:
            try:
                again = await self._look()
                said, wait_s = "", self._poll_s
            except Exception as error:
                again, wait_s = False, min(_LONGEST_WAIT_S, 2 * wait_s)
                if blame_of(error) is not Blame.GRAPH:
                    logger.exception("what other processes tell could not be read; trying again")
                elif said != str(error):
                    logger.warning("what other processes tell is read when the graph can: %s", error)
                said = str(error)
            async with self._looked:
                self._looked.notify_all()
            if not again:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._poked.wait(), wait_s)
            self._poked.clear()

    async def _look(self) -> bool:
        """Tells what is next, as far as it is there; whether there may be more at once."""
        following = self._following
        if following is None:
            return False
        began = now()
        found = await self._reads.look(following.wanted())
        told = following.take(found.changes)
        if told:
            self._tell(told)
        known = following.know(found.writers)
        # This process was stopped or cut off for longer than changes, or even their writers, are kept.
        if known.lost or (known.gone and self._complete < began - OLD):
            self._lose(self._complete - _LEEWAY)
        again = known.new or known.lost or following.adapt(told)
        if not again:
            self._complete = began
        return again

    def _lose(self, since: datetime) -> None:
        logger.warning("what other processes told since %s is not all kept any more: who follows is told", since)
        lost = Lost(since, Cursor(self.positions, since))
        for listener in self._listeners:
            listener.lose(lost)
