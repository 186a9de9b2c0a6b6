"""The service with a roller that hardly rests, so that nobody waits for it: ``python -m bench.analytics.counting serve …``."""

from __future__ import annotations

from loopgraph.__main__ import main
from loopgraph.orchestrators.analytics import rolling

if __name__ == "__main__":
    rolling.LEAST_S = 0.5  # type: ignore[misc]
    rolling.REST = 0  # type: ignore[misc]
    main()
