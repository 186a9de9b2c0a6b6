"""When the work that a task does is to be over: its reads are not let run for longer."""

from __future__ import annotations

import time
from contextvars import ContextVar

DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
"""In seconds of ``time.monotonic``; None if there is none. Tasks take it over from the task that starts them."""

_LEAST_S = 0.05
"""A statement is given so long even if the time is over: what asked for it is cancelled by then, and says why."""


def within(timeout_s: float) -> float:
    """A time limit, cut to what the deadline leaves of it."""
    deadline = DEADLINE.get()
    return timeout_s if deadline is None else max(min(timeout_s, deadline - time.monotonic()), _LEAST_S)
