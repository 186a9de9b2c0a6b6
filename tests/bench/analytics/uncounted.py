"""The service without aggregates, for comparison: ``python -m bench.analytics.uncounted serve …``."""

from __future__ import annotations

import asyncio

from loopgraph.__main__ import main
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.orchestrators.analytics.rolling import Rolling


async def _unmarked(self: Transaction) -> None:
    pass


async def _idle(self: Rolling) -> None:
    await asyncio.Event().wait()


if __name__ == "__main__":
    Transaction.mark = _unmarked  # type: ignore[method-assign]
    Rolling.run_forever = _idle  # type: ignore[method-assign]
    main()
