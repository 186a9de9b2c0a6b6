"""Experiments that are looked at whenever there are new units, through the functions that the loop calls: how often the same
thing in both arms is applied, and how soon what is better is. ``python -m bench.looks`` prints a Markdown table."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.random import Generator

from loopgraph.computes.loop.experiments.deciding import looks_after, obstacle_to_decision, result_of, ruling_on
from loopgraph.computes.loop.experiments.looks import most_units, obstacle_to_look
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.assignment import assign
from loopgraph.contracts.loop.design import ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Arm, Execution, Reason, Verdict
from loopgraph.contracts.statistics.metrics import Logarithm, Ordered
from loopgraph.contracts.statistics.plans import Horizon
from loopgraph.reducers.looks import seen
from loopgraph.reducers.units import pooled

LEVEL = 0.05
REPETITIONS = 300

_AT = datetime(2026, 1, 1, tzinfo=UTC)

Draw = Callable[[Generator, Arm], tuple[float, bool]]
"""The duration and the success of a unit."""


@dataclass(frozen=True)
class Scene:
    """Experiments of one kind: their design, the units that each arm needs, and how their units are drawn."""

    name: str
    draw: Draw
    metric: Metric = Metric.DURATION_MS
    units: int = 20
    design: ExperimentDesign = field(default_factory=ExperimentDesign)


def log_normal(gain: float = 0.0) -> Draw:
    """Durations with a tail; the treatment's are shorter by so many deviations of their logarithm. One in ten units fails."""

    def draw(rng: Generator, arm: Arm) -> tuple[float, bool]:
        better = gain if arm is Arm.TREATMENT else 0.0
        return float(1_000 * np.exp(0.5 * (rng.normal() - better))), bool(rng.random() < 0.9)

    return draw


def successes(rate: float, gain: float = 0.0) -> Draw:
    """Units that succeed at a rate, those of the treatment at a greater one."""

    def draw(rng: Generator, arm: Arm) -> tuple[float, bool]:
        return 100.0, bool(rng.random() < rate + (gain if arm is Arm.TREATMENT else 0.0))

    return draw


def outcome(scene: Scene, rng: Generator) -> tuple[Verdict, Reason, int]:
    """What the loop decides in one experiment that is looked at after every unit, and at how many units."""
    design = scene.design.resolved(scene.metric)
    experiment = Experiment(
        experiment_id=f"x{rng.integers(1 << 62)}", improvement_id="i", run_id="r", pattern_id="p", control_node_id="c",
        treatment_node_id="t", metric=scene.metric, min_sample_size=scene.units, significance_level=LEVEL, design=design,
        started_at=_AT,
    )  # fmt: skip
    arms: dict[Arm, list[Execution]] = {arm: [] for arm in Arm}
    for number in range(10 * most_units(design, scene.units)):
        unit = f"unit-{number}"
        arm = assign(experiment.experiment_id, unit, design.treatment_share)
        duration, success = scene.draw(rng, arm)
        arms[arm].append(
            Execution.model_construct(
                execution_id="e", unit=unit, node_id=arm.value, experiment_id=experiment.experiment_id, arm=arm,
                started_at=_AT, duration_ms=duration, success=success, error_type=None, quality_score=None, ended=True,
                set_aside=None,
            )
        )  # fmt: skip
        tallies = [
            ArmTally(assigned=len(mine), units=len(mine), telling_units=len(mine), executions=len(mine))
            for mine in arms.values()
        ]
        if obstacle_to_look(experiment, *tallies) is not None:
            continue
        sight = seen(arms[Arm.CONTROL], arms[Arm.TREATMENT], scene.metric, design)
        result = result_of(experiment, sight, pooled(sight.control.success, sight.treatment.success), *tallies)
        if obstacle_to_decision(experiment, sight, result) is not None:
            continue
        ruling = ruling_on(result, experiment, 1 - LEVEL)
        if ruling is not None:
            return *ruling, number + 1
        experiment = experiment.model_copy(update={"looks": looks_after(experiment, sight)})
    raise AssertionError(f"{scene.name}: an experiment that never ends")


@dataclass(frozen=True)
class Rates:
    """How often experiments were applied, and called worse (by the metric or by failures), 0..1; and their mean units."""

    applied: float
    worse: float
    units: float
    reasons: Counter[Reason]


def rates(scene: Scene, repetitions: int, seed: int) -> Rates:
    """The rates over so many experiments."""
    rng = np.random.default_rng(seed)
    found = [outcome(scene, rng) for _ in range(repetitions)]
    reasons = Counter(reason for _, reason, _ in found)
    worse = reasons[Reason.SIGNIFICANT_REGRESSION] + reasons[Reason.FEWER_SUCCESSES]
    return Rates(
        applied=sum(verdict is Verdict.APPLY for verdict, _, _ in found) / repetitions,
        worse=worse / repetitions,
        units=sum(units for _, _, units in found) / repetitions,
        reasons=reasons,
    )


PLANNED = ExperimentDesign(horizon=Horizon.GROUP_SEQUENTIAL)
LOGARITHMS = ExperimentDesign(tail=Logarithm())
RANKS = ExperimentDesign(tail=Ordered())
TENTH = ExperimentDesign(treatment_share=0.1)
GUARDED = ExperimentDesign(guardrails=(GuardedMetric(metric=Metric.SUCCESS_RATE, margin=0.2),))
SUCCESS = Metric.SUCCESS_RATE

SCENES = [
    Scene("durations, no effect", log_normal()),
    Scene("durations, no effect, logarithms", log_normal(), design=LOGARITHMS),
    Scene("durations, no effect, five looks", log_normal(), design=PLANNED),
    Scene("durations, no effect, a tenth treated", log_normal(), units=10, design=TENTH),
    Scene("durations, no effect, successes guarded", log_normal(), design=GUARDED),
    Scene("successes, 80%, no effect", successes(0.8), SUCCESS),
    Scene("successes, 98%, no effect", successes(0.98), SUCCESS),
    Scene("durations, 0.8 deviations better", log_normal(0.8)),
    Scene("durations, 0.8 deviations better, five looks", log_normal(0.8), design=PLANNED),
    Scene("durations, 0.8 deviations better, successes guarded", log_normal(0.8), units=50, design=GUARDED),
    Scene("successes, 60% to 90%", successes(0.6, 0.3), SUCCESS),
    Scene("successes, 90% to 60%", successes(0.9, -0.3), SUCCESS),
    Scene("durations, no effect, ranks", log_normal(), design=RANKS),
    Scene("durations, 0.8 deviations better, ranks", log_normal(0.8), design=RANKS),
]


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS
    print(
        "| experiments | units planned per arm | applied | called worse | mean units |\n| --- | --- | --- | --- | --- |"
    )
    began = time.perf_counter()
    for number, scene in enumerate(SCENES):
        found = rates(scene, repetitions, number)
        figures = f"{found.applied:.1%} | {found.worse:.1%} | {found.units:.0f}"
        print(f"| {scene.name} | {scene.units} | {figures} |", flush=True)
    print(f"\n{repetitions} experiments each, {time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
