"""What a run that waits for executions says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from loopgraph.computes.loop.experiment import MIN_UNITS
from loopgraph.contracts.experiments import ArmTally
from loopgraph.contracts.feedback import Arm, Metric, Reason


def waiting_message(
    min_sample_size: int, tallies: Mapping[Arm, ArmTally], reason: Reason | None, metric: Metric | None = None
) -> str:
    """One sentence: how many units the arms have and need, what is wrong with their ratio, and which executions do not count."""
    needed = max(min_sample_size, MIN_UNITS)
    arms = {arm: tallies.get(arm, ArmTally()) for arm in Arm}
    silent = metric is not None and any(arm.telling_units < arm.units for arm in arms.values())
    have = " and ".join(f"{arm.telling_units} of {needed} of the {name.value}" for name, arm in arms.items())
    parts = [f"waits for units: {have}" + (f" that report {metric.value} or failed" if silent and metric else "")]
    if reason is Reason.SAMPLE_RATIO_MISMATCH:
        control, treatment = arms[Arm.CONTROL], arms[Arm.TREATMENT]
        parts.append(
            "nothing is decided while the units do not fall to the arms as planned: "
            f"{control.assigned} and {treatment.assigned} were assigned, {control.units} and {treatment.units} have reported"
        )
    if unnamed := sum(arm.unnamed for arm in arms.values()):
        parts.append(f"{unnamed} executions name no unit, so that their session or trace counts as one")
    if aside := sum(arm.set_aside for arm in arms.values()):
        parts.append(f"{aside} executions are set aside: their unit was assigned to the other arm")
    return "; ".join(parts)
