"""Stages, of exposure that grows or of shares that follow from what was seen: when the next one begins, and what is held against
the shares of each."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.computes.loop.statistics.sample_ratio import split_p_value
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.sights import Seen
from loopgraph.contracts.statistics.plans import ArmUnits


def next_stage(experiment: Experiment, seen: Seen) -> int | None:
    """The stage that begins after a look which decided nothing; None: the one that goes on, or none.

    It depends on counts alone: so many units of the treatment of this stage tell something. What speaks against the treatment (a
    breached guardrail, more failures, a regression) has ended the experiment before.
    """
    if experiment.stage is None or experiment.widest:
        return None
    here = seen.stages[experiment.stage].telling
    return experiment.stage + 1 if here.fewest >= experiment.design.stage_units else None


def split_by_stage(units: Sequence[ArmUnits], shares: Sequence[float]) -> float:
    """The p-value of the splits of units in all stages, each for its share: the smallest of them, corrected for their number.
    It holds at every look, as each does."""
    return min(1.0, len(shares) * min(split_p_value(*each, share) for each, share in zip(units, shares, strict=True)))


def assigned_split(experiment: Experiment, control: ArmTally, treatment: ArmTally) -> float:
    """The same of the units that were assigned."""
    shares = experiment.stage_shares
    pairs = zip(padded(control, len(shares)), padded(treatment, len(shares)), strict=True)
    return split_by_stage([ArmUnits(*pair) for pair in pairs], shares)


def more_failing_by_stage(seen: Seen, shares: Sequence[float]) -> float:
    """The p-value of units that fail falling to the treatment more often than the units of their stage do."""
    found = [
        split_p_value(*stage.failing, share)
        for stage, share in zip(seen.stages, shares, strict=True)
        if stage.failing.treatment > stage.failing.whole * share
    ]
    return min(1.0, len(shares) * min(found, default=1.0))


def padded(tally: ArmTally, stages: int) -> tuple[int, ...]:
    """The units that were assigned in each stage."""
    return (*tally.assigned_by_stage, *[0] * stages)[:stages]
