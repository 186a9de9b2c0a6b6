"""Reads what processes tell of their commits. Each method is one statement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.live import Change, Writer
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.telling import change_key, change_of
from loopgraph.effects.graph.transaction import Row, Transaction

_WRITERS = query("changes/writers")
_LOOK = query("changes/look")
_PAGE = query("changes/page")
_NEWEST = query("changes/newest")

END = 10**15 - 1
"""No writer has so many changes."""


class Look(NamedTuple):
    """The writers that there are, and those of the changes looked for that are there."""

    writers: tuple[Writer, ...]
    changes: tuple[Change, ...]


class ChangeReads:
    """Reads changes and their writers."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def writers(self) -> tuple[Writer, ...]:
        """The writers that there are."""
        rows = await self._graph.read(_WRITERS)
        return tuple(
            Writer(row["number"], owned=row["owner"] is not None, seq=row["seq"], floor=row["floor"]) for row in rows
        )

    async def look(self, wanted: Iterable[tuple[int, int]]) -> Look:
        """The writers, and those of these changes (writer and number) that are there."""
        return _looked(await self._graph.read(_LOOK, keys=[change_key(*one) for one in wanted]))

    async def newest(self, writer: Writer) -> int:
        """The number of the last change of a writer."""
        if not writer.owned:
            return writer.seq
        above, before = change_key(writer.number, writer.floor), change_key(writer.number, END)
        rows = await self._graph.read(_NEWEST, above=above, before=before)
        return int(rows[0]["key"].partition("|")[2]) if rows else max(writer.floor, writer.seq)

    async def page(self, writer: int, after: int, upto: int, limit: int) -> list[Change]:
        """The next changes of a writer, at most ``limit``: after one number, and up to another."""
        above, before = change_key(writer, after), change_key(writer, upto + 1)
        rows = await self._graph.read(_PAGE, above=above, before=before, limit=limit)
        return [change_of(row["key"], row["at"], row["body"]) for row in rows]


async def look_in(tx: Transaction, wanted: Iterable[tuple[int, int]]) -> Look:
    """The same in a transaction: what it reads after that has all of what these changes wrote."""
    return _looked(await tx.run(_LOOK, keys=[change_key(*one) for one in wanted]))


def _looked(rows: Iterable[Row]) -> Look:
    writers, changes = [], []
    for row in rows:
        if row["key"] is None:
            writer = Writer(row["number"], owned=row["owner"] is not None, seq=row["seq"], floor=row["floor"])
            writers.append(writer)
        else:
            changes.append(change_of(row["key"], row["at"], row["body"]))
    return Look(tuple(writers), tuple(changes))
