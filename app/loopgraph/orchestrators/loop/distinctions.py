"""What distinguishes executions that fail or take long: they are read, judged, set against each other, and tested."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from loopgraph.computes.loop.told.distinctions import distinctions_of
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.loop.distinctions import MOST_EXECUTIONS, Circumstances, Distinctions, ObservedExecution
from loopgraph.contracts.traces.records import HookExecution
from loopgraph.contracts.traces.uses import UseFigures
from loopgraph.effects.clock import time_key
from loopgraph.effects.loop.factors import FactorReads
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.reducers.distinctions import level_comparisons

AT_ONCE: Final = 5_000
"""Of so many executions one statement tells the circumstances."""


class Distinguishing:
    """Says what distinguishes the executions of versions."""

    def __init__(self, uses: UseReads, circumstances: FactorReads) -> None:
        self._uses = uses
        self._circumstances = circumstances

    async def of_versions(
        self, node_ids: Sequence[str], since: datetime, until: datetime, principal: Principal | None
    ) -> dict[str, Distinctions]:
        """Of the latest ``MOST_EXECUTIONS`` of each of some versions that began from an instant on and before another."""
        page = Page(first=MOST_EXECUTIONS, after=time_key(until, ""))
        found = await self._uses.executions(node_ids, page, principal)
        hooks = {id_: [hook for hook in each.items if hook.at >= since] for id_, each in found.items()}
        every = [hook for mine in hooks.values() for hook in mine]
        circumstances, figures = dict[str, Circumstances](), dict[str, UseFigures]()
        for begin in range(0, len(every), AT_ONCE):
            part = every[begin : begin + AT_ONCE]
            circumstances |= await self._circumstances.of_executions([hook.execution_id for hook in part])
            figures |= await self._uses.figures([hook.execution_id for hook in part if hook.pattern_type], principal)
        return {
            id_: await asyncio.to_thread(
                _distinctions,
                [_observed(hook, circumstances, figures) for hook in mine if hook.execution_id in circumstances],
                truncated=found[id_].has_more and len(mine) == len(found[id_].items),
            )
            for id_, mine in hooks.items()
        }


def _distinctions(observed: Sequence[ObservedExecution], *, truncated: bool) -> Distinctions:
    return Distinctions(
        executions=len(observed),
        units=len({one.circumstances.unit for one in observed}),
        truncated=truncated,
        items=distinctions_of(level_comparisons(observed)),
    )


def _observed(
    hook: HookExecution, circumstances: Mapping[str, Circumstances], figures: Mapping[str, UseFigures]
) -> ObservedExecution:
    id_ = hook.execution_id
    return ObservedExecution(id_, circumstances[id_], _failed(hook, figures.get(id_)), hook.duration_ms)


def _failed(hook: HookExecution, figures: UseFigures | None) -> bool | None:
    """A use fails as the criteria say, anything else as it ended."""
    success = hook.success if figures is None or figures.outcome is None else figures.outcome.success
    return None if success is None else not success
