"""Reads what is known of the units of an experiment beside its executions: what they did before, and how they were assigned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from loopgraph.contracts.loop.assignment import held_out, unit_digest
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Execution, SetAside
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.assignments import AssignmentRecords, Recorded
from loopgraph.orchestrators.loop.history import UnitHistories
from loopgraph.reducers.history import History


class Background(NamedTuple):
    """What units did before, and by the digest of a unit what it was assigned to, where that is what tells its arm."""

    before: History
    assigned: Mapping[str, Recorded]

    def stages_of(self, executions: list[Execution]) -> dict[str, int]:
        """The stage of each unit that was assigned."""
        units = {execution.unit for execution in executions}
        found = {unit: self.assigned.get(unit_digest(unit)) for unit in units}
        return {unit: known.stage for unit, known in found.items() if known is not None}

    def propensities_of(self, executions: list[Execution], shares: Sequence[float]) -> dict[str, float]:
        """The share of the treatment that was in force when each unit was assigned, by the shares of all stages; in the
        order of the assignments. Without units of a stage that began after the experiment was read: the next look has them."""
        units = {execution.unit for execution in executions}
        found = [(unit, self.assigned.get(unit_digest(unit))) for unit in sorted(units)]
        known = [(unit, assigned) for unit, assigned in found if assigned is not None and assigned.at is not None]
        known.sort(key=lambda each: (each[1].stage, each[1].at))
        return {unit: shares[assigned.stage] for unit, assigned in known if assigned.stage < len(shares)}


class Backgrounds:
    """Reads backgrounds, and sets aside the executions of units that are none of the experiment's."""

    def __init__(self, graph: Graph, judging: Judging | None) -> None:
        self._histories = UnitHistories(graph, judging)
        self._assignments = AssignmentRecords(graph)

    async def of(self, experiment: Experiment) -> Background:
        """That of the units of an experiment; empty where its design has no use for it."""
        return (await self.assigned(experiment))._replace(before=await self._histories.before(experiment))

    async def assigned(self, experiment: Experiment) -> Background:
        """The same, without what units did before."""
        return Background(
            {}, await self._assignments.assigned(experiment.experiment_id) if experiment.by_record else {}
        )

    async def assigned_only(self, experiment: Experiment, executions: list[Execution]) -> list[Execution]:
        """As ``counted``, without reading what units did before."""
        if not experiment.by_record and not experiment.holdout_share:
            return executions
        return self.counted(experiment, executions, await self.assigned(experiment))

    def counted(self, experiment: Experiment, executions: list[Execution], background: Background) -> list[Execution]:
        """The executions, with those set aside whose unit is held out, or was not assigned to the version that it ran, where
        records tell the arm of a unit."""
        share = experiment.holdout_share
        aside: dict[tuple[str, str], SetAside] = {}
        for unit, node_id in {(each.unit, each.node_id) for each in executions}:
            known = background.assigned.get(unit_digest(unit))
            if share and held_out(experiment.pattern_id, unit, share):
                aside[unit, node_id] = SetAside.HELD_OUT
            elif experiment.by_record and known is None:
                aside[unit, node_id] = SetAside.NOT_ASSIGNED
            elif known is not None and not _assigned_to(known, experiment, node_id):
                aside[unit, node_id] = SetAside.OTHER_ARM
        if not aside:
            return executions
        return [
            each.model_copy(update={"set_aside": why}) if (why := aside.get((each.unit, each.node_id))) else each
            for each in executions
        ]


def _assigned_to(known: Recorded, experiment: Experiment, node_id: str) -> bool:
    return known.arm is experiment.arm_of(node_id) and known.node_id in (None, node_id)
