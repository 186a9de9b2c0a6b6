"""One transaction on a graph: statements in, rows out.

Statements are shipped files, rows are dictionaries of plain values, and what a statement did not write is a race that was lost.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import neo4j

from loopgraph.assets import Query
from loopgraph.contracts.live import TraceNews
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.instants import codec_of, quicken
from loopgraph.effects.graph.many import Slice, made_of
from loopgraph.effects.graph.marks import Marked
from loopgraph.effects.graph.values import from_graph, to_graph
from loopgraph.errors import GraphFault
from loopgraph.settings import Engine

T = TypeVar("T")
Row = dict[str, Any]


class _Untold(list[Any]):
    """A list of which no text is made: the driver writes out all parameters of a statement for its log, whether that is kept or
    not, and it takes as long as packing them. Nor does what was said then stand in a log."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"[{len(self)} values]"


class Alone:
    """A statement that is a transaction of its own: its begin and its end cost no messages."""

    def __init__(self, session: neo4j.AsyncSession, limit_s: float) -> None:
        self._session = session
        self._limit_s = limit_s

    async def run(self, text: Any, parameters: dict[str, Any]) -> neo4j.AsyncResult:
        return await self._session.run(neo4j.Query(text, timeout=self._limit_s), parameters)


class Transaction:
    """One open transaction; made by ``Graph.transaction``.

    ``news`` is what it tells those who follow of traces; it is committed with the transaction, or not at all (``telling``).
    ``unnamed`` says that it changes traces without naming them, and nothing that is to be counted anew.
    ``ran`` is told of each statement: its name, and the seconds it took with its rows.
    """

    def __init__(
        self,
        transaction: neo4j.AsyncTransaction | Alone,
        engine: Engine,
        ran: Callable[[str, float], None] = lambda *_: None,
    ) -> None:
        self._transaction = transaction
        self._engine = engine
        self._ran = ran
        self.marked = Marked()
        self.news: list[TraceNews] = []
        self.unnamed = False
        self.statements = 0

    async def run(self, query: Query, /, **parameters: Any) -> list[Row]:
        """The rows of one statement; their keys are the columns the query's header declares."""
        if parameters.keys() != query.parameters:
            wrong = ", ".join(sorted(parameters.keys() ^ query.parameters))
            raise TypeError(f"{query.name}: these parameters are missing or unknown: {wrong}")
        self.statements += 1
        if query.marks:
            self.marked.add(query, parameters)
        # The statement's text is a shipped file, its values are parameters.
        text: Any = query.text(self._engine)
        began = time.perf_counter()
        result = await self._transaction.run(text, {key: _sent(value) for key, value in parameters.items()})
        columns, converted = result.keys(), quicken(codec_of(result))
        rows: list[Row] = []
        slice_ = Slice()
        async for record in result:
            values = record.values()
            if not converted:
                most = max((len(value) for value in values if isinstance(value, list)), default=0)
                values = await made_of(most, lambda: list(map(from_graph, values)))  # noqa: B023
            rows.append(dict(zip(columns, values, strict=True)))
            await slice_.pause()
        self._ran(query.name, time.perf_counter() - began)
        if rows and query.returns and tuple(columns) != query.returns:
            raise GraphFault(f"{query.name} returned {', '.join(columns)}, not {', '.join(query.returns)}")
        return rows

    async def write(self, query: Query, rows: Sequence[Any], /, into: str = "rows", **parameters: Any) -> None:
        """Runs a statement for ``rows``, if there are any; ``into`` is the parameter that takes them.

        Raises LostRace if it has not written every one, as its column ``written`` says, or its number of rows if it has another
        column: a node is no longer as it was read or, on the embedded engine, was not found because another process's
        transaction was just changing it.
        """
        if not rows:
            return
        answer = await self.run(query, **{into: rows}, **parameters)
        written = answer[0]["written"] if query.returns == ("written",) else len(answer)
        if query.returns and written < len(rows):
            raise LostRace(query.name)


def _sent(value: Any) -> Any:
    """A parameter as the driver is given it."""
    sent = to_graph(value)
    return _Untold(sent) if type(sent) is list else sent


Work = Callable[[Transaction], Awaitable[T]]
