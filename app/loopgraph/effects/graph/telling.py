"""What a transaction tells of itself: written with it, by its last statement, so that whoever follows sees what every process
does.

Each process writes as one or more *writers* (``:ChangeWriter``), of which each commits one change at a time: so the numbers of
its changes have no gaps, and their order is that of the commits, whatever the clocks. Whether a change was committed is not
always known: then its writer looks before it writes the next. That no number is written twice, a constraint makes sure of.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final

import orjson

from loopgraph.assets import query
from loopgraph.contracts.live import MOST_TOLD, Change, TraceNews
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.errors import FAILURES
from loopgraph.effects.graph.marks import marked_ms
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.errors import LoopgraphError

_TELL = query("changes/tell")
_TOLD = query("changes/told")
_CLAIM = query("changes/claim_writer")
_CREATE = query("changes/create_writer")
_RELEASE = query("changes/release_writers")

UNUSED: Final = timedelta(minutes=30)
"""A writer that has not written for so long is left: those that are not used for very long are taken away (``effects/live``)."""

MOST_WRITERS: Final = 8
"""So many transactions of a process write their changes at once, where these do not collide; others wait for a moment."""

_RELEASE_S: Final = 2.0
_LARGEST_NUMBER: Final = 2**31


def change_key(writer: int, seq: int) -> str:
    """The key of a change: those of a writer are in the order of their numbers."""
    return f"{writer:010d}|{seq:015d}"


class NoWriter(Exception):
    """A transaction has something to tell and no writer is free: once there is another, it is run again."""


@dataclass(eq=False)
class Claimed:
    """A writer that this process has. ``doubtful``: a change that is not known to have failed."""

    number: int
    seq: int
    used_at: datetime
    doubtful: Change | None = None


class Writers:
    """The writers of one process, at most ``most``. ``listeners`` are told of each change as soon as it is committed."""

    def __init__(self) -> None:
        self.owner = new_id()
        self.most = 1
        self.listeners: set[Callable[[Change], None]] = set()
        self._free: list[Claimed] = []
        self._count = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def telling(self) -> Telling:
        """For one transaction: a context that ends when that has been committed or not."""
        return Telling(self)

    async def take(self) -> Claimed:
        """A writer for this moment. Raises NoWriter if there should be one more first."""
        while True:
            while not self._free:
                if self._count < self.most:
                    raise NoWriter
                freed = asyncio.get_running_loop().create_future()
                self._waiting.append(freed)
                try:
                    await freed
                except asyncio.CancelledError:
                    self._wake()  # it may have been this one's turn
                    raise
            writer = self._free.pop()
            if writer.used_at > now() - UNUSED:
                return writer
            self._count -= 1

    def give(self, writer: Claimed) -> None:
        """Lets others have a writer."""
        self._free.append(writer)
        self._wake()

    def _wake(self) -> None:
        while self._free and self._waiting:
            if not (freed := self._waiting.popleft()).done():
                freed.set_result(None)
                break

    async def claim(self, write: Callable[[Callable[[Transaction], Any]], Any]) -> None:
        """One more writer, if there may be: one that was given back, or a new one. ``write`` runs a transaction."""
        if self._count >= self.most:
            return
        self._count += 1
        number, at = random.randrange(1, _LARGEST_NUMBER), now()  # noqa: S311 - no secret

        async def work(tx: Transaction) -> Row:
            rows = await tx.run(_CLAIM, owner=self.owner, now=at)
            return rows[0] if rows else (await tx.run(_CREATE, number=number, owner=self.owner, now=at))[0]

        try:
            row = await write(work)
        except BaseException:
            self._count -= 1
            raise
        self.give(Claimed(row["number"], row["seq"], at))

    async def release(self, write: Callable[[Callable[[Transaction], Any]], Any]) -> None:
        """Gives back those of which it is known where they are, if the graph can take them now; the others are taken away some
        day."""
        rows = [{"number": one.number, "seq": one.seq} for one in self._free if one.doubtful is None]
        at = now()
        self._count, self._free = 0, []
        if not rows:
            return
        with contextlib.suppress(*FAILURES, TimeoutError, LoopgraphError):
            async with asyncio.timeout(_RELEASE_S):
                await write(lambda tx: tx.run(_RELEASE, rows=rows, owner=self.owner, now=at))

    def tell(self, change: Change) -> None:
        """Tells those who listen in this process of a change that is committed."""
        for listener in [*self.listeners]:
            listener(change)


class Telling:
    """How one transaction tells of itself. After ``write`` comes the commit, and then the end of the context."""

    def __init__(self, writers: Writers) -> None:
        self._writers = writers
        self._writer: Claimed | None = None
        self._change: Change | None = None

    def __enter__(self) -> Telling:
        return self

    async def write(self, tx: Transaction) -> None:
        """The last statement of a transaction, if that has something to tell. Raises NoWriter."""
        marks, events, runs = tx.marked.rows(), tx.marked.told("LineageEvent"), tx.marked.told("FeedbackRun")
        if not (marks or events or runs or tx.news or tx.unnamed):
            return
        self._writer = writer = await self._writers.take()
        if (doubtful := writer.doubtful) is not None:
            for row in await tx.run(_TOLD, key=change_key(doubtful.writer, doubtful.seq)):
                writer.seq = doubtful.seq
                self._writers.tell(change_of(**row))
            writer.doubtful = None
        change = _change(writer, tx, events, runs, marks)
        self._change = change
        key = change_key(change.writer, change.seq)
        await tx.run(_TELL, key=key, at=change.at, body=body_text(change), marked_at=marked_ms(), rows=marks)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if (writer := self._writer) is None:
            return
        if (change := self._change) is not None:
            if error is None:
                writer.seq, writer.used_at = change.seq, change.at
            else:
                writer.doubtful = change
        self._writers.give(writer)
        if change is not None and error is None:
            self._writers.tell(change)


def _change(
    writer: Claimed,
    tx: Transaction,
    events: Sequence[str],
    runs: Sequence[str],
    marks: Sequence[Mapping[str, str]],
) -> Change:
    by_trace: dict[str, list[TraceNews]] = {}
    for one in tx.news[:MOST_TOLD]:
        by_trace.setdefault(one.correlation_id, []).append(one)
    return Change(
        writer=writer.number,
        seq=writer.seq + 1,
        at=now(),
        traces=tuple(one for many in by_trace.values() for one in many),
        events=tuple(events[:MOST_TOLD]),
        runs=tuple(runs[:MOST_TOLD]),
        figures=bool(marks) or tx.unnamed,
        named=bool(marks)
        and not tx.unnamed
        and all(mark["label"] == "Trace" and mark["key"] in by_trace for mark in marks),
        left_out=sum(max(0, len(some) - MOST_TOLD) for some in (tx.news, events, runs)),
    )


def body_text(change: Change) -> str:
    """What a change holds beside its key and its time, as the text that it is stored as."""
    body: dict[str, Any] = {}
    for one in change.traces:
        body.setdefault("traces", {}).setdefault(one.correlation_id, []).append([one.kind, one.execution_id])
    for name in ("events", "runs", "figures", "named", "left_out"):
        if value := getattr(change, name):
            body[name] = value
    return orjson.dumps(body).decode()


def change_of(key: str, at: datetime, body: str) -> Change:
    """A change as it was stored. What a newer program may tell beside it is passed over."""
    writer, _, seq = key.partition("|")
    held: dict[str, Any] = orjson.loads(body)
    traces: Iterable[TraceNews] = (
        TraceNews(kind, correlation_id, execution_id)
        for correlation_id, many in held.get("traces", {}).items()
        for kind, execution_id in many
    )
    return Change(
        writer=int(writer),
        seq=int(seq),
        at=at,
        traces=tuple(traces),
        events=tuple(held.get("events", ())),
        runs=tuple(held.get("runs", ())),
        figures=held.get("figures", False),
        left_out=held.get("left_out", 0),
        named=held.get("named", False),
    )
