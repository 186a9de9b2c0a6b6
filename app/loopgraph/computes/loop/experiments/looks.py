"""When an experiment is looked at, until when, and by which boundaries: its design, in numbers of units."""

from __future__ import annotations

import math
from typing import Final

from loopgraph.computes.loop.experiments.experiment import MIN_UNITS, obstacle, ratio_p_value
from loopgraph.computes.loop.experiments.stages import assigned_split
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.design import AllocationRule, ExperimentDesign
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Arm, Reason
from loopgraph.contracts.statistics.plans import AlwaysValid, ArmUnits, FixedHorizon, GroupSequential, Horizon, Plan

FIRST_LOOK: Final = MIN_UNITS
"""So soon, where a sequence waits for 30 units of an arm by itself: with Student's quantiles it misses the truth no more often
than it may, log-normal and rare binary values included (``tests/computes/loop/test_course.py``), in arms of one size."""

FIRST_UNEQUAL_LOOK: Final = 30

MOST: Final = 4
"""An experiment that is looked at whenever there are new units ends at so many times what was planned. At twice that a
sequence has the power of a fixed horizon; beyond four times little is found that matters."""

_GROWTH: Final = 50
"""Looks repeat when the units have grown by this part, or by one: what they cost together then grows as the units do."""


def planned_units(design: ExperimentDesign, min_sample_size: int) -> int:
    """Units of both arms at which the smaller arm has what it needs."""
    smaller = min(design.treatment_share, 1 - design.treatment_share)
    planned = math.ceil(max(min_sample_size, MIN_UNITS) / smaller)
    return planned if design.max_units is None else min(planned, design.max_units)


def most_units(design: ExperimentDesign, min_sample_size: int) -> int:
    """Units of both arms at which the last look is due."""
    planned = planned_units(design, min_sample_size)
    return (design.max_units or MOST * planned) if design.horizon is Horizon.ALWAYS_VALID else planned


def sequence_of(design: ExperimentDesign, min_sample_size: int) -> AlwaysValid:
    """The confidence sequence that is made for the planned size."""
    return AlwaysValid(
        planned_units=planned_units(design, min_sample_size),
        treatment_share=design.treatment_share,
        first_look=_first_look(design),
    )


def first_units(design: ExperimentDesign) -> int:
    """Units of both arms at which a sequence can be looked at for the first time: where the smaller arm has what it needs."""
    return math.ceil(_first_look(design) / min(design.treatment_share, 1 - design.treatment_share))


def _first_look(design: ExperimentDesign) -> int:
    """In stages the control has many more units than the treatment at first, and the error that looks go by is that of both.
    Where shares follow from what was seen, arms become of different size."""
    if design.allocation is not AllocationRule.PLANNED:
        return FIRST_UNEQUAL_LOOK
    return FIRST_LOOK if design.treatment_share == 0.5 or design.stages else FIRST_UNEQUAL_LOOK


def counted(experiment: Experiment, units: ArmUnits) -> int:
    """The units that looks go by: all of both arms, or where exposure grows in stages those of two arms of one size that would
    tell as much, since a hundredth treated takes a hundred units for each one."""
    return units.whole if experiment.stage is None else math.floor(units.balanced)


def plan_for(design: ExperimentDesign, min_sample_size: int, looks: tuple[int, ...] = ()) -> Plan:
    """How the look after some looks is judged."""
    match design.horizon:
        case Horizon.FIXED:
            return FixedHorizon()
        case Horizon.ALWAYS_VALID:
            return sequence_of(design, min_sample_size)
        case Horizon.GROUP_SEQUENTIAL:
            return GroupSequential(
                planned_units=planned_units(design, min_sample_size),
                spending=design.spending,
                earlier_looks=looks,
                planned_looks=design.planned_looks,
            )


def plan_of(experiment: Experiment) -> Plan:
    """How the next look at an experiment is judged: by what the design says, and by the looks that there were."""
    return plan_for(experiment.design, experiment.min_sample_size, experiment.looks)


def next_look(experiment: Experiment) -> int:
    """Units of both arms at which the next look is due, as far as it goes by that."""
    design, most = experiment.design, most_units(experiment.design, experiment.min_sample_size)
    last = experiment.looks[-1] if experiment.looks else 0
    match design.horizon:
        case Horizon.FIXED:
            return most
        case Horizon.ALWAYS_VALID:
            following = last + max(1, last // _GROWTH)
            return following if last >= most else min(most, following)
        case Horizon.GROUP_SEQUENTIAL:
            step = most / design.planned_looks
            following = last + 1 if last >= most else math.ceil(step * (math.floor(last / step) + 1))
            return max(following, 2 * MIN_UNITS)


def is_last_look(experiment: Experiment, units: int) -> bool:
    """Whether there will be no look after one at so many units of both arms, as ``counted``."""
    if not experiment.widest:
        return False
    return not experiment.design.looks_repeat or units >= most_units(experiment.design, experiment.min_sample_size)


def least_units(experiment: Experiment) -> int:
    """Units that each arm needs before it is looked at."""
    return least_of(experiment.design, experiment.min_sample_size)


def least_of(design: ExperimentDesign, min_sample_size: int) -> int:
    """The same, of an experiment that has not begun."""
    if design.horizon is Horizon.ALWAYS_VALID:
        return _first_look(design)
    return MIN_UNITS if design.looks_repeat else min_sample_size


def obstacle_to_look(
    experiment: Experiment, control: ArmTally, treatment: ArmTally, split: float | None = None
) -> Reason | None:
    """Why the experiment is not looked at now; None if it is. It depends on counts alone, never on how good an arm looks.
    ``split`` is the p-value of the sample ratio over all arms, where there are more than two.

    What ``computes.loop.experiments.experiment.obstacle`` says, and ``undecided`` until the next look is due; ``guardrail_open``
    where that was all that was in the way at the last one.
    """
    if split is not None:
        ratio = split
    elif not experiment.in_stages:
        ratio = ratio_p_value(
            {Arm.CONTROL: control.assigned, Arm.TREATMENT: treatment.assigned},
            {Arm.CONTROL: control.units, Arm.TREATMENT: treatment.units},
            experiment.design.treatment_share,
        )
    else:
        ratio = assigned_split(experiment, control, treatment)
    reason = obstacle(control, treatment, least_units(experiment), ratio)
    if reason is not None or not experiment.design.looks_repeat:
        return reason
    whole = counted(experiment, ArmUnits(control.telling_units, treatment.telling_units))
    if whole >= next_look(experiment):
        return None
    return Reason.GUARDRAIL_OPEN if experiment.open_guardrails else Reason.UNDECIDED


def looked_at(experiment: Experiment, telling_units: int, compared_units: int) -> tuple[int, ...]:
    """The looks of an experiment after one that decided nothing, at so many units of both arms, as ``counted``."""
    if experiment.design.horizon is not Horizon.GROUP_SEQUENTIAL:
        return (telling_units,)
    return tuple(sorted({*experiment.looks, *([compared_units] if compared_units else [])}))
