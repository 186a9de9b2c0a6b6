"""When the work that a task does is to be over: its reads are not let run for longer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar

from loopgraph.errors import LoopgraphError

_LEAST_S = 0.05
"""A statement is given so long even if the time is over: what asked for it is cancelled by then, and says why."""


class Deadline:
    """The end of some work, ``at`` a value of ``time.monotonic``."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.away_s = 0.0
        """So long of the time that the work waited for the graph, the graph was seen to be away (``Health.watching``)."""
        self.away: LoopgraphError | None = None
        """What was seen then, the last time."""
        self._asked_at: dict[object, float] = {}

    def was_away(self, seconds: float, away: LoopgraphError) -> None:
        """The graph was away for so long, while the work waited for it."""
        self.away_s += seconds
        self.away = away

    @property
    def unanswered_s(self) -> float:
        """So long the graph owes an answer to the work, or owed it when the work was given up."""
        now = time.monotonic()
        return now - min(self._asked_at.values(), default=now)

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """A block that waits for an answer of the graph."""
        question = object()
        self._asked_at[question] = time.monotonic()
        try:
            yield
        except asyncio.CancelledError:
            raise  # it was never answered
        except BaseException:
            del self._asked_at[question]
            raise
        else:
            del self._asked_at[question]


DEADLINE: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""None if there is none. Tasks take it over from the task that starts them."""


def within(timeout_s: float) -> float:
    """A time limit, cut to what the deadline leaves of it."""
    deadline = DEADLINE.get()
    return timeout_s if deadline is None else max(min(timeout_s, deadline.at - time.monotonic()), _LEAST_S)


def asking() -> contextlib.AbstractContextManager[None]:
    """A block that waits for an answer of the graph, for the deadline to know of."""
    deadline = DEADLINE.get()
    return contextlib.nullcontext() if deadline is None else deadline.asking()
