"""What a run that waits for executions says of itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from loopgraph.computes.loop.experiments.experiment import MIN_UNITS
from loopgraph.computes.loop.experiments.looks import least_of, most_units
from loopgraph.contracts.counted import counted
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.experiments import Experiment, GuardrailResult
from loopgraph.contracts.loop.feedback import Arm, Metric, Reason
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.plans import ArmUnits

_OF_USES: Final = {Metric.TOKENS: "tokens", Metric.COST_USD: "costs"}


def starting_message(min_sample_size: int, design: ExperimentDesign, candidates: int) -> str:
    """What an experiment on so many candidates waits for when it starts: of several, what the one with the fewest units does."""
    if design.candidates_at_once > 1:
        shares = design.shares_of(candidates)
        design = design.beside(min(shares), 1.0 - sum(shares))
    waits = waiting_message(min_sample_size, design, {})
    return waits if candidates == 1 else f"{candidates} candidates beside each other, each {waits}"


def waiting_message(
    min_sample_size: int,
    design: ExperimentDesign,
    tallies: Mapping[Arm, ArmTally],
    reason: Reason | None = None,
    metric: Metric | None = None,
    in_the_way: Sequence[GuardrailResult | Metric] = (),
    stage: int | None = None,
) -> str:
    """One sentence: how many units the arms have and need to be looked at, what is wrong with their ratio, and which executions
    do not count.

    Where they have what a look needs and nothing is decided, how long the experiment goes on: until its most units of both arms.
    ``in_the_way`` are the guardrails for which a candidate that is shown to be better is not decided on, as the last look
    saw them or, between looks, their metrics. ``stage`` is that of an exposure which grows.
    """
    needed = max(least_of(design, min_sample_size), MIN_UNITS)
    arms = {arm: tallies.get(arm, ArmTally()) for arm in Arm}
    silent = metric is not None and any(arm.telling_units < arm.units for arm in arms.values())
    have = " and ".join(_have(arm.telling_units, needed, name) for name, arm in arms.items())
    what = f" that report {metric.value} or failed" if silent and metric else ""
    parts = [f"waits for units: {have}{what}"]
    if (
        reason in (Reason.UNDECIDED, Reason.GUARDRAIL_OPEN)
        and min(arm.telling_units for arm in arms.values()) >= needed
    ):
        so_far = " and ".join(f"{counted(arm.telling_units, 'unit')} of the {name.value}" for name, arm in arms.items())
        most = most_units(design, min_sample_size)
        parts = [f"nothing is decided by {so_far}{what}; it goes on until {most} of both at most"]
        if stage is not None:
            alike = math.floor(ArmUnits(*(arm.telling_units for arm in arms.values())).balanced)
            parts = [
                f"nothing is decided by {so_far}{what}, which tell as much as {alike} of both in arms of one size; "
                f"it goes on until these are {most}, or to the last stage"
            ]
    if stage is not None and design.stages:
        parts.append(
            f"stage {stage + 1} of {len(design.stages)}: {design.stages[stage]:.0%} of the units get the treatment"
        )
    if in_the_way and reason is Reason.GUARDRAIL_OPEN:
        parts.append("the treatment is shown to be better; but " + " and ".join(map(_open, in_the_way)))
    nothing_told = not any(arm.telling_units for arm in arms.values())
    if metric is Metric.RATING and nothing_told:
        parts.append("ratings are those that are given of its executions, or of their traces: nobody has given any")
    if metric in _OF_USES and nothing_told:
        parts.append(
            f"{_OF_USES[metric]} are those of the calls of models under uses of patterns: nothing else tells any"
        )
    if reason is Reason.SAMPLE_RATIO_MISMATCH:
        control, treatment = arms[Arm.CONTROL], arms[Arm.TREATMENT]
        parts.append(
            "nothing is decided while the units do not fall to the arms as planned: "
            f"{control.assigned} and {treatment.assigned} were assigned, {control.units} and {treatment.units} have reported"
        )
    if unnamed := sum(arm.unnamed for arm in arms.values()):
        parts.append(
            f"{counted(unnamed, 'execution names', 'executions name')} no unit, so that their session or trace counts as one"
        )
    if aside := sum(arm.set_aside for arm in arms.values()):
        parts.append(
            f"{counted(aside, 'execution is', 'executions are')} set aside: their unit was assigned to the other arm"
        )
    if strangers := sum(arm.not_assigned for arm in arms.values()):
        parts.append(
            f"{counted(strangers, 'unit that reports was', 'units that report were')} never assigned (set aside)"
        )
    if held_out := sum(arm.held_out for arm in arms.values()):
        parts.append(
            f"{counted(held_out, 'unit that reports is', 'units that report are')} held out of all experiments (set aside)"
        )
    return "; ".join(parts)


def _have(units: int, needed: int, arm: Arm) -> str:
    """How many units an arm has of those that it needs; it may have more while the other one has too few."""
    if units > needed:
        return f"{units} of the {arm.value} ({needed} needed)"
    return f"{units} of {needed} of the {arm.value}"


def progress_message(
    experiment: Experiment,
    messages: Mapping[str, str] | None = None,
    in_the_way: Mapping[str, Sequence[GuardrailResult]] | None = None,
) -> str:
    """What an experiment waits for, in one sentence, by what it says of itself: of several for each that is still tried.
    By comparison id, ``messages`` are what is said instead, and ``in_the_way`` the guardrails as the last look saw them."""
    said = []
    for each in experiment.comparisons:
        tallies = {Arm.CONTROL: each.control_tally, Arm.TREATMENT: each.treatment_tally}
        open_ = (in_the_way or {}).get(each.comparison_id) or each.open_guardrails
        waits = waiting_message(each.min_sample_size, each.design, tallies, each.reason, each.metric, open_, each.stage)
        said.append((messages or {}).get(each.comparison_id) or waits)
    if experiment.allotments:
        shares = [experiment.control_share, *experiment.shares]
        said[-1] += "; by what was seen units get the arms by " + ", ".join(f"{share:.0%}" for share in shares)
    if not experiment.treatments:
        return said[0]
    places = {each.node_id: place for place, each in enumerate(experiment.treatments, 1)}
    named = zip(experiment.comparisons, said, strict=True)
    parts = [f"candidate {places[each.treatment_node_id]} {words}" for each, words in named]
    dropped = len(places) - len(parts)
    return "; ".join([f"{len(places)} candidates beside each other, {dropped} of them dropped", *parts])


def held_back_message(in_flight: int, timeout: timedelta) -> str:
    """One sentence: what keeps a candidate from being applied that looks better."""
    flying = counted(in_flight, "execution of the treatment is", "executions of the treatment are")
    return (
        f"the candidate looks better, and is not applied while {flying} in flight: if they failed it would not be; it goes on "
        f"until they end, or have not ended within {counted(timeout.total_seconds() / 60, 'minute')}"
    )


def _open(result: GuardrailResult | Metric) -> str:
    if isinstance(result, Metric):
        return f"{result.value} is guarded, and was not yet shown to be held"
    if result.guardrail.reason is NoEstimate.NO_UNITS:
        return f"{result.metric.value} is guarded, and nobody reports it"
    return f"{result.metric.value} is guarded, and not yet shown to be held"
