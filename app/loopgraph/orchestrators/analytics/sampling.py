"""Looks at some traces, whether they are counted as they are."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

from loopgraph.computes.success.own import OwnCriteria
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.usage.rounds import Rounds
from loopgraph.orchestrators.analytics.criteria import criteria_problem
from loopgraph.orchestrators.analytics.rolling import Rolling

_AGES: Final = tuple(timedelta(hours=hours) for hours in (1, 24, 7 * 24, 30 * 24, 365 * 24, 100 * 365 * 24))
_TRACES: Final = 20
"""So many traces are looked at from an instant on, at most so long ago."""


class Sampling:
    """Compares what traces have contributed to buckets with what they are. Changes nothing."""

    def __init__(self, criteria: OwnCriteria, attributes: tuple[str, ...]) -> None:
        self._criteria = criteria
        self._attributes = attributes

    async def problems(self, graph: Graph) -> tuple[str, ...]:
        """What is wrong, in a sentence; what is marked is not wrong, only not counted yet."""
        rounds, rolling = Rounds(graph), Rolling(graph, self._criteria.judge, self._attributes)
        if state := criteria_problem(await rounds.current(), self._criteria):
            return (state,)
        at, ids = now(), set[str]()
        for age in _AGES:
            ids |= set(await rounds.traces_since(at - random.random() * age, _TRACES))  # noqa: S311 - a sample, no secret
        wrong = await rolling.miscounted(ids)
        if not wrong:
            return ()
        return (
            f"{len(wrong)} of {len(ids)} traces that were looked at are counted otherwise than they are, such as {wrong[0]}: "
            "run `loopgraph analytics rebuild`",
        )
