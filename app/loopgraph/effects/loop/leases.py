"""Leases of runs: which worker is at a run, so that several processes do not compute the same steps.

A lease spares work and is no lock: that each step happens once, the compare-and-set on the run's revision sees to. So a worker
that is killed costs its runs the rest of their leases, and clocks that differ cost some steps that are computed twice.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.loop.feedback import FeedbackRun
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop import mapping

_LEASE = query("feedback/lease_run")
_RENEW = query("feedback/renew_lease")
_RELEASE = query("feedback/release_runs")

LENGTH: Final = timedelta(seconds=30)
"""How long a lease holds: as long the runs of a killed worker stand still. One that works on renews it in half of that time."""


class Leases:
    """What one worker has leased, under a name that it makes up."""

    def __init__(self, graph: Graph, length: timedelta = LENGTH) -> None:
        self._graph = graph
        self._length = length
        self.owner = f"worker-{new_id()}"

    def elsewhere(self, run: FeedbackRun) -> bool:
        """Whether another worker has the run, as it was read."""
        return run.leased_until is not None and run.leased_by != self.owner and run.leased_until >= now()

    async def take(self, run_id: str) -> FeedbackRun | None:
        """The run as it is now, leased to this worker; None if another has it, or if it has ended."""
        at = now()
        rows = await self._graph.write(_LEASE, run_id=run_id, owner=self.owner, now=at, until=at + self._length)
        return mapping.run(rows[0]["run"]) if rows else None

    async def keep(self, run: FeedbackRun) -> FeedbackRun | None:
        """The run, its lease renewed once half of it has passed; None if it is lost, or the run has ended."""
        at = now()
        if run.leased_by != self.owner or run.leased_until is None:
            return None
        if run.leased_until - at > self._length / 2:
            return run
        rows = await self._graph.write(_RENEW, run_id=run.run_id, owner=self.owner, now=at, until=at + self._length)
        return mapping.run(rows[0]["run"]) if rows else None

    async def release(self, run_ids: Collection[str]) -> None:
        """Gives runs back, as far as this worker has them."""
        if run_ids:
            await self._graph.write(_RELEASE, run_ids=sorted(run_ids), owner=self.owner, now=now())
