"""False and true decisions of experiments whose executions are not independent: ``make bench``.

Both arms run the same thing (A/A), or the treatment is better by a known gain. A unit has several executions, which correlate;
units are assigned by the product's own hash and come until both arms have enough of them. Every decision is made by the
functions that the loop calls. Prints a Markdown table.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.random import Generator

from loopgraph.computes.loop.experiments.experiment import compare, decide, evidence_of, obstacle, ratio_p_value
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.assignment import assign
from loopgraph.contracts.loop.feedback import Arm, Execution, Metric, Reason, Verdict
from loopgraph.reducers.units import arm_sample, pooled

REPETITIONS = 2_000
LEVEL = 0.05

_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """An experiment: its metric, units that each arm needs, executions of a unit, and their correlation.

    ``uneven``: the executions of a unit vary from 1 to twice their mean. ``gain`` is by how much the treatment is better, in
    standard deviations of one execution, or of the success rate.
    """

    metric: Metric
    units: int
    executions: int
    correlation: float
    uneven: bool = False
    gain: float = 0.0


def values(scene: Scene, arm: Arm, size: int, rng: Generator) -> list[tuple[float, bool]]:
    """Duration and success of the executions of one unit. Durations are log-normal: skewed, as durations are."""
    better = scene.gain if arm is Arm.TREATMENT else 0.0
    if scene.metric is Metric.SUCCESS_RATE:
        rate = min(0.8 + better, 0.99)
        if scene.correlation:
            strength = 1 / scene.correlation - 1
            rate = float(rng.beta(rate * strength, (1 - rate) * strength))
        return [(100.0, bool(success)) for success in rng.random(size) < rate]
    own = rng.normal(0, np.sqrt(scene.correlation))
    noise = rng.normal(0, np.sqrt(1 - scene.correlation), size)
    return [(float(duration), True) for duration in 1000 * np.exp(0.5 * (own + noise - better))]


def outcome(scene: Scene, rng: Generator) -> tuple[Verdict | None, Reason]:
    """What the loop decides in one experiment, or why it does not."""
    experiment_id, executions, number = f"x{rng.integers(1 << 62)}", list[Execution](), 0
    seen = dict.fromkeys(Arm, 0)
    while min(seen.values()) < scene.units:
        unit = f"unit-{number}"
        arm, number = assign(experiment_id, unit), number + 1
        seen[arm] += 1
        size = int(rng.integers(1, 2 * scene.executions)) if scene.uneven else scene.executions
        executions += [
            Execution.model_construct(
                execution_id="e", unit=unit, node_id=arm.value, experiment_id=experiment_id, arm=arm, started_at=_AT,
                duration_ms=duration, success=success, error_type=None, quality_score=None, ended=True, set_aside=None,
            )
            for duration, success in values(scene, arm, size, rng)
        ]  # fmt: skip
    control, treatment = (arm_sample(evidence_of(executions, arm), scene.metric) for arm in Arm)
    if reason := obstacle(control, treatment, scene.units, ratio_p_value(seen, seen)):
        return None, reason
    result = compare(
        scene.metric,
        control,
        treatment,
        pooled_success=pooled(control.success, treatment.success),
        significance_level=LEVEL,
        control_tally=ArmTally(assigned=seen[Arm.CONTROL]),
        treatment_tally=ArmTally(assigned=seen[Arm.TREATMENT]),
    )
    return decide(result, significance_level=LEVEL, auto_apply_threshold=1 - LEVEL)


@dataclass(frozen=True)
class Rates:
    """How often experiments of a scene were applied, and were rejected because the treatment looked worse; 0..1."""

    applied: float
    worse: float
    undecided: float


def rates(scene: Scene, repetitions: int, seed: int) -> Rates:
    """The rates over so many experiments."""
    rng = np.random.default_rng(seed)
    counts: Counter[str] = Counter()
    for _ in range(repetitions):
        verdict, reason = outcome(scene, rng)
        counts["applied"] += verdict is Verdict.APPLY
        counts["worse"] += reason in (Reason.SIGNIFICANT_REGRESSION, Reason.FEWER_SUCCESSES)
        counts["undecided"] += verdict is None
    return Rates(*(counts[name] / repetitions for name in ("applied", "worse", "undecided")))


NULLS = [
    Scene(Metric.DURATION_MS, 30, 1, 0.0),
    *(Scene(Metric.DURATION_MS, 10, k, icc) for k, icc in ((1, 0.0), (10, 0.3), (15, 0.5))),
    *(Scene(Metric.DURATION_MS, 30, k, icc) for k, icc in ((5, 0.3), (10, 0.3), (10, 0.5), (15, 0.5))),
    Scene(Metric.DURATION_MS, 30, 10, 0.3, uneven=True),
    *(Scene(Metric.SUCCESS_RATE, 30, k, icc) for k, icc in ((1, 0.0), (10, 0.3), (10, 0.5))),
    Scene(Metric.SUCCESS_RATE, 30, 10, 0.3, uneven=True),
]
EFFECTS = [
    Scene(Metric.DURATION_MS, 30, 1, 0.0, gain=0.8),
    Scene(Metric.DURATION_MS, 30, 10, 0.3, gain=0.8),
    Scene(Metric.SUCCESS_RATE, 60, 10, 0.3, gain=0.15),
]


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS
    print("| metric | units per arm | executions of a unit | correlation | gain | applied | called worse |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    began = time.perf_counter()
    for number, scene in enumerate([*NULLS, *EFFECTS]):
        found = rates(scene, repetitions, number)
        size = f"1–{2 * scene.executions - 1}" if scene.uneven else f"{scene.executions}"
        gain = f"{scene.gain:g}" if scene.gain else "none"
        figures = f"{found.applied:.1%} | {found.worse:.1%}"
        print(
            f"| {scene.metric.value} | {scene.units} | {size} | {scene.correlation} | {gain} | {figures} |", flush=True
        )
    print(f"\n{repetitions} experiments each, {time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
