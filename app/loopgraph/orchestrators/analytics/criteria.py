"""Which success criteria count, where processes may have different ones.

Successes of uses of patterns are counted as they are judged, so all that is counted goes by one kind of criteria. Whoever has
others than those that are kept counts nothing, and says that it would rather count by its own. While any process counts by those
that are kept, it answers that, and they stay; if nobody does, they were changed: then the others are kept, and all traces with
uses are marked to be counted anew, a slice at a time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from loopgraph.computes.success.own import OwnCriteria
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.usage.criteria import CriteriaRecords
from loopgraph.effects.usage.rounds import Rounds, Turn
from loopgraph.errors import Conflict

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 60.0
"""So long who counts by the criteria that are kept has to say so."""

AGAIN_S: Final = 600.0
"""So long after it was answered, it asks again."""

_AT_ONCE_S: Final = 0.5
_PAUSE_S: Final = 0.2


def of_graph(turn: Turn) -> str:
    """The digest of the criteria that are kept; before any were, those that are built in were used."""
    return turn.criteria or OwnCriteria().digest


def criteria_problem(turn: Turn, own: OwnCriteria) -> str | None:
    """What is to be said of the criteria that are kept, in a sentence; None if all is counted by these."""
    if of_graph(turn) != own.digest:
        return (
            "uses of patterns are counted by other success criteria than these (LOOPGRAPH_SUCCESS_FILE): a service with these "
            "counts them anew as soon as none has the others, and so does `loopgraph analytics rebuild`"
        )
    if turn.marked_to is not None:
        return "the success criteria have changed, and not all uses of patterns are marked to be counted anew: a service does so"
    return None


class CountingCriteria:
    """``digest``: of one's own criteria; None for one who counts by those that are kept, whichever they are."""

    def __init__(self, graph: Graph, digest: str | None) -> None:
        self._records = CriteriaRecords(graph)
        self._digest = digest
        self._asked_at = 0.0
        self._rests_until = 0.0

    def are_others(self, turn: Turn) -> bool:
        """Whether what is counted goes by other criteria than one's own."""
        return self._digest is not None and of_graph(turn) != self._digest

    async def unmarked(self, turn: Turn) -> int:
        """How many traces are still to be marked because they were judged by earlier criteria."""
        return 0 if turn.marked_to is None else await self._records.unmarked(turn.marked_to)

    async def settle(self, turn: Turn) -> None:
        """The next step towards one kind of criteria; nothing where there is only one, which all traces are counted by."""
        if self._digest is None:
            return
        if not self.are_others(turn):
            if turn.challenger is not None:
                await self._records.challenge(None)
            await self._mark(turn)
        elif turn.round == 0:
            await self._records.take(turn.round, self._digest)
        else:
            await self._contest(turn, self._digest)

    async def _mark(self, turn: Turn) -> None:
        after, until = turn.marked_to, time.monotonic() + _AT_ONCE_S
        while after is not None:
            after = await self._records.mark_next(of_graph(turn), after)
            if after is None:
                logger.info("all uses of patterns are marked to be counted by the success criteria as they are now")
            if time.monotonic() >= until:
                break

    async def _contest(self, turn: Turn, own: str) -> None:
        now = time.monotonic()
        if now < self._rests_until:
            return
        if not self._asked_at:
            await self._records.challenge(own)
            self._asked_at = now
        elif turn.challenger != own:
            logger.warning(
                "usage is not counted by this process: another one counts by other success criteria (LOOPGRAPH_SUCCESS_FILE)"
            )
            self._asked_at, self._rests_until = 0.0, now + AGAIN_S
        elif now - self._asked_at > PATIENCE_S and await self._records.take(turn.round, own):
            logger.warning("the success criteria have changed: all uses of patterns are counted anew by them")
            self._asked_at = 0.0

    async def adopt(self, rounds: Rounds) -> None:
        """Keeps one's own criteria, as soon as nobody counts by others. Raises Conflict while somebody does."""
        self._rests_until = 0.0
        while self.are_others(turn := await rounds.current()):
            if self._rests_until:
                raise Conflict(
                    "success criteria",
                    of_graph(turn),
                    "another process counts by these: give all the same LOOPGRAPH_SUCCESS_FILE, or end the others first",
                )
            await self.settle(turn)
            await asyncio.sleep(_PAUSE_S)

    async def note_all_counted(self) -> None:
        """Everything was counted by one's own criteria."""
        if self._digest is not None:
            await self._records.note_all_marked(self._digest)
