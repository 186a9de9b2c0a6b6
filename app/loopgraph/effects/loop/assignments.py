"""Which units were assigned to which arm: what the sample ratio of an experiment is tested on."""

from __future__ import annotations

from collections import OrderedDict

from loopgraph.assets import query
from loopgraph.contracts.assignment import unit_digest
from loopgraph.contracts.feedback import Arm
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph

_RECORD_ASSIGNMENT = query("feedback/record_assignment")

REMEMBERED = 10_000
"""Assignments that one process remembers to have recorded, so that a unit which asks again costs no statement."""


class AssignmentRecords:
    """Records assignments, each once. A unit is known by its digest alone: it may be a person's name."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._recorded: OrderedDict[str, None] = OrderedDict()

    async def record(self, experiment_id: str, unit: str, arm: Arm) -> None:
        """Notes that a unit was assigned to an arm; idempotent."""
        id_ = f"{experiment_id}|{unit_digest(unit)}"
        if id_ in self._recorded:
            return
        await self._graph.write(_RECORD_ASSIGNMENT, assignment_id=id_, experiment_id=experiment_id, arm=arm, now=now())
        self._recorded[id_] = None
        if len(self._recorded) > REMEMBERED:
            self._recorded.popitem(last=False)
