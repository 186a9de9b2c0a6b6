"""How well the loop does: what became of its runs, then what that comes to."""

from __future__ import annotations

from datetime import datetime

from loopgraph.contracts.loop.health import LoopHealth
from loopgraph.effects.loop.health import HealthReads
from loopgraph.reducers.loop_health import health_of


async def loop_health(reads: HealthReads, since: datetime, until: datetime, pattern_id: str | None) -> LoopHealth:
    """The figures of the runs that began in ``[since, until)``, over all patterns or one."""
    runs = await reads.runs(since, until, pattern_id)
    return health_of(since, until, runs, await reads.fates(since, until, pattern_id))
