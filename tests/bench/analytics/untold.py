"""The service that counts and tells nobody what it commits, for comparison: ``python -m bench.analytics.untold serve …``."""

from __future__ import annotations

from loopgraph.__main__ import main
from loopgraph.assets import Access, Query
from loopgraph.effects.graph.marks import marked_ms
from loopgraph.effects.graph.telling import Telling
from loopgraph.effects.graph.transaction import Transaction

MARK = Query(
    "untold",
    "",
    Access.WRITE,
    frozenset({"rows", "at"}),
    (),
    frozenset(),
    ((None, "UNWIND $rows AS row CREATE (:UsageMark {label: row.label, key: row.key, at: $at})"),),
)


async def _marks_alone(self: Telling, tx: Transaction) -> None:
    if rows := tx.marked.rows():
        await tx.run(MARK, rows=rows, at=marked_ms())


if __name__ == "__main__":
    Telling.write = _marks_alone  # type: ignore[method-assign]
    main()
