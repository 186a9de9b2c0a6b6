"""Which units were assigned to which arm: what the sample ratio of an experiment is tested on."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.loop.assignment import unit_digest
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph

_RECORD_ASSIGNMENT = query("feedback/record_assignment")
_ASSIGNMENTS = query("feedback/assignments_of_experiment")

REMEMBERED = 10_000
"""Assignments that one process remembers to have recorded, so that a unit which asks again costs no statement."""


class Recorded(NamedTuple):
    """What a unit was assigned to, and when: of several candidates with the version, in stages with the stage, from 0."""

    arm: Arm
    node_id: str | None = None
    stage: int = 0
    at: datetime | None = None


class AssignmentRecords:
    """Records assignments, each once. A unit is known by its digest alone: it may be a person's name."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._recorded: OrderedDict[str, Recorded] = OrderedDict()

    async def record(
        self,
        experiment_id: str,
        unit: str,
        arm: Arm,
        stage: int | None = None,
        node_id: str | None = None,
        propensity: float | None = None,
    ) -> Recorded:
        """Notes that a unit was assigned to an arm, in a stage where shares change, with its version where there are several
        candidates, and with the probability that it had where that follows from what was seen; what it was assigned to first."""
        id_ = f"{experiment_id}|{unit_digest(unit)}"
        if (known := self._recorded.get(id_)) is not None:
            return known
        rows = await self._graph.write(
            _RECORD_ASSIGNMENT,
            assignment_id=id_, experiment_id=experiment_id, arm=arm, node_id=node_id, stage=stage,
            propensity=propensity, now=now(),
        )  # fmt: skip
        self._recorded[id_] = first = Recorded(Arm(rows[0]["arm"]), rows[0]["node_id"])
        if len(self._recorded) > REMEMBERED:
            self._recorded.popitem(last=False)
        return first

    async def assigned(self, experiment_id: str) -> dict[str, Recorded]:
        """What all units of an experiment were assigned to, by their digests."""
        rows = await self._graph.read(_ASSIGNMENTS, experiment_id=experiment_id)
        return {
            id_.rpartition("|")[2]: Recorded(Arm(arm), node_id, stage or 0, at)
            for row in rows
            for id_, arm, stage, node_id, at in row["assignments"]
        }
