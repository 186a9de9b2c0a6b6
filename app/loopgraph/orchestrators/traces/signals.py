"""What is told of work without anybody saying it: sessions are read, and signals told from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loopgraph.computes.success.signals import EDITING, signals_of
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.signals import MOST_TRACES, SignalSummary, TraceSignals
from loopgraph.effects.clock import now
from loopgraph.effects.traces.reading.signals import SignalReads, UsingTrace
from loopgraph.reducers.signals import signal_summary

_MOST_EXECUTIONS = 4 * MOST_TRACES
"""Several executions of one trace are one: so many are looked at for ``MOST_TRACES`` of them."""


class Signals:
    """Tells the signals of traces, anew each time: a later prompt counts as soon as it is there."""

    def __init__(self, reads: SignalReads) -> None:
        self._reads = reads

    async def of_traces(self, correlation_ids: Sequence[str], principal: Principal | None) -> dict[str, TraceSignals]:
        """The signals of some traces; unknown and hidden ones are absent."""
        parts, at = await self._reads.parts(correlation_ids, EDITING, principal), now()
        return {id_: signals_of(part, at) for id_, part in parts.items()}

    async def of_versions(
        self, node_ids: Sequence[str], since: datetime, until: datetime, principal: Principal | None
    ) -> dict[str, SignalSummary]:
        """What the signals come to of the prompts in which each of some versions was used in a time: the latest of them."""
        using = await self._reads.traces_of_versions(node_ids, since, until, _MOST_EXECUTIONS, principal)
        units = {id_: {one.correlation_id: one.unit for one in each[:MOST_TRACES]} for id_, each in using.items()}
        found = await self.of_traces([trace for mine in units.values() for trace in mine], principal)
        return {
            id_: signal_summary(
                [found[trace] for trace in mine if trace in found], mine, truncated=_are_truncated(using[id_])
            )
            for id_, mine in units.items()
        }


def _are_truncated(using: Sequence[UsingTrace]) -> bool:
    return len(using) > MOST_TRACES or sum(one.executions for one in using) >= _MOST_EXECUTIONS
