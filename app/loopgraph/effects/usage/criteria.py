"""By which success criteria traces are counted: one kind for all processes, kept beside the number of the round."""

from __future__ import annotations

from typing import Final

from loopgraph.assets import query
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.marks import MARK
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.usage.changed_days import changed_text
from loopgraph.effects.usage.rounds import NAME

_CHALLENGE = query("usage/challenge_criteria")
_TAKE = query("usage/take_criteria")
_SET_MARKED_TO = query("usage/set_marked_to")
_TRACES = query("usage/traces_with_uses")
_COUNT_AFTER = query("usage/count_uses_after")

SLICE: Final = 2_000
"""So many traces are looked at at once."""


class CriteriaRecords:
    """Reads and writes which criteria are kept."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def challenge(self, challenger: str | None) -> None:
        """Says that somebody would rather count by these criteria; None: that somebody still counts by those that are kept."""
        await self._graph.write(_CHALLENGE, name=NAME, challenger=challenger)

    async def take(self, round: int, criteria: str) -> bool:
        """Keeps these criteria from now on, and none of the traces that others judged is marked yet; whether it was its turn."""
        turn = new_id()
        values = {"name": NAME, "round": round, "criteria": criteria, "turn": turn}
        [row] = await self._graph.write(_TAKE, **values, changed=changed_text(round, turn))
        return bool(row["claimed"])

    async def mark_next(self, criteria: str, after: str) -> str | None:
        """Marks those of the next traces that have uses of patterns; the last one that was looked at, None if there was none."""
        rows = await self._graph.read(_TRACES, after=after, limit=SLICE)
        to: str | None = rows[-1]["correlation_id"] if rows else None
        turn = new_id()
        marks = [{"label": "Trace", "key": row["correlation_id"]} for row in rows if row["uses"]]

        async def work(tx: Transaction) -> None:
            values = {"name": NAME, "criteria": criteria, "after": after, "marked_to": to, "turn": turn}
            [row] = await tx.run(_SET_MARKED_TO, **values)
            if row["claimed"]:  # else another process has marked them
                await tx.write(MARK, marks, at=0)

        await self._graph.transaction(work)
        return to

    async def note_all_marked(self, criteria: str) -> None:
        """None of the traces needs to be marked, because all are counted anew, if none of them is marked yet."""
        values = {"name": NAME, "criteria": criteria, "after": "", "marked_to": None, "turn": new_id()}
        await self._graph.write(_SET_MARKED_TO, **values)

    async def unmarked(self, after: str) -> int:
        """How many of the traces after this one are still to be marked."""
        [row] = await self._graph.read(_COUNT_AFTER, after=after)
        return int(row["traces"])
