"""The service without aggregates, for comparison: ``python -m bench.analytics.uncounted serve …``."""

from __future__ import annotations

import asyncio

from loopgraph.__main__ import main
from loopgraph.effects.graph.marks import Marked
from loopgraph.orchestrators.analytics.rolling import Rolling


def _unmarked(self: Marked) -> list[dict[str, str]]:
    return []


async def _idle(self: Rolling) -> None:
    await asyncio.Event().wait()


if __name__ == "__main__":
    Marked.rows = _unmarked  # type: ignore[method-assign]
    Rolling.run_forever = _idle  # type: ignore[method-assign]
    main()
