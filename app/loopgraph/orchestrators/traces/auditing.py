"""Accesses for the audit trail, where a setting asks for them: taken note of at once, written in the background.

Whoever asks or records is never kept waiting, and gets no error of this: what is noted waits in memory, up to a bound, and many
share a transaction. What waits when the graph is away is written when it is there; what waits when the process is killed is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, Final, TypeVar

from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.patterns import ANCESTRY, TraversalFilter
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.traces.accesses import Accesses
from loopgraph.errors import Blame, LoopgraphError, blame_of
from loopgraph.settings import Audited

logger = logging.getLogger(__name__)

T = TypeVar("T")
Write = Callable[[Sequence[T]], Awaitable[None]]

MOST_WAITING: Final = 20_000
"""So many accesses of a kind wait in memory at most; of more, the oldest are lost, and the log says so."""

AT_ONCE: Final = 500
"""So many are written in one transaction."""

PAUSE_S: Final = 0.5
"""So long what is noted waits for others that are written with it."""

LONGEST_REST_S: Final = 30.0

AT_END_S: Final = 2.0
"""So long a service that stops goes on writing."""

_OF_PATTERNS: Final = frozenset({"pattern_lineage", "map"})
"""Traversals that start at patterns."""

MOST_STARTS: Final = 20
"""So many of the versions that a traversal starts from are named."""


class Auditing:
    """Takes note of accesses. ``audited`` says of which; of none, every method returns at once."""

    def __init__(self, graph: Graph, audited: Collection[Audited]) -> None:
        self._accesses = Accesses(graph)
        self._audited = frozenset(audited)
        self._events: deque[LineageEvent] = deque()
        self._recorded: deque[Recorded] = deque()
        self._something = asyncio.Event()
        self._writing = asyncio.Lock()
        self.lost = 0

    def recorded(self, recorded: Iterable[Recorded]) -> None:
        """Takes note of what was recorded. Repetitions changed nothing."""
        if Audited.EXECUTIONS in self._audited:
            self._note(self._recorded, [one for one in recorded if _may_end_an_execution(one)])

    def traversed(self, origin: Origin, operation: str, starts: Sequence[str], asked: JsonMap, reached: int) -> None:
        """Takes note of a traversal that was answered: where it started (at versions or, of ``_OF_PATTERNS``, patterns),
        what was asked for, and how many versions it reached."""
        if Audited.TRAVERSALS not in self._audited:
            return
        place = "pattern_id" if operation in _OF_PATTERNS else "node_id"
        only: dict[str, Any] = {place: starts[0]} if len(starts) == 1 else {}
        data = {
            "operation": operation,
            "starts": list(starts[:MOST_STARTS]),
            "start_count": len(starts),
            **{name: value for name, value in asked.items() if value is not None},
            "reached": reached,
        }
        try:
            event = make_event(EventType.LINEAGE_TRAVERSED, origin, data=data, **only)
        except (LoopgraphError, ValueError) as error:
            logger.warning("a traversal is not in the audit trail: %s", error)
        else:
            self._note(self._events, [event])

    async def run_forever(self) -> None:
        """Writes what is noted, again and again, until it is cancelled; then once more."""
        rest_s = PAUSE_S
        try:
            while True:
                await self._something.wait()
                await asyncio.sleep(rest_s)
                try:
                    await self.write()
                    rest_s = PAUSE_S
                except LoopgraphError as error:
                    if rest_s == PAUSE_S:
                        logger.warning("accesses are written into the audit trail when the graph can: %s", error)
                    rest_s = min(2 * rest_s, LONGEST_REST_S)
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(AT_END_S):
                    await self.write()

    async def write(self) -> None:
        """Writes what is noted. Where the graph cannot, that is still there, and it raises the error; what cannot be written
        though others can is left out, and the log says so."""
        async with self._writing:
            while self._recorded or self._events:
                await self._batch(self._recorded, self._write_executions)
                await self._batch(self._events, self._accesses.write)
            self._something.clear()

    async def _batch(self, waiting: deque[T], write: Write[T]) -> None:
        batch = [waiting.popleft() for _ in range(min(len(waiting), AT_ONCE))]
        try:
            await self._sift(batch, write)
        except BaseException:
            waiting.extendleft(reversed(batch))
            raise

    async def _sift(self, batch: Sequence[T], write: Write[T]) -> None:
        """Writes a batch, or what of it can be written."""
        if not batch:
            return
        try:
            await write(batch)
        except Exception as error:
            if blame_of(error) is Blame.GRAPH:
                raise
            if len(batch) == 1:
                self.lost += 1
                logger.exception("an access cannot be written into the audit trail")
                return
            half = len(batch) // 2
            await self._sift(batch[:half], write)
            await self._sift(batch[half:], write)

    async def _write_executions(self, recorded: Sequence[Recorded]) -> None:
        ids = {one.execution_id for one in recorded if one.execution_id is not None}
        traces = {one.correlation_id for one in recorded if one.kind == "complete" and one.correlation_id is not None}
        if events := await self._accesses.executions(ids, traces):
            await self._accesses.write(events)

    def _note(self, waiting: deque[T], more: Sequence[T]) -> None:
        if not more:
            return
        if lost := max(0, len(waiting) + len(more) - MOST_WAITING):
            if self.lost == 0:
                logger.error("accesses are lost to the audit trail: more than %d wait", MOST_WAITING)
            self.lost += lost
        waiting.extend(more[-MOST_WAITING:])
        while len(waiting) > MOST_WAITING:
            waiting.popleft()
        self._something.set()


def told_of(filter: TraversalFilter) -> JsonMap:
    """What of a traversal is told that was asked for."""
    types = (
        None if filter.relationship_types == ANCESTRY else sorted(type_.value for type_ in filter.relationship_types)
    )
    return {
        "relationship_types": types,
        "max_depth": filter.max_depth,
        "as_of": filter.as_of.isoformat() if filter.as_of else None,
    }


def _may_end_an_execution(one: Recorded) -> bool:
    return not one.repeated and one.kind in ("hook", "use", "complete")
