"""Ranges of traces, read in slices from the newest on: what is made of them is bounded, and says how far back it reaches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.base import Principal
from loopgraph.effects.clock import instant_of_key, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces.reading.reads import LAST, reader_of

_FLOOR = query("traces/search_floor").choose(TRACE_KEY="time_key")
_COUNT = query("analytics/count_traces")

FIRST_SLICE: Final = 500
LARGEST_SLICE: Final = 8_000
MOST_TRACES: Final = 40_000
"""The first slice has 500 traces, the next 2,000, and so on; 40,000 are looked at in all."""

AT_ONCE: Final = 2_000
"""So many ids one statement is asked about."""


class Sliced(NamedTuple):
    """Rows of the traces of a range. ``traces`` is how many traces were looked at, of those that the principal may see; those
    that began before ``since`` were not, as there were too many (None: all were)."""

    rows: list[Row]
    traces: int
    since: datetime | None


async def read_slices(
    graph: Graph,
    range: TimeRange,
    principal: Principal | None,
    most_rows: int,
    read: Callable[[str, str, int], Awaitable[list[Row]]],
) -> Sliced:
    """The rows of the newest traces of a range: of at most ``MOST_TRACES``, and no further back when there are ``most_rows``.

    ``read`` takes the bounds of a slice (``time_key``: above, inclusive; before, exclusive) and a limit, and returns its rows; if
    there are more than the limit, it may leave out any above that. Then the slice is read again in parts, unless it is one trace.
    """
    bottom = time_key(range.since, "") if range.since else ""
    top = before = time_key(range.until, "") if range.until else LAST
    rows: list[Row] = []
    window, looked_at = FIRST_SLICE, 0
    while True:
        floor = await floor_of(graph, bottom, before, window)
        found = await read(floor or bottom, before, most_rows)
        if len(found) > most_rows and window > 1:
            window //= 8 if window >= 8 else window
            continue
        rows += found
        looked_at += window
        if floor is None or looked_at >= MOST_TRACES or len(rows) >= most_rows:
            break
        before, window = floor, min(window * 4, LARGEST_SLICE, MOST_TRACES - looked_at)
    [counted] = await graph.read(_COUNT, above=floor or bottom, before=top, reader=reader_of(principal))
    more = floor is not None and await floor_of(graph, bottom, floor, 1) is not None
    return Sliced(rows, counted["traces"], instant_of_key(floor) if floor and more else None)


async def floor_of(graph: Graph, above: str, before: str, count: int) -> str | None:
    """The key of the last of so many traces of a range, the newest first; None if it has less."""
    rows = await graph.read(_FLOOR, above=above, before=before, count=count - 1)
    return rows[0]["key"] if rows else None


def parts_of(ids: Iterable[str]) -> Iterator[list[str]]:
    """Ids, each once, in lists of at most ``AT_ONCE``."""
    every = sorted(set(ids))
    return (every[begin : begin + AT_ONCE] for begin in range(0, len(every), AT_ONCE))
