"""What one look at an experiment sees of its two arms."""

from __future__ import annotations

from loopgraph.contracts.base import Contract
from loopgraph.contracts.loop.arms import ArmSample
from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.statistics.metrics import MetricDefinition
from loopgraph.contracts.statistics.plans import ArmUnits
from loopgraph.contracts.statistics.samples import UnitSamples


class StageSeen(Contract):
    """The units of both arms that were assigned in one stage: those with executions, those that tell something about the compared
    metric, and those with a failure."""

    units: ArmUnits = ArmUnits(0, 0)
    telling: ArmUnits = ArmUnits(0, 0)
    failing: ArmUnits = ArmUnits(0, 0)


class Seen(Contract):
    """What the executions of both arms come to, for one look: counts and plain means by arm, each metric that matters with its
    samples, the compared one first, and the units with an execution that failed; by stage, where exposure grows."""

    control: ArmSample
    treatment: ArmSample
    metrics: dict[Metric, MetricDefinition]
    samples: dict[Metric, UnitSamples]
    failing: ArmUnits
    stages: tuple[StageSeen, ...] = ()
